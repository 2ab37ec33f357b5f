//! News of one modem in the words of an operator: what happened, why, what to do, whether anything was sent.

use std::path::Path;
use std::time::Duration;

use smsgrid::at::{InitialiseFailure, OwnCommand, PduEcho, SendEnd, explained};
use smsgrid::model::{Attempt, CallEnd, Cause, MessageId, Name, PartOutcome};
use smsgrid::worker::modem::Notice;
use smsgrid_proto::{Problem, Reason};
use tracing::{debug, info, warn};

use super::port::{Location, PortError};

/// Logs one notice, once, in the span of its modem. `mark` is the file that remembers that its PIN was tried.
pub(super) fn notice(modem: &Name, notice: &Notice, location: &Location, mark: Option<&Path>) {
    match notice {
        Notice::Ready { identity } => {
            info!(event = "modem.up", imei = %identity.imei, imsi = %identity.imsi, port = %location, "modem ready");
        }
        Notice::Sent { message, attempt, message_reference, took } => info!(
            event = "message.sent", message_id = %message, part = attempt.part.0, attempt = %attempt,
            message_reference, duration_ms = took.as_millis(), "part sent"
        ),
        Notice::Called { message, attempt, end, took } => called(*message, *attempt, *end, *took),
        Notice::Refused { message, attempt, refusal } => warn!(
            event = "message.refused", message_id = %message, part = attempt.part.0, attempt = %attempt,
            cause = explained(refusal.cause), then = %refusal.disposition, "part refused; it was not sent"
        ),
        Notice::Uncertain { message, attempt, doubt } => warn!(
            event = "message.uncertain", message_id = %message, part = attempt.part.0, attempt = %attempt,
            why = %doubt, "part uncertain: it may or may not have been sent"
        ),
        Notice::PduEchoed { attempt, echo } => echoed(*attempt, *echo),
        Notice::NotWritten { message, attempt, reason, cause } => info!(
            message_id = %message, part = attempt.part.0, attempt = %attempt, why = %reason,
            cause = cause.map(explained), "part not written; it was not sent"
        ),
        Notice::LateAnswer { attempt, outcome } => {
            info!(attempt = %attempt, ?outcome, "the answer to an uncertain part came late");
        }
        Notice::Surveyed(survey) => debug!(
            event = "modem.survey", dbm = survey.signal.dbm(), registration = ?survey.registration, operator = survey.operator, "survey"
        ),
        Notice::HeldElsewhere { node } => {
            info!(node = node.0, "another node has this modem; tried again later")
        }
        Notice::ClaimLost { epoch } => {
            debug!(epoch = epoch.0, "the claim was lost before anything was written")
        }
        // Told by `port_lost`, which knows why.
        Notice::PortLost { .. } => {}
        Notice::Stopped => info!(event = "modem.stopped", "modem given back"),
        Notice::Resetting { rung } => {
            info!(
                event = "modem.reset",
                ?rung,
                "the modem does not answer as it should; trying to bring it back"
            );
        }
        Notice::SimNotReady { tries, cause, again } => sim_not_ready(modem, *tries, *cause, *again),
        Notice::SimGivenUp { tries } => sim_given_up(modem, *tries),
        Notice::SetUpFailed { failure, passing } => {
            tell("modem.down", &set_up_failed(modem, failure, *passing, location, mark));
        }
        Notice::NoNetwork => {
            let title = format!("{modem} is not registered with a network; it takes no messages until it is");
            tell("modem.no_network", &Problem::new(Reason::NoNetwork, title));
        }
        Notice::Blocked { lasts, end } => tell("modem.blocked", &blocked(modem, *lasts, end)),
        Notice::LimitReached { messages } => {
            let title = format!("{modem}: message limit {messages} is reached; it gets no more messages");
            tell("modem.limit", &Problem::new(Reason::ModemLimit, title));
        }
        Notice::CountCleared { messages } => {
            info!(event = "modem.limit", messages, "messages are counted anew");
        }
        Notice::Suspended { reason } => tell("modem.suspended", &left_alone(modem, reason)),
        Notice::Resumed => info!(event = "modem.resumed", "the modem is taken into use again"),
        Notice::SuspensionBroken => suspension_broken(),
        Notice::OwnRefused { command, cause } => own_refused(modem, *command, *cause),
        Notice::NotRegistered => {
            warn!("{modem} is not registered: the log holds as many modems as it can; asked again later");
        }
        Notice::SameIdentity { other } => tell("modem.down", &same_identity(modem, location, other)),
    }
}

