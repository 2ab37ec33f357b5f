//! The spool of a node: what its files become in the log, and what the log's results say in its files.

mod alarms;
mod door;
mod lists;
mod programs;
mod results;
mod withdrawal;

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::sync::Arc;

use smsgrid::model::Mode;
use smsgrid::sms_file;
use smsgrid::worker::intake::{Conflicts, FolderFailures, Gone, Order, Settings};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::StartError;
use super::begin;
use super::intake::Around;
use crate::config::smsd::NeededFolder;
use crate::config::{self, Config};
use crate::spool::{Disk, FolderPaths, Folders, Journal, Parts, QueueFolder, Strictness};
use crate::tasks::Tasks;
use alarms::Log;
use door::Door;
use lists::Lists;
use programs::Programs;
use results::Results;

pub(super) use lists::ListFault;
pub(crate) use lists::list_faults;
pub(super) use results::{Own, outcome};
pub(super) use withdrawal::withdraw;

/// Mode of a spool folder that is made because it is missing.
const FOLDER_MODE: u32 = 0o770;

/// Opens the folders and the journal of a node that has them, and starts the task, which waits until the node has
/// begun and takes no new files from `closed` on. Gives the files that are gone.
pub(super) fn start(
    config: &Config,
    around: &Around,
    tasks: &Tasks,
    closed: CancellationToken,
) -> Result<Gone, StartError> {
    let Around { node, view, submitter, waiters, metrics, clock, begun, .. } = around.clone();
    let handlers = around.handlers.get();
    let Some(spool) = &config.spool else { return Ok(Default::default()) };
    let paths = FolderPaths {
        outgoing: spool.outgoing.clone(),
        checked: spool.checked.clone(),
        sent: spool.keep_sent.then(|| spool.sent.clone()),
        failed: spool.keep_failed.then(|| spool.failed.clone()),
        sent_copy: spool.sent_copy.clone().filter(|_| spool.keep_sent),
        failed_copy: spool.failed_copy.clone().filter(|_| spool.keep_failed),
    };
    let lists = Lists::open(spool.blacklist.as_deref(), spool.whitelist.as_deref(), handlers.clone())?;
    let strictness = match config.mode {
        Mode::Strict => {
            let results =
                [&paths.sent, &paths.failed, &paths.sent_copy, &paths.failed_copy].into_iter().flatten();
            [&paths.outgoing, &paths.checked].into_iter().chain(results).for_each(|folder| make(folder));
            Strictness::Strict
        }
        // smsd makes no folder: one that is missing is a disk that is not mounted, or a mistake.
        Mode::Smsd => Strictness::Lenient,
    };
    let folders = Folders::open(&paths, strictness)?;
    let (journal, replayed) = Journal::open(&config.node.data_dir.join("spool"))?;
    let settings = settings(config, spool);
    let disk = Disk::new(folders, journal, config.node.name.as_str(), settings.messages.clone())
        .with_queues(queues(config));
    let gone = disk.gone(&replayed);
    let parts = Parts {
        disk,
        journal: replayed,
        settings: Settings {
            checks: handlers.as_ref().is_some_and(|handlers| handlers.settings().checkhandler.is_some()),
            events: handlers.as_ref().is_some_and(|handlers| handlers.settings().hears_events()),
            ..settings
        },
        submitter: Arc::new(Door::new(config, spool, lists, submitter, clock.clone())),
        outcomes: Arc::new(Results::new(Own { node, modems: config.modems.clone() }, view, waiters)),
        listener: Arc::new(Log::new(paths.clone(), metrics, Programs::new(handlers, &paths))),
        clock,
        utc_offset_seconds: local_offset,
    };
    tasks.spawn("spool", |cancel| async move {
        // What became of a message is not known before this node has caught up with the cluster.
        if begin::wait(begun, &cancel).await.is_some() {
            crate::spool::run(parts, closed, cancel).await?;
        }
        Ok(())
    });
    Ok(gone)
}

/// The folders of smsd's queues, where an smsd.conf names some.
fn queues(config: &Config) -> Vec<QueueFolder> {
    let folders = config.process.iter().flat_map(|process| &process.folders);
    let queue = |folder: &NeededFolder| {
        let queue = folder.key.strip_prefix("queue ")?.to_owned();
        Some(QueueFolder { queue, path: folder.path.clone().into() })
    };
    folders.filter_map(queue).collect()
}

/// Makes a folder that is missing; what cannot be made is told when it is opened.
fn make(folder: &Path) {
    let made = std::fs::DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(folder);
    if let Err(failure) = made {
        warn!(folder = %folder.display(), %failure, "spool folder cannot be made");
    }
}

fn settings(config: &Config, spool: &config::Spool) -> Settings {
    let files = config.files.settings.clone();
    let messages = sms_file::Settings {
        report: config.messages.report,
        validity: config.messages.validity.map_or(files.validity, smsgrid::pdu::relative_octet),
        // smsd heeds `SMSC:` of a file where the configuration knows a service centre.
        service_centre: config.modems.values().any(|modem| modem.smsc.is_some()),
        priority: files.priority && !spool.directory_order,
        several_recipients: match config.mode {
            Mode::Strict => true,
            Mode::Smsd => false,
        },
        ..files
    };
    let (conflicts, folder_failures) = match config.mode {
        Mode::Strict => (Conflicts::Park, FolderFailures::Wait),
        Mode::Smsd => (Conflicts::Stop, FolderFailures::Stop),
    };
    Settings {
        conflicts,
        folder_failures,
        queues: !queues(config).is_empty(),
        keep_sent: spool.keep_sent,
        keep_failed: spool.keep_failed,
        sent_copy: spool.sent_copy.is_some(),
        failed_copy: spool.failed_copy.is_some(),
        tell_copies: spool.eventhandler_use_copy,
        keep_filename: spool.keep_filename,
        store_original_filename: spool.store_original_filename,
        filename_preview: usize::from(spool.filename_preview),
        message_ids: config.files.message_ids,
        keep_pdus: config.files.keep_pdus,
        trust_outgoing: spool.trust_outgoing,
        settle_time: spool.settle_time,
        order: if spool.directory_order { Order::Directory } else { Order::Age },
        messages,
        ..Settings::default()
    }
}

/// Seconds the wall clock of this host is ahead of UTC.
pub(super) fn local_offset() -> i32 {
    chrono::Local::now().offset().local_minus_utc()
}
