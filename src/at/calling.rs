//! How a modem makes voice calls: what its configuration says, with its defaults.

use crate::model::{Attempt, Call, is_tone};

/// Most digits of a number to dial.
const NUMBER_DIGITS_MAX: usize = 20;

/// The host's choices for the voice calls of one modem.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Calling {
    /// How tones are written.
    pub tones: ToneForm,
    /// How a call is ended.
    pub hang_up: HangUp,
    /// How an answered call is told from one that rings.
    pub answer: AnswerSign,
    /// What the modem says to a call with a wait of its own is not looked at: it rings until the wait is over.
    pub ignores_result: bool,
}

/// How the tones of one round are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ToneForm {
    /// `AT+VTS=1;+VTS=2`
    #[default]
    Chain,
    /// `AT+VTS="1";+VTS="2"`
    QuotedChain,
    /// `AT+VTS=1,2`
    List,
}

/// The command that ends a call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HangUp {
    /// `AT+CHUP`
    #[default]
    Chup,
    /// `ATH`
    Ath,
}

/// How an answered call is told from one that rings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AnswerSign {
    /// By `OK` to the dialling itself.
    #[default]
    Result,
    /// `AT+CPAS`, asked again and again, says 4.
    Activity,
    /// `AT+CLCC`, asked again and again, lists the call as active.
    CallList,
}

/// One voice call to make.
#[derive(Clone, PartialEq, Eq)]
pub struct PlaceCall {
    /// The attempt every event about this call will name.
    pub attempt: Attempt,
    /// What is dialled: digits, with `+` in front of an international number.
    pub number: String,
    /// The tones, and how long is waited.
    pub call: Call,
}

impl PlaceCall {
    /// Whether it is one call and nothing else.
    pub(super) fn is_writable(&self) -> bool {
        let digits = self.number.strip_prefix('+').unwrap_or(&self.number);
        (1..=NUMBER_DIGITS_MAX).contains(&digits.len()) && digits.bytes().all(is_tone) && self.call.is_legal()
    }
}

impl ToneForm {
    /// The command that plays `tones`.
    pub(super) fn line(self, tones: &str) -> String {
        let each = |tone: char| match self {
            ToneForm::Chain => format!("+VTS={tone}"),
            ToneForm::QuotedChain => format!("+VTS=\"{tone}\""),
            ToneForm::List => tone.to_string(),
        };
        let tones: Vec<String> = tones.chars().map(each).collect();
        match self {
            ToneForm::Chain | ToneForm::QuotedChain => format!("AT{}", tones.join(";")),
            ToneForm::List => format!("AT+VTS={}", tones.join(",")),
        }
    }
}

impl HangUp {
    /// The other one.
    pub(super) const fn other(self) -> HangUp {
        match self {
            HangUp::Chup => HangUp::Ath,
            HangUp::Ath => HangUp::Chup,
        }
    }

    /// Its command line.
    pub(super) const fn line(self) -> &'static str {
        match self {
            HangUp::Chup => "AT+CHUP",
            HangUp::Ath => "ATH",
        }
    }
}

impl std::fmt::Debug for PlaceCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PlaceCall({}, {} tones)", self.attempt, self.call.tones.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Epoch, PartNumber};

    #[test]
    fn tones_are_written_in_the_form_of_the_modem() {
        for (form, line) in [
            (ToneForm::Chain, "AT+VTS=1;+VTS=#"),
            (ToneForm::QuotedChain, "AT+VTS=\"1\";+VTS=\"#\""),
            (ToneForm::List, "AT+VTS=1,#"),
        ] {
            assert_eq!(form.line("1#"), line);
        }
    }

    #[test]
    fn a_number_that_could_carry_a_command_is_not_dialled() {
        let attempt = Attempt { epoch: Epoch(1), part: PartNumber::FIRST };
        let call = Call { tones: "1".to_owned(), rounds: 1, wait_seconds: None };
        let to = |number: &str| PlaceCall { attempt, number: number.to_owned(), call: call.clone() };
        for number in ["+491721234567", "112", "*100#"] {
            assert!(to(number).is_writable(), "{number}");
        }
        for number in ["", "+", "1;+CMGS=1", "1\r", "49+1", "123456789012345678901", "1w2"] {
            assert!(!to(number).is_writable(), "{number:?}");
        }
    }
}