/// Logs what came back of a PDU.
fn echoed(attempt: Attempt, echo: PduEcho) {
    let differs = "the PDU came back otherwise than it was sent; the modem's answer to it counts";
    match echo {
        PduEcho::Whole => info!(event = "modem.echo", attempt = %attempt, "the PDU came back as it was sent"),
        PduEcho::Surrounded => {
            info!(event = "modem.echo", attempt = %attempt, "the PDU came back as it was sent, with more around it");
        }
        PduEcho::Differs { at } => warn!(
            event = "modem.echo", attempt = %attempt, first_difference = at,
            fix = "check the cable, `baudrate` and `rtscts`, or set `character_pause`", "{differs}"
        ),
        PduEcho::Nothing => warn!(
            event = "modem.echo", attempt = %attempt,
            fix = "remove `verify_pdu`: this modem echoes no PDU", "nothing came back of the PDU; the modem's answer to it counts"
        ),
    }
}

/// Logs why a port could not be opened.
pub(super) fn port_failed(modem: &Name, failure: &PortError) {
    let title = format!("{modem}: {failure}");
    let problem = match failure {
        PortError::Missing { .. } => {
            Problem::new(Reason::PortGone, title).fix("plug the modem in; it is found again by itself")
        }
        PortError::Forbidden { location, evidence } => {
            let fix = format!(
                "add the user of smsnode to the group of {location}, usually dialout, and restart smsnode"
            );
            Problem::new(Reason::PortPermission, title).why(evidence.clone()).fix(fix)
        }
        PortError::Busy { holder, .. } => {
            let fix = format!("stop {holder}, or keep it away from this device; tried again by itself");
            Problem::new(Reason::PortBusy, title).fix(fix)
        }
        PortError::NotSignedIn { .. } => Problem::new(Reason::PortSignIn, title),
        PortError::Unreachable { .. } => Problem::new(Reason::PortGone, title)
            .fix("check the address and the host behind it; tried again by itself"),
        PortError::NotSerial { .. } => Problem::new(Reason::PortGone, title)
            .fix("name a serial device as the port; tried again by itself"),
    };
    tell("modem.lost", &problem);
}

/// The word of the catalogue for a port that could not be opened.
pub(super) fn reason_of_port(failure: &PortError) -> Reason {
    match failure {
        PortError::Forbidden { .. } => Reason::PortPermission,
        PortError::Busy { .. } => Reason::PortBusy,
        PortError::NotSignedIn { .. } => Reason::PortSignIn,
        PortError::Missing { .. } | PortError::Unreachable { .. } | PortError::NotSerial { .. } => {
            Reason::PortGone
        }
    }
}

/// Logs that an open port was lost, and with which message on its way.
pub(super) fn port_lost(modem: &Name, location: &Location, why: &str, sending: Option<MessageId>) {
    let during =
        sending.map_or_else(String::new, |message| format!(" while it was sending message {message}"));
    let problem = Problem::new(Reason::PortGone, format!("{modem}: {location} was lost{during}"));
    tell("modem.lost", &problem.why(why));
}

/// Logs that the settings of another modem go to a port, because its SIM is there.
pub(super) fn moved(modem: &Name, owner: &Name, location: &Location) {
    info!(event = "modem.moved", port = %location, "{modem} found the SIM of {owner}; the two change ports");
}

fn called(message: MessageId, attempt: Attempt, end: CallEnd, took: Duration) {
    info!(
        event = "message.called", message_id = %message, attempt = %attempt, result = %end,
        duration_ms = took.as_millis(), "voice call made"
    );
}

