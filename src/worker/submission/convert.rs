//! Bodies as payloads: the characters of a text in the alphabet it is sent in.

use crate::model::{Alphabet, Payload};
use crate::sms_file::{Body, Letter, Rejection, Request, Settings, Ucs2Notice, look_alike};
use crate::text;

use super::notice::{Notices, lost_from_gsm};
use super::shifted;

/// A body in its alphabet, not yet cut into parts.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Converted {
    pub(super) alphabet: Alphabet,
    pub(super) payload: Payload,
    pub(super) notices: Vec<Vec<u8>>,
}

/// Writes the body of a request in the alphabet it is sent in.
pub(super) fn convert(request: &Request, settings: &Settings) -> Result<Converted, Rejection> {
    let plain = |alphabet, payload| Converted { alphabet, payload, notices: Vec::new() };
    let converted = match &request.body {
        Body::Septets(codes) => plain(Alphabet::GSM7, Payload::Septets(codes.clone())),
        Body::Ucs2(octets) => plain(Alphabet::Ucs2, Payload::Octets(octets.clone())),
        Body::Octets(octets) | Body::Pdu(octets) => plain(Alphabet::Data8, Payload::Octets(octets.clone())),
        Body::Text(text) => match request.shift {
            Some(tables) => shifted::convert(text, tables)?,
            None => gsm7_or_ucs2(text, settings)?,
        },
        Body::Latin(text) => gsm7_only(text, settings)?,
        // It has no payload: the call stands beside it.
        Body::Call(_) => plain(Alphabet::GSM7, Payload::Septets(Vec::new())),
    };
    Ok(if request.coding.system.is_some() { as_data(converted) } else { converted })
}

/// A system message is octets: each code of its text is one.
fn as_data(converted: Converted) -> Converted {
    let (Payload::Septets(octets) | Payload::Octets(octets)) = converted.payload;
    Converted { alphabet: Alphabet::Data8, payload: Payload::Octets(octets), notices: converted.notices }
}

/// The text in the GSM alphabet; what it lacks is dropped.
fn gsm7_only(text: &[Letter], settings: &Settings) -> Result<Converted, Rejection> {
    let (kept, lost) = likened(text.iter().copied(), settings);
    encoded(&kept, Alphabet::GSM7, lost_from_gsm(&lost))
}

/// The text in the GSM alphabet if that has all of it, otherwise in UCS-2.
fn gsm7_or_ucs2(text: &str, settings: &Settings) -> Result<Converted, Rejection> {
    let letters = text.chars().map(|character| Letter { character, octet: None });
    let (kept, lost) = likened(letters, settings);
    if lost.is_empty() {
        return encoded(&kept, Alphabet::GSM7, Notices::default());
    }
    let mut notices = match settings.ucs2_notice {
        Ucs2Notice::Nothing | Ucs2Notice::Total => Notices::default(),
        Ucs2Notice::Everything => lost_from_gsm(&lost),
    };
    if settings.ucs2_notice != Ucs2Notice::Nothing {
        notices.conclude(format!("{} characters outside the GSM alphabet, converting to UCS2", lost.len()));
    }
    encoded(text, Alphabet::Ucs2, notices)
}

fn encoded(text: &str, alphabet: Alphabet, notices: Notices) -> Result<Converted, Rejection> {
    if text.is_empty() {
        return Err(Rejection::NoText);
    }
    let payload = text::encode(text, alphabet).map_err(|_| Rejection::LanguageShift)?;
    Ok(Converted { alphabet, payload, notices: notices.into_lines() })
}

/// The text with smsd's look-alikes, and the letters the GSM alphabet still lacks with their positions from 1.
fn likened(text: impl Iterator<Item = Letter>, settings: &Settings) -> (String, Vec<(usize, Letter)>) {
    let mut kept = String::new();
    let mut lost = Vec::new();
    for (position, letter) in (1..).zip(text) {
        let alike = match letter.character {
            '\t' | '\u{A0}' => ' ',
            'ç' if settings.optical => 'Ç',
            other => look_alike(other).filter(|_| settings.optical).unwrap_or(other),
        };
        if text::gsm7_septets(alike).is_some() {
            kept.push(alike);
        } else {
            lost.push((position, letter));
        }
    }
    (kept, lost)
}
