//! The log as smsd writes it: `TIME,LEVEL, TITLE: TEXT`, in a file, on a stream, or in the system's log.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::io::Write;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Local, TimeDelta};
use tracing::Level;

use super::fields::{Fields, Shown};
use super::files::{Files, LogError, Reopened};
use super::layer::Sink;
use super::queued::{Dropped, Queued};
use super::trouble::{self, Flushed, Troubles};
use super::{Standard, escape};
use crate::config::smsd::{ModemLog, ProcessLog};

/// Most octets of a line; the rest is cut.
const LINE_OCTETS_MAX: usize = 16 * 1024;
/// Where the system's log listens.
const SYSTEM_LOG: &str = "/dev/log";
/// Facility `daemon`, in the upper bits of a priority.
const DAEMON: u8 = 3 << 3;
/// Who speaks when no modem does.
const MAIN: &str = "smsd";
/// The same in the system's log, which names the program itself.
const MAIN_OF_SYSTEM: &str = "MAINPROCESS";
/// Level of a file, and of the system's log, where none is set.
const LEVEL_OF_FILE: u8 = 4;
const LEVEL_OF_SYSTEM: u8 = 7;
/// A log of troubles keeps everything, the dialogue with the modem too.
const LEVEL_OF_TROUBLES: u8 = 8;
/// Level of the dialogue with a modem, where what it shows is set.
const LEVEL_OF_DIALOGUE: u8 = 7;
/// Level of the lines around troubles that nothing ended.
const LEVEL_OF_OVERDUE: u8 = 4;
/// Events that an operator of smsd finds at level 5, `notice`.
const NOTICES: [&str; 8] = [
    "config.notice",
    "message.sent",
    "modem.command",
    "modem.up",
    "modem.stopped",
    "node.draining",
    "node.started",
    "spool.filed",
];

/// The log of a node in smsd mode: that of the process, and those of modems with one of their own. Clones write to the
/// same.
#[derive(Clone, Debug)]
pub struct SmsdLog(Arc<Logs>);

#[derive(Debug)]
struct Logs {
    main: Mutex<Open>,
    modems: BTreeMap<String, Mutex<Open>>,
    files: Files,
    /// The level of the lines of a dialogue.
    dialogue: u8,
}

/// One log.
#[derive(Debug)]
struct Open {
    target: Target,
    level: u8,
    /// Whether the level is a modem's own; else it is that of the process.
    has_own_level: bool,
    time_format: String,
    troubles: Option<Beside>,
}

/// The log of troubles beside a file.
#[derive(Debug)]
struct Beside {
    file: Queued,
    troubles: Troubles,
}

/// One thing to write.
#[derive(Clone, Copy)]
struct Said<'a> {
    level: u8,
    title: Option<&'a str>,
    text: &'a str,
    is_trouble: bool,
    ends_step: bool,
}

#[derive(Debug)]
enum Target {
    File(Queued),
    /// Standard output or standard error.
    Stream(Stream),
    System(UnixDatagram),
}

struct Stream(Sink);

impl fmt::Debug for Stream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Stream").finish_non_exhaustive()
    }
}

impl Target {
    fn usual_level(&self) -> u8 {
        match self {
            Target::System(_) => LEVEL_OF_SYSTEM,
            Target::File(_) | Target::Stream(_) => LEVEL_OF_FILE,
        }
    }
}

impl SmsdLog {
    /// Opens what the configuration names. Without the system's log the lines go to standard error.
    pub fn open(log: &ProcessLog) -> Result<SmsdLog, LogError> {
        let mut files = Files::default();
        let main = Open::new(&log.file, log.level, log, &mut files)?;
        let own = |modem: &ModemLog| {
            let open = Open::new(&modem.file, modem.level.or(Some(main.level)), log, &mut files)?;
            Ok((modem.modem.to_string(), Open { has_own_level: modem.level.is_some(), ..open }))
        };
        let modems = log.modems.iter().map(own).collect::<Result<BTreeMap<String, Open>, LogError>>()?;
        let modems = modems.into_iter().map(|(modem, open)| (modem, Mutex::new(open))).collect();
        let dialogue = if log.dialogue { LEVEL_OF_DIALOGUE } else { LEVEL_OF_TROUBLES };
        Ok(SmsdLog(Arc::new(Logs { main: Mutex::new(main), modems, files, dialogue })))
    }

