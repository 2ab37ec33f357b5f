//! Moments and spans on the wire.

use std::time::Duration;

use prost_types::{Duration as WireSpan, Timestamp as WireMoment};
use smsgrid::model::Timestamp;

use crate::api::refusal::Refusal;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;
const NANOS_IN_SECOND: i32 = 1_000_000_000;
/// The last second of the year 9999, the end of what a moment on the wire can say.
const SECONDS_MAX: u64 = 253_402_300_799;

/// A moment of a request.
pub(in crate::api) fn moment(moment: &WireMoment, field: &str) -> Result<Timestamp, Refusal> {
    let seconds = u64::try_from(moment.seconds).ok().filter(|seconds| *seconds <= SECONDS_MAX);
    let nanos = u64::try_from(moment.nanos).ok().filter(|_| moment.nanos < NANOS_IN_SECOND);
    let (Some(seconds), Some(nanos)) = (seconds, nanos) else {
        return Err(Refusal::field(field, "is no moment between the years 1970 and 9999"));
    };
    Ok(Timestamp::from_unix_millis(seconds * 1000 + nanos / 1_000_000))
}

/// A moment of an answer.
pub(in crate::api) fn timestamp(moment: Timestamp) -> WireMoment {
    let millis = moment.as_unix_millis();
    WireMoment {
        seconds: i64::try_from(millis / 1000).unwrap_or(i64::MAX),
        nanos: i32::try_from(millis % 1000).unwrap_or(0) * 1_000_000,
    }
}

/// A span of a request.
pub(super) fn span(span: &WireSpan, field: &str) -> Result<Duration, Refusal> {
    let nanos = u32::try_from(span.nanos).ok().filter(|_| span.nanos < NANOS_IN_SECOND);
    match (u64::try_from(span.seconds), nanos) {
        (Ok(seconds), Some(nanos)) => Ok(Duration::new(seconds, nanos)),
        (Ok(_) | Err(_), _) => Err(Refusal::field(field, "is no span of time, or a negative one")),
    }
}

/// TP-VP of a span in the relative format, which every service centre reads (TS 23.040 section 9.2.3.12.1): the
/// shortest value that is not shorter than the span.
pub(super) fn relative_octet(span: Duration) -> u8 {
    let seconds = span.as_secs() + u64::from(span.subsec_nanos() > 0);
    let octet = match seconds {
        0..=300 => 0,
        _ if seconds <= 12 * HOUR => seconds.div_ceil(5 * MINUTE) - 1,
        _ if seconds <= DAY => 143 + (seconds - 12 * HOUR).div_ceil(30 * MINUTE),
        _ if seconds <= 30 * DAY => 166 + seconds.div_ceil(DAY),
        _ => 192 + seconds.div_ceil(WEEK),
    };
    u8::try_from(octet).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validity_is_never_told_shorter_than_it_is() {
        let table = [
            (1, 0),
            (300, 0),
            (301, 1),
            (12 * HOUR, 143),
            (12 * HOUR + 1, 144),
            (DAY, 167),
            (DAY + 1, 168),
            (30 * DAY, 196),
            (30 * DAY + 1, 197),
            (63 * WEEK, 255),
            (64 * WEEK, 255),
        ];

        for (seconds, octet) in table {
            assert_eq!(relative_octet(Duration::from_secs(seconds)), octet, "{seconds}");
        }
        assert_eq!(relative_octet(Duration::from_millis(300_001)), 1);
    }

    #[test]
    fn moments_and_spans_that_are_none_are_refused() {
        let moments = [(-1, 0), (0, -1), (0, NANOS_IN_SECOND), (i64::MAX, 0), (i64::MIN, i32::MIN)];
        for (seconds, nanos) in moments {
            assert!(moment(&WireMoment { seconds, nanos }, "at").is_err(), "{seconds} {nanos}");
        }
        for (seconds, nanos) in [(-1, 0), (0, -1), (1, NANOS_IN_SECOND)] {
            assert!(span(&WireSpan { seconds, nanos }, "validity").is_err(), "{seconds} {nanos}");
        }
        let now = Timestamp::from_unix_millis(1_700_000_000_123);
        assert_eq!(moment(&timestamp(now), "at"), Ok(now));
    }
}
