//! From the request of a client to a message, or the first field at fault.

mod number;
mod span;
mod text;

use std::time::Duration;

use smsgrid::model::{
    Content, MessageId, Name, Origin, Part, PartNumber, Priority, SendOptions, Timestamp, UncertainPolicy,
    ValidityPeriod,
};
use smsgrid::queue::{IdempotencyKey, Route};
use smsgrid_proto::v1;

use super::limits::{AT_AHEAD_MAX, TAGS_MAX, VALIDITY_MAX, VALIDITY_MIN};
use super::refusal::Refusal;
use crate::submit::Request;

pub(super) use span::{moment, timestamp};

/// TP-VP of a message that names no validity: as long as the service centre will.
const VALIDITY_LONGEST: u8 = u8::MAX;

/// What a request becomes here.
pub(super) struct Asker {
    /// Who asks.
    pub(super) client: Name,
    /// Most parts this node accepts.
    pub(super) parts_max: u8,
    /// The node's date.
    pub(super) now: Timestamp,
}

impl Asker {
    /// The message a request asks for. `id` is the one it will have: its last octet numbers the parts of the message
    /// on the air.
    pub(super) fn read(&self, id: MessageId, request: &v1::SubmitRequest) -> Result<Request, Refusal> {
        let destination = number::destination(&request.to)?;
        let key = key(&request.key)?;
        let (not_before, validity) = (self.not_before(request)?, validity(request)?);
        let [.., reference] = id.to_bytes();
        let segmented = text::segment(request, self.parts_max, reference)?;
        let parts = (1..=u8::MAX)
            .zip(segmented.parts)
            .map(|(number, user_data)| Part { number: PartNumber(number), user_data });
        let octet = validity.map_or(VALIDITY_LONGEST, span::relative_octet);
        let options = SendOptions {
            validity_period: Some(ValidityPeriod::Relative(octet)),
            status_report: request.report,
            ..SendOptions::default()
        };
        Ok(Request {
            client: self.client.clone(),
            key,
            content: Content {
                destination,
                alphabet: segmented.alphabet,
                parts: parts.collect(),
                options,
                call: None,
            },
            origin: Origin::Api,
            priority: priority(request)?,
            uncertain: uncertain(request)?,
            not_before,
            deadline: validity.map(|span| not_before.unwrap_or(self.now).max(self.now) + span),
            route: route(request)?,
            attempts_max: None,
        })
    }

    fn not_before(&self, request: &v1::SubmitRequest) -> Result<Option<Timestamp>, Refusal> {
        let Some(at) = &request.at else { return Ok(None) };
        let at = moment(at, "at")?;
        if at > self.now + AT_AHEAD_MAX {
            return Err(Refusal::field("at", "is more than a year ahead"));
        }
        Ok(Some(at))
    }
}

/// A name in a request: of a modem, a tag, a node.
pub(super) fn name(text: &str, field: &str) -> Result<Name, Refusal> {
    Name::new(text).map_err(|fault| Refusal::field(field, format!("is no name: {fault}")))
}

/// The value of an enumeration; a number this version does not know is refused, not guessed.
pub(super) fn known<T: TryFrom<i32>>(number: i32, field: &str) -> Result<T, Refusal> {
    T::try_from(number)
        .map_err(|_| Refusal::field(field, format!("has a value this node does not know: {number}")))
}

fn key(text: &str) -> Result<Option<IdempotencyKey>, Refusal> {
    if text.is_empty() {
        return Ok(None);
    }
    IdempotencyKey::new(text)
        .map(Some)
        .map_err(|fault| Refusal::field("key", format!("is not usable: {fault}")))
}

fn validity(request: &v1::SubmitRequest) -> Result<Option<Duration>, Refusal> {
    let Some(validity) = &request.validity else { return Ok(None) };
    let span = span::span(validity, "validity")?;
    if (VALIDITY_MIN..=VALIDITY_MAX).contains(&span) {
        return Ok(Some(span));
    }
    Err(Refusal::field("validity", "is not between 1 second and 63 weeks"))
}

fn priority(request: &v1::SubmitRequest) -> Result<Priority, Refusal> {
    Ok(match known::<v1::Priority>(request.priority, "priority")? {
        v1::Priority::Unspecified | v1::Priority::Normal => Priority::Normal,
        v1::Priority::Bulk => Priority::Bulk,
        v1::Priority::High => Priority::High,
        v1::Priority::Emergency => Priority::Emergency,
    })
}

fn uncertain(request: &v1::SubmitRequest) -> Result<UncertainPolicy, Refusal> {
    Ok(match known::<v1::UncertainPolicy>(request.uncertain, "uncertain")? {
        v1::UncertainPolicy::Unspecified | v1::UncertainPolicy::Resend => UncertainPolicy::Resend,
        v1::UncertainPolicy::Hold => UncertainPolicy::Hold,
        v1::UncertainPolicy::Fail => UncertainPolicy::Fail,
    })
}

fn route(request: &v1::SubmitRequest) -> Result<Route, Refusal> {
    let modem = match request.modem.as_str() {
        "" => None,
        modem => Some(name(modem, "modem")?),
    };
    if request.tags.len() > TAGS_MAX {
        return Err(Refusal::field(
            "tags",
            format!("holds {} tags, at most {TAGS_MAX} are taken", request.tags.len()),
        ));
    }
    let tags = request.tags.iter().enumerate();
    let tags = tags.map(|(index, tag)| name(tag, &format!("tags[{index}]"))).collect::<Result<_, _>>()?;
    Ok(Route { modem, tags })
}

#[cfg(test)]
mod tests;
