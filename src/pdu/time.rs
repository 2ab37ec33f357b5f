//! Timestamps on the wire: TP-SCTS, TP-DT and the absolute TP-VP (TS 23.040 section 9.2.3.11).

use std::fmt;

use crate::model::Timestamp;

/// Seconds of a quarter of an hour, the unit of the time zone.
const QUARTER_SECONDS: i64 = 15 * 60;
/// Seconds of a day.
const DAY_SECONDS: i64 = 24 * 60 * 60;
/// Two-digit years from here on are of the last century, in which SMS began in 1992.
const LAST_CENTURY: u8 = 90;
/// The sign of the time zone, in the semi-octet of its tens.
const NEGATIVE: u8 = 0x08;

/// Seven octets of semi-octets: year, month, day, hour, minute, second, zone. They are kept as they came; whether
/// they are a moment is asked of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ServiceCentreTime(pub [u8; 7]);

impl ServiceCentreTime {
    /// The moment `timestamp`, whole seconds of it, as a clock in the zone `quarters` quarter-hours east of Greenwich
    /// shows it. None outside the years 1990 to 2089 or the zones -79 to 79.
    pub fn new(timestamp: Timestamp, quarters: i8) -> Option<ServiceCentreTime> {
        let seconds = i64::try_from(timestamp.as_unix_millis() / 1000).ok()?;
        let local = seconds + i64::from(quarters) * QUARTER_SECONDS;
        let (year, month, day) = civil(local.div_euclid(DAY_SECONDS));
        let second = local.rem_euclid(DAY_SECONDS);
        let year = u8::try_from(year - 1990).ok().filter(|year| *year < 100)?;
        let zone = quarters.unsigned_abs();
        let sign = if quarters < 0 { NEGATIVE } else { 0 };
        Some(ServiceCentreTime([
            semi_octets(i64::from((year + LAST_CENTURY) % 100))?,
            semi_octets(month)?,
            semi_octets(day)?,
            semi_octets(second / 3600)?,
            semi_octets(second / 60 % 60)?,
            semi_octets(second % 60)?,
            semi_octets(i64::from(zone)).filter(|_| zone <= 79)? | sign,
        ]))
    }

    /// The moment, or none when a semi-octet is no digit or the date does not exist.
    pub fn moment(self) -> Option<Timestamp> {
        let [year, month, day, hour, minute, second, _] = self.0;
        let year = number(year)
            .map(|year| if year >= LAST_CENTURY { 1900 + i64::from(year) } else { 2000 + i64::from(year) })?;
        let month = number(month).filter(|month| (1..=12).contains(month))?;
        let day = number(day).filter(|day| (1..=days_of(year, month)).contains(day))?;
        let hour = number(hour).filter(|hour| *hour < 24)?;
        let minute = number(minute).filter(|minute| *minute < 60)?;
        let second = number(second).filter(|second| *second < 60)?;
        let days = days_before(year, i64::from(month)) + i64::from(day) - 1;
        let seconds =
            days * DAY_SECONDS + i64::from(hour) * 3600 + i64::from(minute) * 60 + i64::from(second);
        let utc = seconds - i64::from(self.zone_quarters()?) * QUARTER_SECONDS;
        u64::try_from(utc).ok().map(|utc| Timestamp::from_unix_millis(utc * 1000))
    }

    /// The zone in quarter-hours east of Greenwich, or none when its semi-octets are no number.
    pub fn zone_quarters(self) -> Option<i8> {
        let [.., zone] = self.0;
        let quarters = i8::try_from(number(zone & !NEGATIVE)?).ok()?;
        Some(if zone & NEGATIVE == 0 { quarters } else { -quarters })
    }
}

impl fmt::Debug for ServiceCentreTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for octet in self.0 {
            write!(f, "{octet:02X}")?;
        }
        Ok(())
    }
}

/// The number of two semi-octets, the tens in the low one; none when one of them is no digit.
pub(super) fn number(octet: u8) -> Option<u8> {
    let (tens, ones) = (octet & 0x0F, octet >> 4);
    (tens < 10 && ones < 10).then_some(tens * 10 + ones)
}

