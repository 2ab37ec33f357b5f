//! The commands of the configuration, in order, and what is learned from their answers.

use std::collections::VecDeque;
use std::ops::RangeInclusive;

use crate::at::command::Command;
use crate::at::driver::{Driver, Optional};
use crate::at::exchange::{End, Reply};
use crate::at::facts::MemoryUse;
use crate::at::response::{FinalResult, after_prefix, fields};
use crate::at::{CheckSim, InitialiseFailure, Memory, Profile};
use crate::model::{Imei, Imsi, ModemIdentity};

use super::stop::own;
use super::{Context, stored};

/// Digits of an IMEI: 15, or 14 without the check digit, or 16 with a software version; 17 with some.
const IMEI_DIGITS: RangeInclusive<usize> = 14..=17;
const IMSI_DIGITS: RangeInclusive<usize> = 6..=15;

/// Asks for the IMSI.
const SUBSCRIBER: &str = "AT+CIMI";
/// Asks for the serial number.
const SERIAL_NUMBER: &str = "AT+CGSN";

/// One command of the configuration.
#[derive(Clone, Debug)]
pub(super) struct Task {
    pub(super) command: Command,
    pub(super) duty: Duty,
}

/// What a command is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Duty {
    /// Good when it works.
    Ease,
    /// Has to work.
    Need,
    /// The operator's `start`: said for its effect, once.
    Start,
    /// Not one command: the operator's look at the SIM.
    CheckSim,
    /// Who the SIM is, or the device where the SIM does not tell, before a PIN is used.
    Identify,
    /// Not one command: the dialogue about the PIN.
    Unlock,
    Manufacturer,
    /// With the manufacturer it decides the driver.
    Model,
    Revision,
    ServiceCentre,
    /// What the preferred memory, or this one, holds.
    MemoryUse(Option<Memory>),
    /// One of the candidates; the first one accepted ends the search.
    Indications,
    SerialNumber,
    Subscriber,
}

/// What is still to be done.
#[derive(Debug, Default)]
pub(super) struct Tasks {
    queue: VecDeque<Task>,
    planned: bool,
}

/// What the answers told.
#[derive(Debug, Default)]
pub(super) struct Learned {
    pub(super) manufacturer: Option<String>,
    pub(super) model: Option<String>,
    pub(super) revision: Option<String>,
    pub(super) service_centre: Option<String>,
    pub(super) memories: Vec<MemoryUse>,
    pub(super) indications: Option<String>,
    imei: Option<Imei>,
    imsi: Option<Imsi>,
}

impl Tasks {
    /// What is done before the driver is known; with `ATV1` when the modem answers in numbers, and with the operator's
    /// `start` and look at the SIM where they are due. A call that may go on is hung up first, in both ways: a modem may know one of them only.
    pub(super) fn new(numeric: bool, hangs_up: bool, context: &Context<'_>) -> Tasks {
        let words = |line, duty| Task { command: Command::words(line), duty };
        let mut queue = VecDeque::from([ease(Command::numeric("ATE0"))]);
        if numeric {
            queue.push_back(ease(Command::numeric("ATV1")));
        }
        let hang_up = context.profile.calling.hang_up;
        let both = [hang_up, hang_up.other()].map(|way| ease(Command::set(way.line())));
        queue.extend(both.into_iter().filter(|_| hangs_up));
        let start = context.profile.start.as_ref().filter(|_| context.modem.start_due);
        queue.extend(start.map(|start| Task { command: own(&start.line), duty: Duty::Start }));
        let looks = |check: &&CheckSim| !(check.once && context.modem.sim_checked);
        let check = context.profile.check_sim.as_ref().filter(looks);
        queue.extend(check.map(|_| Task { command: Command::attention(), duty: Duty::CheckSim }));
        queue.extend([
            ease(Command::set("AT+CMEE=1")),
            words("AT+CGMI", Duty::Manufacturer),
            words("AT+CGMM", Duty::Model),
        ]);
        queue.extend(context.profile.identity.iter().map(|_| words(SUBSCRIBER, Duty::Identify)));
        queue.push_back(Task { command: Command::attention(), duty: Duty::Unlock });
        Tasks { queue, planned: false }
    }

