//! Alarms that wait for the alarm handler.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, Local};
use smsgrid::model::Timestamp;
use smsgrid::worker::handlers::Alarm;
use tokio::sync::Notify;
use tracing::error;

/// Most alarms that wait.
const WAITING_MAX: usize = 1_000;

/// The alarms that wait.
#[derive(Debug, Default)]
pub(super) struct Alarms {
    waiting: Mutex<VecDeque<Alarm>>,
    came: Notify,
}

impl Alarms {
    /// Puts an alarm behind the others. The log has it whatever becomes of it.
    pub(super) fn push(&self, alarm: Alarm) {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() >= WAITING_MAX {
            drop(waiting);
            error!(
                event = "handler.dropped", %alarm,
                fix = "see why the alarm handler takes so long",
                "{WAITING_MAX} alarms wait for the alarm handler; it is not run for this one"
            );
            return;
        }
        waiting.push_back(alarm);
        self.came.notify_one();
    }

    /// The next alarm. Safe to drop.
    pub(super) async fn next(&self) -> Alarm {
        loop {
            match self.try_next() {
                Some(alarm) => return alarm,
                None => self.came.notified().await,
            }
        }
    }

    /// The next alarm, if one waits.
    pub(super) fn try_next(&self) -> Option<Alarm> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

/// Date and time as the log of smsd has them, on this host's clock on the wall.
pub(super) fn moment(at: Timestamp) -> String {
    let milliseconds = i64::try_from(at.as_unix_millis()).unwrap_or(i64::MAX);
    let at = DateTime::from_timestamp_millis(milliseconds).unwrap_or_default();
    at.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S").to_string()
}

#[cfg(test)]
mod tests {
    use smsgrid::worker::handlers::Severity;

    use super::*;

    #[tokio::test]
    async fn alarms_come_in_order_and_no_more_than_the_bound_wait() {
        let alarms = Alarms::default();
        for number in 0..WAITING_MAX + 7 {
            alarms.push(Alarm::of_main(Severity::Error, number.to_string()));
        }

        for number in 0..WAITING_MAX {
            assert_eq!(alarms.next().await.text, number.to_string().into_bytes());
        }
        assert!(tokio::time::timeout(std::time::Duration::ZERO, alarms.next()).await.is_err());
    }

    #[test]
    fn the_moment_is_two_words() {
        let words = moment(Timestamp::from_unix_millis(1_795_338_506_000));
        let lengths: Vec<usize> = words.split(' ').map(str::len).collect();
        assert_eq!(lengths, [10, 8], "{words}");
    }
}