    /// Writes a line of the process itself.
    pub fn say(&self, level: u8, text: &str) {
        let is_trouble = (3..=4).contains(&level);
        let said = Said { level, title: None, text, is_trouble, ends_step: true };
        locked(&self.0.main).write(said, Local::now());
    }

    /// Opens all files anew, so that those that were renamed can be put away; one that cannot be keeps no other back. What
    /// was told before goes to the old one. This waits for the disk, and holds up nobody who tells.
    pub fn reopen(&self) -> Reopened {
        self.0.files.reopen()
    }

    /// What takes the lines for its files.
    pub(super) fn queues(&self) -> impl Iterator<Item = &Queued> {
        self.0.files.queues()
    }

    /// Writes the troubles whose step has not ended for long.
    pub fn settle(&self) {
        let now = Local::now();
        for log in self.0.modems.values().chain([&self.0.main]) {
            locked(log).settle(now);
        }
    }

    /// From now on lines up to this level are written, without one to the usual level; also of modems whose log has no
    /// level of its own.
    pub fn turn(&self, level: Option<u8>) {
        let level = {
            let mut main = locked(&self.0.main);
            main.level = level.unwrap_or(main.target.usual_level());
            main.level
        };
        for log in self.0.modems.values() {
            let mut log = locked(log);
            if !log.has_own_level {
                log.level = level;
            }
        }
    }

    /// The least important level that is of use to any of them; 8 for the dialogue with the modem too.
    pub(super) fn level(&self) -> u8 {
        let logs = self.0.modems.values().chain([&self.0.main]);
        let level = logs.map(|log| locked(log).hears()).max().unwrap_or(LEVEL_OF_FILE);
        if level >= self.0.dialogue { LEVEL_OF_TROUBLES } else { level }
    }

    /// Writes an event.
    pub(super) fn event(&self, level: Level, fields: &Fields) {
        let (event, title) = (fields.text("event"), fields.text("modem"));
        let is_trouble = level <= Level::WARN;
        let level = if level == Level::TRACE { self.0.dialogue } else { severity(level, event) };
        let log = title.and_then(|modem| self.0.modems.get(modem)).unwrap_or(&self.0.main);
        let mut log = locked(log);
        if level > log.hears() {
            return;
        }
        let mut text = String::new();
        // A value whose own Display fails spoils its line, not the program.
        let _ = written(&mut text, fields);
        // Nothing says when a step of the process ends.
        let ends_step = trouble::ends_step(event) || (is_trouble && title.is_none());
        log.write(Said { level, title, text: &text, is_trouble, ends_step }, Local::now());
    }
}

impl Open {
    fn new(file: &str, level: Option<u8>, log: &ProcessLog, files: &mut Files) -> Result<Open, LogError> {
        let (target, troubles) = match file {
            "1" => (stream(Standard::Out, &log.time_format), None),
            "2" => (stream(Standard::Error, &log.time_format), None),
            "" | "0" => (system(&log.time_format), None),
            word if word.eq_ignore_ascii_case("syslog") => (system(&log.time_format), None),
            path => {
                let path = std::path::absolute(path)
                    .map_err(|source| LogError::Open { path: path.into(), source })?;
                let mut open = |path: &Path| files.open(path, dropped(&log.time_format));
                let target = Target::File(open(&path)?);
                let troubles = if log.smart { Some(Beside::new(open(&trouble::path(&path))?)) } else { None };
                (target, troubles)
            }
        };
        let (level, time_format) = (level.unwrap_or(target.usual_level()), log.time_format.clone());
        Ok(Open { target, level, has_own_level: false, time_format, troubles })
    }

