//! What became of the message of a file, in the words of its result file.

use std::collections::BTreeMap;

use smsgrid::at::explained;
use smsgrid::model::{MessageId, MessageState, Name, NodeId, Timestamp};
use smsgrid::queue::{AttemptState, Claim, Failing, Failure, Record, StateCause};
use smsgrid::sms_file::Device;
use smsgrid::worker::intake::{GivenUp, Outcome, PartResult};
use smsgrid::worker::submit_pdu;

use crate::config::Modem;
use crate::machine::View;
use crate::node::waiters::Waiters;
use crate::spool::Outcomes;

/// What the configuration says of the modems of this node, which nobody else knows.
pub(in crate::node) struct Own {
    /// This node.
    pub(in crate::node) node: NodeId,
    /// The modems by their names.
    pub(in crate::node) modems: BTreeMap<Name, Modem>,
}

impl Own {
    /// The configuration of the modem that had this claim, when it is one of this node.
    fn modem(&self, claim: &Claim) -> Option<&Modem> {
        self.modems.get(&claim.modem).filter(|_| claim.node == self.node)
    }
}

/// Tells what became of messages.
pub(super) struct Results {
    own: Own,
    view: View,
    waiters: Waiters,
}

impl Results {
    /// Reads the applied state, woken by `waiters`.
    pub(super) fn new(own: Own, view: View, waiters: Waiters) -> Results {
        Results { own, view, waiters }
    }
}

impl Outcomes for Results {
    async fn outcome(&self, message: MessageId) -> Outcome {
        loop {
            let woken = self.waiters.wait_for(message);
            match self.settled(message) {
                Some(outcome) => return outcome,
                // The other end is gone only when the node stops; then nobody waits for this.
                None => drop(woken.await),
            }
        }
    }

    fn settled(&self, message: MessageId) -> Option<Outcome> {
        self.view.read(|queue| match queue.message(message) {
            Some(record) if record.state().is_final() => Some(outcome(record, &self.own)),
            Some(_) => None,
            None => Some(forgotten(queue.now())),
        })
    }
}

/// What the result file of a message says.
pub(in crate::node) fn outcome(record: &Record, own: &Own) -> Outcome {
    let last = record.claims().iter().rev().find(|claim| !claim.attempts.is_empty());
    let started = record.attempts().map(|(_, attempt)| attempt.started).min();
    let form = last.and_then(|claim| own.modem(claim)).map(Modem::form).unwrap_or_default();
    let is_resent = |number| {
        record
            .attempts()
            .any(|(attempt, told)| attempt.part == number && told.state == AttemptState::Released)
    };
    let parts = record.parts().map(|part| PartResult {
        resent: is_resent(part.number),
        message_reference: part.attempt.and_then(|(_, attempt)| attempt.message_reference),
        pdu: part
            .attempt
            .filter(|_| record.content.call.is_none())
            .and_then(|_| submit_pdu(record, part.number, form).ok())
            .map(|pdu| pdu.hex),
        call: part.attempt.and_then(|(_, attempt)| attempt.call),
    });
    Outcome {
        state: record.state(),
        device: last.map(|claim| device(claim, own)).unwrap_or_default(),
        parts: parts.collect(),
        is_reported: form.asks_report(&record.content.options),
        started,
        ended: record.changed,
        possible_duplicate: record.possible_duplicate,
        reason: record
            .cause()
            .map_or_else(|| record.state().to_string(), |cause| reason(cause, record.state())),
        given_up: given_up(record),
    }
}

/// What was refused last, of a message that failed for it.
fn given_up(record: &Record) -> Option<GivenUp> {
    let (last, _) = record.attempts().last().filter(|_| record.state() == MessageState::Failed)?;
    let tries = record.attempts().filter(|(attempt, _)| attempt.part == last.part).count();
    let parts = u8::try_from(record.parts().count()).unwrap_or(u8::MAX);
    Some(GivenUp {
        destination: record.content.destination.clone(),
        part: (last.part.0, parts),
        retries: tries.saturating_sub(1),
    })
}

fn forgotten(now: Timestamp) -> Outcome {
    Outcome {
        state: MessageState::Failed,
        device: Device::default(),
        parts: Vec::new(),
        is_reported: false,
        started: None,
        ended: now,
        possible_duplicate: false,
        reason: "What became of it is no longer known; it may have been sent".to_owned(),
        given_up: None,
    }
}

fn device(claim: &Claim, own: &Own) -> Device {
    let configured = own.modem(claim);
    Device {
        modem: Some(claim.modem.to_string()),
        number: configured.and_then(|modem| modem.number.clone()),
        description: configured.and_then(|modem| modem.description.clone()),
        imsi: Some(claim.identity.imsi.to_string()),
        imei: Some(claim.identity.imei.to_string()),
    }
}

fn reason(cause: StateCause, state: MessageState) -> String {
    match cause {
        StateCause::Failed(Failure::Refused(refusal) | Failure::AttemptsUsed(refusal)) => {
            explained(refusal.cause)
        }
        StateCause::Failed(Failure::Poison) => "Each modem failed while sending it".to_owned(),
        StateCause::Failed(Failure::Partial) => "Some parts were sent, the others were not".to_owned(),
        StateCause::Failed(Failure::Uncertain) => "Uncertain: it may or may not have been sent".to_owned(),
        StateCause::Rejected(rejection) => format!("Rejected: {rejection}"),
        StateCause::Attempt(Failing::Refused(refusal)) => {
            format!("{state} after {}", explained(refusal.cause))
        }
        StateCause::Attempt(Failing::NotWritten(reason)) => format!("{state} after {reason}"),
        StateCause::Attempt(Failing::Doubt(doubt)) => format!("{state}: {doubt}"),
        StateCause::ModemGone
        | StateCause::Deadline
        | StateCause::Resend
        | StateCause::Evidence
        | StateCause::Resolved(_)
        | StateCause::Canceled
        | StateCause::Held
        | StateCause::Retried => state.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use smsgrid::model::{Cause, Disposition, NotWrittenReason, Refusal};
    use smsgrid::queue::Rejection;

    use super::*;

    #[test]
    fn the_reason_in_a_result_file_is_plain_words() {
        let refusal = Refusal { cause: Cause::Cms(38), disposition: Disposition::Temporary };
        for (cause, state, words) in [
            (
                StateCause::Rejected(Rejection::TooManyParts),
                MessageState::Rejected,
                "Rejected: it has more parts than are allowed",
            ),
            (
                StateCause::Rejected(Rejection::Malformed),
                MessageState::Rejected,
                "Rejected: it is not a message that can be sent",
            ),
            (
                StateCause::Failed(Failure::AttemptsUsed(refusal)),
                MessageState::Failed,
                "+CMS ERROR: 38 (Network out of order)",
            ),
            (
                StateCause::Attempt(Failing::NotWritten(NotWrittenReason::SimChanged)),
                MessageState::Expired,
                "expired after the SIM was changed",
            ),
        ] {
            assert_eq!(reason(cause, state), words);
        }
    }
}
