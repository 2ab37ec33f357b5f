//! Kinds of values: how each is read, what it is called in a fault, and how the effective file shows it.

use std::path::PathBuf;
use std::time::Duration;

use smsgrid::model::{Address, Name, Priority, UncertainPolicy};
use toml::de::DeValue;

use crate::secret::Secret;

/// Why a value was refused.
pub(super) enum Wrong {
    /// It is of another kind altogether.
    Kind,
    /// It is of the kind, and cannot be used.
    Because(String),
}

/// A value that a setting can have.
pub(super) trait Value: Sized {
    /// What it is called: "`x` is not …".
    const KIND: &'static str;
    /// How to write it.
    const HOW: &'static str;
    /// Whether it is never shown.
    const SECRET: bool = false;

    /// Reads it.
    fn read(value: &DeValue<'_>) -> Result<Self, Wrong>;

    /// The value as the file would hold it.
    fn show(&self) -> String;
}

impl Value for bool {
    const KIND: &'static str = "true or false";
    const HOW: &'static str = "write true or false, without quotes";

    fn read(value: &DeValue<'_>) -> Result<bool, Wrong> {
        value.as_bool().ok_or(Wrong::Kind)
    }

    fn show(&self) -> String {
        self.to_string()
    }
}

macro_rules! whole_number {
    ($($number:ty)*) => {$(
        impl Value for $number {
            const KIND: &'static str = "a whole number";
            const HOW: &'static str = "write digits, without quotes";

            fn read(value: &DeValue<'_>) -> Result<$number, Wrong> {
                let integer = value.as_integer().ok_or(Wrong::Kind)?;
                let out_of_range = |_| Wrong::Because(format!("it is not between 0 and {}", <$number>::MAX));
                <$number>::from_str_radix(integer.as_str(), integer.radix()).map_err(out_of_range)
            }

            fn show(&self) -> String {
                self.to_string()
            }
        }
    )*};
}
whole_number!(u8 u32);

impl Value for String {
    const KIND: &'static str = "a text";
    const HOW: &'static str = "write it between quotes";

    fn read(value: &DeValue<'_>) -> Result<String, Wrong> {
        value.as_str().map(str::to_owned).ok_or(Wrong::Kind)
    }

    fn show(&self) -> String {
        quoted(self)
    }
}

impl Value for PathBuf {
    const KIND: &'static str = "a path";
    const HOW: &'static str =
        "write it between quotes; a relative one counts from the folder smsnode is started in";

    fn read(value: &DeValue<'_>) -> Result<PathBuf, Wrong> {
        match value.as_str() {
            None => Err(Wrong::Kind),
            Some("") => Err(Wrong::Because("it is empty".to_owned())),
            Some(path) if path.contains('\0') => Err(Wrong::Because("it holds a zero octet".to_owned())),
            Some(path) => Ok(PathBuf::from(path)),
        }
    }

    fn show(&self) -> String {
        quoted(&self.display().to_string())
    }
}

impl Value for Name {
    const KIND: &'static str = "a name";
    const HOW: &'static str = "write 1 to 64 letters, digits, '.', '_' or '-' between quotes";

    fn read(value: &DeValue<'_>) -> Result<Name, Wrong> {
        let text = value.as_str().ok_or(Wrong::Kind)?;
        Name::new(text).map_err(|error| Wrong::Because(error.to_string()))
    }

    fn show(&self) -> String {
        quoted(self.as_str())
    }
}

impl Value for Duration {
    const KIND: &'static str = "a duration";
    const HOW: &'static str = "write 500ms, 30s, 10m, 12h or 3d between quotes";

    fn read(value: &DeValue<'_>) -> Result<Duration, Wrong> {
        duration(value.as_str().ok_or(Wrong::Kind)?).ok_or(Wrong::Kind)
    }

    fn show(&self) -> String {
        let ms = self.as_millis();
        let whole = UNITS.iter().rev().find(|(_, unit)| ms > 0 && ms.is_multiple_of(u128::from(*unit)));
        let (name, unit) = whole.copied().unwrap_or(("s", 1000));
        quoted(&format!("{}{name}", ms / u128::from(unit)))
    }
}

impl Value for Address {
    const KIND: &'static str = "an international number";
    const HOW: &'static str = "write the country code first, as in \"+491710760000\"";

    fn read(value: &DeValue<'_>) -> Result<Address, Wrong> {
        let text = value.as_str().ok_or(Wrong::Kind)?;
        let digits = text.strip_prefix('+').unwrap_or(text);
        Address::international(digits).map_err(|error| Wrong::Because(error.to_string()))
    }