    /// The next command, none when all is done.
    pub(super) fn next(&mut self, context: &Context<'_>) -> Option<Task> {
        if self.queue.is_empty() && !std::mem::replace(&mut self.planned, true) {
            self.queue = after_unlock(context.profile, context.modem.driver);
        }
        self.queue.pop_front()
    }

    /// A candidate was accepted: the others are not tried.
    pub(super) fn indicated(&mut self) {
        self.queue.retain(|task| task.duty != Duty::Indications);
    }
}

impl Task {
    /// The question after one for the SIM's identity that had no answer: that for the device's.
    pub(super) fn device_instead(&self) -> Option<Task> {
        let asked_sim = self.command.shown() == SUBSCRIBER;
        asked_sim.then(|| Task { command: Command::words(SERIAL_NUMBER), duty: Duty::Identify })
    }

    /// Whether a refusal may have been an accident.
    pub(super) fn is_worth_repeating(&self) -> bool {
        match self.duty {
            Duty::Need | Duty::Manufacturer | Duty::SerialNumber | Duty::Subscriber | Duty::MemoryUse(_) => {
                true
            }
            Duty::Ease
            | Duty::Start
            | Duty::CheckSim
            | Duty::Identify
            | Duty::Unlock
            | Duty::Model
            | Duty::Revision
            | Duty::ServiceCentre
            | Duty::Indications => false,
        }
    }

    /// Why the modem cannot be used when this was refused, if it cannot.
    pub(super) fn failure(&self, reply: &Reply) -> Option<InitialiseFailure> {
        match self.duty {
            Duty::Need => {
                let cause = match reply.end {
                    End::Result(FinalResult::Error(cause)) => cause,
                    End::Result(FinalResult::Ok)
                    | End::Numeric(_)
                    | End::Prompt
                    | End::Silent
                    | End::Restarted
                    | End::PortLost => None,
                };
                Some(InitialiseFailure::Refused { command: self.command.told(), cause })
            }
            Duty::SerialNumber => Some(InitialiseFailure::NoIdentity),
            Duty::Ease
            | Duty::Start
            | Duty::CheckSim
            | Duty::Identify
            | Duty::Unlock
            | Duty::Manufacturer
            | Duty::Model
            | Duty::Revision
            | Duty::ServiceCentre
            | Duty::MemoryUse(_)
            | Duty::Indications
            | Duty::Subscriber => None,
        }
    }
}

impl Learned {
    /// Keeps what the answer tells. Returns whether the task is done.
    pub(super) fn learn(&mut self, task: &Task, reply: &Reply, context: &mut Context<'_>) -> bool {
        let words = || words(reply, &task.command);
        match task.duty {
            Duty::Ease | Duty::Need | Duty::Start | Duty::CheckSim | Duty::Identify | Duty::Unlock => {
                return reply.is_ok();
            }
            Duty::Manufacturer => {
                self.manufacturer = words();
                // The first answer with a content of its own: OK alone may belong to an earlier command.
                return self.manufacturer.is_some() || !reply.is_ok();
            }
            Duty::Model => {
                self.model = words();
                context.modem.driver = context.profile.driver.unwrap_or_else(|| self.driver());
            }
            Duty::Revision => self.revision = words(),
            Duty::ServiceCentre => {
                let line = reply.lines.iter().find_map(|line| after_prefix(line, "+CSCA"));
                self.service_centre = line.and_then(|line| fields(line).into_iter().next());
            }
            Duty::MemoryUse(memory) => {
                let found = stored::memory_use(&reply.lines, memory).filter(|_| reply.is_ok());
                self.memories.extend(found);
                context.modem.selected = found.map(|found| found.memory).or(context.modem.selected);
                return found.is_some();
            }
            Duty::Indications if reply.is_ok() => self.indications = parameters(&task.command),
            Duty::Indications => return false,
            Duty::SerialNumber => {
                self.imei = digits(reply, IMEI_DIGITS).and_then(|digits| Imei::new(&digits));
                return self.imei.is_some();
            }
            Duty::Subscriber => {
                self.imsi = digits(reply, IMSI_DIGITS).and_then(|digits| Imsi::new(&digits));
                return self.imsi.is_some();
            }
        }
        true
    }

