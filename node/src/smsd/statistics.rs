//! The figures smsd keeps: a file for each period, a counter for each modem, and what a period has so far over a stop.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Local};
use smsgrid::model::Name;

use super::status::{Counted, replace};
use crate::config::smsd::Statistics;
use crate::modem::Tally;

/// What a period has so far, kept over a stop.
const KEPT: &str = "stats.tmp";
/// The first line of that file; smsd does not take ours for its own, nor we its.
const VERSION: &str = "VERSION smsnode 1";

/// What one modem did in a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Row {
    succeeded: u64,
    failed: u64,
    blocked: u64,
    sending: Duration,
}

/// What was counted since the node started; it only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) tally: Tally,
    /// Messages given up.
    pub(super) failed: u64,
}

/// The figures of one process.
pub(super) struct Figures {
    settings: Statistics,
    modems: Vec<Name>,
    /// Parts ever sent, up to the start of the node.
    before: Vec<u64>,
    /// What the period has.
    period: Vec<Row>,
    rejected: u64,
    /// What was counted already.
    seen: Vec<Sum>,
    seen_rejected: u64,
    /// Counters as they stand in their files.
    written: Vec<Option<u64>>,
    /// When the period, or the process, began.
    since: DateTime<Local>,
}

impl Figures {
    /// Reads what an earlier process left.
    pub(super) fn open(settings: Statistics, modems: Vec<Name>, now: DateTime<Local>) -> Figures {
        let folder = Path::new(&settings.folder);
        let before = modems.iter().map(|modem| read_counter(folder, modem)).collect();
        let (period, rejected) = read_kept(folder, &modems);
        let seen = vec![Sum::default(); modems.len()];
        let written = vec![None; modems.len()];
        Figures { settings, modems, before, period, rejected, seen, seen_rejected: 0, written, since: now }
    }

    /// Leaves out what was counted already: an earlier watch of this process has written it down.
    pub(super) fn begin_at(&mut self, sums: &[Sum], rejected: u64) {
        for ((seen, before), sum) in self.seen.iter_mut().zip(&mut self.before).zip(sums) {
            *seen = *sum;
            // `counted` adds all that was seen.
            *before = before.saturating_sub(sum.tally.parts);
        }
        self.seen_rejected = rejected;
    }

    /// Adds what was counted since the last look.
    pub(super) fn add(&mut self, sums: &[Sum], rejected: u64) {
        for ((row, seen), sum) in self.period.iter_mut().zip(&mut self.seen).zip(sums) {
            row.succeeded += sum.tally.parts.saturating_sub(seen.tally.parts);
            row.blocked += sum.tally.blocked.saturating_sub(seen.tally.blocked);
            row.sending += sum.tally.sending.saturating_sub(seen.tally.sending);
            row.failed += sum.failed.saturating_sub(seen.failed);
            *seen = *sum;
        }
        self.rejected += rejected.saturating_sub(self.seen_rejected);
        self.seen_rejected = rejected;
    }

    /// What `status` says of each modem.
    pub(super) fn counted(&self) -> Vec<Counted> {
        let ever = self.before.iter().zip(&self.seen).map(|(before, seen)| before + seen.tally.parts);
        ever.zip(&self.period).map(|(sent, row)| Counted { sent, failed: row.failed }).collect()
    }

    /// Writes the file of a period that has ended by `now`, and begins the next.
    pub(super) fn turn(&mut self, now: DateTime<Local>) -> io::Result<()> {
        let Some(boundary) = boundary(self.since, now, self.settings.interval) else { return Ok(()) };
        let is_zero = self.rejected == 0 && self.period.iter().all(|row| *row == Row::default());
        let text = self.text((boundary - self.since).num_seconds());
        self.since = boundary;
        self.period.fill(Row::default());
        self.rejected = 0;
        if is_zero && self.settings.no_zeroes {
            return Ok(());
        }
        let name = boundary.format("%y%m%d.%H%M%S").to_string();
        fs::write(Path::new(&self.settings.folder).join(name), text)
    }

    fn text(&self, seconds: i64) -> String {
        let mut text = format!(
            "runtime,rejected\n{seconds},{}\n\nname,succeeded,failed,received,multiple_failed,usage_s,usage_r\n",
            self.rejected
        );
        for (modem, row) in self.modems.iter().zip(&self.period) {
            let Row { succeeded, failed, blocked, sending } = row;
            text.push_str(&format!("{modem},{succeeded},{failed},0,{blocked},{},0\n", sending.as_secs()));
        }
        text
    }

    /// Writes the counters that have changed.
    pub(super) fn write_counters(&mut self) -> io::Result<()> {
        let counted = self.counted();
        for ((modem, counted), written) in self.modems.iter().zip(counted).zip(&mut self.written) {
            if *written == Some(counted.sent) {
                continue;
            }
            let path = Path::new(&self.settings.folder).join(format!("{modem}.counter"));
            replace(&path, &format!("{modem}: {}\n", counted.sent))?;
            *written = Some(counted.sent);
        }
        Ok(())
    }

