//! What a modem's notices are worth to whoever counts.

use smsgrid::model::{Attempt, PartOutcome};
use smsgrid::worker::modem::Notice;

use crate::api::ModemCounts;
use crate::machine::View;

/// Counts what `notice` tells of attempts at parts.
pub(super) fn count(notice: &Notice, counts: &ModemCounts, view: &View) {
    match notice {
        Notice::Sent { attempt, took, .. } => {
            counts.sent(*took);
            part(*attempt, counts, view);
        }
        Notice::LateAnswer { attempt, outcome: PartOutcome::Sent { .. } } => part(*attempt, counts, view),
        Notice::Refused { refusal, .. } => counts.refused(refusal.disposition),
        Notice::Uncertain { .. } => counts.uncertain(),
        // Never a part on the air, or counted as one before.
        Notice::NotWritten { .. }
        | Notice::Called { .. }
        | Notice::PduEchoed { .. }
        | Notice::LateAnswer {
            outcome: PartOutcome::Refused(_) | PartOutcome::Uncertain(_) | PartOutcome::Called(_),
            ..
        }
        | Notice::ClaimLost { .. }
        | Notice::Ready { .. }
        | Notice::SetUpFailed { .. }
        | Notice::HeldElsewhere { .. }
        | Notice::NotRegistered
        | Notice::SameIdentity { .. }
        | Notice::NoNetwork
        | Notice::Surveyed(_)
        | Notice::Blocked { .. }
        | Notice::LimitReached { .. }
        | Notice::CountCleared { .. }
        | Notice::OwnRefused { .. }
        | Notice::Suspended { .. }
        | Notice::Resumed
        | Notice::SuspensionBroken
        | Notice::Resetting { .. }
        | Notice::PortLost { .. }
        | Notice::SimNotReady { .. }
        | Notice::SimGivenUp { .. }
        | Notice::Stopped => {}
    }
}

/// Counts a part the network took. A message that has left memory since is not asked for its alphabet any more.
fn part(attempt: Attempt, counts: &ModemCounts, view: &View) {
    let alphabet = view.read(|queue| {
        let message = queue.claim(attempt.epoch)?.message;
        Some(queue.message(message)?.content.alphabet)
    });
    if let Some(alphabet) = alphabet {
        counts.part(alphabet);
    }
}
