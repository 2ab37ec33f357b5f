//! SIGHUP: what it changes, and what it does not.
//!
//! The running configuration stays: nothing that runs reads it again. Whoever sends the signal after a change is told
//! so, with what is wrong with the new file if anything is, and that a restart takes it over.

use std::path::Path;

use tracing::{error, info, warn};

use crate::config::Config;

/// What became of the file of a running configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Found {
    Same,
    Changed,
    Faulty(Vec<String>),
}

/// Compares the file at `path` with what runs and tells what came of it.
pub(crate) fn tell(path: &Path, running: &Config) {
    let file = path.display();
    match look(path, running) {
        Found::Same => info!(event = "config.reload", %file, "SIGHUP: the configuration has not changed"),
        Found::Changed => warn!(
            event = "config.reload",
            %file,
            "SIGHUP: the configuration has changed, and a running smsnode does not take it over: restart it; what runs goes on as it was"
        ),
        Found::Faulty(faults) => {
            for fault in faults {
                error!(event = "config.reload", %file, fault, "SIGHUP: the changed configuration could not be started; what runs goes on as it was");
            }
        }
    }
}

fn look(path: &Path, running: &Config) -> Found {
    match Config::load(path) {
        Ok(config) if config.effective() == running.effective() && config.process == running.process => {
            Found::Same
        }
        Ok(_) => Found::Changed,
        Err(problems) => Found::Faulty(problems.iter().map(|problem| problem.title.clone()).collect()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_is_the_same_changed_or_faulty() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("smsd.conf");
        let write = |text: &str| {
            fs::write(&path, format!("devices = X\n{text}\n[X]\ndevice = /dev/x\n")).expect("ours")
        };
        write("pidfile = /a");
        let running = Config::load(&path).expect("no fault");

        assert_eq!(look(&path, &running), Found::Same);
        write("pidfile = /b");
        assert_eq!(look(&path, &running), Found::Changed);
        write("trust_outgoing = yes");
        assert_eq!(look(&path, &running), Found::Changed);
        write("foo = 1");
        assert!(matches!(look(&path, &running), Found::Faulty(faults) if faults.len() == 1));
    }
}