fn own_refused(modem: &Name, command: OwnCommand, cause: Option<Cause>) {
    let key = match command {
        OwnCommand::Start => "start",
        OwnCommand::Stop => "stop",
    };
    let title = format!("{modem} did not accept its `{key}` command; it is used all the same");
    let problem = Problem::new(Reason::ModemRefused, title)
        .why(cause.map_or_else(|| "it gave no number".to_owned(), explained))
        .fix(format!("correct `{key}`, or remove it"));
    tell("modem.refused", &problem);
}

fn sim_not_ready(modem: &Name, tries: u32, cause: Option<Cause>, again: Option<Duration>) {
    let then = match again {
        Some(wait) => format!("looked at again in {} s", wait.as_secs()),
        None => "that was the last retry of `check_sim_retries`".to_owned(),
    };
    let title = format!(
        "{modem}: its SIM is not ready (try {tries}); {then}; its messages go to other modems meanwhile"
    );
    let why = cause.map_or_else(|| "`check_sim_cmd` was answered with an error".to_owned(), explained);
    tell("modem.down", &Problem::new(reason_of_sim(cause), title).why(why));
}

fn sim_given_up(modem: &Name, tries: u32) {
    let title = format!(
        "{modem}: its SIM was not ready {tries} times and is given up; it is looked at once a minute and not reset any more"
    );
    let fix = "put a SIM in, or replace it; to have it reset again, restart smsnode, or name the modem in the suspend file for a while";
    tell("modem.down", &Problem::new(Reason::SimFault, title).fix(fix));
}

/// The word of the catalogue for a SIM that is not ready.
pub(super) fn reason_of_sim(cause: Option<Cause>) -> Reason {
    match cause {
        Some(Cause::Cme(10) | Cause::Cms(310)) => Reason::SimMissing,
        Some(_) | None => Reason::SimFault,
    }
}

fn same_identity(modem: &Name, location: &Location, other: &Name) -> Problem {
    let title = format!("{modem} at {location} is the same modem as {other}; it is not used twice");
    Problem::new(Reason::ConfigConflict, title)
        .fix(format!("remove {modem} or {other} from the configuration"))
}

fn blocked(modem: &Name, lasts: Duration, end: &SendEnd) -> Problem {
    let title = format!("{modem} failed too often in a row; it gets no messages for {} s", lasts.as_secs());
    Problem::new(blocking(end), title).why(ended(end))
}

fn left_alone(modem: &Name, reason: &str) -> Problem {
    let title = format!("{modem} is suspended; its port is closed, its messages go to other modems");
    Problem::new(Reason::ModemSuspended, title).why(suspended(reason))
}

fn suspension_broken() {
    info!(
        event = "modem.suspension_broken",
        "the suspension is broken: one message, if one waits, then the modem is left alone again"
    );
}

/// What the suspend file says of a modem.
pub(super) fn suspended(reason: &str) -> String {
    if reason.is_empty() { "the suspend file names it".to_owned() } else { reason.to_owned() }
}

/// Whose fault it was that took a modem out of the pool.
pub(super) fn blocking(end: &SendEnd) -> Reason {
    match end {
        SendEnd::Outcome(PartOutcome::Uncertain(_)) | SendEnd::NotWritten { .. } => Reason::ModemSilent,
        SendEnd::Outcome(PartOutcome::Refused(_) | PartOutcome::Sent { .. } | PartOutcome::Called(_))
        | SendEnd::EarlierCopyAccepted => Reason::NetworkRefused,
    }
}

pub(super) fn ended(end: &SendEnd) -> String {
    match end {
        SendEnd::Outcome(PartOutcome::Refused(refusal)) => {
            format!("the last part was refused: {}", explained(refusal.cause))
        }
        SendEnd::Outcome(PartOutcome::Uncertain(doubt)) => format!("the last part is uncertain: {doubt}"),
        SendEnd::NotWritten { reason, cause } => match cause {
            Some(cause) => format!("the last part was not written: {reason}, {}", explained(*cause)),
            None => format!("the last part was not written: {reason}"),
        },
        SendEnd::Outcome(PartOutcome::Called(end)) => format!("the last call ended with {end}"),
        SendEnd::Outcome(PartOutcome::Sent { .. }) | SendEnd::EarlierCopyAccepted => {
            "the last part was sent".to_owned()
        }
    }
}

