//! Names of files and results where they do not keep their own (`keep_filename`), and what is added to them.
//!
//! A name that is made is a function of the id: after a crash the same name is made again.

use crate::worker::submission::Submission;

use super::outcome::Verdict;
use super::{FileName, IntakeId, Settings};

/// Letters and digits of a name that is made.
const ALPHABET: &[u8] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/// How many of them it has.
const MADE_OCTETS: usize = 6;
/// Who gave a file up that no modem had.
const NO_MODEM: &str = "smsd";

/// The name a file that is taken has in `checked`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// Its own.
    Same,
    /// One that is made of its id.
    Made,
    /// It stands there already, under this one.
    Known(FileName),
}

/// What a made name is for, so that the names of one file differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Use {
    Checked,
    Result,
    Copy,
}

impl Place {
    /// The name in `checked` of the file that was called `name` in `outgoing`.
    pub fn name(&self, name: &FileName, id: IntakeId) -> FileName {
        match self {
            Place::Same => name.clone(),
            Place::Made => file_name(&made(id, Use::Checked)).unwrap_or_else(|| name.clone()),
            Place::Known(place) => place.clone(),
        }
    }
}

/// The name of the result of a file that was called `name` in `outgoing`.
pub(super) fn of_result(
    name: &FileName,
    id: IntakeId,
    verdict: &Verdict,
    submission: Option<&Submission>,
    settings: &Settings,
) -> FileName {
    let modem = verdict.account().modem;
    let base = primary(name, id, modem.as_deref(), settings, Use::Result);
    let preview = submission.and_then(|made| made.preview.as_deref());
    let preview: String = match preview {
        Some(preview) if verdict.had_its_message() => {
            preview.chars().take(settings.filename_preview).collect()
        }
        Some(_) | None => String::new(),
    };
    if preview.is_empty() {
        return base;
    }
    // One that gets too long stays without.
    let together = [base.as_bytes(), b"-", preview.as_bytes()].concat();
    FileName::new(&together).unwrap_or(base)
}

/// The name of the copy of its result.
pub(super) fn of_copy(name: &FileName, id: IntakeId, modem: Option<&str>, settings: &Settings) -> FileName {
    primary(name, id, modem, settings, Use::Copy)
}

fn primary(name: &FileName, id: IntakeId, modem: Option<&str>, settings: &Settings, of: Use) -> FileName {
    if settings.keep_filename {
        return name.clone();
    }
    let title = modem.unwrap_or(NO_MODEM);
    file_name(&format!("{title}.{}", made(id, of))).unwrap_or_else(|| name.clone())
}

fn file_name(text: &str) -> Option<FileName> {
    FileName::new(text.as_bytes())
}

fn made(id: IntakeId, of: Use) -> String {
    let salt = match of {
        Use::Checked => 1,
        Use::Result => 2,
        Use::Copy => 3,
    };
    // FNV-1a: spread over all names, the same for ever.
    let mut number =
        id.to_bytes().into_iter().chain([salt]).fold(0xCBF2_9CE4_8422_2325_u64, |hash, octet| {
            (hash ^ u64::from(octet)).wrapping_mul(0x0100_0000_01B3)
        });
    let base = ALPHABET.len() as u64;
    let digit = |_| {
        let index = usize::try_from(number % base).unwrap_or_default();
        number /= base;
        char::from(ALPHABET.get(index).copied().unwrap_or(b'0'))
    };
    (0..MADE_OCTETS).map(digit).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Outcome;
    use super::*;
    use crate::model::{MessageState, Timestamp};
    use crate::sms_file::{Device, Document};
    use crate::worker::submission;

    #[test]
    fn a_made_name_is_six_letters_or_digits_and_the_same_each_time() {
        let id = |octet| IntakeId::from_bytes([octet; 16]);
        let names: std::collections::BTreeSet<String> =
            (0..=255).map(|octet| made(id(octet), Use::Checked)).collect();

        assert_eq!(names.len(), 256);
        assert!(
            names
                .iter()
                .all(|name| name.len() == 6 && name.bytes().all(|octet| octet.is_ascii_alphanumeric()))
        );
        assert_eq!(made(id(7), Use::Result), made(id(7), Use::Result));
        assert_ne!(made(id(7), Use::Result), made(id(7), Use::Checked));
    }

    #[test]
    fn a_result_keeps_its_name_where_a_preview_makes_it_too_long() {
        let settings = Settings { filename_preview: 255, ..Settings::default() };
        let submission = submission::prepare(
            &Document::read(b"To: 4917\n\nhello there").expect("small"),
            &settings.messages,
            1,
        );
        let name = |octets: &[u8]| FileName::new(octets).expect("a name");
        let outcome = Outcome {
            state: MessageState::Sent,
            device: Device::default(),
            parts: Vec::new(),
            is_reported: false,
            started: None,
            ended: Timestamp::from_unix_millis(1),
            possible_duplicate: false,
            reason: String::new(),
            given_up: None,
        };
        let verdict = Verdict::Outcome(Box::new(outcome));
        let result = |of: &FileName| {
            of_result(of, IntakeId::from_bytes([1; 16]), &verdict, submission.as_ref().ok(), &settings)
        };

        assert_eq!(result(&name(b"a")), name(b"a-hello_there"));
        assert_eq!(result(&name(&[b'x'; 240])), name(&[b'x'; 240]));
    }
}
