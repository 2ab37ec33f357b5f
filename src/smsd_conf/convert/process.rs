//! What an smsd.conf says of the process itself: who it is, what it writes besides messages, which folders it needs.
//!
//! None of this becomes a setting of a `smsgrid.toml`, where the service manager does that work. A node that runs an
//! smsd.conf as it is honours it.

use super::file::File;
use super::made::absolute;
use crate::model::Name;
use crate::smsd_conf::layers::Modem;
use crate::smsd_conf::value;

/// Settings that a node in smsd mode honours though they make none of ours.
const HONOURED: [&str; 19] = [
    "check_pid_interval",
    "group",
    "infofile",
    "logfile",
    "logtime_format",
    "logtime_ms",
    "logtime_us",
    "pidfile",
    "smart_logging",
    "stats",
    "stats_interval",
    "stats_no_zeroes",
    "status_include_counters",
    "status_include_uptime",
    "status_interval",
    "status_signal_quality",
    "terminal",
    "umask",
    "user",
];
/// The same of those of modems.
const HONOURED_OF_MODEMS: [&str; 2] = ["logfile", "loglevel"];
/// Settings of what is told of the dialogue with the modems.
const DIALOGUE: [&str; 3] = ["log_read_from_modem", "log_response_time", "log_unmodified"];
/// Folders that smsd needs when they are set.
const FOLDERS: [&str; 9] = [
    "failed",
    "failed_copy",
    "sent",
    "sent_copy",
    "report",
    "report_copy",
    "phonecalls",
    "saved",
    "incoming_copy",
];

/// What an smsd.conf says of the process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Process {
    /// The user to become, when it is started as root.
    pub user: Option<String>,
    /// The group to become together with the user.
    pub group: Option<String>,
    /// The file that names the process.
    pub pidfile: String,
    /// Seconds between looks into that file; 0 for none.
    pub check_pid_interval: u64,
    /// The file that says what a stop waits for.
    pub infofile: String,
    /// Whether to stay in the foreground.
    pub terminal: bool,
    /// The file creation mask; none to keep the one it was started with.
    pub umask: Option<u32>,
    /// Its log.
    pub log: ProcessLog,
    /// Its statistics; none when no folder is set.
    pub statistics: Option<Statistics>,
    /// The folders it cannot do without, in the order smsd looks at them.
    pub folders: Vec<NeededFolder>,
    /// The modems of `devices` in their order, those included that do not send.
    pub modems: Vec<Name>,
}

/// The log of the process, as smsd writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessLog {
    /// `logfile`: a path, `1` or `2` for a stream, `0`, `syslog` or nothing for the system's log.
    pub file: String,
    /// The least important level that is still told, 1 to 7; none when it is not set.
    pub level: Option<u8>,
    /// The form of times, as `strftime` has it, with smsd's own words `timeus` and `timems`.
    pub time_format: String,
    /// Whether the dialogue with the modems is told at level 7, not in the log of troubles alone: what it shows is set.
    pub dialogue: bool,
    /// Whether each file has a log of troubles beside it.
    pub smart: bool,
    /// The modems with a log of their own.
    pub modems: Vec<ModemLog>,
}

/// The log of one modem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModemLog {
    /// The modem.
    pub modem: Name,
    /// Its `logfile`.
    pub file: String,
    /// The least important level that is told there; none for that of the process.
    pub level: Option<u8>,
}

/// Files of statistics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statistics {
    /// Where they are.
    pub folder: String,
    /// Seconds that one of them covers; 0 for none.
    pub interval: u64,
    /// Whether nothing is written of a period in which nothing happened.
    pub no_zeroes: bool,
    /// Least seconds between two states of `status`.
    pub status_interval: u64,
    /// Whether `status` says since when the process runs.
    pub include_uptime: bool,
    /// The modems that write of themselves there what is not everybody's: in the order of `devices`.
    pub shown: Vec<Shown>,
}

/// What `status` shows of a modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Its counters.
    pub counters: bool,
    /// Its signal.
    pub signal_quality: bool,
    /// The bit errors beside it.
    pub bit_errors: bool,
}

impl Shown {
    /// All there is to show.
    pub const ALL: Shown = Shown { counters: true, signal_quality: true, bit_errors: true };
}

/// A folder the process needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeededFolder {
    /// The setting that names it; `queue NAME` for one of a queue.
    pub key: String,
    /// Where it is.
    pub path: String,
    /// Its line; none where it is smsd's default, or a folder of ours.
    pub line: Option<usize>,
    /// Whether smsd does without it, so that nobody has made it.
    pub is_ours: bool,
}

