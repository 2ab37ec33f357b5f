//! How much and how fast a modem sends: limits, pauses, and when it rests.

use super::made::{Made, Ours};
use crate::smsd_conf::key::Pause;
use crate::smsd_conf::layers::Modem;
use crate::smsd_conf::value;

/// Longest pauses the node takes, in milliseconds.
const SENT_MAX: i64 = 600_000;
const START_MAX: i64 = 600_000;
const COMMAND_MAX: i64 = 5000;
const CHARACTER_MAX: i64 = 1000;
/// smsd's `send_delay` for waiting until everything is written.
const DRAINED: i64 = -1;
/// Longest span after which messages are counted anew, in minutes: a year.
const CLEAR_MAX: i64 = 527_040;

/// What becomes of `message_limit`.
pub(super) fn message_limit(text: &str) -> Made {
    match value::whole(text) {
        ..=0 => Made::unnecessary("the messages of a modem are not limited anyway"),
        limit => {
            let value = limit.min(i64::from(u32::MAX)).to_string();
            let how =
                "what is over waits for another modem; the log tells it, and the administrator of `admin_to`";
            Made::changed(how, vec![Ours { key: "message_limit", value }])
        }
    }
}

/// What becomes of `message_count_clear`, which means something beside a limit alone.
pub(super) fn message_count_clear(text: &str, modem: &Modem<'_>) -> Made {
    let is_limited = modem.get("message_limit").is_some_and(|limit| value::whole(limit.value) > 0);
    match value::whole(text) {
        ..=0 => Made::unnecessary("the count is not cleared anyway"),
        _ if !is_limited => Made::unnecessary("there is no message_limit that it could clear"),
        minutes => Made::converted("message_count_clear", format!("\"{}m\"", minutes.min(CLEAR_MAX))),
    }
}

/// What becomes of `adminmessage_limit`.
pub(super) fn admin_limit(text: &str) -> Made {
    match value::whole(text) {
        ..=0 => Made::unnecessary("messages to the administrator are not limited anyway"),
        limit => Made::converted("adminmessage_limit", limit.min(i64::from(u32::MAX)).to_string()),
    }
}

/// What becomes of `adminmessage_count_clear`.
pub(super) fn admin_count_clear(text: &str) -> Made {
    match value::whole(text) {
        ..=0 => Made::unnecessary("the count is not cleared anyway"),
        minutes => Made::converted("adminmessage_count_clear", format!("\"{}m\"", minutes.min(CLEAR_MAX))),
    }
}

/// What becomes of a pause.
pub(super) fn pause(pause: Pause, text: &str) -> Made {
    let number = value::whole(text);
    let (key, milliseconds, max) = match pause {
        Pause::Sent => ("sent_pause", number.saturating_mul(1000), SENT_MAX),
        Pause::Start => ("start_pause", number.max(0).saturating_mul(1000), START_MAX),
        Pause::Command => ("command_pause", number, COMMAND_MAX),
        Pause::Character => ("character_pause", number, CHARACTER_MAX),
    };
    let value = |milliseconds: i64| format!("\"{milliseconds}ms\"");
    let ours = |milliseconds: i64| vec![Ours { key, value: value(milliseconds) }];
    match (pause, milliseconds) {
        (Pause::Character, DRAINED) => Made::unnecessary("a write ends when the line has taken it anyway"),
        (Pause::Start, ..=0) => Made::converted(key, value(0)),
        (Pause::Sent | Pause::Command | Pause::Character, ..=0) => {
            Made::unnecessary("smsnode does so anyway")
        }
        (Pause::Start | Pause::Sent | Pause::Command | Pause::Character, longer) if longer > max => {
            Made::changed(format!("at most {max} ms"), ours(max))
        }
        (Pause::Start | Pause::Sent | Pause::Command | Pause::Character, _) => {
            Made::converted(key, value(milliseconds))
        }
    }
}

/// What becomes of `blockafter`.
pub(super) fn block_after(text: &str) -> Made {
    let value = value::whole(text).clamp(1, 255).to_string();
    let how = "each failure of a part counts; 2 uncertain parts in 10 min do the same";
    Made::changed(how, vec![Ours { key: "block_after", value }])
}

/// What becomes of `blocktime`.
pub(super) fn block_time(text: &str) -> Made {
    let seconds = value::whole(text).clamp(1, 86_400);
    let ours = vec![Ours { key: "block_time", value: format!("\"{seconds}s\"") }];
    Made::changed("as long at first, then twice as long each time, up to 1 h; other modems go on", ours)
}

#[cfg(test)]
mod tests {
    use super::super::made::Outcome;
    use super::*;

    #[test]
    fn limits_and_pauses_are_spans_of_ours() {
        for (made, outcome, value) in [
            (message_limit("0"), Outcome::Unnecessary, None),
            (message_limit("100"), Outcome::Changed, Some("100")),
            (pause(Pause::Sent, "3"), Outcome::Converted, Some("\"3000ms\"")),
            (pause(Pause::Sent, "0"), Outcome::Unnecessary, None),
            (pause(Pause::Sent, "3600"), Outcome::Changed, Some("\"600000ms\"")),
            (pause(Pause::Start, "0"), Outcome::Converted, Some("\"0ms\"")),
            (pause(Pause::Start, "5"), Outcome::Converted, Some("\"5000ms\"")),
            (pause(Pause::Command, "100"), Outcome::Converted, Some("\"100ms\"")),
            (pause(Pause::Character, "-1"), Outcome::Unnecessary, None),
            (pause(Pause::Character, "10"), Outcome::Converted, Some("\"10ms\"")),
            (block_after("0"), Outcome::Changed, Some("1")),
            (block_time("3600"), Outcome::Changed, Some("\"3600s\"")),
        ] {
            let found = made.ours.first().map(|ours| ours.value.as_str());
            assert_eq!((made.outcome, found), (outcome, value), "{made:?}");
        }
    }
}
