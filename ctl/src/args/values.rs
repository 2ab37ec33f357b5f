//! Values of options: spans of time and moments.

use std::time::Duration;

use chrono::{DateTime, Days, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime};

use crate::view::Moment;

/// Reads a span such as `30s`, `10m` or `2h 30m`.
pub(crate) fn span(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text.trim()).map_err(|_| "write a span such as 30s, 10m, 12h or 3d".to_owned())
}

/// Reads a moment: RFC 3339, a local date with or without a time, the next local time of day, or `+30m` from `now`.
pub(crate) fn moment(text: &str, now: DateTime<FixedOffset>) -> Result<Moment, String> {
    let text = text.trim();
    if let Some(ahead) = text.strip_prefix('+') {
        let ahead =
            chrono::Duration::from_std(span(ahead)?).map_err(|_| "that is too far ahead".to_owned())?;
        return now.checked_add_signed(ahead).map(|at| at.to_utc()).ok_or("that is too far ahead".to_owned());
    }
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.to_utc());
    }
    let local = local_date(text).or_else(|| next_time(text, now));
    let moment = local.and_then(|local| local.and_local_timezone(*now.offset()).single());
    moment.map(|moment| moment.to_utc()).ok_or_else(|| {
        "write a moment such as 2026-11-24T18:00:00Z, \"2026-11-24 18:00\", 18:00 or +30m".to_owned()
    })
}

/// Reads how long ago (`1h`) or when (as [`moment`]) something was.
pub(crate) fn past(text: &str, now: DateTime<FixedOffset>) -> Result<Moment, String> {
    let Ok(span) = span(text) else {
        let at = moment(text, now)?;
        // A time of day is that of today or, when it is still to come, of yesterday.
        let is_time = NaiveTime::parse_from_str(text, "%H:%M").is_ok();
        return Ok(if is_time { at.checked_sub_days(Days::new(1)).unwrap_or(at) } else { at });
    };
    let span = chrono::Duration::from_std(span).map_err(|_| "that is too long ago".to_owned())?;
    now.checked_sub_signed(span).map(|at| at.to_utc()).ok_or("that is too long ago".to_owned())
}

fn local_date(text: &str) -> Option<NaiveDateTime> {
    let with_time = ["%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M"]
        .into_iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok());
    with_time.or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
}

/// The next moment at which a clock on the wall shows the time.
fn next_time(text: &str, now: DateTime<FixedOffset>) -> Option<NaiveDateTime> {
    let time = NaiveTime::parse_from_str(text, "%H:%M").ok()?;
    let today = now.date_naive();
    let day = if time > now.time() { today } else { today.checked_add_days(Days::new(1))? };
    Some(day.and_time(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339("2026-11-24T09:30:00+02:00").expect("a moment")
    }

    fn read(text: &str) -> String {
        moment(text, now()).map_or_else(|error| error, |moment| moment.to_rfc3339())
    }

    #[test]
    fn a_moment_is_read_in_every_form_a_person_writes() {
        assert_eq!(read("2026-11-24T18:00:00Z"), "2026-11-24T18:00:00+00:00");
        assert_eq!(read("2026-11-24 18:00"), "2026-11-24T16:00:00+00:00");
        assert_eq!(read("2026-11-25"), "2026-11-24T22:00:00+00:00");
        assert_eq!(read("18:00"), "2026-11-24T16:00:00+00:00");
        assert_eq!(read("09:30"), "2026-11-25T07:30:00+00:00", "the next one");
        assert_eq!(read("+30m"), "2026-11-24T08:00:00+00:00");
    }

    #[test]
    fn what_is_no_moment_is_told_how_to_write_one() {
        for text in ["", "tomorrow", "2026-13-01", "25:00", "+soon", "+600000000y"] {
            assert!(moment(text, now()).is_err(), "{text}");
        }
        assert!(span("3 days ago").is_err() && span("").is_err());
    }

    #[test]
    fn the_past_is_a_span_ago_or_a_moment() {
        let read = |text| past(text, now()).map(|moment| moment.to_rfc3339());

        assert_eq!(read("1h").as_deref(), Ok("2026-11-24T06:30:00+00:00"));
        assert_eq!(read("09:00").as_deref(), Ok("2026-11-24T07:00:00+00:00"));
        assert_eq!(read("10:00").as_deref(), Ok("2026-11-23T08:00:00+00:00"));
        assert!(read("long ago").is_err());
    }
}
