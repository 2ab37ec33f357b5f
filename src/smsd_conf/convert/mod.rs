//! From an smsd.conf to a configuration of ours, with a word about each line.

mod check_sim;
mod file;
mod files;
mod global;
mod made;
mod modem;
mod pace;
mod process;
mod programs;
mod queues;
mod report;
mod telnet;
mod timeouts;
mod toml;

use super::document::Document;
use super::fault::{Fault, Faults};
use crate::model::{Mode, Name, NameError};

pub use made::Outcome;
pub use process::{ModemLog, NeededFolder, Process, ProcessLog, Shown, Statistics};
pub use report::SettingReport;

/// What an smsd.conf does not say and our configuration must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    /// The name of the node.
    pub node: Name,
    /// The folder for everything the node must remember.
    pub data_dir: String,
}

impl Host {
    /// A node of this name, with its data in this folder.
    pub fn new(node: &str, data_dir: &str) -> Result<Host, NameError> {
        Ok(Host { node: Name::new(node)?, data_dir: data_dir.to_owned() })
    }
}

/// An smsd.conf converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversion {
    /// The configuration as TOML.
    pub toml: String,
    /// What became of each setting, in order of the lines; last what smsd does without being told.
    pub settings: Vec<SettingReport>,
    /// The modems of the configuration.
    pub modems: usize,
    /// The line of the smsd.conf that each line of `toml` comes from; lines past the end come from none.
    pub lines: Vec<Option<usize>>,
    /// What the file says of the process.
    pub process: Process,
}

impl Conversion {
    /// How many settings of the file became this.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.settings.iter().filter(|setting| setting.line.is_some() && setting.outcome == outcome).count()
    }
}

/// Converts the octets of an smsd.conf, or tells every fault for which smsd would not start, or we could not.
pub fn convert(octets: &[u8], host: &Host) -> Result<Conversion, Vec<Fault>> {
    convert_for(octets, host, Mode::Strict)
}

/// The same, for a node that runs the file as it is and honours what it says of the process.
pub fn convert_to_run(octets: &[u8], host: &Host) -> Result<Conversion, Vec<Fault>> {
    convert_for(octets, host, Mode::Smsd)
}

fn convert_for(octets: &[u8], host: &Host, mode: Mode) -> Result<Conversion, Vec<Fault>> {
    let mut faults = Faults::default();
    let document = Document::read(octets, &mut faults);
    let file = file::File::check(&document, mode, faults)?;
    let settings = report::of_file(&file);
    let (toml, lines) = toml::write(&file, host, &settings);
    let process = process::read(&file);
    Ok(Conversion { toml, modems: file.senders().count(), settings, lines, process })
}

#[cfg(test)]
mod tests;
