//! How many messages the administrator gets about one modem.

use std::time::Duration;

use crate::model::Time;

/// What may be told, and what was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quota {
    limit: Option<u32>,
    clear: Option<Duration>,
    told: u32,
    since: Option<Time>,
}

impl Quota {
    /// At most `limit` messages; counted anew when `clear` has passed since the first of them.
    pub fn new(limit: Option<u32>, clear: Option<Duration>) -> Quota {
        Quota { limit, clear, ..Quota::default() }
    }

    /// Whether both allow the same, whatever was told.
    pub fn allows_as(&self, other: &Quota) -> bool {
        (self.limit, self.clear) == (other.limit, other.clear)
    }

    /// Takes one message. Whether it may be told.
    pub fn take(&mut self, now: Time) -> bool {
        let over = self.since.zip(self.clear).is_some_and(|(since, clear)| since + clear <= now);
        if over {
            (self.told, self.since) = (0, None);
        }
        if self.limit.is_some_and(|limit| self.told >= limit) {
            return false;
        }
        self.since.get_or_insert(now);
        self.told = self.told.saturating_add(1);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Time {
        Time::from_millis(seconds * 1000)
    }

    #[test]
    fn what_is_over_the_limit_is_not_told_until_it_is_counted_anew() {
        let mut quota = Quota::new(Some(2), Some(Duration::from_secs(60)));
        let told = [0, 10, 20, 59, 60, 61, 62, 130].map(|second| quota.take(at(second)));
        assert_eq!(told, [true, true, false, false, true, true, false, true]);

        let mut for_ever = Quota::new(Some(1), None);
        assert!(for_ever.take(at(0)) && !for_ever.take(at(1_000_000)));
        let mut unlimited = Quota::default();
        assert!((0..1000).all(|second| unlimited.take(at(second))));
    }
}
