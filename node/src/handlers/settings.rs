//! What is run when, as the configuration says it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use smsgrid::at::Question;
use smsgrid::sms_file::MessageIds;
use smsgrid::worker::handlers::{Command, Otherwise};

use super::launch::Rules;
use super::{shell_test, trust};
use crate::config::Config;

/// Level of the answers of a modem where none is set: that of a notice.
const LOGLEVEL: u8 = 5;
/// The shell of programs that need none, for the sake of one form.
const NO_SHELL: &str = "/bin/sh";

/// What is run when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// The event handler.
    pub eventhandler: Option<Command>,
    /// Those of modems that have one of their own.
    pub eventhandlers: BTreeMap<String, Command>,
    /// Which ids of a message it is told.
    pub message_ids: MessageIds,
    /// The alarm handler.
    pub alarmhandler: Option<Command>,
    /// The least severe alarm it is run for.
    pub alarmlevel: u8,
    /// The check handler.
    pub checkhandler: Option<Command>,
    /// What it means that it ends otherwise than with a verdict.
    pub check_otherwise: Otherwise,
    /// What is run at start.
    pub start: Option<Command>,
    /// What runs all the time.
    pub child: Option<Command>,
    /// What is run regularly.
    pub regular: Vec<Regular>,
    /// The shell for programs that are a line.
    pub shell: String,
    /// How programs are run.
    pub rules: Rules,
    /// Whether what they say is logged.
    pub log_output: bool,
    /// How long each may run.
    pub time_limit: Duration,
    /// How often an event is told to a handler that fails.
    pub attempts: u32,
    /// Most event handlers at once.
    pub events: usize,
    /// Most check handlers at once.
    pub checks: usize,
}

/// Programs that run again and again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Regular {
    /// The modem they are for; none for those of the gateway.
    pub modem: Option<String>,
    /// The first.
    pub before: Option<Command>,
    /// The second, of modems alone.
    pub after: Option<Command>,
    /// What they are told as their statistics file.
    pub statfile: Option<PathBuf>,
    /// From one run to the next.
    pub interval: Duration,
    /// What the modem is asked.
    pub asks: Asks,
}

/// What a modem is asked in a regular run, and where its answers go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asks {
    /// Commands after the programs.
    pub commands: Vec<Question>,
    /// A file with commands between the programs; it is removed.
    pub cmdfile: Option<PathBuf>,
    /// The log of the answers; none for that of the node.
    pub logfile: Option<PathBuf>,
    /// Their level there, in the numbers of smsd.
    pub loglevel: u8,
}

impl Default for Asks {
    fn default() -> Asks {
        Asks { commands: Vec::new(), cmdfile: None, logfile: None, loglevel: LOGLEVEL }
    }
}

/// A program that cannot be run.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{setting}` cannot be run: {why}")]
pub struct Unfit {
    /// Its setting, with its section.
    pub setting: String,
    /// Why.
    pub why: String,
}

impl Settings {
    /// What the configuration says.
    pub fn of(config: &Config) -> Settings {
        let handlers = &config.handlers;
        let as_smsd = handlers.shell.is_some();
        let folder = config.node.data_dir.join("handlers");
        let of_modem = |(name, modem): (&smsgrid::model::Name, &crate::config::Modem)| {
            let command = modem.programs.eventhandler.as_ref()?;
            Some((name.to_string(), command.for_modem(name.as_str())))
        };
        Settings {
            eventhandler: handlers.eventhandler.clone(),
            eventhandlers: config.modems.iter().filter_map(of_modem).collect(),
            message_ids: config.files.message_ids,
            alarmhandler: handlers.alarmhandler.clone(),
            alarmlevel: handlers.alarmlevel,
            checkhandler: handlers.checkhandler.clone(),
            check_otherwise: handlers.check_otherwise,
            start: handlers.start.clone(),
            child: handlers.child.clone(),
            regular: Regular::all(config),
            shell: handlers.shell.clone().unwrap_or_else(|| NO_SHELL.to_owned()),
            rules: if as_smsd { Rules::Smsd } else { Rules::Strict { folder } },
            log_output: handlers.log_output,
            time_limit: handlers.time_limit,
            attempts: u32::from(handlers.attempts),
            events: usize::from(handlers.concurrency),
            // smsd checks one file after the other, and scripts may count on that.
            checks: if as_smsd { 1 } else { usize::from(handlers.concurrency) },
        }
    }

    /// Whether anybody is told of results.
    pub fn hears_events(&self) -> bool {
        self.eventhandler.is_some() || !self.eventhandlers.is_empty()
    }

    /// Whether any program is set.
    pub fn runs_any(&self) -> bool {
        let programs = [&self.alarmhandler, &self.checkhandler, &self.start, &self.child];
        self.hears_events() || !self.regular.is_empty() || programs.into_iter().any(Option::is_some)
    }
}

impl Regular {
    fn all(config: &Config) -> Vec<Regular> {
        let of_gateway = config.handlers.regular_run.clone().map(|command| Regular {
            modem: None,
            before: Some(command),
            interval: config.handlers.regular_run_interval,
            ..Regular::default()
        });
        let of_modems = config.modems.iter().map(|(name, modem)| {
            let program =
                |command: &Option<Command>| command.as_ref().map(|command| command.for_modem(name.as_str()));
            Regular {
                modem: Some(name.to_string()),
                before: program(&modem.programs.regular_run),
                after: program(&modem.programs.regular_run_post_run),
                statfile: modem.programs.regular_run_statfile.clone(),
                interval: modem.programs.regular_run_interval,
                asks: modem.programs.asks.clone(),
            }
        });
        let asks = |asks: &Asks| !asks.commands.is_empty() || asks.cmdfile.is_some();
        let runs =
            |regular: &Regular| regular.before.is_some() || regular.after.is_some() || asks(&regular.asks);
        of_gateway.into_iter().chain(of_modems).filter(runs).collect()
    }
}

/// Every program of the configuration that could not be run, unless it says that they are not looked at.
pub fn unfit(config: &Config) -> Vec<Unfit> {
    if !config.handlers.executable_check {
        return Vec::new();
    }
    let is_strict = config.handlers.shell.is_none();
    let of_node =
        config.handlers.programs().map(|(key, command)| (format!("handlers.{key}"), command.clone()));
    let of_modems = config.modems.iter().flat_map(|(name, modem)| {
        let named = |(key, command): (&str, &Command)| {
            (format!("modems.{name}.{key}"), command.for_modem(name.as_str()))
        };
        modem.programs.each().map(named).collect::<Vec<_>>()
    });
    let fault = |(setting, command): (String, Command)| {
        let command = trust::whole(&command);
        let program = Path::new(command.program());
        let fit = if is_strict { trust::resolve(program).map(drop) } else { trust::executable(program) };
        fit.err().map(|why| Unfit { setting, why })
    };
    let of_shell =
        config.handlers.shell.as_deref().filter(|_| config.handlers.shell_test).and_then(|shell| {
            let why = shell_test::failure(shell)?;
            Some(Unfit { setting: "handlers.shell".to_owned(), why })
        });
    of_shell.into_iter().chain(of_node.chain(of_modems).filter_map(fault)).collect()
}
