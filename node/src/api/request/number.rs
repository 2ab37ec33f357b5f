//! The recipient as people write it: international form, or a short code.

use smsgrid::model::Address;
use smsgrid_proto::Reason;
use tonic::Code;

use crate::api::limits::WORD_OCTETS_MAX;
use crate::api::refusal::Refusal;

/// Most digits of an international number (E.164).
const INTERNATIONAL_DIGITS_MAX: usize = 15;
/// Fewest digits taken for an international number.
const INTERNATIONAL_DIGITS_MIN: usize = 7;
/// Most digits of a short code.
const SHORT_CODE_DIGITS_MAX: usize = 6;

/// The address behind `to`. Blanks, dashes and dots between digits are what people write for the eye; anything else that
/// is no digit may mean something, so it is refused rather than dropped.
pub(super) fn destination(to: &str) -> Result<Address, Refusal> {
    if to.len() > WORD_OCTETS_MAX {
        return Err(Refusal::field("to", "is longer than any number"));
    }
    if to.trim().is_empty() {
        return Err(refused("there is no recipient").why("the number is empty"));
    }
    let bare: String = to.chars().filter(|c| !matches!(c, ' ' | '-' | '.' | '\u{A0}')).collect();
    let (is_international, digits) = match (bare.strip_prefix('+'), bare.strip_prefix("00")) {
        (Some(digits), _) | (None, Some(digits)) => (true, digits),
        (None, None) => (bare.len() > SHORT_CODE_DIGITS_MAX, bare.as_str()),
    };
    if let Some(odd) = digits.chars().find(|c| !c.is_ascii_digit()) {
        return Err(fault(to, format!("{odd:?} is no digit")));
    }
    if !is_international {
        return Address::short_code(digits).map_err(|error| fault(to, error.to_string()));
    }
    if digits.starts_with('0') {
        return Err(fault(to, "it is a national number, and no country code stands before it"));
    }
    if !(INTERNATIONAL_DIGITS_MIN..=INTERNATIONAL_DIGITS_MAX).contains(&digits.len()) {
        let why = format!(
            "an international number has {INTERNATIONAL_DIGITS_MIN} to {INTERNATIONAL_DIGITS_MAX} digits, this has {}",
            digits.len()
        );
        return Err(fault(to, why));
    }
    Address::international(digits).map_err(|error| fault(to, error.to_string()))
}

fn fault(to: &str, why: impl Into<String>) -> Refusal {
    refused(format!("'{}' is not a number this cluster can send to", to.escape_debug())).why(why)
}

fn refused(title: impl Into<String>) -> Refusal {
    Refusal::new(Code::InvalidArgument, Reason::BadNumber, title).at("to")
}

#[cfg(test)]
mod tests {
    use smsgrid::model::TypeOfNumber::{International, Unknown};

    use super::*;

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let table = [
            ("+49 151 1234-5678", International, "4915112345678"),
            ("004915112345678", International, "4915112345678"),
            ("358401234567", International, "358401234567"),
            ("123456", Unknown, "123456"),
            ("112", Unknown, "112"),
        ];

        for (to, kind, digits) in table {
            let address = destination(to).expect(to);
            assert_eq!((address.type_of_number(), address.reveal()), (kind, digits), "{to}");
        }
    }

    #[test]
    fn what_may_mean_something_else_is_refused() {
        let refused = [
            "",
            "  ",
            "0151-1234567",
            "+0151234567",
            "+49 (0) 151 1234567",
            "+49x",
            "+123456",
            "+1234567890123456",
            "*100#",
            "Bank",
            "+４９151123456",
            "1234567\n",
        ];

        for to in refused {
            let refusal = destination(to).expect_err(to);
            assert_eq!(refusal.reason(), Reason::BadNumber, "{to}");
            assert_eq!(refusal.into_item().field, "to");
        }
        assert_eq!(destination(&"1".repeat(600)).expect_err("long").reason(), Reason::BadRequest);
    }
}
