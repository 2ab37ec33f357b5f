//! The trouble of each program, by itself.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use smsgrid::worker::handlers::{Alert, Exit, Telling};

use super::told::{self, Program};

/// How each program did the last times. The configuration bounds them: by the programs it names, and its modems.
#[derive(Default)]
pub(super) struct Alerts {
    alerts: Mutex<BTreeMap<(Program, Option<String>), Alert>>,
}

impl Alerts {
    /// Takes note of a run of a program, `modem` if that has one of its own, and tells what is new.
    pub(super) fn note(&self, program: Program, modem: Option<&str>, exit: &Exit) -> Telling {
        let telling = self.telling(program, modem, exit);
        told::alert(program, modem, exit, telling);
        telling
    }

    fn telling(&self, program: Program, modem: Option<&str>, exit: &Exit) -> Telling {
        let mut alerts = self.alerts.lock().unwrap_or_else(PoisonError::into_inner);
        alerts.entry((program, modem.map(str::to_owned))).or_default().note(exit.is_success())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_with_the_program_of_one_modem_is_not_over_when_that_of_another_succeeds() {
        let alerts = Alerts::default();
        let round = || {
            [(Some("GSM1"), 1), (Some("GSM2"), 0), (None, 0)]
                .map(|(modem, code)| alerts.telling("regular_run", modem, &Exit::Code(code)))
        };

        assert_eq!(round(), [Telling::Begins, Telling::Nothing, Telling::Nothing]);
        assert_eq!(round(), [Telling::Continues(2), Telling::Nothing, Telling::Nothing]);
    }
}