    /// The least important level that is of use to it.
    fn hears(&self) -> u8 {
        if self.troubles.is_some() { LEVEL_OF_TROUBLES } else { self.level }
    }

    fn settle(&mut self, now: DateTime<Local>) {
        let Some(beside) = &mut self.troubles else { return };
        for speaker in beside.troubles.overdue(now) {
            beside.flush(&speaker, LEVEL_OF_OVERDUE, (&self.time_format, now));
        }
    }

    fn write(&mut self, said: Said<'_>, now: DateTime<Local>) {
        let Said { level, title, text, .. } = said;
        let shown = level.min(LEVEL_OF_SYSTEM);
        let line = match &self.target {
            Target::System(_) => system_line(shown, title, text, now),
            Target::File(_) | Target::Stream(_) => line(&self.time_format, shown, title, text, now),
        };
        if let Some(beside) = &mut self.troubles {
            beside.note(said, &line, (&self.time_format, now));
        }
        if level > self.level {
            return;
        }
        // Nobody is left to tell of a log that cannot be written.
        let _ = match &mut self.target {
            Target::File(file) => file.write_all(line.as_bytes()),
            Target::Stream(Stream(sink)) => sink.write_all(line.as_bytes()).and_then(|()| sink.flush()),
            Target::System(socket) => socket.send(line.as_bytes()).map(|_| ()),
        };
    }
}

impl Beside {
    fn new(file: Queued) -> Beside {
        Beside { file, troubles: Troubles::default() }
    }

    /// Keeps a line, and writes what is kept when a step with trouble has ended.
    fn note(&mut self, said: Said<'_>, told: &str, when: (&str, DateTime<Local>)) {
        let speaker = said.title.unwrap_or(MAIN);
        let is_full = self.troubles.keep(speaker, told, said.is_trouble, when.1);
        if said.ends_step || is_full {
            self.flush(speaker, said.level, when);
        }
    }

    /// Ends the step of a speaker.
    fn flush(&mut self, speaker: &str, level: u8, (format, now): (&str, DateTime<Local>)) {
        let tell = |text: &str| line(format, level.min(LEVEL_OF_SYSTEM), Some(speaker), text, now);
        let text = match self.troubles.flush(speaker, now) {
            Flushed::Nothing => return,
            Flushed::Over { lasted } => {
                tell(&format!("Everything ok now. Duration of trouble was {}.", seconds(lasted)))
            }
            Flushed::Trouble { lines, left_out, took } => {
                let more = if left_out > 0 {
                    tell(&format!("{left_out} lines before are not kept"))
                } else {
                    String::new()
                };
                let (start, end) = (tell("Start:"), tell(&format!("(flush) {}", seconds(took))));
                format!("{start}{more}{}{end}", lines.concat())
            }
        };
        // It never fails.
        let _ = self.file.write_all(text.as_bytes());
    }
}

fn seconds(span: TimeDelta) -> String {
    format!("{} sec", span.num_seconds().max(0))
}

fn locked(log: &Mutex<Open>) -> MutexGuard<'_, Open> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A stream whose reader holds up nobody who tells, and the end of the process a moment.
fn stream(stream: Standard, format: &str) -> Target {
    Target::Stream(Stream(stream.queued(dropped(format))))
}

/// Writes the line that says how many others were dropped.
fn dropped(format: &str) -> Dropped {
    let format = format.to_owned();
    Box::new(move |count| {
        let what = "lines of the log were dropped here: they were not read, or could not be written";
        line(&format, LEVEL_OF_FILE, None, &format!("{count} {what}"), Local::now())
    })
}

fn system(format: &str) -> Target {
    let connected = UnixDatagram::unbound().and_then(|socket| {
        socket.connect(SYSTEM_LOG)?;
        socket.set_nonblocking(true)?;
        Ok(socket)
    });
    connected.map_or_else(|_| stream(Standard::Error, format), Target::System)
}

