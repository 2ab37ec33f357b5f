//! The fields of SMS-SUBMIT and of the message's handling that headers set.

use crate::model::{Language, Priority, ProtocolIdentifier, SendOptions, ValidityPeriod};

use super::super::fields::Fields;
use super::super::{
    Autosplit, Charset, Header, Rejection, Settings, language, number, relative_octet, value,
};
use super::ShiftTables;
use super::coding::{Coding, SystemMessage};

/// Longest `From:`, `Queue:` and `Provider:`, in characters.
const NAME_CHARS_MAX: usize = 99;
/// TP-PID of a silent message and of a system message.
const PID_TYPE_0: u8 = 0x40;
/// TP-PID "(U)SIM data download".
const PID_SIM_DOWNLOAD: u8 = 0x7F;

pub(super) fn charset(fields: &Fields, settings: &Settings) -> Result<Charset, Rejection> {
    match fields.later(Header::Alphabet, Header::Binary) {
        None => Ok(settings.charset),
        Some((Header::Binary, flag)) => Ok(if fields.is_yes(flag) { Charset::Binary } else { Charset::Iso }),
        Some((_, word)) => Charset::of_word(word).ok_or(Rejection::InvalidAlphabet),
    }
}

/// The tables of the file, or those of the configuration. `Language:` stands for `Language_ext:` too where that is not
/// given; a `Language_ext:` without it leaves the alphabet the basic one, and as the basic one says nothing.
pub(super) fn shift_tables(fields: &Fields, settings: &Settings) -> Result<Option<ShiftTables>, Rejection> {
    let locking = fields.get(Header::Language).map(language::of_value).transpose()?;
    let single = fields.get(Header::LanguageExt).map(language::of_value).transpose()?;
    let (locking, single) = match (locking, single) {
        (Some(locking), single) => (locking, single.unwrap_or(locking)),
        (None, Some(Some(single))) => (None, Some(single)),
        (None, Some(None) | None) => match (settings.language, settings.language_ext) {
            (None, None) => return Ok(None),
            (locking, single) => (locking, single.or(locking)),
        },
    };
    // Spanish has a single shift table only.
    Ok(Some(ShiftTables { locking: locking.filter(|language| *language != Language::Spanish), single }))
}

pub(super) fn options(
    fields: &Fields,
    coding: Coding,
    settings: &Settings,
) -> Result<SendOptions, Rejection> {
    let ping = fields.yes_or(Header::Ping, false);
    let replace = fields.number::<u8>(Header::Replace).filter(|kind| (1..=7).contains(kind));
    let protocol_identifier = match coding.system {
        Some(SystemMessage::Handset) => PID_TYPE_0,
        Some(SystemMessage::Sim) => PID_SIM_DOWNLOAD,
        None => match replace {
            Some(kind) => PID_TYPE_0 + kind,
            None if ping => PID_TYPE_0,
            None => 0,
        },
    };
    let validity = fields.get(Header::Validity).and_then(relative_octet).unwrap_or(settings.validity);
    let reference = match fields.get(Header::MessageReference) {
        None => 0,
        Some(text) => {
            u8::try_from(value::leading_number(text)).map_err(|_| Rejection::InvalidMessageReference)?
        }
    };
    let service_centre = fields.get(Header::Smsc).filter(|_| settings.service_centre);
    Ok(SendOptions {
        protocol_identifier: ProtocolIdentifier(protocol_identifier),
        validity_period: Some(ValidityPeriod::Relative(validity)),
        report_unsaid: !ping && fields.get(Header::Report).is_none(),
        status_report: ping || fields.yes_or(Header::Report, settings.report),
        reject_duplicates: fields.yes_or(Header::RejectDuplicates, false),
        reply_path: fields.yes_or(Header::ReplyPath, settings.reply_path),
        message_reference: reference,
        service_centre: service_centre.and_then(number::service_centre),
    })
}

pub(super) fn autosplit(fields: &Fields, settings: &Settings) -> Autosplit {
    if fields.yes_or(Header::Ping, false) {
        return Autosplit::Off;
    }
    fields.number(Header::Autosplit).and_then(Autosplit::from_number).unwrap_or(settings.autosplit)
}

pub(super) fn priority(fields: &Fields, settings: &Settings) -> Priority {
    let high = fields.get(Header::Priority).is_some_and(|word| is_high(word, fields.is_yes(word)));
    if high && settings.priority { Priority::High } else { Priority::Normal }
}

/// Whether a word that means yes or not asks for high priority.
pub(super) fn is_high(word: &[u8], is_yes: bool) -> bool {
    is_yes || word.eq_ignore_ascii_case(b"high")
}

pub(super) fn name(text: Option<&[u8]>) -> Option<String> {
    let text: String = String::from_utf8_lossy(text?).chars().take(NAME_CHARS_MAX).collect();
    (!text.is_empty()).then_some(text)
}
