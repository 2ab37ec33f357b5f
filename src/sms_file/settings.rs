//! What the configuration says about files that do not say it themselves.

use std::sync::Arc;

use super::{TimeFormat, Translation};
use crate::model::Language;

/// How a text that does not fit one part is split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Autosplit {
    /// 0: one part, the rest is cut off; data that does not fit is refused.
    Off,
    /// 1: several parts that do not know each other.
    Plain,
    /// 2: several parts, each starting with `P/N `.
    Numbered,
    /// 3: parts joined by the concatenation element of their headers.
    #[default]
    Concatenated,
}

impl Autosplit {
    /// The mode with this number, 0 to 3.
    pub fn from_number(number: u8) -> Option<Autosplit> {
        match number {
            0 => Some(Autosplit::Off),
            1 => Some(Autosplit::Plain),
            2 => Some(Autosplit::Numbered),
            3 => Some(Autosplit::Concatenated),
            _ => None,
        }
    }
}

/// The character set of a body.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Charset {
    /// ISO-8859-15.
    #[default]
    Iso,
    /// UTF-8.
    Utf8,
    /// Codes of the GSM 7-bit default alphabet, escapes included.
    Gsm,
    /// UCS-2, big endian.
    Ucs2,
    /// Octets without a character meaning.
    Binary,
}

impl Charset {
    /// The character set a value of `Alphabet:` names by its first three letters, in any case.
    pub fn of_word(word: &[u8]) -> Option<Charset> {
        match word.get(..3)?.to_ascii_uppercase().as_slice() {
            b"GSM" => Some(Charset::Gsm),
            b"ISO" | b"LAT" | b"ANS" => Some(Charset::Iso),
            b"BIN" => Some(Charset::Binary),
            b"CHI" | b"UCS" | b"UNI" => Some(Charset::Ucs2),
            b"UTF" => Some(Charset::Utf8),
            _ => None,
        }
    }
}

/// How much `NOTICE:` says when a text had to become UCS-2 (`notice_ucs2`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Ucs2Notice {
    /// 0: nothing.
    Nothing,
    /// 1: the total.
    Total,
    /// 2: every character and the total.
    #[default]
    Everything,
}

/// The settings of smsd that decide what a file means; the defaults are smsd's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `alphabet`: character set of a body without `Alphabet:`.
    pub charset: Charset,
    /// `autosplit`: splitting of a message without `Autosplit:`.
    pub autosplit: Autosplit,
    /// `cs_convert`: convert ISO text to the GSM alphabet; otherwise its octets go out as they are.
    pub convert: bool,
    /// `cs_convert_optical`: characters the GSM alphabet lacks become look-alikes.
    pub optical: bool,
    /// `outgoing_utf8`: UTF-8 sequences inside ISO text are recognised.
    pub utf8_in_iso: bool,
    /// `trim_text`: blanks and line ends at the end of ISO text are dropped.
    pub trim: bool,
    /// `report`: ask for a status report when the file says nothing.
    pub report: bool,
    /// Reply path when the file says nothing.
    pub reply_path: bool,
    /// `validity`: TP-VP when the file says nothing.
    pub validity: u8,
    /// `international_prefixes`: when given, other numbers are national.
    pub international_prefixes: Vec<String>,
    /// `national_prefixes`: numbers that are national although the list above has them.
    pub national_prefixes: Vec<String>,
    /// `national_toa_unknown`: national numbers go out with an unknown type.
    pub national_type_unknown: bool,
    /// `language`: locking shift table when the file says nothing.
    pub language: Option<Language>,
    /// `language_ext`: single shift table when the file says nothing.
    pub language_ext: Option<Language>,
    /// Whether `SMSC:` of a file counts: smsd heeds it only where `smsc` or `smsc_pdu` is set.
    pub service_centre: bool,
    /// `notice_ucs2`.
    pub ucs2_notice: Ucs2Notice,
    /// `text_is_pdu_key`: the number in `To:` with which `Text_is_pdu:` is carried out; none refuses it.
    pub text_is_pdu_key: Option<String>,
    /// `datetime_format`: how results tell times, where the translation does not say it.
    pub times: TimeFormat,
    /// `language_file`: other names of headers.
    pub translation: Arc<Translation>,
    /// `ignore_outgoing_priority`, turned round: `Priority:` of a file counts.
    pub priority: bool,
    /// A file goes to everyone its `To:` lines name; otherwise, as with smsd, the last line is one number.
    pub several_recipients: bool,
    /// Most recipients of one file; more refuse it.
    pub recipients_max: usize,
}

impl Settings {
    /// How results tell times.
    pub fn times(&self) -> &TimeFormat {
        self.translation.times().unwrap_or(&self.times)
    }
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            charset: Charset::Iso,
            autosplit: Autosplit::Concatenated,
            convert: true,
            optical: true,
            utf8_in_iso: true,
            trim: true,
            report: false,
            reply_path: false,
            validity: 255,
            international_prefixes: Vec::new(),
            national_prefixes: Vec::new(),
            national_type_unknown: false,
            language: None,
            language_ext: None,
            service_centre: false,
            ucs2_notice: Ucs2Notice::Everything,
            text_is_pdu_key: None,
            times: TimeFormat::default(),
            translation: Arc::default(),
            priority: true,
            several_recipients: true,
            recipients_max: 100,
        }
    }
}
