//! The log of troubles beside a log file: every line of what went wrong, nothing of what went well.
//!
//! ```text
//! lines of one speaker ──▶ kept ──a step ends──▶ one of them told trouble: all are written, and how long it took
//!                                           └──▶ none: forgotten; the first time after a trouble one line says so
//! ```
//!
//! Trouble is never left out and never waits for long: a step that has some ends too when it holds as much as it may,
//! or has lasted its time. That of the process, whose steps may not end for days, is written at once.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Local, TimeDelta};

/// Octets of lines kept of one speaker, and one line more; the oldest go first.
const KEPT_OCTETS_MAX: usize = 256 * 1024;
/// How long trouble waits for the end of its step.
const WAITS_MAX: TimeDelta = TimeDelta::seconds(60);
/// Speakers that are kept apart: the modems of a host, and the process.
const SPEAKERS_MAX: usize = 1024;
/// What the name of a log ends with, and that of its troubles.
const LOG_END: &str = ".log";
const TROUBLE_OF_LOG_END: &str = "_trouble.log";
const TROUBLE_END: &str = ".trouble";

/// Events with which a step of a speaker ends.
const ENDS: [&str; 12] = [
    "message.called",
    "message.refused",
    "message.sent",
    "message.uncertain",
    "modem.blocked",
    "modem.down",
    "modem.lost",
    "modem.stopped",
    "modem.survey",
    "modem.up",
    "node.started",
    "spool.filed",
];

/// Whether a step ends with an event of this name.
pub(super) fn ends_step(event: Option<&str>) -> bool {
    event.is_some_and(|event| ENDS.contains(&event))
}

/// The file for the troubles of the log at `log`.
pub(super) fn path(log: &Path) -> PathBuf {
    let name = log.as_os_str().to_string_lossy();
    match name.strip_suffix(LOG_END).filter(|stem| !stem.is_empty()) {
        Some(stem) => PathBuf::from(format!("{stem}{TROUBLE_OF_LOG_END}")),
        None => PathBuf::from(format!("{name}{TROUBLE_END}")),
    }
}

/// What all speakers of one log said since their steps began.
#[derive(Debug, Default)]
pub(super) struct Troubles(BTreeMap<String, Step>);

/// One speaker.
#[derive(Debug)]
struct Step {
    lines: VecDeque<String>,
    octets: usize,
    left_out: u64,
    began: Option<DateTime<Local>>,
    /// When the first trouble of this step was told.
    troubled: Option<DateTime<Local>>,
    /// Since when it has trouble.
    since: Option<DateTime<Local>>,
}

/// What is written when a step ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Flushed {
    /// Nothing.
    Nothing,
    /// These lines, how many were left out before them, and how long the step took.
    Trouble { lines: Vec<String>, left_out: u64, took: TimeDelta },
    /// That the trouble is over, and how long it lasted.
    Over { lasted: TimeDelta },
}

impl Troubles {
    /// Keeps a line of a speaker. True when the step has trouble and holds as much as it may: it has to end now.
    pub(super) fn keep(&mut self, speaker: &str, line: &str, is_trouble: bool, now: DateTime<Local>) -> bool {
        if self.0.len() >= SPEAKERS_MAX && !self.0.contains_key(speaker) {
            return false;
        }
        self.0.entry(speaker.to_owned()).or_insert_with(Step::new).keep(line, is_trouble, now)
    }

    /// Speakers whose trouble has waited long enough for the end of its step.
    pub(super) fn overdue(&self, now: DateTime<Local>) -> Vec<String> {
        let overdue = |step: &Step| step.troubled.is_some_and(|since| now - since >= WAITS_MAX);
        self.0.iter().filter(|(_, step)| overdue(step)).map(|(speaker, _)| speaker.clone()).collect()
    }

    /// A step of a speaker has ended.
    pub(super) fn flush(&mut self, speaker: &str, now: DateTime<Local>) -> Flushed {
        self.0.get_mut(speaker).map_or(Flushed::Nothing, |step| step.flush(now))
    }
}

impl Step {
    fn new() -> Step {
        Step { lines: VecDeque::new(), octets: 0, left_out: 0, began: None, troubled: None, since: None }
    }

    fn keep(&mut self, line: &str, is_trouble: bool, now: DateTime<Local>) -> bool {
        self.began.get_or_insert(now);
        if is_trouble {
            self.troubled.get_or_insert(now);
        }
        self.octets += line.len();
        self.lines.push_back(line.to_owned());
        if self.troubled.is_some() {
            return self.octets > KEPT_OCTETS_MAX;
        }
        while self.octets > KEPT_OCTETS_MAX
            && let Some(oldest) = self.lines.pop_front()
        {
            self.octets -= oldest.len();
            self.left_out += 1;
        }
        false
    }

