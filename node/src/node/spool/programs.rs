//! What the spool asks of the programs of the operator.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use smsgrid::worker::handlers::{Event, Occasion, SpoolPaths, Verdict, of_spool};
use smsgrid::worker::intake::{Alarm, FileName, Filed, Folder};
use tokio_util::sync::CancellationToken;

use crate::handlers::Handlers;
use crate::spool::FolderPaths;

/// The programs as the spool asks them.
pub(super) struct Programs {
    handlers: Option<Handlers>,
    paths: SpoolPaths,
}

impl Programs {
    /// Tells them folders by these paths.
    pub(super) fn new(handlers: Option<Handlers>, paths: &FolderPaths) -> Programs {
        let octets = |path: &Path| path.as_os_str().as_bytes().to_vec();
        let kept = |path: &Option<std::path::PathBuf>| path.as_deref().map(octets).unwrap_or_default();
        let paths = SpoolPaths {
            outgoing: octets(&paths.outgoing),
            checked: octets(&paths.checked),
            sent: kept(&paths.sent),
            failed: kept(&paths.failed),
            sent_copy: kept(&paths.sent_copy),
            failed_copy: kept(&paths.failed_copy),
        };
        Programs { handlers, paths }
    }

    pub(super) fn alarm(&self, alarm: &Alarm) {
        if let (Some(handlers), Some(alarm)) = (&self.handlers, of_spool(alarm, &self.paths)) {
            handlers.alarm(alarm);
        }
    }

    pub(super) async fn alarm_heard(&self, alarm: &Alarm) {
        if let (Some(handlers), Some(alarm)) = (&self.handlers, of_spool(alarm, &self.paths)) {
            handlers.alarm_heard(&alarm).await;
        }
    }

    pub(super) async fn check(&self, folder: Folder, name: &FileName) -> Verdict {
        match &self.handlers {
            Some(handlers) => {
                let file = self.paths.file(folder, name);
                // No handler is to wait at a FIFO, or to follow a link: the intake refuses these unread.
                let found = tokio::fs::symlink_metadata(OsStr::from_bytes(&file)).await;
                let is_file = found.is_ok_and(|found| found.is_file());
                if is_file { handlers.check(&file).await } else { Verdict::Accepted }
            }
            None => Verdict::Accepted,
        }
    }

    /// Tells the event handler; false when `stop` came before it was done.
    pub(super) async fn told(&self, filed: &Filed, stop: &CancellationToken) -> bool {
        let Some(handlers) = &self.handlers else { return true };
        handlers.event(&self.event(filed), stop).await
    }

    fn event(&self, filed: &Filed) -> Event {
        let references = filed.account.references.clone();
        Event {
            id: filed.id.to_string(),
            occasion: match filed.destination.is_sent() {
                true => Occasion::Sent(references),
                false => Occasion::Failed(references),
            },
            file: self.paths.file(filed.folder, &filed.name),
            modem: filed.account.modem.clone(),
        }
    }
}
