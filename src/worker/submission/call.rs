//! A voice call as a message: one part with nothing in it, and no field of SMS-SUBMIT.

use crate::model::{Address, Alphabet, Call, Content, Part, PartNumber, Payload, SendOptions, UserData};

/// The content of a call to `destination`.
pub(super) fn content(destination: &Address, call: &Call) -> Content {
    let user_data = UserData { data_coding: 0, header: Vec::new(), payload: Payload::Septets(Vec::new()) };
    Content {
        destination: destination.clone(),
        alphabet: Alphabet::GSM7,
        parts: vec![Part { number: PartNumber::FIRST, user_data }],
        options: SendOptions::default(),
        call: Some(Box::new(call.clone())),
    }
}
