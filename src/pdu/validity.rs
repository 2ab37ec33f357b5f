//! TP-VP in its three formats (TS 23.040 section 9.2.3.12).

use std::time::Duration;

use super::octets::Reader;
use super::time::{number, semi_octets};
use super::{DecodeError, EncodeError, ServiceCentreTime};
use crate::model::ValidityPeriod;

/// TP-VPF in the first octet: none of it set means there is no TP-VP.
const FORMAT_MASK: u8 = 0x18;
/// TP-VPF: enhanced.
const FORMAT_ENHANCED: u8 = 0x08;
/// TP-VPF: relative.
const FORMAT_RELATIVE: u8 = 0x10;
/// TP-VPF: absolute.
const FORMAT_ABSOLUTE: u8 = 0x18;
/// Enhanced format: one octet as in the relative format.
const ENHANCED_RELATIVE: u8 = 0x01;
/// Enhanced format: one octet of seconds.
const ENHANCED_SECONDS: u8 = 0x02;
/// Enhanced format: hours, minutes and seconds in semi-octets.
const ENHANCED_CLOCK: u8 = 0x03;
/// Enhanced format: another indicator octet follows.
const ENHANCED_EXTENSION: u8 = 0x80;
/// Enhanced format: the service centre tries once.
const ENHANCED_SINGLE_SHOT: u8 = 0x40;

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const WEEK: u64 = 7 * DAY;

/// TP-VP as it stands in a PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Validity {
    /// Relative format.
    Relative(u8),
    /// Absolute format.
    Absolute(ServiceCentreTime),
    /// Enhanced format.
    Enhanced(EnhancedValidity),
}

/// The seven octets of the enhanced format, kept as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EnhancedValidity(pub [u8; 7]);

impl Validity {
    /// The wire form of what the message asks for: an absolute moment in universal time, a span in seconds up to 255
    /// and as hours, minutes and seconds up to 99:59:59. A part of a second is cut off.
    pub fn from_model(period: ValidityPeriod) -> Result<Validity, EncodeError> {
        match period {
            ValidityPeriod::Relative(octet) => Ok(Validity::Relative(octet)),
            ValidityPeriod::Absolute(until) => {
                ServiceCentreTime::new(until, 0).map(Validity::Absolute).ok_or(EncodeError::ValidityPeriod)
            }
            ValidityPeriod::Enhanced(span) => {
                EnhancedValidity::new(span).map(Validity::Enhanced).ok_or(EncodeError::ValidityPeriod)
            }
        }
    }

    /// What the message asks for; none when a moment is no date, or a span is absent or in a reserved format.
    pub fn to_model(self) -> Option<ValidityPeriod> {
        match self {
            Validity::Relative(octet) => Some(ValidityPeriod::Relative(octet)),
            Validity::Absolute(until) => until.moment().map(ValidityPeriod::Absolute),
            Validity::Enhanced(enhanced) => enhanced.span().map(ValidityPeriod::Enhanced),
        }
    }

    /// TP-VPF, in its place in the first octet.
    pub(super) fn format_bits(validity: Option<Validity>) -> u8 {
        match validity {
            None => 0,
            Some(Validity::Relative(_)) => FORMAT_RELATIVE,
            Some(Validity::Absolute(_)) => FORMAT_ABSOLUTE,
            Some(Validity::Enhanced(_)) => FORMAT_ENHANCED,
        }
    }

    pub(super) fn write(self, octets: &mut Vec<u8>) {
        match self {
            Validity::Relative(octet) => octets.push(octet),
            Validity::Absolute(ServiceCentreTime(value)) | Validity::Enhanced(EnhancedValidity(value)) => {
                octets.extend(value);
            }
        }
    }

    /// Reads TP-VP as TP-VPF in `first_octet` says.
    pub(super) fn read(first_octet: u8, reader: &mut Reader<'_>) -> Result<Option<Validity>, DecodeError> {
        Ok(match first_octet & FORMAT_MASK {
            FORMAT_RELATIVE => Some(Validity::Relative(reader.octet()?)),
            FORMAT_ABSOLUTE => Some(Validity::Absolute(ServiceCentreTime(reader.array()?))),
            FORMAT_ENHANCED => Some(Validity::Enhanced(EnhancedValidity(reader.array()?))),
            _ => None,
        })
    }
}

impl EnhancedValidity {
    /// The span, in seconds up to 255 and as hours, minutes and seconds up to 99:59:59; none for less than a second
    /// or more than that.
    pub fn new(span: Duration) -> Option<EnhancedValidity> {
        let seconds = span.as_secs();
        if let Some(octet) = u8::try_from(seconds).ok().filter(|octet| *octet > 0) {
            return Some(EnhancedValidity([ENHANCED_SECONDS, octet, 0, 0, 0, 0, 0]));
        }
        let seconds = i64::try_from(seconds).ok().filter(|seconds| *seconds > 0)?;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let clock = [semi_octets(hours)?, semi_octets(minutes)?, semi_octets(seconds)?];
        let [hours, minutes, seconds] = clock;
        Some(EnhancedValidity([ENHANCED_CLOCK, hours, minutes, seconds, 0, 0, 0]))
    }

