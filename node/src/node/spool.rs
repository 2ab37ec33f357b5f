//! The spool of a node: what its files become in the log, and what the log's results say in its files.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use smsgrid::at::explained;
use smsgrid::model::{MessageId, MessageState, Name, NotWrittenReason, Origin, Priority, Timestamp};
use smsgrid::queue::{Claim, Failing, Failure, IdempotencyKey, Record, Route, StateCause};
use smsgrid::sms_file::{self, Device};
use smsgrid::worker::intake::{Alarm, Filed, Outcome, PartResult, Settings, SubmitReply};
use smsgrid::worker::submit_pdu;
use tracing::{error, info, warn};

use super::StartError;
use super::waiters::Waiters;
use crate::clock::Clock;
use crate::config::{self, Config, Messages};
use crate::machine::View;
use crate::spool::{
    Disk, FolderPaths, Folders, Journal, Listener, Outcomes, Parts, SpoolMessage, Strictness, Submitter,
};
use crate::submit::{self, Request, SubmitError};
use crate::tasks::Tasks;

/// Mode of a spool folder that is made because it is missing.
const FOLDER_MODE: u32 = 0o770;

/// Opens the folders and the journal, and starts the task.
pub(super) fn start(
    config: &Config,
    spool: &config::Spool,
    tasks: &Tasks,
    view: &View,
    submitter: submit::Submitter,
    waiters: Waiters,
    clock: &Clock,
) -> Result<(), StartError> {
    let paths = FolderPaths {
        outgoing: spool.outgoing.clone(),
        checked: spool.checked.clone(),
        sent: Some(spool.sent.clone()),
        failed: Some(spool.failed.clone()),
    };
    for folder in [&spool.outgoing, &spool.checked, &spool.sent, &spool.failed] {
        make(folder);
    }
    let folders = Folders::open(&paths, Strictness::Strict)?;
    let (journal, replayed) = Journal::open(&config.node.data_dir.join("spool"))?;
    let parts = Parts {
        disk: Disk::new(folders, journal, config.node.name.as_str(), true),
        journal: replayed,
        settings: settings(config, spool),
        submitter: Arc::new(Door {
            node: config.node.name.clone(),
            messages: config.messages.clone(),
            submitter,
            clock: clock.clone(),
        }),
        outcomes: Arc::new(Results { view: view.clone(), waiters }),
        listener: Arc::new(Log),
        clock: clock.clone(),
        utc_offset_seconds: local_offset,
    };
    tasks.spawn("spool", |cancel| async move { Ok(crate::spool::run(parts, cancel).await?) });
    Ok(())
}

/// Makes a folder that is missing; what cannot be made is told when it is opened.
fn make(folder: &Path) {
    let made = std::fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder);
    if let Err(failure) = made {
        warn!(folder = %folder.display(), %failure, "spool folder cannot be made");
    }
}

fn settings(config: &Config, spool: &config::Spool) -> Settings {
    let smsd = sms_file::Settings::default();
    let validity = config.messages.validity.map_or(smsd.validity, smsgrid::pdu::relative_octet);
    let messages = sms_file::Settings { report: config.messages.report, validity, ..smsd };
    Settings {
        trust_outgoing: spool.trust_outgoing,
        settle_time: spool.settle_time,
        messages,
        ..Settings::default()
    }
}

/// Seconds the wall clock of this host is ahead of UTC.
fn local_offset() -> i32 {
    chrono::Local::now().offset().local_minus_utc()
}

/// Brings messages of files into the log.
struct Door {
    node: Name,
    messages: Messages,
    submitter: submit::Submitter,
    clock: Clock,
}

impl Door {
    fn request(&self, message: SpoolMessage) -> Option<Request> {
        let submission = message.submission;
        let tag = submission.queue.as_deref().map(Name::new).transpose().ok()?;
        Some(Request {
            // Who put the file there counts, whatever the file says.
            client: Name::new(&format!("uid-{}", message.owner)).ok()?,
            key: Some(IdempotencyKey::new(&message.key).ok()?),
            content: submission.content,
            origin: Origin::Spool { node: self.node.clone(), intake: message.key },
            priority: self.priority(submission.priority),
            uncertain: self.messages.uncertain,
            not_before: None,
            deadline: self.messages.validity.map(|validity| self.clock.utc() + validity),
            route: Route { modem: None, tags: tag.into_iter().collect() },
            attempts_max: submission.retries.map(|retries| u8::try_from(retries + 1).unwrap_or(u8::MAX)),
        })
    }

    /// A file can ask for high priority; one that asks for nothing gets the default.
    fn priority(&self, asked: Priority) -> Priority {
        match asked {
            Priority::High | Priority::Emergency => asked,
            Priority::Normal | Priority::Bulk => self.messages.priority,
        }
    }
}

