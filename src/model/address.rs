//! The address of a sender or a recipient (3GPP TS 23.040 section 9.1.2.5).

use std::fmt;

use serde::{Deserialize, Serialize};

/// Most digits an address field holds (TS 23.040: 10 octets of semi-octets).
const DIGITS_MAX: usize = 20;
/// Most septets an alphanumeric address holds: 10 octets, 80 bits.
const ALPHANUMERIC_CHARS_MAX: usize = 11;

/// Type of number, TON (TS 23.040 section 9.1.2.5, bits 6 to 4 of the type-of-address octet).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TypeOfNumber {
    /// 0: unknown; also how short codes are addressed.
    Unknown,
    /// 1: international, digits start with the country code.
    International,
    /// 2: national.
    National,
    /// 3: network specific.
    NetworkSpecific,
    /// 4: subscriber number.
    Subscriber,
    /// 5: alphanumeric, in the GSM 7-bit default alphabet.
    Alphanumeric,
    /// 6: abbreviated.
    Abbreviated,
    /// 7: reserved for extension.
    Reserved,
}

impl TypeOfNumber {
    /// Every type of number, in order of its value 0 to 7.
    pub const ALL: [TypeOfNumber; 8] = [
        TypeOfNumber::Unknown,
        TypeOfNumber::International,
        TypeOfNumber::National,
        TypeOfNumber::NetworkSpecific,
        TypeOfNumber::Subscriber,
        TypeOfNumber::Alphanumeric,
        TypeOfNumber::Abbreviated,
        TypeOfNumber::Reserved,
    ];

    /// The three bits of the standard.
    pub const fn bits(self) -> u8 {
        self as u8
    }
}

/// Numbering plan identification, NPI: the four low bits of the type-of-address octet, kept as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct NumberingPlan(u8);

impl NumberingPlan {
    /// 0: unknown.
    pub const UNKNOWN: NumberingPlan = NumberingPlan(0);
    /// 1: ISDN/telephone (E.164).
    pub const TELEPHONE: NumberingPlan = NumberingPlan(1);

    /// The plan with these four bits; higher bits are dropped.
    pub const fn from_bits(bits: u8) -> NumberingPlan {
        NumberingPlan(bits & 0x0F)
    }

    /// The four bits of the standard.
    pub const fn bits(self) -> u8 {
        self.0
    }
}

/// An address: digits with their type, or a name.
///
/// `Display` and `Debug` show only the first and the last digits; [`Address::reveal`] is the one way to the rest.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Address {
    type_of_number: TypeOfNumber,
    numbering_plan: NumberingPlan,
    value: String,
}

/// Why a text is not an address.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// Nothing to address.
    #[error("the number is empty")]
    Empty,
    /// More digits than the field holds.
    #[error("a number has at most {DIGITS_MAX} digits, this has {found}")]
    TooLong {
        /// Digits found.
        found: usize,
    },
    /// More characters than an alphanumeric address holds.
    #[error("an alphanumeric address has at most {ALPHANUMERIC_CHARS_MAX} characters, this has {found}")]
    NameTooLong {
        /// Characters found.
        found: usize,
    },
    /// A character that is no digit of an address: `0-9 * # a b c`.
    #[error("character {at} of the number is not one of 0-9, *, #")]
    Digit {
        /// Position of the character, from 1.
        at: usize,
    },
}

impl Address {
    /// The international number with these digits, country code first, without a plus sign.
    pub fn international(digits: &str) -> Result<Address, AddressError> {
        Address::numbered(TypeOfNumber::International, NumberingPlan::TELEPHONE, digits)
    }

    /// The national number with these digits.
    pub fn national(digits: &str) -> Result<Address, AddressError> {
        Address::numbered(TypeOfNumber::National, NumberingPlan::TELEPHONE, digits)
    }

    /// The short code with these digits: type unknown, telephone plan.
    pub fn short_code(digits: &str) -> Result<Address, AddressError> {
        Address::numbered(TypeOfNumber::Unknown, NumberingPlan::TELEPHONE, digits)
    }

    /// The alphanumeric address `name`, at most 11 characters; the codec refuses those outside GSM 7-bit.
    pub fn alphanumeric(name: &str) -> Result<Address, AddressError> {
        let found = name.chars().count();
        if found == 0 {
            return Err(AddressError::Empty);
        }
        if found > ALPHANUMERIC_CHARS_MAX {
            return Err(AddressError::NameTooLong { found });
        }
        Ok(Address {
            type_of_number: TypeOfNumber::Alphanumeric,
            numbering_plan: NumberingPlan::UNKNOWN,
            value: name.to_owned(),
        })
    }

    /// The address with any type and plan. Digits are `0-9 * #` and the semi-octets `a b c`; with
    /// [`TypeOfNumber::Alphanumeric`] the value is a name of at most 11 characters.
    pub fn with_type(
        type_of_number: TypeOfNumber,
        numbering_plan: NumberingPlan,
        value: &str,
    ) -> Result<Address, AddressError> {
        if type_of_number == TypeOfNumber::Alphanumeric {
            let name = Address::alphanumeric(value)?;
            return Ok(Address { numbering_plan, ..name });
        }
        Address::numbered(type_of_number, numbering_plan, value)
    }

    fn numbered(ton: TypeOfNumber, npi: NumberingPlan, digits: &str) -> Result<Address, AddressError> {
        if digits.is_empty() {
            return Err(AddressError::Empty);
        }
        let is_digit = |c: char| matches!(c, '0'..='9' | '*' | '#' | 'a' | 'b' | 'c');
        if let Some(at) = digits.chars().position(|c| !is_digit(c)) {
            return Err(AddressError::Digit { at: at + 1 });
        }
        if digits.len() > DIGITS_MAX {
            return Err(AddressError::TooLong { found: digits.len() });
        }
        Ok(Address { type_of_number: ton, numbering_plan: npi, value: digits.to_owned() })
    }

    /// Type of number.
    pub fn type_of_number(&self) -> TypeOfNumber {
        self.type_of_number
    }

    /// Numbering plan.
    pub fn numbering_plan(&self) -> NumberingPlan {
        self.numbering_plan
    }

    /// The digits or the name, unmasked: for the codec, the wire and the person the message belongs to.
    pub fn reveal(&self) -> &str {
        &self.value
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plus = if self.type_of_number == TypeOfNumber::International { "+" } else { "" };
        let characters: Vec<char> = self.value.chars().collect();
        let shown = if characters.len() >= 9 { (3, 2) } else { (1, 0) };
        let hidden = characters.len().saturating_sub(shown.0 + shown.1);
        let head: String = characters.iter().take(shown.0).collect();
        let tail: String = characters.iter().skip(shown.0 + hidden).collect();
        write!(f, "{plus}{head}{}{tail}", "*".repeat(hidden))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_never_shows_its_digits() {
        let address = Address::international("358401234567").expect("twelve digits");

        assert_eq!(address.to_string(), "+358*******67");
        assert_eq!(format!("{address:?}"), "+358*******67");
        assert_eq!(Address::short_code("12345").expect("five digits").to_string(), "1****");
    }

    #[test]
    fn a_text_that_is_no_number_is_refused_with_its_fault() {
        assert_eq!(Address::international(""), Err(AddressError::Empty));
        assert_eq!(Address::international("49-151"), Err(AddressError::Digit { at: 3 }));
        assert_eq!(Address::international(&"1".repeat(21)), Err(AddressError::TooLong { found: 21 }));
        assert_eq!(Address::alphanumeric("Twelve chars"), Err(AddressError::NameTooLong { found: 12 }));
    }
}
