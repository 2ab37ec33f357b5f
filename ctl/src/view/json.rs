//! Values as JSON has them: moments as RFC 3339 in UTC, what is unknown as `null`.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

/// A moment of the calendar.
pub(crate) type Moment = DateTime<Utc>;

/// RFC 3339 in UTC, with milliseconds.
pub(crate) fn rfc3339(moment: Moment) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A moment, or `null`.
pub(super) fn moment(moment: Option<Moment>) -> Value {
    moment.map_or(Value::Null, |moment| json!(rfc3339(moment)))
}

/// A text, or `null` for an empty one.
pub(super) fn text(text: &str) -> Value {
    if text.is_empty() { Value::Null } else { json!(text) }
}