    /// Keeps what the period has so far for the next process.
    pub(super) fn keep(&mut self) -> io::Result<()> {
        self.write_counters()?;
        if self.settings.interval == 0 {
            return Ok(());
        }
        let mut text = format!("{VERSION}\nrejected {}\n", self.rejected);
        for (modem, row) in self.modems.iter().zip(&self.period) {
            let Row { succeeded, failed, blocked, sending } = row;
            text.push_str(&format!("{modem} {succeeded} {failed} {blocked} {}\n", sending.as_millis()));
        }
        replace(&Path::new(&self.settings.folder).join(KEPT), &text)
    }
}

/// The last multiple of `interval` seconds after `since` and up to `now`; none before it comes, or without an interval.
fn boundary(since: DateTime<Local>, now: DateTime<Local>, interval: u64) -> Option<DateTime<Local>> {
    let interval = i64::try_from(interval).ok().filter(|interval| *interval > 0)?;
    let last = now.timestamp() - now.timestamp().rem_euclid(interval);
    (last > since.timestamp()).then(|| DateTime::from_timestamp(last, 0).unwrap_or_default().into())
}

fn read_counter(folder: &Path, modem: &Name) -> u64 {
    let text = fs::read_to_string(folder.join(format!("{modem}.counter"))).unwrap_or_default();
    text.rsplit(' ').next().and_then(|number| number.trim().parse().ok()).unwrap_or(0)
}

fn read_kept(folder: &Path, modems: &[Name]) -> (Vec<Row>, u64) {
    let octets = fs::read(folder.join(KEPT)).unwrap_or_default();
    let text = String::from_utf8_lossy(&octets);
    let mut lines = text.lines();
    let is_ours = lines.next() == Some(VERSION);
    let lines: Vec<Vec<&str>> = lines.filter(|_| is_ours).map(|line| line.split(' ').collect()).collect();
    let numbers = |name: &str| {
        let line = lines.iter().find(|words| words.first() == Some(&name));
        let words = line.map(Vec::as_slice).unwrap_or_default();
        let mut numbers = [0_u64; 4];
        for (number, word) in numbers.iter_mut().zip(words.iter().skip(1)) {
            *number = word.parse().unwrap_or(0);
        }
        numbers
    };
    let row = |modem: &Name| {
        let [succeeded, failed, blocked, millis] = numbers(modem.as_str());
        Row { succeeded, failed, blocked, sending: Duration::from_millis(millis) }
    };
    let [rejected, ..] = numbers("rejected");
    (modems.iter().map(row).collect(), rejected)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    fn at(second: u32) -> DateTime<Local> {
        Local.with_ymd_and_hms(2026, 11, 28, 12, 0, second).single().expect("an hour that is there")
    }

    fn figures(folder: &Path, no_zeroes: bool) -> Figures {
        let settings = Statistics {
            folder: folder.display().to_string(),
            interval: 10,
            no_zeroes,
            status_interval: 1,
            include_uptime: false,
            shown: Vec::new(),
        };
        Figures::open(settings, vec![Name::new("GSM1").expect("a name")], at(3))
    }

    fn sum(parts: u64, failed: u64) -> Sum {
        let tally = Tally { parts, blocked: 1, sending: Duration::from_millis(2500) };
        Sum { tally, failed }
    }

    #[test]
    fn a_period_ends_at_a_multiple_of_its_length_and_is_written_with_what_it_had() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut figures = figures(folder.path(), false);
        figures.add(&[sum(3, 1)], 2);

        figures.turn(at(9)).expect("written");
        assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0);
        figures.turn(at(11)).expect("written");

        let read = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a file");
        assert_eq!(
            read("261128.120010"),
            "runtime,rejected\n7,2\n\nname,succeeded,failed,received,multiple_failed,usage_s,usage_r\nGSM1,3,1,0,1,2,0\n"
        );
        figures.add(&[sum(4, 1)], 2);
        figures.turn(at(21)).expect("written");
        assert!(read("261128.120020").ends_with(
            "10,0\n\nname,succeeded,failed,received,multiple_failed,usage_s,usage_r\nGSM1,1,0,0,0,0,0\n"
        ));
    }

    #[test]
    fn a_period_of_nothing_is_left_out_where_that_is_set() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut figures = figures(folder.path(), true);

        figures.turn(at(11)).expect("nothing to write");

        assert_eq!(fs::read_dir(folder.path()).expect("it is there").count(), 0);
        assert_eq!(figures.since, at(10));
    }

    #[test]
    fn counters_and_periods_go_on_after_a_stop() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("GSM1.counter"), "GSM1: 40\n").expect("ours");
        let mut first = figures(folder.path(), false);
        first.add(&[sum(2, 1)], 1);
        first.keep().expect("written");

        let mut second = figures(folder.path(), false);
        second.add(&[sum(1, 0)], 0);

        assert_eq!(second.counted(), [Counted { sent: 43, failed: 1 }]);
        assert_eq!(second.rejected, 1);
        second.turn(at(10)).expect("written");
        let text = fs::read_to_string(folder.path().join("261128.120010")).expect("a file");
        assert!(text.contains("GSM1,3,1,0,2,5,0"), "{text}");
    }

    #[test]
    fn a_file_of_smsd_is_no_start_of_ours() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join(KEPT), b"VERSION 3.1.5-1\0GSM1 9 9 9 9\n\xff").expect("ours");

        assert_eq!(figures(folder.path(), false).counted(), [Counted::default()]);
    }
}
