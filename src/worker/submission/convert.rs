//! Bodies as payloads: the characters of a text in the alphabet it is sent in.

use crate::model::{Alphabet, Payload};
use crate::sms_file::{Body, Charset, Rejection, Request, Settings, Ucs2Notice, iso_octet, look_alike};
use crate::text;

/// Most `NOTICE:` lines of one file that name a character.
const NOTICES_MAX: usize = 100;

/// A body in its alphabet, not yet cut into parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Converted {
    pub(super) alphabet: Alphabet,
    pub(super) payload: Payload,
    pub(super) notices: Vec<String>,
}

/// Writes the body of a request in the alphabet it is sent in.
pub(super) fn convert(request: &Request, settings: &Settings) -> Result<Converted, Rejection> {
    let plain = |alphabet, payload| Converted { alphabet, payload, notices: Vec::new() };
    match &request.body {
        Body::Septets(codes) => Ok(plain(Alphabet::GSM7, Payload::Septets(codes.clone()))),
        Body::Ucs2(octets) => Ok(plain(Alphabet::Ucs2, Payload::Octets(octets.clone()))),
        Body::Octets(octets) => Ok(plain(Alphabet::Data8, Payload::Octets(octets.clone()))),
        Body::Text { text, .. } if request.language.or(request.language_ext).is_some() => {
            shifted(text, request)
        }
        Body::Text { text, charset: Charset::Utf8 } => gsm7_or_ucs2(text, settings),
        Body::Text { text, .. } => gsm7_only(text, settings),
    }
}

/// The text in the GSM alphabet; what it lacks is dropped.
fn gsm7_only(text: &str, settings: &Settings) -> Result<Converted, Rejection> {
    let (kept, lost) = likened(text, settings);
    encoded(&kept, Alphabet::GSM7, Lost::lines(&lost))
}

/// The text in the GSM alphabet if that has all of it, otherwise in UCS-2.
fn gsm7_or_ucs2(text: &str, settings: &Settings) -> Result<Converted, Rejection> {
    let (kept, lost) = likened(text, settings);
    if lost.is_empty() {
        return encoded(&kept, Alphabet::GSM7, Vec::new());
    }
    let mut notices = match settings.ucs2_notice {
        Ucs2Notice::Nothing | Ucs2Notice::Total => Vec::new(),
        Ucs2Notice::Everything => Lost::lines(&lost),
    };
    if settings.ucs2_notice != Ucs2Notice::Nothing {
        notices.push(format!("{} characters outside the GSM alphabet, converting to UCS2", lost.len()));
    }
    encoded(text, Alphabet::Ucs2, notices)
}

/// The text in national shift tables; what they lack is dropped, and tables that are not needed are left out.
fn shifted(text: &str, request: &Request) -> Result<Converted, Rejection> {
    let alphabet = Alphabet::Gsm7 { locking: request.language, single: request.language_ext };
    let mut kept = String::with_capacity(text.len());
    let mut lost = Vec::new();
    for (index, character) in text.chars().enumerate() {
        let mut octets = [0; 4];
        match text::encode(character.encode_utf8(&mut octets), alphabet) {
            Ok(_) => kept.push(character),
            Err(_) => lost.push(Lost { character, position: index + 1 }),
        }
    }
    let options = text::SegmentOptions {
        alphabet: Some(alphabet),
        parts_max: text::PARTS_LIMIT,
        ..text::SegmentOptions::default()
    };
    let segmented = text::segment(&kept, &options).map_err(|_| Rejection::TooLongText)?;
    encoded(&kept, segmented.alphabet, Lost::lines(&lost))
}

fn encoded(text: &str, alphabet: Alphabet, notices: Vec<String>) -> Result<Converted, Rejection> {
    if text.is_empty() {
        return Err(Rejection::NoText);
    }
    let payload = text::encode(text, alphabet).map_err(|_| Rejection::LanguageShift)?;
    Ok(Converted { alphabet, payload, notices })
}

/// A character the alphabet lacks.
struct Lost {
    character: char,
    position: usize,
}

impl Lost {
    fn lines(lost: &[Lost]) -> Vec<String> {
        let mut lines: Vec<String> = lost.iter().take(NOTICES_MAX).map(Lost::line).collect();
        if lost.len() > NOTICES_MAX {
            lines.push(format!("{} more characters cannot be converted to GSM.", lost.len() - NOTICES_MAX));
        }
        lines
    }

    fn line(&self) -> String {
        let mut octets = [0; 4];
        let wide = self.character.encode_utf8(&mut octets);
        let hex: String = match iso_octet(self.character) {
            Some(octet) => format!("{octet:02X}"),
            None => wide.bytes().map(|octet| format!("{octet:02X}")).collect(),
        };
        format!("Cannot convert {}. character ({hex}){} to GSM.", self.position, self.character)
    }
}

/// The text with smsd's look-alikes, and the characters the GSM alphabet still lacks.
fn likened(text: &str, settings: &Settings) -> (String, Vec<Lost>) {
    let mut kept = String::with_capacity(text.len());
    let mut lost = Vec::new();
    for (index, character) in text.chars().enumerate() {
        let alike = match character {
            '\t' | '\u{A0}' => ' ',
            'ç' => 'Ç',
            other => look_alike(other).filter(|_| settings.optical).unwrap_or(other),
        };
        if text::gsm7_septets(alike).is_some() {
            kept.push(alike);
        } else {
            lost.push(Lost { character, position: index + 1 });
        }
    }
    (kept, lost)
}
