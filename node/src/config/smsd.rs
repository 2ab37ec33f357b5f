//! An smsd.conf as the configuration of a node: converted as `smsctl config convert` does, then read as any other file.
//!
//! ```text
//! smsd.conf ──convert──▶ smsgrid.toml, in memory ──the reader of this module──▶ Config
//!               │                                              │
//!               └── what is changed or unsupported: a notice   └── faults, told with the line of the smsd.conf
//! ```

use std::fs;
use std::io::Read;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use smsgrid::model::Mode;
use smsgrid::smsd_conf::{self, Conversion, FILE_OCTETS_MAX, Fault, Host, Outcome, SettingReport};
use smsgrid_proto::{Problem, Reason};

use super::Config;
use super::language_file;
use super::report::Report;

pub use smsgrid::smsd_conf::{
    Choice, ModemLog, NeededFolder, Process, ProcessLog, Shown, Statistics, choices, choose,
};

/// The variable for the folder a node with an smsd.conf keeps its data in.
pub const DATA_DIR_VARIABLE: &str = "SMSGRID_DATA_DIR";
/// The variable for the address such a node serves clients at.
pub const API_VARIABLE: &str = "SMSGRID_LISTEN_API";
/// The folder where no variable names one.
const DATA_DIR: &str = "/var/lib/smsgrid";
/// Permission of those who are neither owner nor in the group to read.
const OTHERS_READ: u32 = 0o004;
/// How long a sentence about a setting may be.
const SHOWN_MAX: usize = 60;

/// What an smsd.conf does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// The name of the host.
    pub host: String,
    /// The folder for everything the node must remember.
    pub data_dir: String,
    /// Where clients are served, when it is not where they always are.
    pub api: Option<String>,
}

impl Surroundings {
    /// Those of this process.
    pub fn here() -> Surroundings {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        Surroundings {
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            data_dir: variable(DATA_DIR_VARIABLE).unwrap_or_else(|| DATA_DIR.to_owned()),
            api: variable(API_VARIABLE),
        }
    }
}

/// The octets of the file at `path`, one more than may be converted at most.
pub fn read_file(path: &Path) -> Result<Vec<u8>, Vec<Problem>> {
    let mut octets = Vec::new();
    let most = u64::try_from(FILE_OCTETS_MAX).unwrap_or(u64::MAX).saturating_add(1);
    let read = fs::File::open(path).and_then(|file| file.take(most).read_to_end(&mut octets));
    read.map(|_| octets).map_err(|error| {
        let title = format!("cannot read the configuration {}", path.display());
        vec![Problem::new(Reason::ConfigUnreadable, title).why(error.to_string())]
    })
}

/// The configuration that the octets of the file at `path` make.
pub fn read(path: &Path, octets: &[u8], surroundings: &Surroundings) -> Result<Config, Vec<Problem>> {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    let host = Host::new(&surroundings.host, &surroundings.data_dir).map_err(|error| {
        let title = format!("`{}`, the name of this host, cannot be that of a node", surroundings.host);
        let fix = "give the host a name of letters, digits, '.', '_' and '-', 64 at most";
        vec![Problem::new(Reason::ConfigBadValue, title).why(error.to_string()).fix(fix)]
    })?;
    let conversion = smsd_conf::convert_to_run(octets, &host).map_err(|faults| problems(&name, &faults))?;
    let mut toml = conversion.toml.clone();
    if let Some(api) = &surroundings.api {
        toml.push_str(&format!("\n[listen]\napi = \"{}\"  # {API_VARIABLE}\n", api.escape_default()));
    }
    let report = Report::of_conversion(&name, &toml, conversion.lines.clone());
    let config = language_file::read(Config::read(&toml, report)?)?;
    let mut notices = notices(&name, &conversion);
    notices.extend(open_pin(path, &config));
    notices.extend(config.notices().iter().cloned());
    Ok(Config { mode: Mode::Smsd, process: Some(conversion.process), notices, ..config })
}

fn problems(name: &str, faults: &[Fault]) -> Vec<Problem> {
    let problem = |fault: &Fault| {
        Problem::new(Reason::ConfigBadValue, format!("{name} {fault}")).fix(fault.fix.as_str())
    };
    faults.iter().map(problem).collect()
}

