//! Timestamps of message files: `YY-MM-DD HH:MM:SS`, local, without a zone.

use std::fmt;

use crate::model::Timestamp;

/// A moment as the clock on the wall shows it; its `Display` is smsd's default `datetime_format`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LocalTime {
    /// The moment.
    pub at: Timestamp,
    /// Seconds the wall clock is ahead of UTC; negative when behind.
    pub offset_seconds: i32,
}

/// A day of the calendar and a time of that day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Civil {
    pub(super) year: u64,
    /// From 1.
    pub(super) month: u64,
    pub(super) day: u64,
    /// Days since Sunday.
    pub(super) weekday: u64,
    second_of_day: u64,
}

impl Civil {
    /// Hour, minute and second.
    pub(super) fn clock(&self) -> (u64, u64, u64) {
        (self.second_of_day / 3600, self.second_of_day / 60 % 60, self.second_of_day % 60)
    }
}

impl fmt::Display for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.civil();
        let (Civil { year, month, day, .. }, (hour, minute, second)) = (civil, civil.clock());
        write!(f, "{:02}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}", year % 100)
    }
}

impl LocalTime {
    /// Days of the Gregorian calendar counted in eras of 400 years that start on 1 March, so that a leap day is
    /// the last of its year.
    pub(super) fn civil(self) -> Civil {
        let seconds = (self.at.as_unix_millis() / 1000).saturating_add_signed(i64::from(self.offset_seconds));
        let days = seconds / 86_400 + 719_468; // from 0000-03-01 to 1970-01-01
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Civil {
            year: era * 400 + year_of_era + u64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            // 0000-03-01 was a Wednesday.
            weekday: (days + 3) % 7,
            second_of_day: seconds % 86_400,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_written_as_the_wall_clock_shows_it() {
        let written = |seconds: u64, offset_seconds| {
            LocalTime { at: Timestamp::from_unix_millis(seconds * 1000 + 999), offset_seconds }.to_string()
        };

        assert_eq!(written(0, 0), "70-01-01 00:00:00");
        assert_eq!(written(0, -3600), "70-01-01 00:00:00");
        assert_eq!(written(1_795_338_506, 0), "26-11-22 09:08:26");
        assert_eq!(written(951_782_400, 0), "00-02-29 00:00:00");
        assert_eq!(written(1_709_251_199, 3600), "24-03-01 00:59:59");
        assert_eq!(written(1_709_251_199, -7200), "24-02-29 21:59:59");
        assert_eq!(written(u64::MAX / 1_000_000, 0).len(), 17);
    }
}
