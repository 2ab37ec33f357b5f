//! What becomes of the look at the SIM before the rest of the set-up.

use super::made::{Made, Ours, quoted};
use crate::smsd_conf::layers::{Modem, Setting};
use crate::smsd_conf::value;

/// Longest pause between two looks the node takes, in seconds: a day.
const WAIT_MAX: i64 = 86_400;
/// Longest pause of a reset, in seconds.
const REST_MAX: u64 = 600;
/// smsd's words for the radio.
const RADIO: [&str; 2] = ["RADIO_OFF_ON", "RADIO_OFF_ON_SLOW"];
/// What smsd asks where nothing else is said.
const OWN_COMMAND: &str = "AT+CPIN?";

/// What becomes of one of its settings; all but the first count beside that alone.
pub(super) fn made(setting: &Setting<'_>, text: &str, modem: &Modem<'_>) -> Made {
    let key = setting.key.name;
    let when = |text: &str| if text.eq_ignore_ascii_case("once") { None } else { value::boolean(text) };
    let checks = modem.get("check_sim").is_some_and(|check| when(check.value) != Some(false));
    match key {
        "check_sim" => of_when(when(text)),
        _ if !checks => Made::unnecessary("without check_sim the SIM is looked at by steps of our own"),
        "check_sim_cmd" => command(text),
        "check_sim_keep_open" if value::boolean(text) == Some(true) => {
            Made::converted(key, "true".to_owned())
        }
        "check_sim_reset" => reset(text),
        "check_sim_retries" => retries(text),
        "check_sim_wait" => wait(value::whole(text)),
        _ => Made::unnecessary("smsnode does so anyway"),
    }
}

fn of_when(when: Option<bool>) -> Made {
    let ours = |word| vec![Ours { key: "check_sim", value: quoted(word) }];
    let how = "after the last retry the modem is not given up for good: it is looked at once a minute, with no reset";
    match when {
        Some(false) => Made::unnecessary("the SIM is looked at by steps of our own, again until it is ready"),
        Some(true) => Made::changed(how, ours("yes")),
        None => Made::changed(how, ours("once")),
    }
}

fn command(text: &str) -> Made {
    match text {
        "" | OWN_COMMAND => Made::unnecessary("smsnode does so anyway"),
        _ if is_command(text) => Made::converted("check_sim_cmd", quoted(text)),
        _ => {
            Made::unsupported(format!("a command is AT and printable ASCII: {OWN_COMMAND} is asked instead"))
        }
    }
}

fn reset(text: &str) -> Made {
    let is_pause = |seconds: &str| seconds.trim().parse::<u64>().is_ok_and(|seconds| seconds <= REST_MAX);
    let is_whole = |piece: &str| {
        let (pause, command) = piece.split_once(']').unwrap_or(("", piece));
        is_pause(pause) && is_said(command)
    };
    let mut pieces = text.split('[');
    let is_fit = pieces.next().is_some_and(is_said) && pieces.all(is_whole);
    match text {
        "" => Made::unnecessary("it is empty, as if it were not set"),
        _ if is_fit || RADIO.contains(&text) => Made::converted("check_sim_reset", quoted(text)),
        _ => Made::unsupported(format!(
            "it is commands of AT and printable ASCII with [n] between them, n at most {REST_MAX}"
        )),
    }
}

fn retries(text: &str) -> Made {
    let times = value::whole(text);
    if text.eq_ignore_ascii_case("forever") || times < 0 {
        return Made::converted("check_sim_retries", quoted("forever"));
    }
    Made::converted("check_sim_retries", times.min(i64::from(u32::MAX)).to_string())
}

fn wait(seconds: i64) -> Made {
    let value = format!("\"{}s\"", seconds.clamp(0, WAIT_MAX));
    if seconds > WAIT_MAX {
        return Made::changed("at most a day", vec![Ours { key: "check_sim_wait", value }]);
    }
    Made::converted("check_sim_wait", value)
}

/// A command, or nothing.
fn is_said(text: &str) -> bool {
    let text = text.trim();
    text.is_empty() || is_command(text)
}

fn is_command(text: &str) -> bool {
    let is_plain = text.chars().all(|c| matches!(c, ' '..='~'));
    is_plain && text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("AT"))
}

#[cfg(test)]
mod tests {
    use super::super::made::Outcome;
    use super::*;

    #[test]
    fn what_the_node_cannot_do_is_not_written() {
        for (made, outcome, value) in [
            (of_when(Some(true)), Outcome::Changed, Some("\"yes\"")),
            (of_when(None), Outcome::Changed, Some("\"once\"")),
            (of_when(Some(false)), Outcome::Unnecessary, None),
            (command("AT^SIMST?"), Outcome::Converted, Some("\"AT^SIMST?\"")),
            (command("AT+CPIN?"), Outcome::Unnecessary, None),
            (command("CPIN?"), Outcome::Unsupported, None),
            (reset("AT+CFUN=1,1 [15] AT"), Outcome::Converted, Some("\"AT+CFUN=1,1 [15] AT\"")),
            (reset("RADIO_OFF_ON_SLOW"), Outcome::Converted, Some("\"RADIO_OFF_ON_SLOW\"")),
            (reset("AT[x]"), Outcome::Unsupported, None),
            (reset("AT[700]"), Outcome::Unsupported, None),
            (reset("AT[2"), Outcome::Unsupported, None),
            (reset("[2]RADIO"), Outcome::Unsupported, None),
            (retries("forever"), Outcome::Converted, Some("\"forever\"")),
            (retries("-1"), Outcome::Converted, Some("\"forever\"")),
            (retries("0"), Outcome::Converted, Some("0")),
            (wait(20), Outcome::Converted, Some("\"20s\"")),
            (wait(100_000), Outcome::Changed, Some("\"86400s\"")),
        ] {
            let found = made.ours.first().map(|ours| ours.value.as_str());
            assert_eq!((made.outcome, found), (outcome, value), "{made:?}");
        }
    }
}
