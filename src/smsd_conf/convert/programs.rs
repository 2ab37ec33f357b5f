//! The rules for programs of the operator: `[handlers]`, and what a modem has of its own.

use super::made::{Made, Outcome, absolute, quoted};
use crate::at::Question;
use crate::smsd_conf::key::{Key, OfPrograms};
use crate::smsd_conf::value;

/// Longest interval between two regular runs, in seconds.
const INTERVAL_MAX: i64 = 24 * 3600;
/// The shell smsd uses where none is set.
pub(super) const SHELL: &str = "/bin/sh";

/// What becomes of one setting.
pub(super) fn made(kind: OfPrograms, key: &Key, text: &str) -> Made {
    if text.is_empty() {
        return Made::unnecessary("it is empty, as if it were not set");
    }
    match kind {
        OfPrograms::Command => Made {
            text: "ended when it runs longer than `time_limit`, 10 min".to_owned(),
            ..Made::converted(key.name, quoted(text))
        },
        OfPrograms::Lasting => Made::converted(key.name, quoted(text)),
        OfPrograms::Arguments => Made {
            outcome: Outcome::Converted,
            text: "stands behind its program in [handlers]".to_owned(),
            ours: Vec::new(),
        },
        OfPrograms::Level => {
            let level = value::level(text).unwrap_or(4).clamp(1, 7);
            Made::converted(key.name, level.to_string())
        }
        OfPrograms::Interval => {
            let seconds = value::whole(text);
            let ours = Made::converted(key.name, quoted(&format!("{}s", seconds.clamp(1, INTERVAL_MAX))));
            match seconds > INTERVAL_MAX {
                true => Made::changed("once a day at least", ours.ours),
                false => ours,
            }
        }
        OfPrograms::Check => {
            let checks = value::boolean(text) != Some(false);
            Made::converted(key.name, checks.to_string())
        }
        OfPrograms::Silent => {
            let is_heard = value::boolean(text) != Some(true);
            Made::converted("log_output", is_heard.to_string())
        }
        OfPrograms::Shell => Made::converted("shell", quoted(text)),
        OfPrograms::Path => Made::converted(key.name, quoted(&absolute(text))),
        OfPrograms::Question => match Question::read(text) {
            Ok(_) => Made::converted(key.name, quoted(text)),
            Err(why) => Made::unsupported(why.to_string()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::smsd_conf::key::Place;
    use crate::smsd_conf::table;

    #[test]
    fn each_setting_of_programs_has_its_form() {
        let places = [Place::Global, Place::Modem];
        let key = |name| places.iter().find_map(|place| table::find(*place, name)).expect("a setting");
        for (kind, name, text, expected) in [
            (OfPrograms::Command, "eventhandler", "/bin/on \"sms\"", Some("\"/bin/on \\\"sms\\\"\"")),
            (OfPrograms::Command, "eventhandler", "", None),
            (OfPrograms::Level, "alarmlevel", "error", Some("3")),
            (OfPrograms::Level, "alarmlevel", "7", Some("7")),
            (OfPrograms::Interval, "regular_run_interval", "300", Some("\"300s\"")),
            (OfPrograms::Interval, "regular_run_interval", "1000000", Some("\"86400s\"")),
            (OfPrograms::Check, "executable_check", "no", Some("false")),
            (OfPrograms::Check, "shell_test", "no", Some("false")),
            (OfPrograms::Silent, "ignore_exec_output", "yes", Some("false")),
            (OfPrograms::Shell, "shell", "/bin/bash", Some("\"/bin/bash\"")),
            (OfPrograms::Path, "regular_run_statfile", "/s/GSM1", Some("\"/s/GSM1\"")),
            (OfPrograms::Level, "regular_run_loglevel", "info", Some("6")),
            (OfPrograms::Question, "regular_run_cmd", "[FINE]AT+X", Some("\"[FINE]AT+X\"")),
            (OfPrograms::Question, "regular_run_cmd", "AT+CMGS=27", None),
        ] {
            let made = made(kind, &key(name), text);
            assert_eq!(made.ours.first().map(|ours| ours.value.as_str()), expected, "{name} = {text}");
        }
        let longer = made(OfPrograms::Interval, &key("regular_run_interval"), "1000000");
        assert_eq!(longer.outcome, Outcome::Changed);
    }
}
