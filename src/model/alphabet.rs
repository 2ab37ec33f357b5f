//! How the characters of a message are written (3GPP TS 23.038).

use serde::{Deserialize, Serialize};

/// A national language of TS 23.038 section 6.2.1.2.4; the value is its identifier on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Language {
    /// 1
    Turkish = 1,
    /// 2: a single shift table only.
    Spanish = 2,
    /// 3
    Portuguese = 3,
    /// 4: Bengali and Assamese.
    Bengali = 4,
    /// 5
    Gujarati = 5,
    /// 6
    Hindi = 6,
    /// 7
    Kannada = 7,
    /// 8
    Malayalam = 8,
    /// 9
    Oriya = 9,
    /// 10
    Punjabi = 10,
    /// 11
    Tamil = 11,
    /// 12
    Telugu = 12,
    /// 13
    Urdu = 13,
}

impl Language {
    /// Every language, in order of its identifier.
    pub const ALL: [Language; 13] = [
        Language::Turkish,
        Language::Spanish,
        Language::Portuguese,
        Language::Bengali,
        Language::Gujarati,
        Language::Hindi,
        Language::Kannada,
        Language::Malayalam,
        Language::Oriya,
        Language::Punjabi,
        Language::Tamil,
        Language::Telugu,
        Language::Urdu,
    ];

    /// The identifier on the wire.
    pub const fn identifier(self) -> u8 {
        self as u8
    }

    /// The language with this identifier, if the standard names one.
    pub fn from_identifier(identifier: u8) -> Option<Language> {
        Language::ALL.into_iter().find(|language| language.identifier() == identifier)
    }
}

/// The alphabet of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Alphabet {
    /// GSM 7-bit, with the shift tables in use; `None` is the default table.
    Gsm7 {
        /// Locking shift table.
        locking: Option<Language>,
        /// Single shift table.
        single: Option<Language>,
    },
    /// 8-bit data without a character meaning.
    Data8,
    /// UCS-2, carried as UTF-16BE.
    Ucs2,
}

impl Alphabet {
    /// GSM 7-bit with the default and extension tables.
    pub const GSM7: Alphabet = Alphabet::Gsm7 { locking: None, single: None };
}
