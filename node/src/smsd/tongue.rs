//! Where the process says what it does: in the log smsd would write, or in the node's own.

use std::error::Error;

use smsgrid_proto::Problem;
use tracing::{error, info, warn};

use crate::config::Config;
use crate::config::smsd::ProcessLog;
use crate::telemetry::{self, LogError, SmsdLog};

/// The log of the process. Clones are the same.
#[derive(Clone, Debug)]
pub(super) enum Tongue {
    /// As smsd writes it.
    Smsd(SmsdLog),
    /// The node's own, on standard error.
    Own,
}

impl Tongue {
    /// Opens the log that the configuration names.
    pub(super) fn open(log: &ProcessLog) -> Result<Tongue, LogError> {
        Ok(Tongue::Smsd(SmsdLog::open(log)?))
    }

    /// Sends all events of this process there.
    pub(super) fn install(&self, config: &Config) -> Result<(), Box<Problem>> {
        match self {
            Tongue::Smsd(log) => telemetry::install_smsd(log),
            Tongue::Own => telemetry::install(&config.log, &config.node.name),
        }
    }

    /// Says `text` at a level of smsd's: 2 for what an operator must see in every log.
    pub(super) fn say(&self, level: u8, text: &str) {
        match self {
            Tongue::Smsd(log) => log.say(level, text),
            Tongue::Own if level >= 5 || level == 2 => info!("{text}"),
            Tongue::Own if level == 4 => warn!("{text}"),
            Tongue::Own => error!("{text}"),
        }
    }

    /// Tells from now on what this configuration lets it tell.
    pub(super) fn turn(&self, config: &Config) {
        match (self, &config.process) {
            (Tongue::Smsd(log), Some(process)) => {
                log.turn(process.log.level);
                telemetry::turn_smsd(log);
            }
            (Tongue::Own, _) | (Tongue::Smsd(_), None) => telemetry::turn(config.log.level),
        }
    }

    /// Writes what waited long enough in the logs of troubles.
    pub(super) fn settle(&self) {
        match self {
            Tongue::Smsd(log) => log.settle(),
            Tongue::Own => {}
        }
    }

    /// Opens the files of the log anew. This waits for the disk.
    pub(super) fn reopen(&self) {
        let Tongue::Smsd(log) = self else { return };
        let reopened = log.reopen();
        for failure in &reopened.failures {
            let why = failure.source().map(ToString::to_string).unwrap_or_default();
            log.say(3, &format!("SIGHUP: {failure} anew, it goes on where it was: {why}"));
        }
        if reopened.is_file && reopened.failures.is_empty() {
            log.say(5, "SIGHUP: the log was opened anew.");
        }
    }
}