fn tell(event: &'static str, problem: &Problem) {
    let fix = problem.fix.as_deref().unwrap_or(problem.reason.fix());
    warn!(event, reason = problem.reason.word(), why = problem.why, fix, "{}", problem.title);
}

fn set_up_failed(
    modem: &Name,
    failure: &InitialiseFailure,
    passing: bool,
    location: &Location,
    mark: Option<&Path>,
) -> Problem {
    let left = failure.attempts_left().map_or_else(String::new, |left| format!("; {left} attempts left"));
    let then = if passing { "tried again by itself" } else { "its messages go to other modems meanwhile" };
    let problem = Problem::new(reason(failure), format!("{modem}: {failure}{left}; {then}"));
    if problem.reason == Reason::ModemSilent {
        return problem.why(format!("nothing answered at {location}; it may be a data port of the stick"));
    }
    if matches!(failure, InitialiseFailure::OtherIdentity { .. }) {
        let why = format!(
            "no modem that {location} may be given to has this `identity`: none has it, or the one that has it is at \
             work, suspended, or behind a port that cannot be exchanged for this one (TCP in a cluster, another kind)"
        );
        return problem.why(why).fix(
            "correct `identity`, or put the right SIM in; one that wants a PIN may hide its IMSI: switch its PIN off",
        );
    }
    match mark.filter(|_| problem.reason == Reason::PinWrong) {
        Some(mark) => problem.fix(way_out(mark)),
        None => problem,
    }
}

/// A right PIN can be taken for a wrong one: when the SIM's word was lost with the port or with this process.
fn way_out(mark: &Path) -> String {
    let usual = Reason::PinWrong.fix();
    format!("{usual} If a phone takes this very PIN, remove {} and restart smsnode.", mark.display())
}

pub(super) fn reason(failure: &InitialiseFailure) -> Reason {
    match failure {
        InitialiseFailure::Silent | InitialiseFailure::Mute { .. } => Reason::ModemSilent,
        InitialiseFailure::PinWrong { .. } | InitialiseFailure::PinAlreadyTried { .. } => Reason::PinWrong,
        InitialiseFailure::PinNeeded { .. } => Reason::PinNeeded,
        InitialiseFailure::PinNotConfirmed => Reason::DiskFailed,
        InitialiseFailure::PinLastAttempt => Reason::PinLastAttempt,
        InitialiseFailure::PukLocked => Reason::PukLocked,
        InitialiseFailure::DeviceLocked { .. } => Reason::DeviceLocked,
        InitialiseFailure::OtherIdentity { .. } => Reason::ConfigConflict,
        InitialiseFailure::SimMissing => Reason::SimMissing,
        InitialiseFailure::SimNotReady { cause } => reason_of_sim(*cause),
        InitialiseFailure::SimBusy | InitialiseFailure::SimFault { .. } => Reason::SimFault,
        InitialiseFailure::Refused { .. } | InitialiseFailure::NoIdentity => Reason::ModemRefused,
        InitialiseFailure::PortLost | InitialiseFailure::Aborted => Reason::PortGone,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_that_is_not_tried_again_comes_with_the_file_that_remembers_it() {
        let modem = Name::new("GSM1").expect("a name");
        let location = Location::Tcp { address: "modem:7000".to_owned(), words: Box::default() };
        let mark = Path::new("/data/pins/GSM1.0");
        let wrong = InitialiseFailure::PinWrong { attempts_left: Some(2) };
        let tried = InitialiseFailure::PinAlreadyTried { attempts_left: None };

        for failure in [wrong, tried] {
            let problem = set_up_failed(&modem, &failure, false, &location, Some(mark));

            let fix = problem.fix.expect("a way out");
            for words in ["Correct pin_file, then restart smsnode", "remove /data/pins/GSM1.0"] {
                assert!(fix.contains(words), "{fix}");
            }
        }
        let missing = set_up_failed(&modem, &InitialiseFailure::SimMissing, false, &location, Some(mark));
        assert_eq!(missing.fix, None);
    }
}
