//! The clocks of the node: one that only goes forward, one that tells the date; or both moved by a test.
//!
//! The engines take `now` as an argument; this is where it comes from.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};
use smsgrid::model::{Time, Timestamp};
use tokio::sync::watch;

/// Longest sleep until the clock is asked again: a host that was suspended has no timer that noticed it.
const SLEEP_MAX: Duration = Duration::from_secs(1);

/// Where the node reads the time. Clones read the same clock.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Manual(watch::Receiver<Reading>),
}

/// Moves a manual clock.
#[derive(Debug)]
pub struct Hand(watch::Sender<Reading>);

#[derive(Clone, Copy, Debug)]
struct Reading {
    time: Time,
    utc: Timestamp,
}

impl Clock {
    /// The clocks of the host.
    pub const fn system() -> Clock {
        Clock(Source::System)
    }

    /// A clock that stands at `time` and `utc` until its hand moves it.
    pub fn manual(time: Time, utc: Timestamp) -> (Clock, Hand) {
        let (hand, reading) = watch::channel(Reading { time, utc });
        (Clock(Source::Manual(reading)), Hand(hand))
    }

    /// Milliseconds since the host started, the time it was suspended included (CLOCK_BOOTTIME): a lease ends in
    /// sleep too.
    pub fn now(&self) -> Time {
        match &self.0 {
            Source::System => boot_time(),
            Source::Manual(reading) => reading.borrow().time,
        }
    }

    /// The date, as far as the host knows it. It may jump; nothing safe rests on it.
    pub fn utc(&self) -> Timestamp {
        match &self.0 {
            Source::System => unix_time(),
            Source::Manual(reading) => reading.borrow().utc,
        }
    }

    /// Waits until [`Clock::now`] reaches `deadline`. Safe to drop. Never returns when a manual clock lost its hand
    /// before that.
    pub async fn sleep_until(&self, deadline: Time) {
        match &self.0 {
            Source::System => sleep_on_host(deadline).await,
            Source::Manual(reading) => {
                let mut reading = reading.clone();
                if reading.wait_for(|reading| reading.time >= deadline).await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        }
    }
}

impl Hand {
    /// Moves both clocks forward.
    pub fn advance(&self, span: Duration) {
        self.0.send_modify(|reading| {
            reading.time = reading.time + span;
            reading.utc = reading.utc + span;
        });
    }

    /// Sets the date alone, as an administrator or a time server would.
    pub fn set_utc(&self, utc: Timestamp) {
        self.0.send_modify(|reading| reading.utc = utc);
    }
}

async fn sleep_on_host(deadline: Time) {
    loop {
        let left = left(deadline, since_boot());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(SLEEP_MAX)).await;
    }
}

/// What is left until `deadline`, to the nanosecond: counted from a time cut to milliseconds, a sleep would last up to
/// one of them too long.
fn left(deadline: Time, since_boot: Duration) -> Duration {
    deadline.since(Time::ZERO).saturating_sub(since_boot)
}

fn boot_time() -> Time {
    Time::from_millis(u64::try_from(since_boot().as_millis()).unwrap_or(u64::MAX))
}

fn since_boot() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    // Neither field is ever negative on this clock.
    let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(now.tv_nsec).unwrap_or_default())
}

fn unix_time() -> Timestamp {
    // A date before 1970 is a host without a clock: the epoch is as wrong, and orders the same.
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::from_unix_millis(u64::try_from(since_epoch.as_millis()).unwrap_or(u64::MAX))
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use super::*;

    #[tokio::test]
    async fn the_host_clock_wakes_no_sleeper_early() {
        let clock = Clock::system();
        let deadline = clock.now() + Duration::from_millis(20);

        clock.sleep_until(deadline).await;

        assert!(clock.now() >= deadline);
        assert!(clock.utc() > Timestamp::from_unix_millis(1_700_000_000_000));
    }

    #[test]
    fn a_sleep_begun_within_a_millisecond_ends_with_its_deadline() {
        let left = |micros| left(Time::from_millis(100), Duration::from_micros(micros));

        assert_eq!(
            [98_300, 99_999, 100_000, 100_700].map(left).map(|left| left.as_micros()),
            [1700, 1, 0, 0]
        );
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_a_sleeper_when_its_hand_passes_the_deadline() {
        let (clock, hand) = Clock::manual(Time::from_millis(5), Timestamp::ZERO);
        let mut sleeper = pin!(clock.sleep_until(Time::from_millis(15)));

        hand.advance(Duration::from_millis(9));
        assert!(tokio::time::timeout(Duration::from_millis(5), &mut sleeper).await.is_err());
        hand.advance(Duration::from_millis(1));
        sleeper.await;

        assert_eq!((clock.now(), clock.utc()), (Time::from_millis(15), Timestamp::from_unix_millis(10)));
    }

    #[test]
    fn a_new_date_does_not_move_the_time() {
        let (clock, hand) = Clock::manual(Time::from_millis(5), Timestamp::from_unix_millis(900));

        hand.set_utc(Timestamp::from_unix_millis(100));

        assert_eq!((clock.now(), clock.utc()), (Time::from_millis(5), Timestamp::from_unix_millis(100)));
    }
}