/// The two semi-octets of a number below 100.
pub(super) fn semi_octets(number: i64) -> Option<u8> {
    let number = u8::try_from(number).ok().filter(|number| *number < 100)?;
    Some(((number % 10) << 4) | (number / 10))
}

/// Days between the Unix epoch and the first of a month, in the Gregorian calendar.
fn days_before(year: i64, month: i64) -> i64 {
    // Years begin in March here, so that the leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let years = 365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    years + (153 * month + 2) / 5 - 719_468
}

/// Year, month and day of a number of days since the Unix epoch.
fn civil(days: i64) -> (i64, i64, i64) {
    let mut year = 1970 + days.div_euclid(366);
    while days_before(year + 1, 1) <= days {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && days_before(year, month + 1) <= days {
        month += 1;
    }
    (year, month, days - days_before(year, month) + 1)
}

fn days_of(year: i64, month: u8) -> u8 {
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_the_same_in_every_zone() {
        for seconds in
            [631_152_000 + 86_400, 951_782_400, 1_709_208_000, 1_767_225_599, 3_786_911_999 - 86_400]
        {
            let moment = Timestamp::from_unix_millis(seconds * 1000);
            for quarters in -79..=79 {
                let time = ServiceCentreTime::new(moment, quarters).expect("a year that fits");

                assert_eq!((time.moment(), time.zone_quarters()), (Some(moment), Some(quarters)), "{time:?}");
            }
        }
    }

    #[test]
    fn the_zone_of_the_sender_is_taken_off() {
        // 2003-08-26 22:40:00 at two hours east.
        let time = ServiceCentreTime([0x30, 0x80, 0x62, 0x22, 0x04, 0x00, 0x80]);
        // 2013-03-25 23:01:56 at seven hours west.
        let west = ServiceCentreTime([0x31, 0x30, 0x52, 0x32, 0x10, 0x65, 0x8A]);

        assert_eq!(time.moment(), Some(Timestamp::from_unix_millis(1_061_930_400_000)));
        assert_eq!(
            (west.moment(), west.zone_quarters()),
            (Some(Timestamp::from_unix_millis(1_364_277_716_000)), Some(-28))
        );
    }

    #[test]
    fn octets_that_are_no_date_are_kept_and_are_no_moment() {
        let impossible = [
            [0x42, 0x31, 0x10, 0x00, 0x00, 0x00, 0x00],
            [0x42, 0x20, 0x03, 0x00, 0x00, 0x00, 0x00],
            [0x52, 0x20, 0x92, 0x00, 0x00, 0x00, 0x00],
            [0x42, 0x10, 0x10, 0x42, 0x00, 0x00, 0x00],
            [0x42, 0x10, 0x10, 0x00, 0x06, 0x00, 0x00],
            [0x42, 0x10, 0x10, 0x00, 0x00, 0x06, 0x00],
            [0x42, 0x10, 0x10, 0x00, 0x00, 0x00, 0xA0],
            [0xFF; 7],
            [0x00; 7],
        ];
        for octets in impossible {
            assert_eq!(ServiceCentreTime(octets).moment(), None, "{octets:02X?}");
        }
        assert!(ServiceCentreTime([0x42, 0x20, 0x92, 0x32, 0x95, 0x95, 0x00]).moment().is_some());
    }

    #[test]
    fn a_year_or_a_zone_that_does_not_fit_is_refused() {
        assert_eq!(ServiceCentreTime::new(Timestamp::ZERO, 0), None);
        assert_eq!(ServiceCentreTime::new(Timestamp::from_unix_millis(3_786_912_000_000), 0), None);
        assert_eq!(ServiceCentreTime::new(Timestamp::from_unix_millis(u64::MAX), 0), None);
        assert_eq!(ServiceCentreTime::new(Timestamp::from_unix_millis(1_700_000_000_000), 80), None);
    }
}
