//! Another configuration in the place of the one that runs, without an end of the node.
//!
//! ```text
//! compared: the same │ needs a restart: refused whole │
//!                                                     ▼
//!   modems removed or changed drain ─▶ spool ends as at a stop ─▶ programs ─▶ spool begins ─▶ modems start
//! ```
//!
//! It is one configuration or the other that runs, never a part of each: what cannot be taken over at work refuses the
//! rest.

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::handlers::HandlerTasks;
use super::heir::HeirTask;
use super::intake::Intake;
use super::modems::{Differences, ModemTasks};
use super::{Node, StartError};
use crate::config::smsd::Process;
use crate::config::{Config, Spool};

/// What of a node can be replaced while it runs.
pub(super) struct Working {
    pub(super) config: Config,
    pub(super) modems: ModemTasks,
    pub(super) intake: Intake,
    pub(super) handlers: HandlerTasks,
    pub(super) heir: HeirTask,
}

/// What became of another configuration.
#[derive(Debug)]
pub enum Taken {
    /// It is the one that runs.
    Same,
    /// It runs now, with these modems.
    Over(Differences),
    /// Nothing has changed: these settings need a restart.
    Fixed(Vec<String>),
}

impl Node {
    /// Puts `config` in the place of the configuration that runs. It must be one that the node could be started with.
    /// After an error the node has to stop. Only for a node that shares the runtime of its caller; dropped before it
    /// returns, all that is left to do is to stop.
    pub async fn reload(&self, config: Config) -> Result<Taken, StartError> {
        let mut working = self.working.lock().await;
        let fixed = fixed(&working.config, &config);
        if !fixed.is_empty() {
            return Ok(Taken::Fixed(fixed));
        }
        if is_same(&working.config, &config) && working.modems.differences(&config.modems).is_none() {
            return Ok(Taken::Same);
        }
        let differences = working.modems.end_others(&config.modems).await;
        tokio::join!(working.intake.end(), working.heir.end());
        working.handlers.take(&config).await?;
        self.submitter.allow(config.limits.max_parts);
        working.intake.begin(&config).await?;
        working.heir.start(&config);
        working.modems.begin(&config.modems, &differences)?;
        working.config = config;
        Ok(Taken::Over(differences))
    }
}

/// Whether all but the modems, of which the file as it counts does not show the secrets, and what needs a restart is the
/// same, the language file too.
fn is_same(running: &Config, new: &Config) -> bool {
    let of_process = |config: &Config| {
        let process = config.process.as_ref()?;
        Some((process.modems.clone(), process.statistics.clone(), process.log.clone()))
    };
    running.effective() == new.effective()
        && running.files == new.files
        && of_process(running) == of_process(new)
}

/// What differs and cannot be taken over by a node that runs, by the names of the settings.
fn fixed(running: &Config, new: &Config) -> Vec<String> {
    let mut fixed: Vec<String> = [
        ("the kind of the file", running.mode != new.mode),
        ("`name` of [node]", running.node.name != new.node.name),
        ("`data_dir` of [node]", running.node.data_dir != new.node.data_dir),
        ("`drain_timeout` of [node]", running.node.drain_timeout != new.node.drain_timeout),
        ("[listen]", running.listen != new.listen),
        ("[cluster]", running.cluster != new.cluster),
        ("[raft]", running.raft != new.raft),
        ("[lease]", running.lease != new.lease),
        ("`suspend` of [node]", running.node.suspend != new.node.suspend),
        ("the folders of [spool]", folders(running) != folders(new)),
        ("`format` of [log]", running.log.format != new.log.format),
        ("the dialogue's form in [log]", running.log.dialogue != new.log.dialogue),
    ]
    .into_iter()
    .filter(|(_, differs)| *differs)
    .map(|(name, _)| name.to_owned())
    .collect();
    if let (Some(running), Some(new)) = (&running.process, &new.process) {
        fixed.extend(fixed_of_process(running, new));
    }
    fixed
}

fn folders(config: &Config) -> Option<[Option<&PathBuf>; 6]> {
    let spool = config.spool.as_ref()?;
    let Spool { outgoing, checked, sent, failed, sent_copy, failed_copy, .. } = spool;
    let [outgoing, checked, sent, failed] = [outgoing, checked, sent, failed].map(Some);
    Some([outgoing, checked, sent, failed, sent_copy.as_ref(), failed_copy.as_ref()])
}

fn fixed_of_process(running: &Process, new: &Process) -> Vec<String> {
    let of_statistics = |process: &Process| {
        let statistics = process.statistics.as_ref()?;
        Some((statistics.folder.clone(), statistics.interval, statistics.no_zeroes))
    };
    let settings = [
        ("user", running.user != new.user),
        ("group", running.group != new.group),
        ("pidfile", running.pidfile != new.pidfile),
        ("check_pid_interval", running.check_pid_interval != new.check_pid_interval),
        ("infofile", running.infofile != new.infofile),
        ("terminal", running.terminal != new.terminal),
        ("umask", running.umask != new.umask),
        ("logfile", running.log.file != new.log.file),
        ("smart_logging", running.log.smart != new.log.smart),
        ("logfile or loglevel of a modem", running.log.modems != new.log.modems),
        ("logtime_format", running.log.time_format != new.log.time_format),
        ("stats", of_statistics(running) != of_statistics(new)),
    ];
    let settings = settings.into_iter().filter(|(_, differs)| *differs).map(|(name, _)| name.to_owned());
    settings.chain(folders_of_process(running, new)).collect()
}

/// The keys of folders that differ. Those of queues are only looked into by the spool, which is opened anew.
fn folders_of_process(running: &Process, new: &Process) -> BTreeSet<String> {
    let all = |process: &Process| -> BTreeSet<(String, String)> {
        let folders = process.folders.iter().filter(|folder| !folder.key.starts_with("queue "));
        folders.map(|folder| (folder.key.clone(), folder.path.clone())).collect()
    };
    let (running, new) = (all(running), all(new));
    running.symmetric_difference(&new).map(|(key, _)| key.clone()).collect()
}