/// Whether a node in smsd mode honours this setting though it makes none of ours.
pub(super) fn is_honoured(key: &str) -> bool {
    HONOURED.contains(&key)
}

/// Whether a node in smsd mode honours this setting of a modem though it makes none of ours.
pub(super) fn is_honoured_of_modem(key: &str) -> bool {
    HONOURED_OF_MODEMS.contains(&key)
}

/// Reads what the file says of the process.
pub(super) fn read(file: &File<'_>) -> Process {
    let text = |key| set(file, key);
    Process {
        user: text("user"),
        group: text("group"),
        pidfile: text("pidfile").map_or_else(|| "/var/run/smsd.pid".to_owned(), |path| absolute(&path)),
        check_pid_interval: seconds(file, "check_pid_interval", 10),
        infofile: text("infofile").map_or_else(|| "/var/run/smsd.working".to_owned(), |path| absolute(&path)),
        terminal: is_yes(file, "terminal", false),
        umask: text("umask").map(|text| c_integer(&text)).filter(|mask| *mask != 0),
        log: log(file),
        statistics: text("stats").map(|folder| statistics(file, absolute(&folder))),
        folders: folders(file),
        modems: file.modems.iter().map(|modem| modem.name.clone()).collect(),
    }
}

fn log(file: &File<'_>) -> ProcessLog {
    let time_format = set(file, "logtime_format").unwrap_or_else(|| {
        let parts = match (is_yes(file, "logtime_us", false), is_yes(file, "logtime_ms", false)) {
            (true, _) => ".timeus",
            (false, true) => ".timems",
            (false, false) => "",
        };
        format!("%Y-%m-%d %H:%M:%S{parts}")
    });
    ProcessLog {
        file: set(file, "logfile").unwrap_or_default(),
        level: set(file, "loglevel").and_then(|text| value::level(&text)),
        time_format,
        dialogue: DIALOGUE.iter().any(|key| is_yes(file, key, false)),
        smart: is_yes(file, "smart_logging", false),
        modems: file.modems.iter().filter_map(modem_log).collect(),
    }
}

fn modem_log(modem: &Modem<'_>) -> Option<ModemLog> {
    let file = modem.get("logfile")?.value_for(&modem.name);
    let level = modem.get("loglevel").and_then(|setting| value::level(setting.value));
    (!file.is_empty()).then(|| ModemLog { modem: modem.name.clone(), file, level })
}

fn statistics(file: &File<'_>, folder: String) -> Statistics {
    let (counters, signal) =
        (is_yes(file, "status_include_counters", true), is_yes(file, "status_signal_quality", true));
    let own = |modem: &Modem<'_>, key: &str, everybody: bool| {
        modem.get(key).and_then(|setting| value::boolean(setting.value)).unwrap_or(everybody)
    };
    let shown = |modem: &Modem<'_>| Shown {
        counters: own(modem, "status_include_counters", counters),
        signal_quality: own(modem, "status_signal_quality", signal),
        bit_errors: !own(modem, "signal_quality_ber_ignore", false),
    };
    Statistics {
        folder,
        interval: seconds(file, "stats_interval", 3600),
        no_zeroes: is_yes(file, "stats_no_zeroes", false),
        status_interval: seconds(file, "status_interval", 1),
        include_uptime: is_yes(file, "status_include_uptime", false),
        shown: file.modems.iter().map(shown).collect(),
    }
}

fn folders(file: &File<'_>) -> Vec<NeededFolder> {
    let queues = file.queues.section.map(|section| section.entries.as_slice()).unwrap_or_default();
    let mut needed: Vec<NeededFolder> = Vec::new();
    for place in &file.folders {
        let key = place.folder.key();
        let is_ours =
            place.line.is_none() && (!queues.is_empty() && key == "checked" || FOLDERS.contains(&key));
        needed.push(NeededFolder {
            key: key.to_owned(),
            path: place.path.clone(),
            line: place.line,
            is_ours,
        });
    }
    let incoming = file.global("incoming").filter(|setting| !setting.value.is_empty());
    needed.push(NeededFolder {
        key: "incoming".to_owned(),
        path: incoming.map_or_else(|| "/var/spool/sms/incoming".to_owned(), |set| absolute(set.value)),
        line: incoming.map(|setting| setting.line),
        is_ours: false,
    });
    let is_known = |key: &&str| !file.folders.iter().any(|place| place.folder.key() == *key);
    for key in FOLDERS.iter().filter(|key| is_known(key)).chain(["stats"].iter()) {
        let Some(setting) = file.global(key).filter(|setting| !setting.value.is_empty()) else { continue };
        needed.push(NeededFolder {
            key: (*key).to_owned(),
            path: absolute(setting.value),
            line: Some(setting.line),
            is_ours: false,
        });
    }
    needed.extend(queues.iter().map(|entry| NeededFolder {
        key: format!("queue {}", entry.key),
        path: absolute(entry.value.as_deref().unwrap_or_default()),
        line: Some(entry.line),
        is_ours: false,
    }));
    needed
}