    fn show(&self) -> String {
        quoted(&format!("+{}", self.reveal()))
    }
}

impl Value for Secret {
    const KIND: &'static str = "a PIN";
    const HOW: &'static str = "write its 4 to 8 digits between quotes, or better name a pin_file";
    const SECRET: bool = true;

    fn read(value: &DeValue<'_>) -> Result<Secret, Wrong> {
        value.as_str().and_then(pin).ok_or(Wrong::Kind)
    }

    fn show(&self) -> String {
        quoted(&self.to_string())
    }
}

impl<T: Value> Value for Vec<T> {
    const KIND: &'static str = T::KIND;
    const HOW: &'static str = T::HOW;
    const SECRET: bool = T::SECRET;

    /// A list, or one value alone.
    fn read(value: &DeValue<'_>) -> Result<Vec<T>, Wrong> {
        match value.as_array() {
            Some(values) => values.iter().map(|value| T::read(value.get_ref())).collect(),
            None => Ok(vec![T::read(value)?]),
        }
    }

    fn show(&self) -> String {
        let values: Vec<String> = self.iter().map(T::show).collect();
        format!("[{}]", values.join(", "))
    }
}

/// Implements a value that is one of a few words.
macro_rules! words {
    ($type:ty, $kind:literal, $($word:literal => $value:path,)+) => {
        impl $crate::config::value::Value for $type {
            const KIND: &'static str = $kind;
            const HOW: &'static str = concat!("write one of", $(" \"", $word, "\"",)+);

            fn read(value: &toml::de::DeValue<'_>) -> Result<$type, $crate::config::value::Wrong> {
                match value.as_str() {
                    $(Some($word) => Ok($value),)+
                    Some(_) | None => Err($crate::config::value::Wrong::Kind),
                }
            }

            fn show(&self) -> String {
                match self { $($value => concat!("\"", $word, "\"").to_owned(),)+ }
            }
        }
    };
}
pub(super) use words;

words!(Priority, "a priority",
    "bulk" => Priority::Bulk,
    "normal" => Priority::Normal,
    "high" => Priority::High,
    "emergency" => Priority::Emergency,
);
words!(UncertainPolicy, "what to do with an uncertain message",
    "resend" => UncertainPolicy::Resend,
    "hold" => UncertainPolicy::Hold,
    "fail" => UncertainPolicy::Fail,
);

/// Units of a duration, in milliseconds, the smallest first.
const UNITS: [(&str, u64); 5] = [("ms", 1), ("s", 1000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000)];

/// A whole number with its unit.
fn duration(text: &str) -> Option<Duration> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, unit_ms) = UNITS.into_iter().find(|(name, _)| *name == unit)?;
    Some(Duration::from_millis(number.parse::<u64>().ok()?.checked_mul(unit_ms)?))
}

/// The PIN `text`, if it is one: 4 to 8 digits (3GPP TS 31.101 section 9.5.1).
pub(super) fn pin(text: &str) -> Option<Secret> {
    let is_pin = (4..=8).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit());
    is_pin.then(|| Secret::new(text))
}

/// A text as TOML writes it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_is_a_number_with_one_unit() {
        for (text, ms) in
            [("500ms", 500), ("30s", 30_000), ("10m", 600_000), ("12h", 43_200_000), ("3d", 259_200_000)]
        {
            let read = duration(text).expect(text);

            assert_eq!(read, Duration::from_millis(ms), "{text}");
            assert_eq!(read.show(), format!("\"{text}\""));
        }
        for text in [
            "",
            "30",
            "s",
            "-1s",
            "1.5h",
            "1h30m",
            "3 days ago",
            "30 s",
            "30S",
            "99999999999999999999s",
            "213503982335d",
        ] {
            assert_eq!(duration(text), None, "{text}");
        }
        assert_eq!(duration("90s").expect("90s").show(), "\"90s\"");
        assert_eq!(Duration::ZERO.show(), "\"0s\"");
    }

    #[test]
    fn a_text_with_quotes_and_controls_stays_one_toml_string() {
        assert_eq!(quoted("a\"b\\c\nd"), "\"a\\\"b\\\\c\\u000Ad\"");
    }

    #[test]
    fn a_pin_is_four_to_eight_digits() {
        assert!(pin("1234").is_some() && pin("12345678").is_some());
        for text in ["", "123", "123456789", "12a4", "１２３４"] {
            assert!(pin(text).is_none(), "{text}");
        }
    }
}