/// The level smsd would write an event at.
fn severity(level: Level, event: Option<&str>) -> u8 {
    match level {
        Level::ERROR => 3,
        Level::WARN => 4,
        Level::INFO if event.is_some_and(|event| NOTICES.contains(&event)) => 5,
        Level::INFO => 6,
        Level::DEBUG => 7,
        Level::TRACE => LEVEL_OF_TROUBLES,
    }
}

fn written(text: &mut String, fields: &Fields) -> fmt::Result {
    escape::text(text, fields.text("message").unwrap_or_default())?;
    for (name, value) in fields.except(&["message", "event", "modem"]) {
        write!(text, " {name}=")?;
        match value {
            Shown::Bare(value) => text.write_str(value)?,
            Shown::Text(value) => escape::text(text, value)?,
        }
    }
    Ok(())
}

fn line(format: &str, level: u8, title: Option<&str>, text: &str, now: DateTime<Local>) -> String {
    let mut line = time(format, now);
    // Writing to a String cannot fail.
    let _ = write!(line, ",{level}, {}: {text}", title.unwrap_or(MAIN));
    cut(&mut line);
    line.push('\n');
    line
}

fn system_line(level: u8, title: Option<&str>, text: &str, now: DateTime<Local>) -> String {
    let (time, pid) = (now.format("%b %e %H:%M:%S"), std::process::id());
    let title = title.unwrap_or(MAIN_OF_SYSTEM);
    let mut line = format!("<{}>{time} smsd[{pid}]: {title}: {text}", DAEMON | level);
    cut(&mut line);
    line
}

/// The time in the form of the configuration, with smsd's own words for parts of a second.
fn time(format: &str, now: DateTime<Local>) -> String {
    let micros = now.timestamp_subsec_micros();
    let format = format.replace("timeus", &format!("{micros:06}"));
    let format = format.replace("timems", &format!("{:03}", micros / 1000));
    let mut time = String::new();
    // A form that is none was refused at the start.
    let _ = write!(time, "{}", now.format(&format));
    time
}

