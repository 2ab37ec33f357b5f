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

mod limits;
mod log;
mod messages;
mod modem;
mod node;
mod report;
mod section;
mod spool;
mod value;

use std::collections::BTreeMap;
use std::path::Path;

use smsgrid::model::Name;
use smsgrid_proto::{Problem, Reason};
use toml::de::DeTable;

pub use limits::Limits;
pub use log::{Level, Log, LogFormat};
pub use messages::Messages;
pub use modem::{Modem, Port};
pub use node::Node;
pub use spool::Spool;

use report::Report;
use section::Section;

/// Largest configuration file, in octets; a larger one is another kind of file.
const FILE_OCTETS_MAX: u64 = 1 << 20;

/// One node's configuration, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// `[node]`: who this node is and where it keeps its data.
    pub node: Node,
    /// `[spool]`: the folders files are exchanged through; none when the section is missing.
    pub spool: Option<Spool>,
    /// `[modems.NAME]`: the modems of this host.
    pub modems: BTreeMap<Name, Modem>,
    /// `[messages]`: what a message gets that does not say it itself.
    pub messages: Messages,
    /// `[limits]`: what is refused.
    pub limits: Limits,
    /// `[log]`: what is told, and how.
    pub log: Log,
    effective: String,
}

impl Config {
    /// Reads and checks the file at `path`. Gives every fault, in order of the lines.
    pub fn load(path: &Path) -> Result<Config, Vec<Problem>> {
        let unreadable = |why: String| {
            let title = format!("cannot read the configuration {}", path.display());
            vec![Problem::new(Reason::ConfigUnreadable, title).why(why)]
        };
        let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
        if size > FILE_OCTETS_MAX {
            return Err(unreadable(format!("it has {size} octets, at most {FILE_OCTETS_MAX} make sense")));
        }
        let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
        Config::read(&text, Report::of_file(path, &text))
    }

    /// Checks `text`, called `name` in the faults.
    pub fn parse(name: &str, text: &str) -> Result<Config, Vec<Problem>> {
        Config::read(text, Report::new(name, text))
    }

    /// The file as it counts: every setting, those left to their default marked, secrets hidden.
    pub fn effective(&self) -> &str {
        &self.effective
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
            Some(config) if report.is_clean() => Ok(Config { effective: report.effective(), ..config }),
            Some(_) | None => Err(report.into_problems()),
        }
    }
}

/// Reads every section; none when one lacks what has no default.
fn sections(report: &mut Report, file: &DeTable<'_>) -> Option<Config> {
    let mut top = Section::top(report, file);
    let node = top.section("node", true, node::read).flatten();
    let spool = top.section("spool", false, spool::read);
    let modems = top.named_sections("modems", modem::read);
    let messages = top.section("messages", true, messages::read);
    let limits = top.section("limits", true, limits::read);
    let log = top.section("log", true, log::read);
    top.finish();
    modem::conflicts(report, &modems);
    Some(Config {
        node: node?,
        spool: spool.flatten(),
        modems: modems.into_iter().map(|named| (named.name, named.value)).collect(),
        messages: messages?,
        limits: limits?,
        log: log?,
        effective: String::new(),
    })
}

#[cfg(test)]
mod tests;
