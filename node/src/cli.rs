//! The command line of `smsnode`.

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use smsgrid_proto::{Exit, Problem};

use crate::config::Config;
use crate::run as node;
use crate::{demo, sim, smsd};

const EXAMPLES: &str = "\
Examples:
  smsnode demo                         everything, with simulated modems
  smsnode run --config smsgrid.toml    one node, until Ctrl-C
  smsnode run --config /etc/smsd.conf  the same with the configuration of smsd, as it is
  smsnode smsd -c/etc/smsd.conf        the same in the background, with the options of smsd
  smsnode check-config smsgrid.toml    every fault, or the file as it counts
  smsnode version
";

/// The Smsgrid daemon: sends SMS with the modems of this host
#[derive(Debug, Parser)]
#[command(name = "smsnode", version, before_help = EXAMPLES)]
struct Args {
    #[command(subcommand)]
    command: Command,
}

/// What smsnode is to do.
#[derive(Debug, Subcommand)]
enum Command {
    Run(node::Args),
    Demo(demo::Args),
    /// Check a configuration without starting anything
    ///
    /// The file is a smsgrid.toml, or an smsd.conf. Prints it as it counts, defaults marked and secrets hidden, and on standard error what is no fault and may be a
    /// mistake; or every fault at once, with exit 2.
    CheckConfig {
        /// The configuration: smsgrid.toml, or an smsd.conf
        file: PathBuf,
    },
    /// Run one node with the command line and the configuration of SMS Server Tools 3 (`smsnode smsd -h`)
    #[command(disable_help_flag = true)]
    Smsd {
        /// The options of smsd
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
    /// Simulate modems until SIGTERM or SIGINT
    Sim(sim::Args),
    /// Print the version
    Version,
}

/// Runs `smsnode` with these arguments, the program's own name first; data to `out`, talk to `talk`.
pub(crate) fn run(
    args: impl IntoIterator<Item = OsString>,
    out: &mut dyn Write,
    talk: &mut dyn Write,
) -> Exit {
    let ended = match Args::try_parse_from(args) {
        Ok(args) => carry_out(args.command, out, talk),
        Err(usage) if usage.use_stderr() => write!(talk, "{usage}").map(|()| Exit::Usage),
        Err(help) => write!(out, "{help}").map(|()| Exit::Done),
    };
    match ended.and_then(|exit| out.flush().map(|()| exit)) {
        Ok(exit) => exit,
        // A reader that has seen enough, as in `smsnode version | head -0`, is no failure.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(_) => Exit::Unexpected,
    }
}

fn carry_out(command: Command, out: &mut dyn Write, talk: &mut dyn Write) -> io::Result<Exit> {
    match command {
        Command::Demo(args) => demo::carry_out(&args, out, talk),
        Command::Run(args) => node::carry_out(&args, talk),
        Command::CheckConfig { file } => check_config(&file, out, talk),
        Command::Smsd { words } => smsd::carry_out(&words, out, talk),
        Command::Sim(args) => sim::carry_out(args, out, talk),
        Command::Version => {
            writeln!(out, "smsnode {}", env!("CARGO_PKG_VERSION"))?;
            Ok(Exit::Done)
        }
    }
}

fn check_config(file: &Path, out: &mut dyn Write, talk: &mut dyn Write) -> io::Result<Exit> {
    match Config::load(file) {
        Ok(config) => {
            write!(out, "{}", config.effective())?;
            for notice in config.notices() {
                writeln!(talk, "notice: {notice}")?;
            }
            Ok(Exit::Done)
        }
        Err(problems) => tell(&problems, talk),
    }
}

/// Tells every problem; the exit is that of the first.
pub(crate) fn tell(problems: &[Problem], talk: &mut dyn Write) -> io::Result<Exit> {
    for problem in problems {
        writeln!(talk, "{problem}\n")?;
    }
    let count = problems.len();
    writeln!(talk, "{count} {}: nothing was started", if count == 1 { "fault" } else { "faults" })?;
    Ok(problems.first().map_or(Exit::Unexpected, |problem| problem.reason.exit()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn smsnode(words: &[&str]) -> (Exit, String, String) {
        let (mut out, mut talk) = (Vec::new(), Vec::new());
        let exit = run(["smsnode"].iter().chain(words).map(OsString::from), &mut out, &mut talk);
        let text = |bytes| String::from_utf8(bytes).expect("answers are text");
        (exit, text(out), text(talk))
    }

    fn written(text: &str) -> (tempfile::TempDir, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("smsgrid.toml");
        fs::write(&path, text).expect("a file");
        let path = path.to_str().expect("UTF-8").to_owned();
        (folder, path)
    }

    #[test]
    fn a_right_file_is_printed_as_it_counts() {
        let (_folder, path) = written("[node]\nname = \"gw-a\"\ndata_dir = \"d\"\n");

        let (exit, out, talk) = smsnode(&["check-config", &path]);

        assert_eq!((exit, talk.as_str()), (Exit::Done, ""));
        assert!(out.contains("name = \"gw-a\"\n") && out.contains("max_parts = 10  # default\n"), "{out}");
    }

    #[test]
    fn what_may_be_a_mistake_is_told_beside_a_right_file() {
        let text = "[node]\nname = \"gw-a\"\ndata_dir = \"d\"\n[cluster]\nname = \"c\"\n\
                    members = [{ name = \"gw-a\", peer = \"127.0.0.1:9171\", api = \"127.0.0.1:7170\" }]\n";
        let (_folder, path) = written(text);

        let (exit, out, talk) = smsnode(&["check-config", &path]);

        assert_eq!(exit, Exit::Done);
        assert!(out.contains("peer = \"127.0.0.1:7171\"") && !out.contains("notice:"), "{out}");
        assert!(talk.starts_with("notice: gw-a is reached by others at 127.0.0.1:9171 (peer)"), "{talk}");
        assert_eq!(talk.lines().count(), 1, "{talk}");
    }

    #[test]
    fn every_fault_of_a_wrong_file_is_told_and_ends_with_two() {
        let (_folder, path) = written("[node]\nnaem = \"gw-a\"\ndata_dir = 7\n");

        let (exit, out, talk) = smsnode(&["check-config", &path]);

        assert_eq!((exit.code(), out.as_str()), (2, ""));
        assert!(
            talk.contains("smsgrid.toml line 2: `naem` is not a setting of `[node]` [CONFIG_UNKNOWN_KEY]"),
            "{talk}"
        );
        assert!(
            talk.contains("did you mean `name`?") && talk.ends_with("3 faults: nothing was started\n"),
            "{talk}"
        );
    }

    #[test]
    fn a_missing_file_and_a_wrong_command_line_end_with_two() {
        assert_eq!(smsnode(&["check-config", "/nowhere/smsgrid.toml"]).0.code(), 2);
        assert_eq!(smsnode(&["check-config"]).0.code(), 2);
        assert_eq!(smsnode(&["fly"]).0.code(), 2);
        assert_eq!(smsnode(&[]).0.code(), 2);
    }

    #[test]
    fn the_version_and_the_help_are_data() {
        assert_eq!(smsnode(&["version"]).1, format!("smsnode {}\n", env!("CARGO_PKG_VERSION")));
        assert!(smsnode(&["--help"]).1.starts_with("Examples:\n  smsnode "));
    }
}
