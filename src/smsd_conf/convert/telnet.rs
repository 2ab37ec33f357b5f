//! What becomes of the sign-in at a telnet host.

use super::made::{Made, quoted};
use crate::smsd_conf::layers::{Modem, Setting};

/// Longest text the node takes, in characters.
const CHARACTERS_MAX: usize = 255;

/// What becomes of a text for the host.
pub(super) fn text(setting: &Setting<'_>, text: &str, modem: &Modem<'_>) -> Made {
    let key = setting.key.name;
    let is_set = |key: &str| modem.get(key).is_some_and(|setting| !setting.value.is_empty());
    if text.is_empty() {
        return Made::unnecessary("it is empty, as if it were not set");
    }
    if !is_remote(modem) {
        return Made::unnecessary("nobody signs in at a serial port");
    }
    if text.len() > CHARACTERS_MAX || text.chars().any(|c| !matches!(c, ' '..='~')) {
        return Made::unsupported(format!("it is at most {CHARACTERS_MAX} printable ASCII characters"));
    }
    match key {
        "telnet_cmd" if !is_set("telnet_cmd_prompt") => {
            Made::unnecessary("without a telnet_cmd_prompt it is never said")
        }
        "telnet_cmd_prompt" if !is_set("telnet_cmd") => Made::unnecessary("there is no telnet_cmd to say"),
        _ => Made::converted(key, quoted(text)),
    }
}

/// What becomes of `telnet_crlf`.
pub(super) fn crlf(setting: &Setting<'_>, modem: &Modem<'_>) -> Made {
    if setting.is_yes() || !is_remote(modem) {
        return Made::unnecessary("smsnode does so anyway");
    }
    Made::converted("telnet_crlf", "false".to_owned())
}

fn is_remote(modem: &Modem<'_>) -> bool {
    modem.get("device").is_some_and(|device| device.value_for(&modem.name).starts_with('@'))
}
