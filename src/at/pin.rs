//! The PIN of a SIM, and when it may be used: three wrong tries lock the SIM.

use std::fmt;

/// A PIN (or PUK) of 4 to 8 digits. It never appears in a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Pin(String);

/// How to unlock the SIM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PinPlan {
    /// The PIN; none when none is configured.
    pub pin: Option<Pin>,
    /// The host knows that this very PIN was tried on this SIM and did not unlock it. It is not tried again.
    pub already_tried: bool,
    /// A person asked to use the last attempt.
    pub use_last_attempt: bool,
    /// Never ask the modem about its PIN: some phones answer nonsense.
    pub ignore: bool,
    /// The PUK, given by a person for one use; `pin` becomes the new PIN.
    pub puk: Option<Pin>,
}

impl Pin {
    /// The PIN with these digits.
    pub fn new(digits: &str) -> Option<Pin> {
        let whole = (4..=8).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        whole.then(|| Pin(digits.to_owned()))
    }

    pub(super) fn digits(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Pin(****)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_has_4_to_8_digits_and_is_never_shown() {
        assert!(Pin::new("123").is_none());
        assert!(Pin::new("12a4").is_none());
        assert!(Pin::new("1234\r").is_none());
        assert!(Pin::new("123456789").is_none());

        let pin = Pin::new("4711").expect("four digits");
        assert_eq!(format!("{pin:?}"), "Pin(****)");
        assert_eq!(pin.digits(), "4711");
    }
}
