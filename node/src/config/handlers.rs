//! `[handlers]`: programs of the operator that are run when something happens.

use std::time::Duration;

use smsgrid::model::Address;
use smsgrid::worker::handlers::{Command, Otherwise};
use smsgrid_proto::Reason;

use super::section::{Placed, Section};
use super::value::words;

/// Shortest time a program may be given.
const TIME_LIMIT_MIN: Duration = Duration::from_secs(1);
/// Longest time a program may be given.
const TIME_LIMIT_MAX: Duration = Duration::from_secs(24 * 3600);
/// How long a node is dead until others tell for it, if nothing else is said.
const TAKEOVER_AFTER: Duration = Duration::from_secs(600);
/// The longest that can be set.
const TAKEOVER_AFTER_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// Least severe alarm there is, in the numbers of syslog.
const ALARMLEVEL_MAX: u8 = 7;

/// Programs of the operator. Each is a path or a list `["/path", "argument", …]`; what happened follows as arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Handlers {
    /// Run when a message file gets its result: `SENT FILE [ID…]`, `FAILED FILE [ID…]`. Default none.
    pub eventhandler: Option<Command>,
    /// Run when something is wrong: `ALARM DATE TIME SEVERITY WHO TEXT`. Default none.
    pub alarmhandler: Option<Command>,
    /// The least severe alarm the handler is run for, 2 critical to 5 notice. Default 4, warnings; 1 to 7.
    pub alarmlevel: u8,
    /// Run for each file that is taken, before it is read: `FILE`. It may change the file. It returns 0 to accept, 1 to
    /// reject, 2 when it has taken the file over. Default none.
    pub checkhandler: Option<Command>,
    /// What any other end of the check handler means. Default `reject`, with `shell` `accept` as smsd. `accept` sends
    /// unchecked what a broken handler let through.
    pub check_otherwise: Otherwise,
    /// Run every `regular_run_interval`, first when the node has begun. Default none.
    pub regular_run: Option<Command>,
    /// Default 5 m, 1 s to 24 h.
    pub regular_run_interval: Duration,
    /// Run once before anything else; when it fails smsnode does not start. Default none.
    pub start: Option<Command>,
    /// Run as long as smsnode runs, and ended with it. Default none.
    pub child: Option<Command>,
    /// The shell that is given programs written as one line, with all of smsd's ways: the environment of smsnode, the
    /// root folder, and what a program leaves running stays. Default none: no shell, an empty environment, a folder of
    /// its own, and what a program leaves running ends with it.
    pub shell: Option<String>,
    /// How long a program may run before it is ended with everything it has started. Default 1 m, with `shell` 10 m; 1 s to 24 h. `start` and
    /// `child` have none.
    pub time_limit: Duration,
    /// How long a node has to be without a session until the events of its files are told by the node that leads, if that has
    /// an event handler. Default 10 m; 1 s to 7 d.
    pub takeover_after: Duration,
    /// How often an event is told to a handler that fails, with growing waits. Default 20, with `shell` 1 as smsd; 1 to 100.
    pub attempts: u8,
    /// Most event handlers at once, and most check handlers. Default 4, with `shell` 4 and 1; 1 to 64.
    pub concurrency: u8,
    /// The number that is told by SMS when a program begins to fail or a modem has reached its `message_limit`; modems
    /// can have another. Default none.
    pub admin_to: Option<Address>,
    /// Whether what programs say is logged, the beginning of it. Default true.
    pub log_output: bool,
    /// Whether each program must be executable, or smsnode does not start. Default true.
    pub executable_check: bool,
    /// Whether the `shell` must run a line, or smsnode does not start; only with `executable_check`. Default true.
    pub shell_test: bool,
}

words!(Otherwise, "what to do with a file",
    "accept" => Otherwise::Accept,
    "reject" => Otherwise::Reject,
);

impl Handlers {
    /// Every program of the section with the name of its setting.
    pub fn programs(&self) -> impl Iterator<Item = (&'static str, &Command)> {
        let programs = [
            ("eventhandler", &self.eventhandler),
            ("alarmhandler", &self.alarmhandler),
            ("checkhandler", &self.checkhandler),
            ("regular_run", &self.regular_run),
            ("start", &self.start),
            ("child", &self.child),
        ];
        programs.into_iter().filter_map(|(key, command)| Some((key, command.as_ref()?)))
    }
}

/// Reads `[handlers]`.
pub(super) fn read(section: &mut Section<'_, '_>) -> Handlers {
    let shell = shell(section);
    let as_smsd = shell.is_some();
    let time_limit = Duration::from_secs(if as_smsd { 600 } else { 60 });
    let otherwise = if as_smsd { Otherwise::Accept } else { Otherwise::Reject };
    Handlers {
        eventhandler: program(section, "eventhandler", as_smsd),
        alarmhandler: program(section, "alarmhandler", as_smsd),
        alarmlevel: section.within("alarmlevel", 4, 1..=ALARMLEVEL_MAX),
        checkhandler: program(section, "checkhandler", as_smsd),
        check_otherwise: section.or("check_otherwise", otherwise),
        regular_run: program(section, "regular_run", as_smsd),
        regular_run_interval: interval(section),
        start: program(section, "start", as_smsd),
        child: program(section, "child", as_smsd),
        time_limit: section.within("time_limit", time_limit, TIME_LIMIT_MIN..=TIME_LIMIT_MAX),
        takeover_after: section.within("takeover_after", TAKEOVER_AFTER, TIME_LIMIT_MIN..=TAKEOVER_AFTER_MAX),
        attempts: section.within("attempts", if as_smsd { 1 } else { 20 }, 1..=100),
        concurrency: section.within("concurrency", 4, 1..=64),
        admin_to: section.optional("admin_to", "nobody").map(|placed| placed.value),
        log_output: section.or("log_output", true),
        executable_check: section.or("executable_check", true),
        shell_test: section.or("shell_test", true),
        shell,
    }
}

/// How often a regular program runs.
pub(super) fn interval(section: &mut Section<'_, '_>) -> Duration {
    let bounds = Duration::from_secs(1)..=Duration::from_secs(24 * 3600);
    section.within("regular_run_interval", Duration::from_secs(300), bounds)
}

/// A program; without a shell a text is the path of it, and whole.
pub(super) fn program(section: &mut Section<'_, '_>, key: &'static str, has_shell: bool) -> Option<Command> {
    let Placed { value, at } = section.optional::<Command>(key, "none")?;
    let direct = match value {
        Command::Line(line) if has_shell => return Some(Command::Line(line)),
        Command::Line(path) => vec![path],
        Command::Direct(words) => words,
    };
    let Some(path) = direct.first().filter(|path| !path.starts_with('/')) else {
        return Some(Command::Direct(direct));
    };
    let what = format!("`{key}` is no whole path: {}", path.escape_debug());
    let why = "it is looked for in no folder";
    section.fault(at, Reason::ConfigBadValue, &what, Some(why), Some("write the path from the root on"));
    None
}

fn shell(section: &mut Section<'_, '_>) -> Option<String> {
    let Placed { value, at } = section.optional::<String>("shell", "programs are run without one")?;
    if value.starts_with('/') && !value.contains(char::is_control) {
        return Some(value);
    }
    let what = format!("`shell` is no whole path: {}", value.escape_debug());
    section.fault(at, Reason::ConfigBadValue, &what, None, Some("write \"/bin/sh\""));
    None
}
