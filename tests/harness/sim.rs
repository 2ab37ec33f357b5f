//! Simulated modems in a process of their own, so that they outlive a killed node.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use crate::ledger::Ledger;
use crate::process::Process;

/// How long the simulator may take to start.
const START: Duration = Duration::from_secs(20);
/// How long it may take to carry out an order.
const ORDER: Duration = Duration::from_secs(20);

/// A running `smsnode sim`.
#[derive(Debug)]
pub struct Simulator {
    process: Process,
    ports: Vec<PathBuf>,
    ledger: Ledger,
}

impl Simulator {
    /// Starts `modems` modems of `personality` on ptys below `dir`, with their ledger beside them.
    pub fn start(smsnode: &Path, dir: &Path, modems: usize, personality: &str) -> Simulator {
        Simulator::start_each(smsnode, dir, &vec![personality; modems])
    }

    /// The same, each modem with a personality of its own.
    pub fn start_each(smsnode: &Path, dir: &Path, personalities: &[&str]) -> Simulator {
        Simulator::start_mixed(smsnode, dir, personalities, &[])
    }

    /// Modems of `personalities` on ptys below `dir`, and those of `shared` behind TCP addresses.
    pub fn start_mixed(
        smsnode: &Path,
        dir: &Path,
        personalities: &[&str],
        shared: &[(SocketAddr, &str)],
    ) -> Simulator {
        let ledger = ledger_path(dir);
        let ports: Vec<PathBuf> =
            (0..personalities.len()).map(|number| dir.join(format!("modem{number}"))).collect();
        let mut arguments: Vec<OsString> = vec!["sim".into()];
        for port in &ports {
            arguments.extend(["--pty".into(), port.into()]);
        }
        for (address, _) in shared {
            arguments.extend(["--tcp".into(), address.to_string().into()]);
        }
        for personality in personalities.iter().chain(shared.iter().map(|(_, personality)| personality)) {
            arguments.extend(["--personality".into(), personality.into()]);
        }
        arguments.extend(["--ledger".into(), ledger.clone().into()]);
        arguments.extend(["--control".into(), dir.join("control").into()]);
        let process = Process::start(smsnode, &arguments);
        process.wait_for_line("the simulator's first line", START, |line| line.starts_with('{'));
        Simulator { process, ports, ledger: Ledger::at(&ledger) }
    }

    /// The devices, in order.
    pub fn ports(&self) -> &[PathBuf] {
        &self.ports
    }

    /// What its network took.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// Its process.
    pub fn process(&mut self) -> &mut Process {
        &mut self.process
    }
}

/// Gives one order to the simulator whose folder is `dir`, and returns its answer.
pub fn order(dir: &Path, order: &str) -> Value {
    let mut socket = UnixStream::connect(dir.join("control")).expect("the socket is there");
    socket.set_read_timeout(Some(ORDER)).expect("a socket can");
    writeln!(socket, "{order}").expect("the socket takes a line");
    let mut answer = String::new();
    BufReader::new(socket).read_line(&mut answer).expect("an answer in time");
    serde_json::from_str(&answer).expect("an answer is JSON")
}

/// Below `SMSGRID_LEDGERS`, where set, so that an independent decoder can read every PDU of a run afterwards. Named by
/// the whole path of `dir`: two simulators at work in folders of the same name have two ledgers.
fn ledger_path(dir: &Path) -> PathBuf {
    match std::env::var_os("SMSGRID_LEDGERS") {
        Some(folder) => {
            let name = dir.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "-");
            PathBuf::from(folder).join(format!("{}-{}.jsonl", name.trim_matches('-'), std::process::id()))
        }
        None => dir.join("ledger.jsonl"),
    }
}
