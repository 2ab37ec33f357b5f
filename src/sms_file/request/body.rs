//! The body of a file: octets, by the character set it is in.

use super::super::fields::Fields;
use super::super::{Charset, Header, Letter, Rejection, Settings, hex_body, iso, value};
use super::coding::Coding;
use crate::model::Call;

/// Most octets one TPDU carries.
const USER_DATA_OCTETS_MAX: usize = 140;

/// A body with its meaning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Characters of ISO text. What the GSM alphabet lacks is dropped.
    Latin(Vec<Letter>),
    /// Characters of UTF-8 text. One that the GSM alphabet lacks makes the whole text UCS-2.
    Text(String),
    /// Codes of the GSM alphabet, 0 to 127, sent as they are.
    Septets(Vec<u8>),
    /// UCS-2, big endian, sent as it is.
    Ucs2(Vec<u8>),
    /// Octets without a character meaning.
    Octets(Vec<u8>),
    /// A whole PDU with its service centre field; no header of the file says anything of what is sent.
    Pdu(Vec<u8>),
    /// A voice call instead of a message.
    Call(Call),
}

/// How the body of one file is read.
pub(super) struct Decoder<'a> {
    pub(super) fields: &'a Fields,
    pub(super) settings: &'a Settings,
    pub(super) charset: Charset,
    /// National shift tables are asked for.
    pub(super) shifted: bool,
}

impl Decoder<'_> {
    /// The texts as one body of characters, codes or octets, never empty. Each is read by itself.
    pub(super) fn decode(&self, texts: &[&[u8]]) -> Result<Body, Rejection> {
        let bodies: Result<Vec<Body>, Rejection> = texts.iter().map(|text| self.decode_one(text)).collect();
        let body = bodies?.into_iter().reduce(Body::followed_by).ok_or(Rejection::NoTextOrData)?;
        if body.is_empty() {
            return Err(if body.is_text() { Rejection::NoText } else { Rejection::NoData });
        }
        Ok(body)
    }

    fn decode_one(&self, body: &[u8]) -> Result<Body, Rejection> {
        let dump = self.fields.yes_or(Header::Hex, false) && self.charset != Charset::Ucs2;
        let octets = if dump { hex_body::decode(body, self.fields.macros())? } else { body.to_vec() };
        Ok(match self.charset {
            Charset::Binary => Body::Octets(octets),
            Charset::Ucs2 => Body::Ucs2(octets),
            Charset::Gsm => septets(&octets),
            Charset::Iso | Charset::Utf8 if dump => septets(&octets),
            Charset::Iso | Charset::Utf8 if self.shifted => shifted(&octets)?,
            Charset::Iso if !self.settings.convert => septets(&octets),
            Charset::Iso => self.latin(&self.fields.macros().expand(&octets)?),
            Charset::Utf8 => Body::Text(utf8(&octets)),
        })
    }

    fn latin(&self, octets: &[u8]) -> Body {
        Body::Latin(iso::decode(self.trimmed(octets), self.settings.utf8_in_iso))
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
    /// Both, one after the other; those of one file are of one kind.
    fn followed_by(self, other: Body) -> Body {
        match (self, other) {
            (Body::Latin(one), Body::Latin(other)) => Body::Latin([one, other].concat()),
            (Body::Text(one), Body::Text(other)) => Body::Text(one + &other),
            (Body::Septets(one), Body::Septets(other)) => Body::Septets([one, other].concat()),
            (Body::Ucs2(one), Body::Ucs2(other)) => Body::Ucs2([one, other].concat()),
            (Body::Octets(one), Body::Octets(other)) => Body::Octets([one, other].concat()),
            (one, _) => one,
        }
    }

    fn is_empty(&self) -> bool {
        match self {
            Body::Latin(text) => text.is_empty(),
            Body::Text(text) => text.is_empty(),
            Body::Call(_) => false,
            Body::Septets(octets) | Body::Ucs2(octets) | Body::Octets(octets) | Body::Pdu(octets) => {
                octets.is_empty()
            }
        }
    }

    fn is_text(&self) -> bool {
        match self {
            Body::Latin(_) | Body::Text(_) | Body::Septets(_) | Body::Ucs2(_) => true,
            Body::Octets(_) | Body::Pdu(_) | Body::Call(_) => false,
        }
    }
}

fn septets(octets: &[u8]) -> Body {
    Body::Septets(octets.iter().map(|octet| octet & 0x7F).collect())
}

/// A text for national shift tables, which must be UTF-8 whatever character set is named.
fn shifted(octets: &[u8]) -> Result<Body, Rejection> {
    let text = std::str::from_utf8(octets).map_err(|_| Rejection::LanguageShift)?;
    Ok(Body::Text(text.to_owned()))
}

/// UTF-8; an octet that is none is taken for ISO-8859-15, so that nothing after it is lost.
fn utf8(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len());
    for chunk in octets.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|octet| iso::character(*octet)));
    }
    text
}

/// The PDU a body is: its digits, with blanks and line ends where somebody put them.
pub(super) fn pdu(body: &[u8]) -> Result<Body, Rejection> {
    let octets = value::hex_octets(body).filter(|octets| !octets.is_empty());
    octets
        .map(Body::Pdu)
        .ok_or_else(|| Rejection::NoPdu { what: "the body must be a PDU in hexadecimal digits".to_owned() })
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

/// The header and what follows it: data starts with its own header unless `UDH: no` or a header line says else, UCS-2
/// where `UDH: yes` says so. Packed septets have no room for one, so there it means nothing.
pub(super) fn join_header(
    fields: &Fields,
    coding: Coding,
    header: Option<Vec<u8>>,
    body: Body,
) -> Result<(Option<Vec<u8>>, Body), Rejection> {
    match (header, body) {
        (None, Body::Octets(octets)) if fields.yes_or(Header::Udh, coding.system.is_none()) => {
            leading_header(&octets).map(|(header, rest)| (Some(header), Body::Octets(rest)))
        }
        (None, Body::Ucs2(octets)) if fields.yes_or(Header::Udh, false) => {
            leading_header(&octets).map(|(header, rest)| (Some(header), Body::Ucs2(rest)))
        }
        (header, body) => Ok((header, body)),
    }
}

/// The header at the start of a body, without its length octet, and what follows it.
fn leading_header(octets: &[u8]) -> Result<(Vec<u8>, Vec<u8>), Rejection> {
    let (length, rest) = octets.split_first().ok_or(Rejection::NoData)?;
    let (header, rest) =
        rest.split_at_checked(usize::from(*length)).ok_or(Rejection::IncorrectHeaderLength)?;
    if header.len() >= USER_DATA_OCTETS_MAX {
        return Err(Rejection::IncorrectHeaderLength);
    }
    Ok((header.to_vec(), rest.to_vec()))
}