/// A setting that is there and says something.
fn set(file: &File<'_>, key: &str) -> Option<String> {
    file.global(key).map(|setting| setting.value.to_owned()).filter(|value| !value.is_empty())
}

fn is_yes(file: &File<'_>, key: &str, default: bool) -> bool {
    set(file, key).and_then(|text| value::boolean(&text)).unwrap_or(default)
}

fn seconds(file: &File<'_>, key: &str, default: u64) -> u64 {
    set(file, key).map_or(default, |text| u64::try_from(value::whole(&text)).unwrap_or(0))
}

/// A number as C writes it: `0x` before hexadecimal, `0` before octal digits.
fn c_integer(text: &str) -> u32 {
    let text = text.trim();
    let (digits, radix) = match (text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")), text) {
        (Some(digits), _) => (digits, 16),
        (None, text) if text.starts_with('0') => (text, 8),
        (None, text) => (text, 10),
    };
    let end = digits.find(|c: char| !c.is_digit(radix)).unwrap_or(digits.len());
    u32::from_str_radix(digits.get(..end).unwrap_or_default(), radix).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::{Host, convert};
    use super::*;

    const MODEM: &str = "[X]\ndevice = /dev/x\n";

    fn process(settings: &str) -> Process {
        let host = Host::new("gw-a", "/d").expect("a name");
        convert(format!("devices = X\n{settings}\n{MODEM}").as_bytes(), &host).expect("no fault").process
    }

    #[test]
    fn what_is_not_set_is_what_smsd_does() {
        let process = process("");

        assert_eq!((process.user, process.terminal, process.umask), (None, false, None));
        assert_eq!(process.pidfile, "/var/run/smsd.pid");
        assert_eq!(process.infofile, "/var/run/smsd.working");
        assert_eq!((process.check_pid_interval, process.statistics), (10, None));
        assert_eq!(process.log.time_format, "%Y-%m-%d %H:%M:%S");
        assert_eq!((process.log.file.as_str(), process.log.level), ("", None));
    }

    #[test]
    fn what_is_set_counts() {
        let process = process(
            "user = smsd\ngroup = dialout\npidfile = run/p\numask = 027\nlogfile = /l\nloglevel = notice\n\
             logtime_ms = yes\nterminal = yes\ncheck_pid_interval = 3\nstats = /s\nstats_interval = 60\n\
             status_include_counters = no\n",
        );

        assert_eq!((process.user.as_deref(), process.group.as_deref()), (Some("smsd"), Some("dialout")));
        assert_eq!((process.pidfile.as_str(), process.umask), ("/run/p", Some(0o027)));
        assert_eq!((process.log.level, process.log.time_format.ends_with(".timems")), (Some(5), true));
        let statistics = process.statistics.expect("a folder is set");
        assert_eq!((statistics.folder.as_str(), statistics.interval), ("/s", 60));
        assert_eq!(statistics.shown, [Shown { counters: false, ..Shown::ALL }]);
    }

    #[test]
    fn a_mask_is_read_as_c_reads_a_number() {
        for (text, mask) in [("022", 0o22), ("0x12", 18), ("18", 18), ("0", 0), ("zzz", 0)] {
            assert_eq!(c_integer(text), mask, "{text}");
        }
    }

    #[test]
    fn every_folder_smsd_would_look_at_is_needed() {
        let needed = |settings: &str| {
            let folders = process(settings).folders;
            let told = |folder: &NeededFolder| {
                let mark = if folder.is_ours { " (ours)" } else { "" };
                format!("{} {}{mark}", folder.key, folder.path)
            };
            folders.iter().map(told).collect::<Vec<_>>()
        };

        assert_eq!(
            needed("outgoing = /q/outgoing\nreport = /q/report\nstats = /q/stats"),
            [
                "outgoing /q/outgoing",
                "checked /var/spool/sms/checked",
                "sent /q/sent (ours)",
                "failed /q/failed (ours)",
                "incoming /var/spool/sms/incoming",
                "report /q/report",
                "stats /q/stats",
            ]
        );
        assert!(needed("sent = /q/s").contains(&"sent /q/s".to_owned()));
    }
}