fn cut(line: &mut String) {
    if line.len() <= LINE_OCTETS_MAX {
        return;
    }
    let end = (0..=LINE_OCTETS_MAX - 3).rev().find(|at| line.is_char_boundary(*at)).unwrap_or(0);
    line.truncate(end);
    line.push_str("...");
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::sync::mpsc;
    use std::thread;
    use std::time::{Duration, Instant};

    use chrono::TimeZone;
    use rustix::fs::{CWD, FileType, Mode as FileMode, OFlags};
    use tracing_subscriber::layer::SubscriberExt;
    use tracing_subscriber::registry::Registry;

    use super::*;
    use crate::telemetry::layer::LineLayer;

    const SOON: Duration = Duration::from_secs(10);

    fn flush(log: &SmsdLog) {
        assert!(log.queues().all(|queue| queue.wait_for(queue.told(), Instant::now() + SOON)));
    }

    fn noon() -> DateTime<Local> {
        Local.with_ymd_and_hms(2026, 11, 22, 12, 8, 23).single().expect("an hour that is there")
    }

    #[test]
    fn a_line_has_time_level_title_and_text() {
        let format = "%Y-%m-%d %H:%M:%S";

        assert_eq!(
            line(format, 5, Some("GSM1"), "IMEI: 1", noon()),
            "2026-11-22 12:08:23,5, GSM1: IMEI: 1\n"
        );
        assert_eq!(line(format, 2, None, "x", noon()), "2026-11-22 12:08:23,2, smsd: x\n");
    }

    #[test]
    fn parts_of_a_second_are_written_where_their_words_stand() {
        let now = noon() + chrono::Duration::microseconds(1_234);

        assert_eq!(time("%H:%M:%S.timeus", now), "12:08:23.001234");
        assert_eq!(time("%H:%M:%S.timems", now), "12:08:23.001");
    }

    #[test]
    fn the_line_of_the_system_has_priority_and_program() {
        let text = system_line(4, None, "x", noon());

        assert!(text.starts_with("<28>Nov 22 12:08:23 smsd["), "{text}");
        assert!(text.ends_with("]: MAINPROCESS: x"), "{text}");
    }

    #[test]
    fn a_long_line_is_cut_as_smsd_cuts_it() {
        let text = line("%H", 7, None, &"ä".repeat(20_000), noon());

        assert!(text.len() <= LINE_OCTETS_MAX + 1 && text.ends_with("...\n"));
    }

    #[test]
    fn trouble_of_the_process_is_in_its_log_of_troubles_at_once() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("smsd.log");
        let log = SmsdLog::open(&ProcessLog {
            file: path.display().to_string(),
            level: Some(3),
            time_format: "%H".to_owned(),
            dialogue: false,
            smart: true,
            modems: Vec::new(),
        })
        .expect("a log");
        let lines = Registry::default().with(LineLayer::smsd(log.clone()));

        tracing::subscriber::with_default(lines, || {
            tracing::debug!("before");
            tracing::warn!("wrong");
        });
        flush(&log);

        let troubles = fs::read_to_string(trouble::path(&path)).expect("a file");
        assert!(
            troubles.contains(",7, smsd: before\n") && troubles.contains(",4, smsd: wrong\n"),
            "{troubles}"
        );
    }

    #[test]
    fn a_file_that_was_renamed_is_left_after_it_was_opened_anew() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let log = SmsdLog::open(&ProcessLog {
            file: path.display().to_string(),
            level: Some(3),
            time_format: "%H".to_owned(),
            dialogue: false,
            smart: false,
            modems: Vec::new(),
        })
        .expect("a log");

        log.say(3, "one");
        log.say(4, "too much");
        fs::rename(&path, folder.path().join("old")).expect("ours");
        log.say(2, "two");
        let reopened = log.reopen();
        assert!(reopened.is_file && reopened.failures.is_empty(), "{reopened:?}");
        log.say(2, "three");
        flush(&log);

        let lines =
            |name: &str| fs::read_to_string(folder.path().join(name)).expect("a file").lines().count();
        assert_eq!((lines("old"), lines("log")), (2, 1));
    }

    #[test]
    fn a_disk_that_does_not_answer_holds_up_nobody_who_tells() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let mode = FileMode::RUSR | FileMode::WUSR;
        rustix::fs::mknodat(CWD, &path, FileType::Fifo, mode, 0).expect("room");
        let unread = rustix::fs::open(&path, OFlags::RDONLY | OFlags::NONBLOCK, mode).expect("ours");
        let main = ProcessLog { smart: false, modems: Vec::new(), ..with_modem(&path, &path) };
        let log = SmsdLog::open(&main).expect("a log");
        let (told, all) = mpsc::channel();

        let teller = log.clone();
        thread::spawn(move || {
            (0..200).for_each(|_| teller.say(2, &"x".repeat(1000)));
            assert!(teller.reopen().failures.is_empty());
            teller.say(2, "more");
            told.send(()).expect("it is waited for");
        });

        assert_eq!(all.recv_timeout(SOON), Ok(()));
        drop(unread);
    }

    #[test]
    fn logs_with_the_same_file_write_it_in_their_order() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("log");
        let log = SmsdLog::open(&ProcessLog { smart: false, ..with_modem(&path, &path) }).expect("a log");
        let lines = Registry::default().with(LineLayer::smsd(log.clone()));

        tracing::subscriber::with_default(lines, || {
            for number in 0..100 {
                log.say(2, &format!("{number}"));
                tracing::error!(modem = "GSM1", "{number}");
            }
        });
        flush(&log);

        let text = fs::read_to_string(&path).expect("a file");
        let numbers = text.lines().filter_map(|line| line.rsplit(": ").next()?.parse().ok());
        assert_eq!(numbers.collect::<Vec<usize>>(), (0..200).map(|line| line / 2).collect::<Vec<_>>());
    }

    /// A log with troubles beside it, and one of a modem.
    fn with_modem(file: &Path, of_modem: &Path) -> ProcessLog {
        ProcessLog {
            file: file.display().to_string(),
            level: Some(3),
            time_format: "%H".to_owned(),
            dialogue: false,
            smart: true,
            modems: vec![ModemLog {
                modem: smsgrid::model::Name::new("GSM1").expect("a name"),
                file: of_modem.display().to_string(),
                level: None,
            }],
        }
    }

    #[test]
    fn a_log_that_cannot_be_opened_is_named() {
        let folder = tempfile::tempdir().expect("a folder");
        let (main, missing) = (folder.path().join("smsd.log"), folder.path().join("missing/GSM1.log"));

        let LogError::Open { path, .. } = SmsdLog::open(&with_modem(&main, &missing)).expect_err("no folder");
        assert_eq!(path, missing);

        let (other, troubles) = (folder.path().join("other.log"), folder.path().join("other_trouble.log"));
        fs::create_dir(&troubles).expect("room");
        let LogError::Open { path, .. } = SmsdLog::open(&with_modem(&other, &main)).expect_err("a folder");
        assert_eq!(path, troubles);
    }

    #[test]
    fn another_level_counts_for_the_logs_of_modems_without_one_of_their_own() {
        let folder = tempfile::tempdir().expect("a folder");
        let [main, first, second] = ["smsd.log", "GSM1.log", "GSM2.log"].map(|name| folder.path().join(name));
        let of_second = ModemLog {
            modem: smsgrid::model::Name::new("GSM2").expect("a name"),
            file: second.display().to_string(),
            level: Some(4),
        };
        let mut settings = ProcessLog { smart: false, ..with_modem(&main, &first) };
        settings.modems.push(of_second);
        let log = SmsdLog::open(&settings).expect("a log");
        let lines = Registry::default().with(LineLayer::smsd(log.clone()));

        tracing::subscriber::with_default(lines, || {
            for level in [Some(3), Some(7), None] {
                log.turn(level);
                for modem in ["GSM1", "GSM2", "none"] {
                    tracing::debug!(modem, "debug at {level:?}");
                    tracing::warn!(modem, "warn at {level:?}");
                }
            }
        });
        flush(&log);

        let written = |path: &Path| -> Vec<String> {
            let text = fs::read_to_string(path).expect("a file");
            text.lines().map(|line| line.rsplit(": ").next().unwrap_or_default().to_owned()).collect()
        };
        let turned = ["debug at Some(7)", "warn at Some(7)", "warn at None"];
        assert_eq!(
            (written(&main), written(&first)),
            (turned.map(str::to_owned).into(), turned.map(str::to_owned).into())
        );
        assert_eq!(written(&second), ["warn at Some(3)", "warn at Some(7)", "warn at None"]);
    }

    #[test]
    fn every_file_is_opened_anew_though_another_cannot_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let of_modem = folder.path().join("modem");
        fs::create_dir(&of_modem).expect("room");
        let (main, lost) = (folder.path().join("smsd.log"), of_modem.join("GSM1.log"));
        let log = SmsdLog::open(&with_modem(&main, &lost)).expect("a log");
        fs::remove_dir_all(&of_modem).expect("ours");
        for file in ["smsd.log", "smsd_trouble.log"] {
            fs::rename(folder.path().join(file), folder.path().join(format!("{file}.old"))).expect("ours");
        }

        let failures = log.reopen().failures;
        log.say(3, "wrong");
        flush(&log);

        let failed = failures.iter().map(|LogError::Open { path, .. }| path.clone());
        assert_eq!(failed.collect::<Vec<_>>(), [lost, of_modem.join("GSM1_trouble.log")]);
        for file in ["smsd.log", "smsd_trouble.log"] {
            let text = fs::read_to_string(folder.path().join(file)).expect("a file");
            assert!(text.contains("smsd: wrong\n"), "{file}: {text}");
        }
    }
}
