//! How much a modem may send, and how fast.

use std::time::Duration;

use crate::model::Time;

/// What a person decided about how much and how fast a modem sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// Most messages before it takes no more; none for no limit. They are counted by the worker and forgotten with it.
    pub message_limit: Option<u32>,
    /// How long after the first message of a count it begins anew; none for never.
    pub count_clear: Option<Duration>,
    /// Pause after each part that was sent.
    pub sent_pause: Duration,
}

/// What a modem has sent of what it may.
#[derive(Clone, Copy, Debug)]
pub(super) struct Allowance {
    pace: Pace,
    messages: u32,
    /// When the first of them was sent.
    since: Time,
    rests_until: Time,
}

impl Allowance {
    pub(super) fn new(pace: Pace) -> Allowance {
        Allowance { pace, messages: 0, since: Time::ZERO, rests_until: Time::ZERO }
    }

    /// A part was sent, the last one of its message or not. Whether that reaches the limit.
    pub(super) fn sent(&mut self, is_last: bool, now: Time) -> bool {
        self.rests_until = now + self.pace.sent_pause;
        if !is_last {
            return false;
        }
        self.clear(now);
        if self.messages == 0 {
            self.since = now;
        }
        self.messages = self.messages.saturating_add(1);
        self.pace.message_limit == Some(self.messages)
    }

    /// Begins a new count when it is time. How many messages the last one had, if it had reached the limit.
    pub(super) fn clear(&mut self, now: Time) -> Option<u32> {
        let is_due = self.clears_at().is_some_and(|at| at <= now);
        let messages = is_due.then(|| std::mem::take(&mut self.messages))?;
        self.pace.message_limit.filter(|limit| messages >= *limit).map(|_| messages)
    }

    /// Whether the modem may be given another message.
    pub(super) fn permits(&self, now: Time) -> bool {
        let is_clear = self.clears_at().is_some_and(|at| at <= now);
        let is_spent = self.pace.message_limit.is_some_and(|limit| self.messages >= limit);
        (!is_spent || is_clear) && !self.is_resting(now)
    }

    /// Whether it pauses after a part.
    pub(super) fn is_resting(&self, now: Time) -> bool {
        self.rests_until > now
    }

    /// Whether it pauses at all.
    pub(super) fn has_pauses(&self) -> bool {
        !self.pace.sent_pause.is_zero()
    }

    /// When a pause or a count ends, of those that have not.
    pub(super) fn due(&self, now: Time) -> Option<Time> {
        let rests_until = Some(self.rests_until);
        [rests_until, self.clears_at()].into_iter().flatten().filter(|due| *due > now).min()
    }

    fn clears_at(&self) -> Option<Time> {
        self.pace.count_clear.filter(|_| self.messages > 0).map(|span| self.since + span)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Time {
        Time::from_millis(1000 * seconds)
    }

    #[test]
    fn a_limit_counts_messages_and_not_parts_until_its_time_is_over() {
        let pace = Pace { message_limit: Some(2), count_clear: Some(MINUTE), ..Pace::default() };
        let mut allowance = Allowance::new(pace);

        assert!(!allowance.sent(false, at(1)) && !allowance.sent(true, at(5)));
        assert!(allowance.permits(at(5)));
        assert!(allowance.sent(true, at(9)), "the second reaches the limit");
        assert!(!allowance.permits(at(64)));
        assert_eq!(allowance.due(at(9)), Some(at(65)));
        assert!(allowance.permits(at(65)));
        assert_eq!((allowance.clear(at(65)), allowance.clear(at(65))), (Some(2), None));
        assert!(!allowance.sent(true, at(70)) && allowance.sent(true, at(70)));
    }

    #[test]
    fn a_limit_without_an_end_holds_for_ever_and_none_never() {
        let mut allowance = Allowance::new(Pace { message_limit: Some(1), ..Pace::default() });
        assert!(allowance.sent(true, at(1)));
        assert!(!allowance.permits(at(1_000_000)));
        assert_eq!((allowance.due(at(1)), allowance.clear(at(1_000_000))), (None, None));

        let mut free = Allowance::new(Pace::default());
        assert!(!free.sent(true, at(1)) && free.permits(at(1)));
    }

    #[test]
    fn a_pause_follows_each_part() {
        let mut allowance = Allowance::new(Pace { sent_pause: 3 * MINUTE, ..Pace::default() });
        assert!(!allowance.is_resting(at(0)));
        allowance.sent(false, at(10));
        assert!(allowance.is_resting(at(189)) && !allowance.permits(at(189)));
        assert_eq!(allowance.due(at(10)), Some(at(190)));
        assert!(allowance.permits(at(190)));
    }
}
