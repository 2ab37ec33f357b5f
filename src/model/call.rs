//! A voice call with tones, which a message can be instead of an SMS, and how it ended.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Cause;

/// Most tones of one call, and most rounds they are played.
const TONES_MAX: usize = 160;
const ROUNDS_MAX: u8 = 99;
/// Longest wait for an answer.
const WAIT_SECONDS_MAX: u16 = 600;

/// Who is called hears these tones.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The tones of one round: `0` to `9`, `*` and `#`. None: it only rings.
    pub tones: String,
    /// How often they are played.
    pub rounds: u8,
    /// How many seconds an answer is waited for; none: as long as the modem waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wait_seconds: Option<u16>,
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum CallEnd {
    /// It was answered, and hung up by us.
    Answered,
    /// The line is busy.
    Busy,
    /// Nobody answered, says the network.
    NoAnswer,
    /// There was no connection, or it ended before an answer.
    NoCarrier,
    /// The modem may not call this number again for a while.
    Delayed,
    /// The modem refused to dial, with the number it gave.
    Error(Option<Cause>),
    /// Nobody answered as long as was waited.
    Timeout,
    /// It rang, and the other side hung up.
    Hangup,
    /// Hung up by us before its end: the modem was to be left.
    CutShort,
}

impl Call {
    /// Most tones one call has.
    pub const TONES_MAX: usize = TONES_MAX;
    /// Most rounds they are played.
    pub const ROUNDS_MAX: u8 = ROUNDS_MAX;
    /// Longest wait for an answer, in seconds.
    pub const WAIT_SECONDS_MAX: u16 = WAIT_SECONDS_MAX;

    /// Whether it keeps its bounds and has no other tones than a telephone.
    pub fn is_legal(&self) -> bool {
        self.tones.len() <= TONES_MAX
            && self.tones.bytes().all(is_tone)
            && (1..=ROUNDS_MAX).contains(&self.rounds)
            && self.wait_seconds.is_none_or(|seconds| (1..=WAIT_SECONDS_MAX).contains(&seconds))
    }

    /// How long an answer is waited for; none: as long as the modem waits.
    pub fn wait(&self) -> Option<Duration> {
        self.wait_seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }
}

/// Whether a telephone has this key.
pub const fn is_tone(octet: u8) -> bool {
    octet.is_ascii_digit() || matches!(octet, b'*' | b'#')
}

/// Tones may be a PIN.
impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Call { tones, rounds, wait_seconds } = self;
        write!(f, "Call({} tones, {rounds} rounds, wait {wait_seconds:?})", tones.len())
    }
}

impl fmt::Display for CallEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            CallEnd::Answered => "OK",
            CallEnd::Busy => "BUSY",
            CallEnd::NoAnswer => "NO ANSWER",
            CallEnd::NoCarrier => "NO CARRIER",
            CallEnd::Delayed => "DELAYED",
            CallEnd::Error(None) => "ERROR",
            CallEnd::Error(Some(cause)) => return cause.fmt(f),
            CallEnd::Timeout => "Timeout",
            CallEnd::Hangup => "Hangup",
            CallEnd::CutShort => "Cut short",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_beyond_its_bounds_is_none() {
        let legal = Call { tones: "0123456789*#".to_owned(), rounds: 99, wait_seconds: Some(600) };
        assert!(legal.is_legal());
        assert!(Call { tones: String::new(), rounds: 1, wait_seconds: None }.is_legal());
        for call in [
            Call { tones: "12A".to_owned(), ..legal.clone() },
            Call { tones: "1;ATZ".to_owned(), ..legal.clone() },
            Call { tones: "1".repeat(161), ..legal.clone() },
            Call { rounds: 0, ..legal.clone() },
            Call { rounds: 100, ..legal.clone() },
            Call { wait_seconds: Some(0), ..legal.clone() },
            Call { wait_seconds: Some(601), ..legal.clone() },
        ] {
            assert!(!call.is_legal(), "{call:?}");
        }
    }

    #[test]
    fn no_tone_is_printed() {
        let call = Call { tones: "4711".to_owned(), rounds: 2, wait_seconds: None };
        assert_eq!(format!("{call:?}"), "Call(4 tones, 2 rounds, wait None)");
    }

    #[test]
    fn an_end_is_told_in_the_words_of_modems() {
        for (end, words) in [
            (CallEnd::Answered, "OK"),
            (CallEnd::NoAnswer, "NO ANSWER"),
            (CallEnd::Error(None), "ERROR"),
            (CallEnd::Error(Some(Cause::Cme(30))), "+CME ERROR: 30"),
            (CallEnd::Timeout, "Timeout"),
            (CallEnd::CutShort, "Cut short"),
        ] {
            assert_eq!(end.to_string(), words);
        }
    }
}
