//! The PIN of a SIM, and when it may be used: three wrong tries lock the SIM.

use std::fmt;

use super::InitialiseFailure;

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
    /// A person asked to use this PIN for once, even if it was tried before and even as the last attempt.
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

impl PinPlan {
    /// Whether nothing permits the use of the PIN any more.
    pub(crate) fn is_spent(&self) -> bool {
        self.already_tried && !self.use_last_attempt && self.puk.is_none()
    }

    /// The PIN was used, and with it what a person permitted for once.
    pub(crate) fn spend(&mut self) {
        self.already_tried = true;
        self.use_last_attempt = false;
        self.puk = None;
    }

    /// The PIN unlocked the SIM: it is right and may be used again.
    pub(crate) fn prove(&mut self) {
        self.already_tried = false;
    }

    /// The PIN, if it may be used now.
    pub(super) fn usable(&self, attempts_left: Option<u8>) -> Result<&Pin, InitialiseFailure> {
        let Some(pin) = &self.pin else { return Err(InitialiseFailure::PinNeeded { attempts_left }) };
        if self.already_tried && !self.use_last_attempt {
            return Err(InitialiseFailure::PinAlreadyTried { attempts_left });
        }
        match attempts_left {
            Some(0) => Err(InitialiseFailure::PukLocked),
            Some(1) if !self.use_last_attempt => Err(InitialiseFailure::PinLastAttempt),
            Some(_) | None => Ok(pin),
        }
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

    #[test]
    fn a_pin_is_used_only_when_it_cannot_lock_the_sim() {
        let plan = PinPlan { pin: Pin::new("4711"), ..PinPlan::default() };
        let tried = PinPlan { already_tried: true, ..plan.clone() };
        let asked = PinPlan { use_last_attempt: true, ..tried.clone() };

        assert!(plan.usable(None).is_ok());
        assert!(plan.usable(Some(2)).is_ok());
        assert_eq!(plan.usable(Some(1)), Err(InitialiseFailure::PinLastAttempt));
        assert_eq!(plan.usable(Some(0)), Err(InitialiseFailure::PukLocked));
        assert_eq!(tried.usable(None), Err(InitialiseFailure::PinAlreadyTried { attempts_left: None }));
        assert!(asked.usable(Some(1)).is_ok());
        let none = PinPlan::default();
        assert_eq!(none.usable(Some(3)), Err(InitialiseFailure::PinNeeded { attempts_left: Some(3) }));
    }
}
