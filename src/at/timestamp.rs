//! The service centre's time, when a modem returns it with `+CMGS`.

use crate::model::Timestamp;

use super::response::is_hex;

const MINUTE_MS: u64 = 60_000;
const DAY_MS: u64 = 24 * 60 * MINUTE_MS;
/// Years of two digits from here on belong to the last century (the first SMS is of 1992).
const CENTURY_PIVOT: u64 = 90;

/// The time in what follows the reference: `"yy/MM/dd,hh:mm:ss±zz"`, or an SMS-SUBMIT-REPORT in hex.
/// None when there is nothing that can be read.
pub(super) fn service_centre_time(text: &str) -> Option<Timestamp> {
    let text = text.trim_matches('"');
    match is_hex(text) {
        true => from_submit_report(text),
        false => from_quoted(text),
    }
}

/// `yy/MM/dd,hh:mm:ss±zz`, the zone in quarters of an hour.
fn from_quoted(text: &str) -> Option<Timestamp> {
    let numbers: Vec<u64> = text
        .split(|c: char| !c.is_ascii_digit())
        .filter(|digits| !digits.is_empty())
        .map(|digits| digits.parse().ok())
        .collect::<Option<_>>()?;
    let west = text.rfind('-').is_some();
    let zone_quarters = numbers.get(6).copied().unwrap_or(0);
    moment(numbers.get(..6)?, zone_quarters, west)
}

/// SMS-SUBMIT-REPORT for RP-ACK (TS 23.040 section 9.2.2.2a): type, TP-PI, TP-SCTS in swapped digits.
fn from_submit_report(hex: &str) -> Option<Timestamp> {
    let octets: Vec<u8> = (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok())
        .collect::<Option<_>>()?;
    // Some modems put the length of the service centre address in front.
    let start = octets.iter().position(|octet| *octet != 0)?;
    let report = octets.get(start..)?;
    if report.first()? & 0x03 != 0x01 {
        return None;
    }
    let scts = report.get(2..9)?;
    let digits: Vec<u64> = scts.iter().take(6).map(|octet| swapped(*octet)).collect::<Option<_>>()?;
    let zone = *scts.get(6)?;
    moment(&digits, swapped(zone & 0xF7)?, zone & 0x08 != 0)
}

fn swapped(octet: u8) -> Option<u64> {
    let (tens, ones) = (octet & 0x0F, octet >> 4);
    (tens < 10 && ones < 10).then(|| u64::from(tens) * 10 + u64::from(ones))
}

fn moment(fields: &[u64], zone_quarters: u64, west: bool) -> Option<Timestamp> {
    let [year, month, day, hour, minute, second] = *fields else { return None };
    let legal = year < 100
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60
        && zone_quarters < 80;
    if !legal {
        return None;
    }
    let year = if year < CENTURY_PIVOT { 2000 + year } else { 1900 + year };
    let minutes = hour * 60 + minute;
    let local = days_since_1970(year, month, day) * DAY_MS + minutes * MINUTE_MS + second * 1000;
    let zone = zone_quarters * 15 * MINUTE_MS;
    let utc = if west { local.checked_add(zone)? } else { local.checked_sub(zone)? };
    Some(Timestamp::from_unix_millis(utc))
}

/// Days from 1970-01-01 to a day of the Gregorian calendar, counted in years that begin in March so
/// that the leap day is the last.
fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let year = if month <= 2 { year - 1 } else { year };
    let month_from_march = (month + 9) % 12;
    let day_of_year = (153 * month_from_march + 2) / 5 + day - 1;
    let days = year * 365 + year / 4 - year / 100 + year / 400 + day_of_year;
    days - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_time_is_read_with_its_zone() {
        // 2025-11-24 12:00:00 UTC.
        let noon = Some(Timestamp::from_unix_millis(1_763_985_600_000));

        assert_eq!(service_centre_time("\"25/11/24,12:00:00+00\""), noon);
        assert_eq!(service_centre_time("\"25/11/24,14:00:00+08\""), noon);
        assert_eq!(service_centre_time("\"25/11/24,07:00:00-20\""), noon);
    }

    #[test]
    fn the_same_time_is_read_from_a_submit_report() {
        let noon = Some(Timestamp::from_unix_millis(1_763_985_600_000));

        assert_eq!(service_centre_time("010052114221000000"), noon);
        assert_eq!(service_centre_time("00010052114241000080"), noon);
        assert_eq!(service_centre_time("01005211427000000A"), noon);
    }

    #[test]
    fn what_is_no_time_is_none() {
        for text in ["", "\"\"", "25", "\"25/13/24,12:00:00+00\"", "02005211422100000", "0100521142", "01"] {
            assert_eq!(service_centre_time(text), None, "{text}");
        }
    }
}