impl Submitter for Door {
    async fn submit(&self, message: SpoolMessage) -> SubmitReply {
        let Some(request) = self.request(message) else {
            return SubmitReply::Refused("Wrong provider queue".to_owned());
        };
        match self.submitter.submit(request).await {
            Ok(accepted) => {
                info!(event = "message.accepted", message_id = %accepted.id, replayed = accepted.replayed, "file accepted");
                SubmitReply::Accepted(accepted.id)
            }
            Err(SubmitError::KeyReused { id }) => SubmitReply::Accepted(id),
            Err(SubmitError::Rejected { reason }) => SubmitReply::Refused(format!("{reason:?}")),
            Err(SubmitError::TooLong { parts, parts_max }) => SubmitReply::Refused(format!(
                "Too long text: it needs {parts} parts, the limit is {parts_max}"
            )),
            Err(SubmitError::Full | SubmitError::Propose(_)) => SubmitReply::Later,
        }
    }
}

/// Tells what became of messages.
struct Results {
    view: View,
    waiters: Waiters,
}

impl Outcomes for Results {
    async fn outcome(&self, message: MessageId) -> Outcome {
        loop {
            let woken = self.waiters.wait_for(message);
            let found = self.view.read(|queue| match queue.message(message) {
                Some(record) if record.state().is_final() => Some(outcome(record)),
                Some(_) => None,
                None => Some(forgotten(queue.now())),
            });
            match found {
                Some(outcome) => return outcome,
                // The other end is gone only when the node stops; then nobody waits for this.
                None => drop(woken.await),
            }
        }
    }
}

/// What the result file of a message says.
fn outcome(record: &Record) -> Outcome {
    let last = record.claims().iter().rev().find(|claim| !claim.attempts.is_empty());
    let started = record.attempts().map(|(_, attempt)| attempt.started).min();
    let parts = record.parts().map(|part| PartResult {
        message_reference: part.attempt.and_then(|(_, attempt)| attempt.message_reference),
        pdu: part.attempt.and_then(|_| submit_pdu(record, part.number).ok()).map(|pdu| pdu.hex),
    });
    Outcome {
        state: record.state(),
        device: last.map(device).unwrap_or_default(),
        parts: parts.collect(),
        started,
        ended: record.changed,
        reason: record
            .cause()
            .map_or_else(|| record.state().to_string(), |cause| reason(cause, record.state())),
    }
}

fn forgotten(now: Timestamp) -> Outcome {
    Outcome {
        state: MessageState::Failed,
        device: Device::default(),
        parts: Vec::new(),
        started: None,
        ended: now,
        reason: "What became of it is no longer known; it may have been sent".to_owned(),
    }
}

fn device(claim: &Claim) -> Device {
    Device {
        modem: Some(claim.modem.to_string()),
        number: None,
        description: None,
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
        StateCause::Rejected(rejection) => format!("Rejected: {rejection:?}"),
        StateCause::Attempt(Failing::Refused(refusal)) => {
            format!("{state} after {}", explained(refusal.cause))
        }
        StateCause::Attempt(Failing::NotWritten(reason)) => format!("{state} after {}", not_written(reason)),
        StateCause::Attempt(Failing::Doubt(doubt)) => format!("{state}: {doubt}"),
    }
}

fn not_written(reason: NotWrittenReason) -> &'static str {
    match reason {
        NotWrittenReason::NoPrompt => "the modem gave no prompt",
        NotWrittenReason::PortLost => "the port was lost",
        NotWrittenReason::LeaseLost => "the claim was lost",
        NotWrittenReason::SimChanged => "the SIM was changed",
        NotWrittenReason::Draining => "the node was stopped",
    }
}

/// Tells the operator.
struct Log;

impl Listener for Log {
    fn alarm(&self, alarm: &Alarm) {
        match alarm {
            Alarm::BadFile { .. } | Alarm::SetAside { .. } | Alarm::Irregular { .. } => {
                warn!(event = "spool.rejected", reason = "SPOOL_BAD_FILE", "{alarm}");
            }
            Alarm::FolderFailed { .. } => error!(reason = "SPOOL_NOT_WRITABLE", "{alarm}"),
            Alarm::ManyIrregular
            | Alarm::Conflict { .. }
            | Alarm::Renamed { .. }
            | Alarm::Vanished { .. } => {
                warn!(event = "spool.conflict", "{alarm}");
            }
        }
    }

    fn filed(&self, filed: &Filed) {
        info!(event = "spool.filed", folder = %filed.destination.folder(), file = %filed.name, "result filed");
    }
}
