//! One side with its folders and modems, and files for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use smsgrid_tests::oracle::Side;
use smsgrid_tests::process::Process;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::wait;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(300);
const FOLDERS: [&str; 5] = ["outgoing", "checked", "sent", "failed", "incoming"];

/// One side at work.
pub(crate) struct Gateway {
    dir: PathBuf,
    side: Side,
    process: Process,
    simulator: Simulator,
}

impl Gateway {
    /// Starts a side with modems of this kind; returns when it has sent a first file.
    pub(crate) fn start(dir: &Path, side: Side, modems: usize, personality: &str) -> Gateway {
        for folder in FOLDERS {
            fs::create_dir_all(dir.join(folder)).expect("the temporary folder is writable");
        }
        let smsnode = Path::new(env!("CARGO_BIN_EXE_smsnode-under-test"));
        let simulator = Simulator::start(smsnode, dir, modems, personality);
        let process = side.start(smsnode, dir, &configuration(dir, simulator.ports()));
        let gateway = Gateway { dir: dir.to_owned(), side, process, simulator };
        for number in 0..modems {
            gateway.drop_file(&format!("warm-up-{number}"));
        }
        gateway.wait_for_parts(modems);
        gateway
    }

    /// Moves a file into `outgoing`.
    pub(crate) fn drop_file(&self, name: &str) {
        let draft = self.dir.join(format!(".{name}"));
        fs::write(&draft, format!("To: 491700000001\n\n{name}\n")).expect("the temporary folder is writable");
        fs::rename(draft, self.dir.join("outgoing").join(name)).expect("the same file system");
    }

    /// Waits until `outgoing` is empty.
    pub(crate) fn wait_until_taken(&self) {
        let folder = self.dir.join("outgoing");
        let is_empty = || fs::read_dir(&folder).is_ok_and(|mut entries| entries.next().is_none());
        wait::until_true("the files are taken", PATIENCE, is_empty);
    }

    /// Parts the network has taken.
    pub(crate) fn parts(&self) -> usize {
        fs::read_to_string(self.simulator.ledger().path()).map_or(0, |text| text.lines().count())
    }

    /// Waits until the network has taken so many parts.
    pub(crate) fn wait_for_parts(&self, parts: usize) {
        wait::until_true("the network has the parts", PATIENCE, || self.parts() >= parts);
    }

    /// Ends it.
    pub(crate) fn stop(self) {
        self.side.stop(self.process);
    }
}

fn configuration(dir: &Path, ports: &[PathBuf]) -> String {
    let modem = |(number, port): (usize, &PathBuf)| {
        format!("\n[GSM{number}]\ndevice = {}\nincoming = no\ndetect_unexpected_input = no\n", port.display())
    };
    let names: Vec<String> = (1..=ports.len()).map(|number| format!("GSM{number}")).collect();
    let dir = dir.display();
    let global = format!(
        "devices = {}\noutgoing = {dir}/outgoing\nchecked = {dir}/checked\nsent = {dir}/sent\n\
         failed = {dir}/failed\nincoming = {dir}/incoming\nlogfile = {dir}/smsd.log\nloglevel = 7\n\
         infofile = {dir}/smsd.working\npidfile = {dir}/smsd.pid\ndelaytime = 1\ndelaytime_mainprocess = 1\n\
         notifier = yes\ntrust_outgoing = yes\nshell_test = no\n",
        names.join(", ")
    );
    global + &(1..).zip(ports).map(modem).collect::<String>()
}
