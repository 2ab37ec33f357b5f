//! Alphabets and segmentation: what becomes of a text before it is a PDU, and of user data after it was one.
//!
//! ```text
//! text --segment--> alphabet, parts (model::UserData) --pdu--> octets
//! octets --pdu--> parts (model::UserData) --join--> text
//! ```
//!
//! `table` holds the characters of TS 23.038, `gsm7` and `ucs2` turn text into septets or octets and back, `candidate`
//! measures one alphabet, `segment` picks the cheapest and cuts, `header` and `data_coding` are the two fields that
//! explain the result to the receiver. No message, no queue and no address is known here.

mod candidate;
mod data_coding;
mod gsm7;
mod header;
mod join;
mod segment;
mod substitute;
mod table;
mod ucs2;

pub use data_coding::{CodingGroup, DataCoding, Waiting, WaitingKind};
pub use header::{Concatenation, Element, Header, HeaderError, Reference, rewrite_reference};
pub use join::{alphabet, join};
pub use segment::{
    Forcing, PARTS_LIMIT, PARTS_MAX, SegmentError, SegmentOptions, Segmented, segment, segment_octets,
};
pub use substitute::Replaced;

use crate::model::{Alphabet, Payload};
use table::Tables;

/// What stands for anything that has no character.
const REPLACEMENT: char = '\u{FFFD}';

/// Why a text cannot be written in an alphabet.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodeError {
    /// A character is not in the alphabet.
    #[error("character {position} ({character:?}) is not in the alphabet")]
    Character {
        /// The first such character.
        character: char,
        /// Its position in characters, from 1.
        position: usize,
    },
    /// 8-bit data has no characters.
    #[error("8-bit data is octets, not text")]
    NoCharacters,
}

/// Writes `text` in `alphabet`: septets for GSM 7-bit, octets for UCS-2.
pub fn encode(text: &str, alphabet: Alphabet) -> Result<Payload, EncodeError> {
    match alphabet {
        Alphabet::Gsm7 { locking, single } => {
            gsm7::encode(text, Tables::of(locking, single)).map(Payload::Septets)
        }
        Alphabet::Ucs2 => Ok(Payload::Octets(ucs2::encode(text))),
        Alphabet::Data8 => Err(EncodeError::NoCharacters),
    }
}

/// Reads `payload` in `alphabet`. What has no character (reserved codes, unpaired surrogates, half a unit) reads as
/// U+FFFD; 8-bit data reads as Latin-1, one character an octet, so that nothing of it is lost.
pub fn decode(payload: &Payload, alphabet: Alphabet) -> String {
    let (Payload::Septets(units) | Payload::Octets(units)) = payload;
    match alphabet {
        Alphabet::Gsm7 { locking, single } => gsm7::decode(units, Tables::of(locking, single)),
        Alphabet::Ucs2 => ucs2::decode(units),
        Alphabet::Data8 => units.iter().copied().map(char::from).collect(),
    }
}

/// How many septets `character` takes in the GSM 7-bit default alphabet: 1, 2 with its escape, or none.
pub fn gsm7_septets(character: char) -> Option<usize> {
    Tables::of(None, None).code(character).map(|code| match code {
        table::Code::Plain(_) => 1,
        table::Code::Escaped(_) => 2,
    })
}
