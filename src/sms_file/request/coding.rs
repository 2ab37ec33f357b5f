//! What TP-DCS says beyond the alphabet.

use crate::model::MessageClass;

use super::super::fields::Fields;
use super::super::{Header, value};

/// A message to the handset's system or its SIM.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemMessage {
    /// TP-PID 40 hex, TP-DCS F4 hex.
    Handset,
    /// TP-PID 7F hex, TP-DCS F6 hex.
    Sim,
}

/// The parts of TP-DCS a file may set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Coding {
    /// `System_message:`; before everything else.
    pub system: Option<SystemMessage>,
    /// `DCS_hex:`; before alphabet and class.
    pub explicit: Option<u8>,
    /// `Flash:` or `Class:`.
    pub class: Option<MessageClass>,
}

impl Coding {
    /// TP-DCS for an alphabet whose bits are `alphabet`: 00 GSM, 04 data, 08 UCS-2.
    pub fn octet(self, alphabet: u8) -> u8 {
        let class = match self.class {
            None => 0,
            Some(MessageClass::Class0) => 0x10,
            Some(MessageClass::Class1) => 0x11,
            Some(MessageClass::Class2) => 0x12,
            Some(MessageClass::Class3) => 0x13,
        };
        match (self.system, self.explicit) {
            (Some(SystemMessage::Handset), _) => 0xF4,
            (Some(SystemMessage::Sim), _) => 0xF6,
            (None, Some(octet)) => octet,
            (None, None) => alphabet | class,
        }
    }
}

pub(super) fn read(fields: &Fields) -> Coding {
    let system = fields.get(Header::SystemMessage).and_then(|word| {
        let to_sim = word.eq_ignore_ascii_case(b"tosim") || value::number(word) == Some(2_u8);
        if to_sim { Some(SystemMessage::Sim) } else { fields.is_yes(word).then_some(SystemMessage::Handset) }
    });
    let explicit = fields.get(Header::DcsHex).and_then(octet_in_hex);
    Coding { system, explicit, class: class(fields) }
}

/// One octet in one or two digits.
fn octet_in_hex(text: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(text).ok().filter(|text| !text.starts_with('+'))?;
    u8::from_str_radix(text, 16).ok()
}

fn class(fields: &Fields) -> Option<MessageClass> {
    if fields.yes_or(Header::Flash, false) {
        return Some(MessageClass::Class0);
    }
    match fields.get(Header::Class).map(value::leading_number)? {
        0 => Some(MessageClass::Class0),
        1 => Some(MessageClass::Class1),
        2 => Some(MessageClass::Class2),
        3 => Some(MessageClass::Class3),
        _ => None,
    }
}
