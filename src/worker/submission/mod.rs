//! From the request of a message file to the content of a message.
//!
//! Everything here is a function of the file, the settings and the number of the intake, so that a repetition after a
//! restart submits the very same content under the same key.

mod call;
mod convert;
mod notice;
mod preview;
mod raw;
mod shifted;
mod split;

use crate::model::{Content, Part, PartNumber, Priority, ProtocolIdentifier};
use crate::pdu;
use crate::sms_file::{Body, Document, Rejection, Request, Settings, recipients};

/// Most parts a message of a file may have.
pub const PARTS_MAX: usize = 255;

/// A message ready to be submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submission {
    /// What is sent to whom.
    pub content: Content,
    /// The destination as lists and routes compare it.
    pub number: String,
    /// Who overtakes whom.
    pub priority: Priority,
    /// The queue or provider named by the file; the node makes modem tags of it.
    pub queue: Option<String>,
    /// How often a failure is tried again, where the file says so.
    pub retries: Option<u32>,
    /// Who claims to send it, for display only.
    pub from: String,
    /// What conversion changed or lost, for `NOTICE:`, in the character set of the file.
    pub notices: Vec<Vec<u8>>,
    /// Its beginning, as names of files show it.
    pub preview: Option<String>,
    /// The body of the file was a PDU.
    pub is_pdu: bool,
}

/// Makes a message of a file; `reference` is the concatenation reference, should there be several parts.
pub fn prepare(document: &Document, settings: &Settings, reference: u8) -> Result<Submission, Rejection> {
    let request = Request::read(document, settings)?;
    match &request.body {
        Body::Pdu(octets) => {
            let content = raw::content(octets)?;
            // Lists and routes go by who gets the message, not by the key in `To:`.
            let number = content.destination.reveal().to_owned();
            Ok(Submission { is_pdu: true, ..submission(Request { number, ..request }, content, Vec::new()) })
        }
        Body::Call(call) => {
            let content = call::content(&request.destination, call);
            Ok(submission(request, content, Vec::new()))
        }
        Body::Latin(_) | Body::Text(_) | Body::Septets(_) | Body::Ucs2(_) | Body::Octets(_) => {
            composed(request, settings, reference)
        }
    }
}

fn composed(request: Request, settings: &Settings, reference: u8) -> Result<Submission, Rejection> {
    let converted = convert::convert(&request, settings)?;
    let shape = split::Shape::of(&request, &converted, reference);
    let split = split::split(&converted.payload, converted.alphabet, &shape)?;
    let preview = preview::preview(&request, &converted);
    let mut notices = converted.notices;
    notices.extend(split.cut_octets.map(cut_notice));
    let parts: Vec<Part> = (1..=u8::MAX)
        .zip(split.parts)
        .map(|(number, user_data)| Part { number: PartNumber(number), user_data })
        .collect();
    let mut options = request.options.clone();
    if parts.len() > 1 && is_replace(options.protocol_identifier) {
        options.protocol_identifier = ProtocolIdentifier::default();
    }
    let destination = request.destination.clone();
    let content = Content { destination, alphabet: converted.alphabet, parts, options, call: None };
    for part in &content.parts {
        pdu::submit(&content, part).map_err(|error| Rejection::NoPdu { what: error.to_string() })?;
    }
    Ok(Submission { preview, ..submission(request, content, notices) })
}

fn submission(request: Request, content: Content, notices: Vec<Vec<u8>>) -> Submission {
    Submission {
        content,
        number: request.number,
        priority: request.priority,
        queue: request.queue,
        retries: request.retries,
        from: request.from,
        notices,
        preview: None,
        is_pdu: false,
    }
}

fn cut_notice(lost: usize) -> Vec<u8> {
    format!("Cut to one part, {lost} units are not sent").into_bytes()
}

/// Makes a message for each recipient of a file; they differ in nothing but their destination.
pub fn prepare_each(
    document: &Document,
    settings: &Settings,
    reference: u8,
) -> Result<Vec<Submission>, Rejection> {
    let one = prepare(document, settings, reference)?;
    if one.is_pdu {
        // It names its recipient itself; `To:` holds the key.
        return Ok(vec![one]);
    }
    let each = recipients(document, settings)?.into_iter().map(|recipient| {
        let content = Content { destination: recipient.address, ..one.content.clone() };
        // The parts are the same for all: one of them shows whether the destination can be written.
        if let Some(part) = content.parts.first() {
            pdu::submit(&content, part).map_err(|error| Rejection::NoPdu { what: error.to_string() })?;
        }
        Ok(Submission { content, number: recipient.number, ..one.clone() })
    });
    each.collect()
}

/// "Replace short message type n" would make each part replace the one before.
fn is_replace(identifier: ProtocolIdentifier) -> bool {
    (0x41..=0x47).contains(&identifier.0)
}

#[cfg(test)]
mod tests;