    /// The span; none when it is absent, reserved or no number.
    pub fn span(self) -> Option<Duration> {
        let [indicator, value @ ..] = self.0;
        let value = if indicator & ENHANCED_EXTENSION == 0 { value } else { return None };
        match (indicator & 0x07, value) {
            (ENHANCED_RELATIVE, [octet, ..]) => Some(relative_span(octet)),
            (ENHANCED_SECONDS, [seconds, ..]) => {
                Some(Duration::from_secs(u64::from(seconds))).filter(|span| !span.is_zero())
            }
            (ENHANCED_CLOCK, [hours, minutes, seconds, ..]) => {
                let (hours, minutes, seconds) = (number(hours)?, number(minutes)?, number(seconds)?);
                let clock = u64::from(hours) * HOUR + u64::from(minutes) * MINUTE + u64::from(seconds);
                Some(Duration::from_secs(clock)).filter(|_| minutes < 60 && seconds < 60)
            }
            _ => None,
        }
    }

    /// Whether the service centre shall try only once.
    pub fn is_single_shot(self) -> bool {
        let [indicator, ..] = self.0;
        indicator & ENHANCED_SINGLE_SHOT != 0
    }
}

/// The span that an octet of the relative format stands for.
pub fn relative_span(octet: u8) -> Duration {
    let value = u64::from(octet);
    Duration::from_secs(match octet {
        0..=143 => (value + 1) * 5 * MINUTE,
        144..=167 => 12 * HOUR + (value - 143) * 30 * MINUTE,
        168..=196 => (value - 166) * DAY,
        197..=255 => (value - 192) * WEEK,
    })
}

/// The octet of the relative format for the shortest span it knows that is no shorter than `span`; 63 weeks, the
/// longest, for anything beyond.
pub fn relative_octet(span: Duration) -> u8 {
    (0..u8::MAX).find(|octet| relative_span(*octet) >= span).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    #[test]
    fn the_relative_octet_grows_with_its_span() {
        let rows =
            [(0, 5 * MINUTE), (143, 12 * HOUR), (144, 12 * HOUR + 30 * MINUTE), (167, DAY), (168, 2 * DAY)];
        for (octet, seconds) in rows.into_iter().chain([(196, 30 * DAY), (197, 5 * WEEK), (255, 63 * WEEK)]) {
            assert_eq!(relative_span(octet), Duration::from_secs(seconds));
            assert_eq!(relative_octet(Duration::from_secs(seconds)), octet);
        }
        assert_eq!(relative_octet(Duration::from_secs(5 * MINUTE + 1)), 1);
        assert_eq!(relative_octet(Duration::MAX), 255);
    }

    #[test]
    fn a_span_is_written_in_seconds_and_then_as_a_clock() {
        let octets = |seconds| EnhancedValidity::new(Duration::from_secs(seconds)).map(|enhanced| enhanced.0);

        assert_eq!(octets(255), Some([0x02, 0xFF, 0, 0, 0, 0, 0]));
        assert_eq!(octets(256), Some([0x03, 0x00, 0x40, 0x61, 0, 0, 0]));
        assert_eq!(octets(99 * HOUR + 3599), Some([0x03, 0x99, 0x95, 0x95, 0, 0, 0]));
        assert_eq!((octets(0), octets(100 * HOUR), octets(u64::MAX)), (None, None, None));
    }

    #[test]
    fn reserved_and_impossible_spans_are_none() {
        for octets in [
            [0x00; 7],
            [0x02, 0, 0, 0, 0, 0, 0],
            [0x04, 1, 0, 0, 0, 0, 0],
            [0x82, 1, 1, 0, 0, 0, 0],
            [0x03, 0x0A, 0, 0, 0, 0, 0],
            [0x03, 0, 0x06, 0, 0, 0, 0],
        ] {
            assert_eq!(EnhancedValidity(octets).span(), None, "{octets:02X?}");
        }
        assert_eq!(EnhancedValidity([0x41, 0, 0, 0, 0, 0, 0]).span(), Some(Duration::from_secs(300)));
        assert!(EnhancedValidity([0x41, 0, 0, 0, 0, 0, 0]).is_single_shot());
    }

    #[test]
    fn every_period_of_the_model_reads_back() {
        let periods = [
            ValidityPeriod::Relative(255),
            ValidityPeriod::Absolute(Timestamp::from_unix_millis(1_767_225_600_000)),
            ValidityPeriod::Enhanced(Duration::from_secs(90)),
            ValidityPeriod::Enhanced(Duration::from_secs(7200)),
        ];
        for period in periods {
            assert_eq!(Validity::from_model(period).map(Validity::to_model), Ok(Some(period)));
        }
        let forever = ValidityPeriod::Absolute(Timestamp::from_unix_millis(u64::MAX));
        assert_eq!(Validity::from_model(forever), Err(EncodeError::ValidityPeriod));
    }
}
