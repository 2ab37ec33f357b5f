//! What a file asks for: destination, body and options, ready to be made parts of.

mod body;
mod call;
mod coding;
mod options;

pub use body::Body;
pub use coding::{Coding, SystemMessage};

use std::sync::Arc;

use crate::model::{Address, Language, Priority, SendOptions};

use super::fields::Fields;
use super::number::{self, ForcedType};
use super::{Autosplit, BODY_OCTETS_MAX, Document, Header, Rejection, Settings, Translation};

/// One message as its file asks for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// TP-DA.
    pub destination: Address,
    /// The destination as lists and routes compare it: digits, behind an `s` when it is a short number.
    pub number: String,
    /// `From:`, for display only; never transmitted.
    pub from: String,
    /// HIGH overtakes.
    pub priority: Priority,
    /// `Queue:` or `Provider:`.
    pub queue: Option<String>,
    /// `Retries:` instead of the configured number.
    pub retries: Option<u32>,
    /// How a long text is split.
    pub autosplit: Autosplit,
    /// What TP-DCS says beyond the alphabet.
    pub coding: Coding,
    /// The user data header without its length octet; none when there is none.
    pub user_data_header: Option<Vec<u8>>,
    /// The national tables it is written in, should it be; the basic alphabet is one of them.
    pub shift: Option<ShiftTables>,
    /// What is to be sent.
    pub body: Body,
    /// The other fields of SMS-SUBMIT.
    pub options: SendOptions,
}

/// The tables a text is written in; none is the basic one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShiftTables {
    /// Instead of the basic alphabet.
    pub locking: Option<Language>,
    /// Instead of the basic extension table.
    pub single: Option<Language>,
}

impl Request {
    /// Reads what a file asks for, or why it is not sent.
    pub fn read(document: &Document, settings: &Settings) -> Result<Request, Rejection> {
        let fields = Fields::read(document)?;
        let forced = fields.get(Header::ToToa).map(ForcedType::of_word).transpose();
        let to = fields.get(Header::To).unwrap_or_default();
        let destination = number::destination(to, forced.clone().unwrap_or_default(), settings)?;
        let charset = options::charset(&fields, settings)?;
        let texts = document.texts();
        if texts.is_empty() {
            return Err(Rejection::NoTextOrData);
        }
        forced?;
        if texts.iter().map(|text| text.len()).sum::<usize>() > BODY_OCTETS_MAX {
            return Err(Rejection::TooLongText);
        }
        let coding = coding::read(&fields);
        let shift = options::shift_tables(&fields, settings)?;
        let header = body::user_data_header(&fields)?;
        let decoder = body::Decoder { fields: &fields, settings, charset, shifted: shift.is_some() };
        let is_call = fields.yes_or(Header::Voicecall, false);
        let is_pdu = !is_call && fields.yes_or(Header::TextIsPdu, false);
        let number = number::compared(to);
        if is_pdu && settings.text_is_pdu_key.as_ref() != Some(&number) {
            return Err(Rejection::InvalidKey);
        }
        let body = match (is_call, is_pdu) {
            (true, _) => Body::Call(call::read(&texts.concat(), &destination)?),
            (false, true) => body::pdu(&texts.concat())?,
            (false, false) => decoder.decode(&texts)?,
        };
        let (user_data_header, body) = body::join_header(&fields, coding, header, body)?;
        Ok(Request {
            destination,
            number,
            from: options::name(fields.get(Header::From)).unwrap_or_default(),
            priority: options::priority(&fields, settings),
            queue: fields
                .later(Header::Queue, Header::Provider)
                .and_then(|(_, queue)| options::name(Some(queue))),
            retries: fields.number(Header::Retries),
            autosplit: options::autosplit(&fields, settings),
            options: options::options(&fields, coding, settings)?,
            coding,
            user_data_header,
            shift,
            body,
        })
    }
}

/// Whether the header at the start of a file asks for high priority; enough to choose the next file.
pub fn is_urgent(start_of_file: &[u8], translation: &Arc<Translation>) -> bool {
    let start = start_of_file.get(..super::FILE_OCTETS_MAX).unwrap_or(start_of_file);
    Document::read_translated(start, translation).is_ok_and(|document| {
        document
            .headers()
            .filter(|(header, _)| *header == Header::Priority)
            .last()
            .is_some_and(|(_, v)| options::is_high(&v, translation.is_yes(&v)))
    })
}

#[cfg(test)]
mod tests;