    /// Who the modem is. One that does not tell its IMSI is known by its IMEI in both places.
    pub(super) fn identity(&self) -> Option<ModemIdentity> {
        let imei = self.imei.clone()?;
        let imsi = self.imsi.clone().or_else(|| Imsi::new(imei.as_str()))?;
        Some(ModemIdentity { imei, imsi })
    }

    fn driver(&self) -> &'static Driver {
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        Driver::detected(&text(&self.manufacturer), &text(&self.model))
    }
}

fn after_unlock(profile: &Profile, driver: &'static Driver) -> VecDeque<Task> {
    let need = |line: String| Task { command: Command::set(line), duty: Duty::Need };
    let mut queue = VecDeque::new();
    queue.extend(driver.init.iter().map(|line| ease(Command::set(*line))));
    queue.extend(profile.init.iter().map(|line| Task { command: own(line), duty: Duty::Need }));
    if driver.permits(Optional::MessageService) {
        queue.push_back(ease(Command::query("AT+CSMS=0", "+CSMS")));
    }
    queue.push_back(need("AT+CMGF=0".to_owned()));
    queue.extend(profile.service_centre.as_deref().map(service_centre).map(need));
    queue.extend(memory_tasks(profile));
    queue.extend(indications(profile, driver).map(|parameters| Task {
        command: Command::set(format!("AT+CNMI={parameters}")),
        duty: Duty::Indications,
    }));
    queue.push_back(Task { command: Command::words(SERIAL_NUMBER), duty: Duty::SerialNumber });
    queue.push_back(Task { command: Command::words(SUBSCRIBER), duty: Duty::Subscriber });
    if driver.permits(Optional::Revision) {
        queue.push_back(Task { command: Command::words("AT+CGMR"), duty: Duty::Revision });
    }
    if driver.permits(Optional::ServiceCentre) {
        queue.push_back(Task { command: Command::query("AT+CSCA?", "+CSCA"), duty: Duty::ServiceCentre });
    }
    queue
}

fn ease(command: Command) -> Task {
    Task { command, duty: Duty::Ease }
}

/// 145 is the type of an international number, 129 of one that is not told.
fn service_centre(number: &str) -> String {
    let kind = if number.starts_with('+') { 145 } else { 129 };
    format!("AT+CSCA=\"{number}\",{kind}")
}

fn memory_tasks(profile: &Profile) -> Vec<Task> {
    if profile.memories.is_empty() {
        return vec![Task { command: Command::query("AT+CPMS?", "+CPMS"), duty: Duty::MemoryUse(None) }];
    }
    let select =
        |memory: &Memory| Task { command: Command::select(*memory), duty: Duty::MemoryUse(Some(*memory)) };
    profile.memories.iter().map(select).collect()
}

fn indications(profile: &Profile, driver: &'static Driver) -> impl Iterator<Item = String> {
    let own = profile.indications.clone();
    let drivers = driver.indications.iter().map(|parameters| (*parameters).to_owned());
    let candidates = if own.is_some() { None } else { Some(drivers) };
    own.into_iter().chain(candidates.into_iter().flatten())
}

fn parameters(command: &Command) -> Option<String> {
    command.shown().split_once('=').map(|(_, parameters)| parameters.to_owned())
}

/// The words of an answer, on one line, without prefix and quotes.
fn words(reply: &Reply, command: &Command) -> Option<String> {
    if !reply.is_ok() {
        return None;
    }
    let words: Vec<&str> = reply
        .lines
        .iter()
        .map(|line| command.without_prefix(line).trim_matches('"'))
        .filter(|line| !line.is_empty())
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The identity an answer tells.
pub(super) fn identity(reply: &Reply) -> Option<String> {
    digits(reply, *IMSI_DIGITS.start()..=*IMEI_DIGITS.end())
}

/// The first run of as many digits as wanted, in an answer that was not refused.
fn digits(reply: &Reply, wanted: RangeInclusive<usize>) -> Option<String> {
    let runs = reply.lines.iter().flat_map(|line| line.split(|c: char| !c.is_ascii_digit()));
    runs.filter(|run| wanted.contains(&run.len())).map(str::to_owned).next().filter(|_| reply.is_ok())
}
