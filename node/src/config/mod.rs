//! The configuration of one node: `smsgrid.toml`, checked whole before anything is opened.
//!
//! ```text
//! text ──toml──> tables with their lines ──section by section──> Config
//!                       │                        │
//!                       └── syntax faults        └── every other fault, and the effective file
//! ```
//!
//! A file is either right or refused with all its faults at once: an unknown setting is a fault, nothing is guessed.
//! What may differ between nodes stands here; what the whole cluster must agree on is policy and lives in the log.
//! The doc comment of a field is its manual.

mod address;
mod asks;
mod calling;
mod check_sim;
mod cluster;
mod command;
mod files;
mod handlers;
mod language_file;
mod lease;
mod limits;
mod listen;
mod log;
mod messages;
mod modem;
mod node;
mod raft;
mod report;
mod route;
mod section;
pub mod smsd;
mod spool;
mod telnet;
mod value;

use std::collections::BTreeMap;
use std::path::Path;

use smsgrid::model::{Mode, Name};
use smsgrid_proto::{Problem, Reason};
use toml::de::DeTable;

pub use address::HostPort;
pub use cluster::{Cluster, Member};
pub use files::Files;
pub use handlers::Handlers;
pub use lease::Lease;
pub use limits::Limits;
pub use listen::Listen;
pub use log::{Level, Log, LogFormat};
pub use messages::Messages;
pub use modem::{Modem, PduMode, Port, Programs};
pub use node::Node;
pub use raft::Raft;
pub use spool::Spool;

use listen::Insecure;
use report::Report;
use section::Section;

/// Largest configuration file, in octets; a larger one is another kind of file.
const FILE_OCTETS_MAX: u64 = 1 << 20;

/// One node's configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// By whose rules the node lives: told by the kind of the file.
    pub mode: Mode,
    /// `[node]`: who this node is and where it keeps its data.
    pub node: Node,
    /// `[listen]`: where it is reached.
    pub listen: Listen,
    /// `[cluster]`: the cluster it founds; none when the section is missing, and the node is alone.
    pub cluster: Option<Cluster>,
    /// `[raft]`: how soon a lost leader is noticed.
    pub raft: Raft,
    /// `[lease]`: how soon the work of a node that is gone goes to others.
    pub lease: Lease,
    /// `[spool]`: the folders files are exchanged through; none when the section is missing.
    pub spool: Option<Spool>,
    /// `[files]`: what a message file means that does not say it itself.
    pub files: Files,
    /// `[handlers]`: programs that are run when something happens.
    pub handlers: Handlers,
    /// `[modems.NAME]`: the modems of this host.
    pub modems: BTreeMap<Name, Modem>,
    /// `[messages]`: what a message gets that does not say it itself.
    pub messages: Messages,
    /// `[limits]`: what is refused.
    pub limits: Limits,
    /// `[log]`: what is told, and how.
    pub log: Log,
    /// What an smsd.conf says of the process; none for a `smsgrid.toml`.
    pub process: Option<smsd::Process>,
    effective: String,
    notices: Vec<String>,
}

impl Config {
    /// Reads and checks the file at `path`, an smsd.conf unless its name ends in `.toml`. Gives every fault, in order of
    /// the lines.
    pub fn load(path: &Path) -> Result<Config, Vec<Problem>> {
        match path.extension().is_some_and(|extension| extension == "toml") {
            true => Config::load_toml(path),
            false => smsd::read(path, &smsd::read_file(path)?, &smsd::Surroundings::here()),
        }
    }

    fn load_toml(path: &Path) -> Result<Config, Vec<Problem>> {
        let unreadable = |why: String| {
            let title = format!("cannot read the configuration {}", path.display());
            vec![Problem::new(Reason::ConfigUnreadable, title).why(why)]
        };
        let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
        if size > FILE_OCTETS_MAX {
            return Err(unreadable(format!("it has {size} octets, at most {FILE_OCTETS_MAX} make sense")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        language_file::read(Config::read(&text, Report::of_file(path, &text))?)
    }

    /// Checks `text`, called `name` in the faults.
    pub fn parse(name: &str, text: &str) -> Result<Config, Vec<Problem>> {
        Config::read(text, Report::new(name, text))
    }

    /// The file as it counts: every setting, those left to their default marked, secrets hidden.
    pub fn effective(&self) -> &str {
        &self.effective
    }

    /// What is no fault and may be a mistake, a line each.
    pub fn notices(&self) -> &[String] {
        &self.notices
    }

    fn read(text: &str, mut report: Report) -> Result<Config, Vec<Problem>> {
        let (table, errors) = DeTable::parse_recoverable(text);
        for error in &errors {
            let at = error.span().map_or(0, |span| span.start);
            report.fault(
                at,
                Reason::ConfigUnreadable,
                &format!("this is no TOML: {}", error.message()),
                None,
                None,
            );
        }
        if !errors.is_empty() {
            return Err(report.into_problems());
        }
        let config = sections(&mut report, table.get_ref());
        match config {
            Some(config) if report.is_clean() => {
                Ok(Config { effective: report.effective(), notices: report.notices().to_vec(), ..config })
            }
            Some(_) | None => Err(report.into_problems()),
        }
    }
}

/// Reads every section; none when one lacks what has no default.
fn sections(report: &mut Report, file: &DeTable<'_>) -> Option<Config> {
    let mut top = Section::top(report, file);
    let insecure = top.optional::<Insecure>("insecure", "listeners stay on the loopback").is_some();
    let node = top.section("node", true, node::read).flatten();
    let listen = top.section("listen", true, |section| listen::read(section, insecure));
    let cluster = top.section("cluster", false, cluster::read).flatten();
    let raft = top.section("raft", true, raft::read);
    let lease = top.section("lease", true, lease::read);
    let spool = top.section("spool", false, spool::read);
    let files = top.section("files", true, files::read);
    let handlers = top.section("handlers", true, handlers::read);
    let has_shell = handlers.as_ref().is_some_and(|handlers| handlers.shell.is_some());
    let modems = top.named_sections("modems", |section| modem::read(section, has_shell));
    let messages = top.section("messages", true, messages::read);
    let limits = top.section("limits", true, limits::read);
    let log = top.section("log", true, log::read);
    top.finish();
    modem::conflicts(report, &modems);
    if let (Some(cluster), Some(node), Some(listen)) = (&cluster, &node, &listen) {
        cluster::conflicts(report, cluster, &node.name, listen);
    }
    Some(Config {
        mode: Mode::Strict,
        node: node?,
        listen: listen?,
        cluster: cluster.map(|placed| placed.value),
        raft: raft?,
        lease: lease?,
        spool: spool.flatten(),
        files: files?,
        handlers: handlers?,
        modems: modems.into_iter().map(|named| (named.name, named.value)).collect(),
        messages: messages?,
        limits: limits?,
        log: log?,
        process: None,
        effective: String::new(),
        notices: Vec::new(),
    })
}

#[cfg(test)]
mod tests;
