//! What the spool tells an operator.

use smsgrid::worker::intake::{Alarm, Filed};
use tracing::{error, info, warn};

use crate::spool::Listener;

/// Tells the operator.
pub(super) struct Log;

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
            | Alarm::Vanished { .. }
            | Alarm::FileFailed { .. } => {
                warn!(event = "spool.conflict", "{alarm}");
            }
        }
    }

    fn filed(&self, filed: &Filed) {
        info!(event = "spool.filed", folder = %filed.destination.folder(), file = %filed.name, "result filed");
    }
}
