//! What the alarm handler is told of a modem: in the words of smsd where smsd has any.

use super::{Alarm, Severity};
use crate::at::{InitialiseFailure, OwnCommand, explained};
use crate::model::Cause;
use crate::worker::modem::Notice;

/// What the alarm handler is told; none where nothing is to be told.
pub fn of_modem(modem: &str, notice: &Notice) -> Option<Alarm> {
    let (severity, text) = match notice {
        Notice::SetUpFailed { failure, .. } => set_up_failed(failure)?,
        Notice::NoNetwork => (Severity::Error, "Error: Modem is not registered to the network".to_owned()),
        Notice::Blocked { lasts, .. } => {
            let seconds = lasts.as_secs();
            (
                Severity::Critical,
                format!("Fatal error: sending failed too often in a row. Blocking {seconds} sec."),
            )
        }
        Notice::Refused { refusal, .. } => {
            (Severity::Error, format!("The modem answer was not OK: {}", explained(refusal.cause)))
        }
        Notice::Uncertain { .. } => (Severity::Error, "The modem did not answer (expected OK).".to_owned()),
        Notice::LimitReached { messages } => {
            (Severity::Warning, format!("Message limit {messages} is reached."))
        }
        Notice::Suspended { reason } => (Severity::Notice, format!("Suspend started. {reason}")),
        Notice::Resumed => (Severity::Notice, "Suspend ended.".to_owned()),
        Notice::SuspensionBroken => (Severity::Notice, "Suspend break.".to_owned()),
        Notice::OwnRefused { command: OwnCommand::Start, cause } => {
            (Severity::Error, format!("Modem did not accept the start string{}", answered(*cause)))
        }
        Notice::OwnRefused { command: OwnCommand::Stop, cause } => {
            (Severity::Error, format!("Modem did not accept the stop string{}", answered(*cause)))
        }
        Notice::SameIdentity { other } => (Severity::Error, format!("It is the same modem as {other}")),
        Notice::SimNotReady { tries, .. } => {
            (Severity::Error, format!("Check SIM returned ERROR, try: {tries}"))
        }
        Notice::SimGivenUp { .. } => {
            (Severity::Error, "Check SIM failed and not retrying anymore".to_owned())
        }
        Notice::Ready { .. }
        | Notice::HeldElsewhere { .. }
        | Notice::NotRegistered
        | Notice::CountCleared { .. }
        | Notice::Surveyed(_)
        | Notice::Sent { .. }
        | Notice::Called { .. }
        | Notice::NotWritten { .. }
        | Notice::PduEchoed { .. }
        | Notice::LateAnswer { .. }
        | Notice::Resetting { .. }
        | Notice::ClaimLost { .. }
        | Notice::PortLost { .. }
        | Notice::Stopped => return None,
    };
    Some(Alarm::of_modem(severity, modem, text))
}

/// The number a modem gave, behind a comma.
fn answered(cause: Option<Cause>) -> String {
    cause.map_or_else(String::new, |cause| format!(", {}", explained(cause)))
}

/// A modem that cannot be set up; a lost port is told as such.
fn set_up_failed(failure: &InitialiseFailure) -> Option<(Severity, String)> {
    Some(match failure {
        InitialiseFailure::Silent | InitialiseFailure::Mute { .. } => {
            (Severity::Error, "Modem is not ready to answer commands".to_owned())
        }
        InitialiseFailure::PinWrong { .. } => (Severity::Error, "Modem did not accept this PIN".to_owned()),
        InitialiseFailure::PinAlreadyTried { .. }
        | InitialiseFailure::PinNeeded { .. }
        | InitialiseFailure::PinLastAttempt
        | InitialiseFailure::PinNotConfirmed => {
            (Severity::Critical, format!("PIN handling: expected READY or OK, {failure}"))
        }
        InitialiseFailure::PukLocked | InitialiseFailure::DeviceLocked { .. } => {
            (Severity::Critical, "Your SIM is locked. Unlock it manually".to_owned())
        }
        InitialiseFailure::SimMissing
        | InitialiseFailure::SimNotReady { .. }
        | InitialiseFailure::SimBusy
        | InitialiseFailure::SimFault { .. } => {
            (Severity::Error, format!("Check SIM returned ERROR: {failure}"))
        }
        InitialiseFailure::Refused { .. } => {
            (Severity::Error, format!("Modem did not accept the init string: {failure}"))
        }
        InitialiseFailure::OtherIdentity { .. } => {
            (Severity::Critical, "Checking identity: No match. Did not find new settings.".to_owned())
        }
        InitialiseFailure::NoIdentity => (Severity::Error, format!("Modem cannot be used: {failure}")),
        InitialiseFailure::PortLost | InitialiseFailure::Aborted => return None,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::at::SendEnd;

    #[test]
    fn the_news_of_a_modem_has_the_severity_and_the_words_of_smsd() {
        let failed = |failure| Notice::SetUpFailed { failure, passing: false };
        let blocked = Notice::Blocked { lasts: Duration::from_secs(60), end: SendEnd::EarlierCopyAccepted };
        for (notice, severity, text) in [
            (failed(InitialiseFailure::Silent), Severity::Error, "Modem is not ready to answer commands"),
            (
                failed(InitialiseFailure::PinWrong { attempts_left: Some(2) }),
                Severity::Error,
                "Modem did not accept this PIN",
            ),
            (
                failed(InitialiseFailure::PukLocked),
                Severity::Critical,
                "Your SIM is locked. Unlock it manually",
            ),
            (
                failed(InitialiseFailure::PinNeeded { attempts_left: None }),
                Severity::Critical,
                "PIN handling: expected READY or OK, the SIM wants a PIN",
            ),
            (Notice::NoNetwork, Severity::Error, "Error: Modem is not registered to the network"),
            (
                Notice::OwnRefused { command: OwnCommand::Stop, cause: None },
                Severity::Error,
                "Modem did not accept the stop string",
            ),
            (
                Notice::SimNotReady { tries: 2, cause: None, again: Some(Duration::from_secs(30)) },
                Severity::Error,
                "Check SIM returned ERROR, try: 2",
            ),
            (Notice::SimGivenUp { tries: 3 }, Severity::Error, "Check SIM failed and not retrying anymore"),
            (blocked, Severity::Critical, "Fatal error: sending failed too often in a row. Blocking 60 sec."),
        ] {
            assert_eq!(of_modem("GSM1", &notice), Some(Alarm::of_modem(severity, "GSM1", text)));
        }
        assert_eq!(of_modem("GSM1", &Notice::Stopped), None);
        assert_eq!(of_modem("GSM1", &failed(InitialiseFailure::PortLost)), None);
    }
}
