//! A moment of the calendar, as the ledger and as a service centre write it.

use crate::model::Timestamp;

/// Milliseconds in a day.
const DAY_MS: u64 = 86_400_000;

/// The moment in RFC 3339, UTC, to the millisecond.
pub(super) fn rfc3339(moment: Timestamp) -> String {
    let (year, month, day) = date(moment);
    let ms = moment.as_unix_millis() % DAY_MS;
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z", ms % 1000)
}

/// The moment as seven octets of TP-SCTS or TP-DT (TS 23.040 section 9.2.3.11), time zone 0.
pub(super) fn service_centre_time(moment: Timestamp) -> [u8; 7] {
    let (year, month, day) = date(moment);
    let ms = moment.as_unix_millis() % DAY_MS;
    let (hour, minute, second) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
    [year % 100, month, day, hour, minute, second, 0].map(swapped)
}

/// Two decimal digits, the tens in the low semi-octet.
fn swapped(value: u64) -> u8 {
    u8::try_from(((value % 10) << 4) | (value / 10 % 10)).unwrap_or(0)
}

/// Year, month and day; a year begins in March here, so that the leap day is its last.
fn date(moment: Timestamp) -> (u64, u64, u64) {
    let days = moment.as_unix_millis() / DAY_MS + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + u64::from(month <= 2), month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_as_the_calendar_has_it() {
        let cases = [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_709_251_199_999, "2024-02-29T23:59:59.999Z"),
            (1_709_251_200_000, "2024-03-01T00:00:00.000Z"),
            (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        ];
        for (ms, text) in cases {
            assert_eq!(rfc3339(Timestamp::from_unix_millis(ms)), text);
        }
    }

    #[test]
    fn a_service_centre_swaps_the_digits_of_each_field() {
        let moment = Timestamp::from_unix_millis(1_709_251_199_999);

        assert_eq!(service_centre_time(moment), [0x42, 0x20, 0x92, 0x32, 0x95, 0x95, 0x00]);
    }
}
