//! A daemon with its folders, its modem and the ledger of its network.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use smsgrid_tests::oracle::Side;
use smsgrid_tests::process::Process;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::wait;

use super::case::{Case, Group};
use super::outcome::Outcome;
use super::smsnode;

/// How long a file may take until it is at rest. One that rests nowhere by then is told with the folder it waits in.
const PATIENCE: Duration = Duration::from_secs(60);
/// Stands in a message file for the folder of its side.
const DIR: &[u8] = b"@DIR@";
/// The folders of a spool, two of them queues.
const FOLDERS: [&str; 7] = ["outgoing", "checked", "D1", "OTHER", "sent", "failed", "incoming"];
/// Where a file may stand, those at rest first.
const RESTING: [&str; 2] = ["sent", "failed"];
const ON_THE_WAY: [&str; 4] = ["checked", "outgoing", "D1", "OTHER"];

/// One side at work.
pub(crate) struct Station {
    dir: PathBuf,
    side: Side,
    process: Process,
    simulator: Simulator,
    stuck: BTreeSet<String>,
}

impl Station {
    /// Starts a side for this group in a folder of its own below `dir`.
    pub(crate) fn start(side: Side, dir: &Path, group: &Group) -> Station {
        let dir = dir.join(side.word());
        for folder in FOLDERS {
            fs::create_dir_all(dir.join(folder)).expect("the test's folder is writable");
        }
        for file in &group.beside {
            fs::write(dir.join(&file.name), &file.octets).expect("the test's folder is writable");
        }
        let personality = format!("{}imei=359900000000008&imsi=001010000000001", joined(&group.personality));
        let simulator = Simulator::start(smsnode(), &dir, 1, &personality);
        let device = simulator.ports()[0].display().to_string();
        let configuration = group.configuration.replace("@DIR@", &dir.display().to_string());
        let process = side.start(smsnode(), &dir, &configuration.replace("@DEVICE@", &device));
        Station { dir, side, process, simulator, stuck: BTreeSet::new() }
    }

    /// Gives it a file and waits until the file is at rest.
    pub(crate) fn outcome_of(&mut self, case: &Case) -> Outcome {
        let known = self.simulator.ledger().entries().len();
        self.drop_file(case);
        let at_rest = wait::poll(PATIENCE, || self.at_rest());
        let (folder, name) = at_rest.or_else(|| self.on_the_way()).unwrap_or_default();
        if ON_THE_WAY.contains(&folder.as_str()) {
            self.stuck.insert(name.clone());
        }
        let path = self.dir.join(&folder).join(&name);
        let octets = replaced(&fs::read(&path).unwrap_or_default(), self.folder().as_bytes(), DIR);
        if RESTING.contains(&folder.as_str()) {
            fs::remove_file(&path).expect("a result can be removed");
        }
        let parts = self.simulator.ledger().entries().split_off(known);
        Outcome { folder, renamed: (name != case.name).then_some(name), octets, parts }
    }

    /// Ends the side.
    pub(crate) fn stop(self) {
        self.side.stop(self.process);
    }

    fn folder(&self) -> String {
        self.dir.display().to_string()
    }

    fn drop_file(&self, case: &Case) {
        let draft = self.dir.join(".draft");
        let octets = replaced(&case.octets, DIR, self.folder().as_bytes());
        fs::write(&draft, octets).expect("the test's folder is writable");
        fs::rename(&draft, self.dir.join("outgoing").join(&case.name)).expect("same file system");
    }

    /// The result, once the file and its lock have left `checked`.
    fn at_rest(&self) -> Option<(String, String)> {
        // smsd gives a result its last name before the lock goes.
        let busy = self.first_of(&ON_THE_WAY, |name| !self.stuck.contains(name.trim_end_matches(".LOCK")));
        let result = self.first_of(&RESTING, |name| !name.ends_with(".LOCK"))?;
        let locked = self.dir.join(&result.0).join(format!("{}.LOCK", result.1)).exists();
        (busy.is_none() && !locked).then_some(result)
    }

    fn on_the_way(&self) -> Option<(String, String)> {
        self.first_of(&ON_THE_WAY, |name| !name.ends_with(".LOCK") && !self.stuck.contains(name))
    }

    fn first_of(&self, folders: &[&str], wanted: impl Fn(&str) -> bool) -> Option<(String, String)> {
        folders.iter().find_map(|folder| {
            let names = fs::read_dir(self.dir.join(folder)).ok()?;
            let mut names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
            let name = names.find(|name| !name.starts_with('.') && wanted(name))?;
            Some(((*folder).to_owned(), name))
        })
    }
}

/// The octets with `to` wherever `from` stood.
fn replaced(octets: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut written = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((first, after)) = rest.split_first() {
        rest = match rest.strip_prefix(from) {
            Some(behind) => {
                written.extend_from_slice(to);
                behind
            }
            None => {
                written.push(*first);
                after
            }
        };
    }
    written
}

/// A personality that further keys can follow.
fn joined(personality: &str) -> String {
    format!("{personality}{}", if personality.contains('?') { '&' } else { '?' })
}