/// What does not go on as with smsd, a line each.
fn notices(name: &str, conversion: &Conversion) -> Vec<String> {
    let is_other =
        |setting: &&SettingReport| matches!(setting.outcome, Outcome::Changed | Outcome::Unsupported);
    conversion.settings.iter().filter(is_other).map(|setting| notice(name, setting)).collect()
}

fn notice(name: &str, setting: &SettingReport) -> String {
    let line = setting.line.map_or_else(String::new, |line| format!(" line {line}"));
    let section = if setting.section.is_empty() { String::new() } else { format!("[{}] ", setting.section) };
    let value: String = setting.value.chars().take(SHOWN_MAX).collect();
    format!(
        "{name}{line}: {}{} = {value} is {}: {}",
        section.escape_debug(),
        setting.key.escape_debug(),
        setting.outcome.word(),
        setting.text
    )
}

/// smsd does not mind who can read its file.
fn open_pin(path: &Path, config: &Config) -> Option<String> {
    let holds_pin = config.modems.values().any(|modem| modem.pin.is_some());
    let mode = fs::metadata(path).ok()?.mode();
    (holds_pin && mode & OTHERS_READ != 0)
        .then(|| format!("{} holds a PIN and everybody can read it: chmod o-r it", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn here() -> Surroundings {
        Surroundings { host: "gw-a".to_owned(), data_dir: "/d".to_owned(), api: None }
    }

    fn read_text(text: &str) -> Result<Config, Vec<Problem>> {
        read(Path::new("/etc/smsd.conf"), text.as_bytes(), &here())
    }

    #[test]
    fn a_file_of_smsd_makes_a_node_in_smsd_mode() {
        let config = read_text("devices = X\nuser = smsd\n[X]\ndevice = /dev/x\n").expect("no fault");

        assert_eq!((config.mode, config.node.name.as_str()), (Mode::Smsd, "gw-a"));
        assert_eq!(config.lease, super::super::Lease::default());
        assert_eq!(config.process.and_then(|process| process.user).as_deref(), Some("smsd"));
        assert_eq!(config.modems.len(), 1);
    }

    #[test]
    fn what_is_changed_or_unsupported_is_told_with_its_line_and_the_rest_is_not() {
        let config = read_text(
            "devices = X\npidfile = /p\nblocktime = 9\n[X]\ndevice = /dev/x\nsend_handshake_select = no\n",
        );
        let notices = config.expect("no fault").notices().join("\n");

        assert!(notices.contains("smsd.conf line 3: blocktime = 9 is changed: "), "{notices}");
        assert!(
            notices.contains("smsd.conf line 6: [X] send_handshake_select = no is unsupported: "),
            "{notices}"
        );
        assert!(!notices.contains("pidfile"), "{notices}");
    }

    #[test]
    fn faults_are_told_with_the_line_of_the_file_of_smsd() {
        let problems = read_text("devices = X\nfoo = 1\n[X]\ndevice = /dev/x\n").expect_err("it is wrong");
        assert_eq!(problems.len(), 1, "{problems:?}");
        assert!(problems[0].title.starts_with("smsd.conf line 2: "), "{problems:?}");

        // What smsd starts with and our own reader refuses.
        let mut report = Report::of_conversion("smsd.conf", "a = 1\nb = 2\n", vec![None, Some(6)]);
        report.fault(0, Reason::ConfigBadValue, "one", None, None);
        report.fault(7, Reason::ConfigBadValue, "two", None, None);
        let titles: Vec<String> = report.into_problems().into_iter().map(|problem| problem.title).collect();
        assert_eq!(titles, ["smsd.conf, as it is converted: one", "smsd.conf line 6: two"]);
    }

    #[test]
    fn clients_are_served_where_the_variable_says() {
        let surroundings = Surroundings { api: Some("127.0.0.1:0".to_owned()), ..here() };
        let text = b"devices = X\n[X]\ndevice = /dev/x\n";
        let config = read(Path::new("smsd.conf"), text, &surroundings).expect("no fault");

        assert_eq!(config.listen.api.port(), 0);
    }
}
