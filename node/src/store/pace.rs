//! When rows are written: soon after a change while little happens, and not while much does.
//!
//! ```text
//!            first change                    5 s, and it is quiet
//! written ────────────────▶ waiting ───────────────────────────────────▶ round
//!    ▲                        ▲   or too many wait, or ten minutes (*)      │
//!    │ all written            └──────────────────────────────────────────── │
//!    └───────────────────────────────────── it has become busy ────────────┘
//! ```
//!
//! (*) Such a round goes on to its end.
//!
//! A row costs more than the acceptance of its message. What is not written is in the log and in memory, so that a burst
//! of submissions shares no processor with its rows, and a message sent meanwhile is written once and not at each step.

use std::time::Duration;

use tokio::time::Instant;

/// Longest time a change waits for its round while it is quiet.
const ROUND_EVERY: Duration = Duration::from_secs(5);
/// Longest time it waits however busy it is.
const ROUND_LATEST: Duration = Duration::from_secs(600);
/// With so many changes a second, several of one message included, it is busy: their rows would take about a tenth of a
/// processor.
const BUSY_PER_SECOND: u64 = 2_000;
/// Over how long changes are counted to know it.
const MEASURE_EVERY: Duration = Duration::from_secs(1);
/// This many changed messages do not wait: so much has to be written before a stop, or compared after one.
const DIRTY_MAX: usize = 1 << 18;
/// Nor do this many that have ended: they are the next to leave memory.
const ENDED_MAX: usize = 20_000;

/// What is not written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Load {
    /// Messages whose row may be older than the state.
    pub(super) dirty: usize,
    /// Those of them that have ended.
    pub(super) ended: usize,
    /// Changes since the start, several of one message included.
    pub(super) changes: u64,
}

/// Decides when a round is due.
#[derive(Debug)]
pub(super) struct Pace {
    /// When the oldest change that is not written was seen.
    since: Option<Instant>,
    /// When changes were counted last, and how many there were.
    measured: (Instant, u64),
    is_busy: bool,
    /// So much waited, or for so long, that everything is written before anybody else is thought of.
    is_pressed: bool,
}

impl Pace {
    /// Nothing waits yet; so many changes have been seen.
    pub(super) fn new(now: Instant, changes: u64) -> Pace {
        Pace { since: None, measured: (now, changes), is_busy: false, is_pressed: false }
    }

    /// Whether a round is due, when something was applied since the last.
    pub(super) fn is_due(&mut self, now: Instant, load: Load) -> bool {
        self.measure(now, load.changes);
        let waited = self.waited(now);
        self.press(load, waited) || (waited >= ROUND_EVERY && !self.is_busy)
    }

    /// When a round is due if nothing happens until then; to be asked when none is.
    pub(super) fn due_at(&self, now: Instant) -> Instant {
        let since = self.since.unwrap_or(now);
        // Whether it is still busy is known when it is measured again.
        let quiet = if self.is_busy { self.measured.0 + MEASURE_EVERY } else { now };
        (since + ROUND_EVERY).max(quiet).min(since + ROUND_LATEST)
    }

    /// Whether a round that was begun should go on.
    pub(super) fn goes_on(&mut self, now: Instant, load: Load) -> bool {
        self.measure(now, load.changes);
        let waited = self.waited(now);
        self.press(load, waited) || !self.is_busy
    }

    /// Everything that had changed when the round began is written.
    pub(super) fn written(&mut self) {
        self.since = None;
        self.is_pressed = false;
    }

    fn press(&mut self, load: Load, waited: Duration) -> bool {
        self.is_pressed |= load.dirty >= DIRTY_MAX || load.ended >= ENDED_MAX || waited >= ROUND_LATEST;
        self.is_pressed
    }

    fn waited(&mut self, now: Instant) -> Duration {
        now.saturating_duration_since(*self.since.get_or_insert(now))
    }

