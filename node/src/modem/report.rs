//! News of one modem in the words of an operator: what happened, why, what to do, whether anything was sent.

use smsgrid::at::InitialiseFailure;
use smsgrid::worker::modem::Notice;
use tracing::{debug, info, warn};

use super::port::{Location, PortError};

/// Logs one notice, once, in the span of its modem.
pub(super) fn notice(notice: &Notice, location: &Location) {
    match notice {
        Notice::Ready { identity } => {
            info!(event = "modem.up", imei = %identity.imei, imsi = %identity.imsi, port = %location, "modem ready");
        }
        Notice::SetUpFailed { failure, passing } => set_up_failed(failure, *passing, location),
        Notice::HeldElsewhere { node } => {
            info!(node = node.0, "another node has this modem; it is tried again later");
        }
        Notice::SameIdentity { other } => warn!(
            %other, port = %location, reason = "CONFIG_CONFLICT",
            "this port leads to a modem that is already in use under another name; remove one of the two from the configuration"
        ),
        Notice::NoNetwork => {
            warn!("the modem is not registered with a network; it takes no messages until it is")
        }
        Notice::Surveyed(survey) => debug!(
            dbm = survey.signal.dbm(),
            registration = ?survey.registration,
            operator = survey.operator,
            "survey"
        ),
        Notice::Sent { message, attempt, message_reference, took } => info!(
            event = "message.sent", %message, part = attempt.part.0, attempt = %attempt,
            reference = message_reference, took_ms = took.as_millis(), "part sent"
        ),
        Notice::Refused { message, attempt, refusal } => warn!(
            event = "message.refused", reason = "NETWORK_REFUSED", %message, attempt = %attempt,
            cause = %refusal.cause, disposition = ?refusal.disposition, "part refused; it was not sent"
        ),
        Notice::Uncertain { message, attempt, doubt } => warn!(
            event = "message.uncertain", %message, attempt = %attempt, why = %doubt,
            "part uncertain: it may or may not have been sent"
        ),
        Notice::NotWritten { message, attempt, reason } => info!(
            %message, attempt = %attempt, why = ?reason, "part not written; it was not sent"
        ),
        Notice::LateAnswer { attempt, outcome } => {
            info!(attempt = %attempt, ?outcome, "the answer to an uncertain part came late");
        }
        Notice::Blocked { .. } => warn!(
            event = "modem.blocked",
            "too many failures in a row; the modem gets no messages for a while"
        ),
        Notice::Resetting { rung } => {
            warn!(event = "modem.reset", ?rung, port = %location, "the modem does not answer as it should; trying to reset it");
        }
        Notice::ClaimLost { epoch } => {
            debug!(epoch = epoch.0, "the claim was lost before anything was written")
        }
        Notice::PortLost => debug!("the port is gone"),
        Notice::Stopped => info!(event = "modem.stopped", "modem given back"),
    }
}

/// Logs why a port could not be opened.
pub(super) fn port_failed(failure: &PortError) {
    match failure {
        PortError::Missing { .. } => warn!(
            event = "modem.lost",
            reason = "PORT_GONE",
            "{failure}. why no such device now. fix plug the modem in; it is found again by itself"
        ),
        PortError::Forbidden { location, evidence } => warn!(
            reason = "PORT_PERMISSION",
            "{failure}. why {evidence}. fix give the user of smsnode the group of {location}, usually dialout, and restart smsnode"
        ),
        PortError::Busy { holder, .. } => warn!(
            reason = "PORT_BUSY",
            "{failure}. fix stop {holder}, or keep it away from this device; it is tried again by itself"
        ),
        PortError::Unreachable { .. } => warn!(
            reason = "PORT_GONE",
            "{failure}. fix check the address and the host behind it; it is tried again by itself"
        ),
        PortError::NotSerial { .. } => warn!(
            reason = "PORT_GONE",
            "{failure}. fix name a serial device in the port setting; it is tried again by itself"
        ),
    }
}

fn set_up_failed(failure: &InitialiseFailure, passing: bool, location: &Location) {
    let (reason, fix) = advice(failure);
    let then =
        if passing { "it is tried again by itself" } else { "its messages go to other modems meanwhile" };
    warn!(event = "modem.down", reason, port = %location, "{failure}. fix {fix}; {then}");
}

/// The reason word and what a person can do.
fn advice(failure: &InitialiseFailure) -> (&'static str, &'static str) {
    match failure {
        InitialiseFailure::Silent | InitialiseFailure::Mute { .. } => (
            "MODEM_SILENT",
            "this port of the stick may be a data port: try another, check the baudrate, or power-cycle the modem",
        ),
        InitialiseFailure::PinWrong { .. } | InitialiseFailure::PinAlreadyTried { .. } => {
            ("PIN_WRONG", "correct the PIN of this modem; smsnode will not try this PIN again")
        }
        InitialiseFailure::PinNeeded { .. } => ("PIN_NEEDED", "set pin or pin_file for this modem"),
        InitialiseFailure::PinLastAttempt => {
            ("PIN_LAST_ATTEMPT", "check the PIN in a phone first: a wrong try would lock the SIM")
        }
        InitialiseFailure::PinNotConfirmed => ("PIN_NEEDED", "check that the data directory can be written"),
        InitialiseFailure::PukLocked => {
            ("PUK_LOCKED", "get the 8-digit PUK from the operator and unlock the SIM in a phone")
        }
        InitialiseFailure::DeviceLocked { .. } => ("DEVICE_LOCKED", "unlock the device for this SIM"),
        InitialiseFailure::SimMissing => ("SIM_MISSING", "put a SIM in"),
        InitialiseFailure::SimBusy => ("SIM_FAULT", "wait; some SIMs need half a minute after power-on"),
        InitialiseFailure::SimFault { .. } => ("SIM_FAULT", "clean or replace the SIM"),
        InitialiseFailure::Refused { .. } => ("MODEM_REFUSED", "check the init commands of this modem"),
        InitialiseFailure::NoIdentity => ("MODEM_REFUSED", "this device tells no serial number; use another"),
        InitialiseFailure::PortLost | InitialiseFailure::Aborted => ("PORT_GONE", "plug the modem in"),
    }
}
