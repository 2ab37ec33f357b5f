//! The text of a request as parts: alphabet, replacement, class.

use smsgrid::model::{Alphabet, MessageClass};
use smsgrid::text::{self, EncodeError, PARTS_LIMIT, Reference, SegmentError, SegmentOptions, Segmented};
use smsgrid_proto::{Reason, v1};
use tonic::Code;

use super::known;
use crate::api::limits::TEXT_OCTETS_MAX;
use crate::api::refusal::Refusal;

/// Cuts the text of a request into at most `parts_max` parts, or fewer when the request says so.
pub(super) fn segment(
    request: &v1::SubmitRequest,
    parts_max: u8,
    reference: u8,
) -> Result<Segmented, Refusal> {
    let text = request.text.as_str();
    if text.is_empty() {
        return Err(Refusal::field("text", "is empty"));
    }
    if text.len() > TEXT_OCTETS_MAX {
        let fault = format!("takes {} octets, at most {TEXT_OCTETS_MAX} are read", text.len());
        return Err(Refusal::field("text", fault));
    }
    if let Some(at) = text.chars().position(is_unprintable) {
        return Err(Refusal::field("text", format!("holds a control character at position {}", at + 1)));
    }
    let options = SegmentOptions {
        alphabet: alphabet(request)?,
        class: request.flash.then_some(MessageClass::Class0),
        parts_max: usize::from(parts_max).min(asked(request)?),
        reference: Reference::Bits8(reference),
        substitute: request.plain,
        ..SegmentOptions::default()
    };
    text::segment(&blanks(text), &options).map_err(|error| refusal(&error))
}

/// A tab and a hard blank are blanks on a handset; left as they are they would halve what fits a part.
fn blanks(text: &str) -> String {
    text.replace(['\t', '\u{A0}'], " ")
}

/// Line ends and the page break are characters of GSM 7-bit; other control characters mean nothing to a handset.
fn is_unprintable(character: char) -> bool {
    character.is_control() && !matches!(character, '\n' | '\r' | '\t' | '\u{0C}')
}

fn asked(request: &v1::SubmitRequest) -> Result<usize, Refusal> {
    match usize::try_from(request.max_parts) {
        Ok(0) => Ok(PARTS_LIMIT),
        Ok(most) if most <= PARTS_LIMIT => Ok(most),
        Ok(_) | Err(_) => Err(Refusal::field("max_parts", format!("is more than {PARTS_LIMIT}"))),
    }
}

fn alphabet(request: &v1::SubmitRequest) -> Result<Option<Alphabet>, Refusal> {
    match known::<v1::Alphabet>(request.alphabet, "alphabet")? {
        v1::Alphabet::Unspecified => Ok(None),
        v1::Alphabet::Gsm7 => Ok(Some(Alphabet::GSM7)),
        v1::Alphabet::Ucs2 => Ok(Some(Alphabet::Ucs2)),
        v1::Alphabet::Data8 => Err(Refusal::field("alphabet", "names 8-bit data, which is no text")),
    }
}

fn refusal(error: &SegmentError) -> Refusal {
    match error {
        SegmentError::TooManyParts { needed, limit, forcing } => {
            let title = format!("the text needs {needed} parts, the limit is {limit}; nothing was accepted");
            let refusal = Refusal::new(Code::InvalidArgument, Reason::MessageTooLong, title).at("text");
            match forcing {
                Some(forcing) => refusal
                    .why(format!(
                        "one character ({:?} at position {}) forces parts of 67 characters",
                        forcing.character, forcing.position
                    ))
                    .fix("plain replaces such characters by look-alikes; or shorten the text, or raise max_parts"),
                None => refusal,
            }
        }
        SegmentError::Encode(EncodeError::Character { character, position }) => Refusal::field(
            "text",
            format!("holds {character:?} at position {position}, which its alphabet lacks"),
        ),
        SegmentError::Encode(EncodeError::NoCharacters) | SegmentError::HeaderTooLong { .. } => {
            Refusal::field("text", format!("cannot be written: {error}"))
        }
    }
}
