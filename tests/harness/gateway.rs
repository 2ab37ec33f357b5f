//! A node as its operator has it: a configuration file, a data directory, a spool folder, a process.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::process::Process;
use crate::wait;

/// The folders of a spool.
const FOLDERS: [&str; 5] = ["outgoing", "checked", "sent", "failed", "incoming"];

/// One node on paths of its own.
#[derive(Debug)]
pub struct Gateway {
    smsnode: PathBuf,
    dir: PathBuf,
    process: Option<Process>,
}

impl Gateway {
    /// Writes the configuration of a node with one modem section for each of `modems`: name and settings.
    pub fn prepare(smsnode: &Path, dir: &Path, modems: &[(String, String)]) -> Gateway {
        let mut config = format!(
            "[node]\nname = \"gw-a\"\ndata_dir = \"{}\"\n\n[listen]\napi = \"127.0.0.1:0\"\n\n[spool]\ndir = \"{}\"\n",
            dir.join("data").display(),
            dir.join("spool").display()
        );
        for (name, settings) in modems {
            config.push_str(&format!("\n[modems.{name}]\n{settings}\n"));
        }
        for folder in FOLDERS {
            fs::create_dir_all(dir.join("spool").join(folder)).expect("the test's folder is writable");
        }
        let gateway = Gateway { smsnode: smsnode.to_owned(), dir: dir.to_owned(), process: None };
        fs::write(gateway.config(), config).expect("the test's folder is writable");
        gateway
    }

    /// Starts the node; does not wait for its modems.
    pub fn start(&mut self) {
        let config = self.config();
        self.process =
            Some(Process::start(&self.smsnode, &["run".as_ref(), "--config".as_ref(), config.as_os_str()]));
    }

    /// Starts the node through another program, which becomes it: `setpriv` and its options, say.
    pub fn start_through(&mut self, program: &Path, arguments: &[&str]) {
        let config = self.config();
        let mut arguments: Vec<&OsStr> = arguments.iter().map(OsStr::new).collect();
        arguments.extend([self.smsnode.as_os_str(), "run".as_ref(), "--config".as_ref(), config.as_os_str()]);
        self.process = Some(Process::start(program, &arguments));
    }

    /// Its configuration file.
    pub fn config(&self) -> PathBuf {
        self.dir.join("smsgrid.toml")
    }

    /// Its process; panics when it was not started.
    pub fn process(&mut self) -> &mut Process {
        self.process.as_mut().expect("the node was started")
    }

    /// Ends it with SIGKILL.
    pub fn kill(&mut self) {
        self.process().kill();
    }

    /// Drains it; panics when it does not end well.
    pub fn stop(&mut self) {
        let status = self.process().terminate(Duration::from_secs(60));
        assert!(status.success(), "the node ended with {status}:\n{}", self.process().output().join("\n"));
    }

    /// One of its spool folders.
    pub fn folder(&self, name: &str) -> PathBuf {
        self.dir.join("spool").join(name)
    }

    /// Moves a file with this content into `outgoing` by rename, as a careful program does.
    pub fn drop_file(&self, name: &str, content: &[u8]) {
        let draft = self.dir.join("spool").join(format!(".{name}.draft"));
        fs::write(&draft, content).expect("the test's folder is writable");
        fs::rename(&draft, self.folder("outgoing").join(name)).expect("same file system");
    }

    /// Names in one of its spool folders, without locks and hidden files, sorted.
    pub fn names(&self, folder: &str) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(self.folder(folder))
            .expect("the folder is there")
            .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
            .filter(|name| !name.starts_with('.') && !name.ends_with(".LOCK"))
            .collect();
        names.sort();
        names
    }

    /// Waits for a file in one of its spool folders and returns its content.
    pub fn filed(&self, folder: &str, name: &str, patience: Duration) -> String {
        wait::until_true(&format!("{folder}/{name}"), patience, || {
            self.names(folder).contains(&name.to_owned())
        });
        self.content(folder, name)
    }

    /// The content of a file in one of its spool folders.
    pub fn content(&self, folder: &str, name: &str) -> String {
        let bytes = fs::read(self.folder(folder).join(name)).expect("the file is there");
        String::from_utf8_lossy(&bytes).into_owned()
    }
}