    fn flush(&mut self, now: DateTime<Local>) -> Flushed {
        let since = self.since.take();
        let Step { lines, left_out, began, troubled, .. } = std::mem::replace(self, Step::new());
        let began = began.unwrap_or(now);
        match (troubled.is_some(), since) {
            (true, since) => {
                self.since = since.or(Some(began));
                Flushed::Trouble { lines: lines.into(), left_out, took: now - began }
            }
            (false, Some(since)) => Flushed::Over { lasted: now - since },
            (false, None) => Flushed::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn at(second: u32) -> DateTime<Local> {
        Local.with_ymd_and_hms(2026, 11, 22, 12, 8, second).single().expect("an hour that is there")
    }

    #[test]
    fn the_file_stands_beside_its_log() {
        for (log, trouble) in [
            ("/var/log/smsd.log", "/var/log/smsd_trouble.log"),
            ("/var/log/smsd", "/var/log/smsd.trouble"),
            (".log", ".log.trouble"),
        ] {
            assert_eq!(path(Path::new(log)), Path::new(trouble));
        }
    }

    #[test]
    fn a_step_ends_with_the_end_of_a_part_or_a_call() {
        for event in ["message.called", "message.sent", "message.refused", "message.uncertain", "modem.down"]
        {
            assert!(ends_step(Some(event)), "{event}");
        }
        for event in [Some("message.accepted"), None] {
            assert!(!ends_step(event), "{event:?}");
        }
    }

    #[test]
    fn only_steps_with_trouble_are_written_and_their_end_is_told_once() {
        let mut troubles = Troubles::default();
        troubles.keep("GSM1", "fine", false, at(1));
        assert_eq!(troubles.flush("GSM1", at(2)), Flushed::Nothing);

        troubles.keep("GSM1", "before", false, at(3));
        troubles.keep("GSM2", "of another", false, at(3));
        troubles.keep("GSM1", "wrong", true, at(4));
        let lines = vec!["before".to_owned(), "wrong".to_owned()];
        let told = Flushed::Trouble { lines, left_out: 0, took: TimeDelta::seconds(3) };
        assert_eq!(troubles.flush("GSM1", at(6)), told);
        assert_eq!(troubles.flush("GSM2", at(6)), Flushed::Nothing);

        troubles.keep("GSM1", "wrong again", true, at(7));
        assert!(matches!(troubles.flush("GSM1", at(8)), Flushed::Trouble { .. }));
        troubles.keep("GSM1", "fine", false, at(9));
        assert_eq!(troubles.flush("GSM1", at(10)), Flushed::Over { lasted: TimeDelta::seconds(7) });
        assert_eq!(troubles.flush("GSM1", at(11)), Flushed::Nothing);
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_oldest_goes_first() {
        let mut troubles = Troubles::default();
        for number in 0..10_000 {
            assert!(!troubles.keep("GSM1", &filling(number), false, at(1)));
        }
        troubles.keep("GSM1", "wrong", true, at(1));

        let Flushed::Trouble { lines, left_out, .. } = troubles.flush("GSM1", at(2)) else {
            panic!("trouble")
        };
        assert!(lines.iter().map(String::len).sum::<usize>() <= KEPT_OCTETS_MAX + "wrong".len());
        assert_eq!(lines.len() as u64 + left_out, 10_001);
        assert!(lines[lines.len() - 2].starts_with("9999 "));
    }

    #[test]
    fn the_line_of_a_trouble_is_never_left_out() {
        let mut troubles = Troubles::default();
        troubles.keep("smsd", "wrong", true, at(1));
        let is_full = |number: &usize| troubles.keep("smsd", &filling(*number), false, at(1));
        let full = (0..10_000).find(is_full).expect("the step has to end");

        let Flushed::Trouble { lines, left_out, .. } = troubles.flush("smsd", at(2)) else {
            panic!("trouble")
        };
        assert_eq!((lines[0].as_str(), lines.len(), left_out), ("wrong", full + 2, 0));
    }

    #[test]
    fn trouble_waits_for_the_end_of_its_step_for_a_while_only() {
        let mut troubles = Troubles::default();
        troubles.keep("GSM1", "wrong", true, at(1));
        troubles.keep("GSM2", "fine", false, at(1));

        assert!(troubles.overdue(at(2)).is_empty());
        assert_eq!(troubles.overdue(at(1) + WAITS_MAX), ["GSM1"]);
        troubles.flush("GSM1", at(1) + WAITS_MAX);
        assert!(troubles.overdue(at(1) + WAITS_MAX * 2).is_empty(), "it is written once");
    }

    fn filling(number: usize) -> String {
        format!("{number} {}", "x".repeat(1000))
    }
}
