//! Telephone numbers as people write them into `To:` and `SMSC:`.

use crate::model::{Address, NumberingPlan, TypeOfNumber};

use super::{Rejection, Settings};

/// The type of address `To_TOA:` forces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ForcedType {
    /// 81 hex.
    Unknown,
    /// 91 hex.
    International,
    /// A1 hex.
    National,
}

impl ForcedType {
    /// The type a word names, in any case.
    pub(super) fn of_word(word: &[u8]) -> Result<ForcedType, Rejection> {
        match word.to_ascii_lowercase().as_slice() {
            b"unknown" => Ok(ForcedType::Unknown),
            b"international" => Ok(ForcedType::International),
            b"national" => Ok(ForcedType::National),
            _ => Err(Rejection::InvalidNumberType),
        }
    }
}

/// The destination behind the value of `To:`.
///
/// Text before a plus sign is dropped, then blanks and dashes, and a leading `00` where there was no plus; the number
/// ends at the first character outside `0-9 * #`; a leading `s` marks a short number.
pub(super) fn destination(
    value: &[u8],
    forced: Option<ForcedType>,
    settings: &Settings,
) -> Result<Address, Rejection> {
    let (is_short, digits) = dialled(value);
    let type_of_number = match forced {
        Some(ForcedType::Unknown) => TypeOfNumber::Unknown,
        Some(ForcedType::International) => TypeOfNumber::International,
        Some(ForcedType::National) => TypeOfNumber::National,
        None if is_short => TypeOfNumber::Unknown,
        None => type_by_prefix(&digits, settings),
    };
    address(type_of_number, &digits)
}

/// The number behind the value of `To:` as lists and routes compare it: a short one keeps its `s`.
pub(super) fn compared(value: &[u8]) -> String {
    let (is_short, digits) = dialled(value);
    let mark = if is_short { "s" } else { "" };
    format!("{mark}{digits}")
}

/// Whether a number is short, and its digits.
fn dialled(value: &[u8]) -> (bool, String) {
    let plus = after_plus(value);
    let cleaned = without_blanks(plus.unwrap_or(value));
    match cleaned.as_slice() {
        [b's', rest @ ..] => (true, leading_digits(rest)),
        whole if plus.is_some() => (false, leading_digits(whole)),
        whole => (false, leading_digits(whole.strip_prefix(b"00").unwrap_or(whole))),
    }
}

/// The service centre behind the value of `SMSC:`; none when it names nobody.
pub(super) fn service_centre(value: &[u8]) -> Option<Address> {
    let cleaned = without_blanks(value);
    let bare = cleaned.strip_prefix(b"+").unwrap_or(&cleaned);
    let digits = leading_digits(bare.strip_prefix(b"00").unwrap_or(bare));
    let type_of_number =
        if digits.starts_with('0') { TypeOfNumber::Unknown } else { TypeOfNumber::International };
    address(type_of_number, &digits).ok()
}

fn type_by_prefix(digits: &str, settings: &Settings) -> TypeOfNumber {
    let matches = |prefixes: &[String]| prefixes.iter().any(|prefix| digits.starts_with(prefix.as_str()));
    let foreign = settings.international_prefixes.is_empty() || matches(&settings.international_prefixes);
    if foreign && !matches(&settings.national_prefixes) {
        TypeOfNumber::International
    } else if settings.national_type_unknown {
        TypeOfNumber::Unknown
    } else {
        TypeOfNumber::National
    }
}

fn address(type_of_number: TypeOfNumber, digits: &str) -> Result<Address, Rejection> {
    if digits.is_empty() {
        return Err(Rejection::NoDestination);
    }
    Address::with_type(type_of_number, NumberingPlan::TELEPHONE, digits)
        .map_err(|_| Rejection::DestinationTooLong)
}

fn after_plus(value: &[u8]) -> Option<&[u8]> {
    let plus = value.iter().position(|octet| *octet == b'+')?;
    value.get(plus + 1..)
}

fn without_blanks(value: &[u8]) -> Vec<u8> {
    value.iter().copied().filter(|octet| !octet.is_ascii_whitespace() && *octet != b'-').collect()
}

fn leading_digits(value: &[u8]) -> String {
    value
        .iter()
        .take_while(|octet| matches!(octet, b'0'..=b'9' | b'*' | b'#'))
        .map(|octet| char::from(*octet))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_cleaned_as_smsd_cleans_it() {
        let table = [
            ("+358 40-123 4567", "358401234567"),
            ("00358401234567", "358401234567"),
            ("+00491", "00491"),
            ("\"Name +4917 1\" <x@y>", "49171"),
            ("491711x22", "491711"),
            ("*#06#", "*#06#"),
        ];
        for (value, digits) in table {
            let address = destination(value.as_bytes(), None, &Settings::default()).expect("a number");
            assert_eq!(address.reveal(), digits, "{value}");
            assert_eq!(address.type_of_number(), TypeOfNumber::International);
        }
    }

    #[test]
    fn a_number_is_compared_without_what_stands_before_it_but_with_its_s() {
        for (value, number) in [
            ("+49 171-1", "491711"),
            ("0049171", "49171"),
            ("000049", "0049"),
            ("s771", "s771"),
            ("s00771", "s00771"),
            ("*100#", "*100#"),
        ] {
            assert_eq!(compared(value.as_bytes()), number, "{value}");
        }
    }

    #[test]
    fn an_s_marks_a_short_number() {
        let address = destination(b"s12345", None, &Settings::default()).expect("a short number");

        assert_eq!((address.reveal(), address.type_of_number()), ("12345", TypeOfNumber::Unknown));
        assert_eq!(destination(b"s", None, &Settings::default()), Err(Rejection::NoDestination));
        assert_eq!(destination(b"abc", None, &Settings::default()), Err(Rejection::NoDestination));
        let long = destination(&[b'1'; 21], None, &Settings::default());
        assert_eq!(long, Err(Rejection::DestinationTooLong));
    }

    #[test]
    fn prefixes_and_the_forced_type_decide_the_type_of_address() {
        let settings = Settings {
            international_prefixes: vec!["49".to_owned()],
            national_prefixes: vec!["4900".to_owned()],
            ..Settings::default()
        };
        let type_of = |value: &[u8], forced, settings: &Settings| {
            destination(value, forced, settings).expect("a number").type_of_number()
        };

        assert_eq!(type_of(b"4917", None, &settings), TypeOfNumber::International);
        assert_eq!(type_of(b"4417", None, &settings), TypeOfNumber::National);
        assert_eq!(type_of(b"490017", None, &settings), TypeOfNumber::National);
        let unknown = Settings { national_type_unknown: true, ..settings.clone() };
        assert_eq!(type_of(b"4417", None, &unknown), TypeOfNumber::Unknown);
        assert_eq!(type_of(b"4917", Some(ForcedType::National), &unknown), TypeOfNumber::National);
    }

    #[test]
    fn a_service_centre_with_a_leading_zero_is_of_unknown_type() {
        let foreign = service_centre(b"+49 171 0760000").expect("a number");
        assert_eq!(
            (foreign.reveal(), foreign.type_of_number()),
            ("491710760000", TypeOfNumber::International)
        );
        let home = service_centre(b"0171").expect("a number");
        assert_eq!((home.reveal(), home.type_of_number()), ("0171", TypeOfNumber::Unknown));
        assert_eq!(service_centre(b"none"), None);
    }
}