    fn measure(&mut self, now: Instant, changes: u64) {
        let (at, before) = self.measured;
        let span = now.saturating_duration_since(at);
        if span >= MEASURE_EVERY {
            let bound = u128::from(BUSY_PER_SECOND) * span.as_millis() / 1000;
            self.is_busy = u128::from(changes.saturating_sub(before)) > bound;
            self.measured = (now, changes);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUIET: u64 = BUSY_PER_SECOND / 2;
    const BUSY: u64 = BUSY_PER_SECOND * 2;

    #[test]
    fn a_change_waits_five_seconds_and_a_round_that_wrote_it_begins_the_wait_anew() {
        let (mut pace, begin) = begun();

        assert_eq!(first_due(&mut pace, begin, QUIET, 100), Some(5));
        pace.written();
        assert_eq!(first_due(&mut pace, begin + Duration::from_secs(100), QUIET, 100), Some(5));
    }

    #[test]
    fn while_it_is_busy_nothing_is_due_for_ten_minutes() {
        let (mut pace, begin) = begun();

        assert_eq!(first_due(&mut pace, begin, BUSY, 1000), Some(600));
    }

    #[test]
    fn the_first_quiet_second_after_a_burst_makes_it_due() {
        let (mut pace, begin) = begun();
        assert_eq!(first_due(&mut pace, begin, BUSY, 30), None);
        let load = |changes| Load { dirty: 1, ended: 0, changes };

        assert!(!pace.is_due(begin + Duration::from_millis(30_500), load(30 * BUSY)));
        assert!(pace.is_due(begin + Duration::from_millis(31_500), load(30 * BUSY)));
    }

    #[test]
    fn it_is_known_when_to_look_again_though_nothing_happens() {
        let (mut pace, begin) = begun();
        let load = |changes| Load { dirty: 1, ended: 0, changes };
        let at = |ms| begin + Duration::from_millis(ms);

        assert!(!pace.is_due(begin, load(1)));
        assert_eq!(pace.due_at(begin), at(5000));
        for second in 1..=5 {
            assert!(!pace.is_due(at(second * 1000), load(second * BUSY)));
        }
        assert!(!pace.is_due(at(5200), load(5 * BUSY)), "it was busy a moment ago");
        assert_eq!(pace.due_at(at(5200)), at(6000));
        assert!(pace.is_due(at(6000), load(5 * BUSY)));
    }

    #[test]
    fn changes_of_an_earlier_life_of_the_rows_do_not_make_it_busy() {
        let begin = Instant::now();
        let mut pace = Pace::new(begin, 1_000 * BUSY);

        assert!(
            pace.goes_on(begin + MEASURE_EVERY, Load { dirty: 1, ended: 0, changes: 1_000 * BUSY + QUIET })
        );
    }

    #[test]
    fn too_many_do_not_wait_and_one_less_does() {
        let (mut pace, begin) = begun();
        let load = |dirty, ended| Load { dirty, ended, changes: 0 };

        assert!(!pace.is_due(begin, load(DIRTY_MAX - 1, ENDED_MAX - 1)));
        assert!(pace.is_due(begin, load(DIRTY_MAX, 0)));
        pace.written();
        assert!(pace.is_due(begin, load(ENDED_MAX, ENDED_MAX)));
    }

    #[test]
    fn a_round_ends_when_it_becomes_busy_and_its_changes_have_not_waited_long() {
        let (mut pace, begin) = begun();
        let later = begin + Duration::from_secs(6);
        let load = |dirty, changes| Load { dirty, ended: 0, changes };
        assert!(pace.is_due(begin, load(1, 0)) || pace.is_due(later, load(1, 0)));

        assert!(pace.goes_on(later + MEASURE_EVERY, load(1, QUIET)));
        assert!(!pace.goes_on(later + MEASURE_EVERY * 2, load(1, QUIET + BUSY)));
        assert!(pace.goes_on(begin + ROUND_LATEST, load(1, 1_000 * BUSY)), "it has waited for long enough");
    }

    #[test]
    fn a_round_for_too_many_is_brought_to_its_end_however_busy_it_is() {
        let (mut pace, begin) = begun();
        let load = |dirty, changes| Load { dirty, ended: 0, changes };
        assert!(!pace.is_due(begin + MEASURE_EVERY, load(DIRTY_MAX - 1, BUSY)));
        assert!(pace.is_due(begin + MEASURE_EVERY * 2, load(DIRTY_MAX, 2 * BUSY)));

        assert!(pace.goes_on(begin + MEASURE_EVERY * 3, load(1, 3 * BUSY)), "the rest is written too");
        pace.written();
        assert!(!pace.goes_on(begin + MEASURE_EVERY * 4, load(1, 4 * BUSY)));
    }

    fn begun() -> (Pace, Instant) {
        let begin = Instant::now();
        (Pace::new(begin, 0), begin)
    }

    /// After how many seconds a round is first due, with so many changes in each, if within `most`.
    fn first_due(pace: &mut Pace, begin: Instant, per_second: u64, most: u64) -> Option<u64> {
        let before = pace.measured.1;
        (0..most).find(|second| {
            let load = Load { dirty: 1, ended: 0, changes: before + second * per_second };
            pace.is_due(begin + Duration::from_secs(*second), load)
        })
    }
}
