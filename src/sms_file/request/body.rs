//! The body of a file: octets, by the character set it is in.

use super::super::fields::Fields;
use super::super::{Charset, Header, Rejection, Settings, hex_body, iso, value};
use super::coding::{Coding, SystemMessage};

/// Most octets one TPDU carries.
const USER_DATA_OCTETS_MAX: usize = 140;

/// A body with its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Characters. What the GSM alphabet lacks is dropped from ISO text and makes other text UCS-2.
    Text {
        /// The characters.
        text: String,
        /// The character set they came in: ISO or UTF-8.
        charset: Charset,
    },
    /// Codes of the GSM alphabet, 0 to 127, sent as they are.
    Septets(Vec<u8>),
    /// UCS-2, big endian, sent as it is.
    Ucs2(Vec<u8>),
    /// Octets without a character meaning.
    Octets(Vec<u8>),
}

/// A body and what its conversion changed.
pub(super) struct Decoded {
    pub(super) body: Body,
    pub(super) notices: Vec<String>,
}

/// How the body of one file is read.
pub(super) struct Decoder<'a> {
    pub(super) fields: &'a Fields,
    pub(super) settings: &'a Settings,
    pub(super) charset: Charset,
    /// National shift tables are asked for.
    pub(super) shifted: bool,
    pub(super) system: Option<SystemMessage>,
}

impl Decoder<'_> {
    /// The body as characters, codes or octets, never empty.
    pub(super) fn decode(&self, body: &[u8]) -> Result<Decoded, Rejection> {
        let dump = self.fields.yes_or(Header::Hex, false) && self.charset != Charset::Ucs2;
        let octets = if dump { hex_body::decode(body)? } else { body.to_vec() };
        let mut notices = Vec::new();
        let body = match self.charset {
            _ if self.system.is_some() => Body::Octets(octets),
            Charset::Binary => Body::Octets(octets),
            Charset::Ucs2 => Body::Ucs2(octets),
            Charset::Gsm => septets(&octets),
            Charset::Iso | Charset::Utf8 if dump => septets(&octets),
            Charset::Iso => self.latin(self.trimmed(&octets))?,
            Charset::Utf8 if self.shifted => shifted(&octets)?,
            Charset::Utf8 => Body::Text { text: utf8(&octets, &mut notices), charset: Charset::Utf8 },
        };
        if body.is_empty() {
            return Err(if body.is_text() { Rejection::NoText } else { Rejection::NoData });
        }
        Ok(Decoded { body, notices })
    }

    fn latin(&self, octets: &[u8]) -> Result<Body, Rejection> {
        if self.shifted {
            return shifted(octets);
        }
        if !self.settings.convert {
            return Ok(septets(octets));
        }
        let text = iso::decode(octets, self.settings.utf8_in_iso);
        Ok(Body::Text { text, charset: Charset::Iso })
    }

    /// The body without the end-of-file character of old editors and without blanks at its end, unless
    /// nothing else is there.
    fn trimmed<'o>(&self, octets: &'o [u8]) -> &'o [u8] {
        let octets = octets.strip_suffix(b"\x1A").unwrap_or(octets);
        let is_blank = |octet: &u8| matches!(octet, b' ' | b'\t' | b'\r' | b'\n');
        match octets.iter().rposition(|octet| !is_blank(octet)) {
            Some(last) if self.settings.trim => octets.get(..=last).unwrap_or(octets),
            Some(_) | None => octets,
        }
    }
}

impl Body {
    fn is_empty(&self) -> bool {
        match self {
            Body::Text { text, .. } => text.is_empty(),
            Body::Septets(octets) | Body::Ucs2(octets) | Body::Octets(octets) => octets.is_empty(),
        }
    }

    fn is_text(&self) -> bool {
        match self {
            Body::Text { .. } | Body::Septets(_) | Body::Ucs2(_) => true,
            Body::Octets(_) => false,
        }
    }
}

fn septets(octets: &[u8]) -> Body {
    Body::Septets(octets.iter().map(|octet| octet & 0x7F).collect())
}

/// A text for national shift tables, which must be UTF-8 whatever character set is named.
fn shifted(octets: &[u8]) -> Result<Body, Rejection> {
    let text = std::str::from_utf8(octets).map_err(|_| Rejection::LanguageShift)?;
    Ok(Body::Text { text: text.to_owned(), charset: Charset::Utf8 })
}

/// UTF-8; an octet that is none is taken for ISO-8859-15, so that nothing after it is lost.
fn utf8(octets: &[u8], notices: &mut Vec<String>) -> String {
    let mut foreign = 0_usize;
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        text.push_str(chunk.valid());
        foreign += chunk.invalid().len();
        text.extend(chunk.invalid().iter().map(|octet| iso::character(*octet)));
    }
    if foreign > 0 {
        notices.push(format!("{foreign} octets are not UTF-8, read as ISO-8859-15"));
    }
    text
}

/// The header `UDH-DATA:` gives, without its length octet.
pub(super) fn user_data_header(fields: &Fields) -> Result<Option<Vec<u8>>, Rejection> {
    let Some((_, text)) = fields.later(Header::UdhData, Header::UdhDump) else { return Ok(None) };
    let octets = value::hex_octets(text).ok_or(Rejection::IncorrectHeaderLength)?;
    match octets.split_first() {
        None => Ok(None),
        Some((length, rest)) if usize::from(*length) == rest.len() && rest.len() < USER_DATA_OCTETS_MAX => {
            Ok(Some(rest.to_vec()))
        }
        Some(_) => Err(Rejection::IncorrectHeaderLength),
    }
}

/// The header and what follows it: data starts with its own header unless `UDH: no` or a header line says else.
pub(super) fn join_header(
    fields: &Fields,
    coding: Coding,
    header: Option<Vec<u8>>,
    body: Body,
) -> Result<(Option<Vec<u8>>, Body), Rejection> {
    let own = fields.yes_or(Header::Udh, coding.system.is_none());
    match (header, body) {
        (None, Body::Octets(octets)) if own => {
            let (length, rest) = octets.split_first().ok_or(Rejection::NoData)?;
            let split =
                rest.split_at_checked(usize::from(*length)).ok_or(Rejection::IncorrectHeaderLength)?;
            if split.0.len() >= USER_DATA_OCTETS_MAX {
                return Err(Rejection::IncorrectHeaderLength);
            }
            Ok((Some(split.0.to_vec()), Body::Octets(split.1.to_vec())))
        }
        (header, body) => Ok((header, body)),
    }
}

pub(super) fn check_system(coding: Coding, header: Option<&[u8]>, body: &Body) -> Result<(), Rejection> {
    let header_octets = header.map_or(0, |header| header.len() + 1);
    match body {
        Body::Octets(octets)
            if coding.system.is_some() && header_octets + octets.len() > USER_DATA_OCTETS_MAX =>
        {
            Err(Rejection::TooLongSystemMessage)
        }
        Body::Text { .. } | Body::Septets(_) | Body::Ucs2(_) | Body::Octets(_) => Ok(()),
    }
}
