//! Programs that are run again and again: which, with what, and how long to wait before an event is told once more.

use std::time::Duration;

/// First wait before an event is told again.
const WAIT_MIN: Duration = Duration::from_secs(1);
/// Longest wait.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// One run of a regular program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// The one of the gateway.
    Regular,
    /// The first one of a modem: with its statistics file and its name.
    Before {
        /// `regular_run_statfile`; empty when there is none.
        statfile: String,
        /// The modem.
        modem: String,
    },
    /// The second one.
    After {
        /// As before.
        statfile: String,
        /// The modem.
        modem: String,
    },
}

impl Run {
    /// What the program gets.
    pub fn arguments(&self) -> Vec<Vec<u8>> {
        let (word, statfile, modem) = match self {
            Run::Regular => return Vec::new(),
            Run::Before { statfile, modem } => ("PRE_RUN", statfile, modem),
            Run::After { statfile, modem } => ("POST_RUN", statfile, modem),
        };
        [word, statfile, modem].map(|word| word.as_bytes().to_vec()).to_vec()
    }

    /// What is said of a run that did not succeed, in the words of smsd.
    pub fn failed(&self, program: &str, code: &str) -> String {
        match self {
            Run::Regular => format!("Regular_run returned {code}."),
            Run::Before { .. } => format!("Regular_run {program} PRE_RUN returned {code}"),
            Run::After { .. } => format!("Regular_run_post_run {program} POST_RUN returned {code}"),
        }
    }
}

/// How long an event waits that was told `times` in vain.
pub fn wait_before(times: u32) -> Duration {
    let doublings = times.saturating_sub(1).min(12);
    (WAIT_MIN * 2u32.pow(doublings)).min(WAIT_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_regular_program_of_a_modem_gets_three_arguments_and_that_of_the_gateway_none() {
        let (statfile, modem) = ("/s/GSM1.stat".to_owned(), "GSM1".to_owned());
        let before = Run::Before { statfile: statfile.clone(), modem: modem.clone() };
        let after = Run::After { statfile: String::new(), modem };

        assert!(Run::Regular.arguments().is_empty());
        assert_eq!(before.arguments().join(&b'|'), b"PRE_RUN|/s/GSM1.stat|GSM1");
        assert_eq!(after.arguments().join(&b'|'), b"POST_RUN||GSM1");
        assert_eq!(before.failed("/bin/a", "3"), "Regular_run /bin/a PRE_RUN returned 3");
        assert_eq!(after.failed("/bin/b", "4"), "Regular_run_post_run /bin/b POST_RUN returned 4");
        assert_eq!(Run::Regular.failed("/bin/c", "1"), "Regular_run returned 1.");
    }

    #[test]
    fn waits_grow_from_a_second_to_an_hour() {
        let waits = [1, 2, 3, 12, 13, 1_000].map(|times| wait_before(times).as_secs());
        assert_eq!(waits, [1, 2, 4, 2048, 3600, 3600]);
    }
}
