//! Whether and how the SIM of a modem is looked at before the rest of its set-up, by smsd's names.

use std::time::Duration;

use smsgrid::at::{self, SimReset};
use smsgrid::worker::modem::SimRetries;
use smsgrid_proto::Reason;
use toml::de::DeValue;

use super::modem::is_unfit;
use super::section::Section;
use super::value::{Value, Wrong, words};

/// Longest pause between two looks.
const WAIT_MAX: Duration = Duration::from_secs(24 * 3600);

/// The look at the SIM. Nothing else of it counts where `check_sim` is `no`: a SIM that is missing or busy is then told
/// once, and looked at again by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckSim {
    /// `check_sim`: `no`; `yes`, before each set-up of the modem; or `once`, until it was ready once. Default `no`.
    pub when: When,
    /// `check_sim_cmd`: what is asked; an answer with ERROR says that the SIM is not ready. Default `AT+CPIN?`.
    pub command: String,
    /// `check_sim_keep_open`: whether the port stays open between two looks. Default false.
    pub keep_open: bool,
    /// `check_sim_reset`: commands before each further look, with pauses such as `[5]` for 5 s between them, or
    /// `RADIO_OFF_ON` or `RADIO_OFF_ON_SLOW`. Default none.
    pub reset: Reset,
    /// `check_sim_retries`: how often it is looked at again, a number or `forever`. Default 10. Then the modem is given
    /// up: it is not reset any more, nothing more is told, and it is looked at once a minute.
    pub retries: Retries,
    /// `check_sim_wait`: pause between two looks. Default 30 s, up to 24 h.
    pub wait: Duration,
}

/// When the SIM is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// Never.
    No,
    /// Before each set-up.
    Yes,
    /// Until it was ready once.
    Once,
}

words!(When, "when to look at the SIM",
    "no" => When::No,
    "yes" => When::Yes,
    "once" => When::Once,
);

/// How often it is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retries {
    /// So often.
    Times(u32),
    /// Without end.
    Forever,
}

/// Commands and pauses, as they are written and as they are meant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reset {
    text: String,
    steps: SimReset,
}

impl CheckSim {
    /// What the dialogue is told of it.
    pub fn check(&self) -> Option<at::CheckSim> {
        let once = match self.when {
            When::No => return None,
            When::Yes => false,
            When::Once => true,
        };
        Some(at::CheckSim { command: self.command.clone(), once, reset: self.reset.steps.clone() })
    }

    /// What the worker is told of it.
    pub fn sim_retries(&self) -> SimRetries {
        let max = match self.retries {
            Retries::Times(times) => Some(times),
            Retries::Forever => None,
        };
        SimRetries { max, wait: self.wait, keep_open: self.keep_open }
    }
}

impl Value for Retries {
    const KIND: &'static str = "a number of retries";
    const HOW: &'static str = "write digits without quotes, or \"forever\"";

    fn read(value: &DeValue<'_>) -> Result<Retries, Wrong> {
        match value.as_str() {
            Some("forever") => Ok(Retries::Forever),
            Some(_) => Err(Wrong::Kind),
            None => u32::read(value).map(Retries::Times),
        }
    }

    fn show(&self) -> String {
        match self {
            Retries::Times(times) => times.show(),
            Retries::Forever => "forever".to_owned().show(),
        }
    }
}

impl Value for Reset {
    const KIND: &'static str = "commands with pauses";
    const HOW: &'static str = "write \"AT+CFUN=1,1[15]\", RADIO_OFF_ON or RADIO_OFF_ON_SLOW between quotes";

    fn read(value: &DeValue<'_>) -> Result<Reset, Wrong> {
        let text = value.as_str().ok_or(Wrong::Kind)?;
        let steps = SimReset::read(text).map_err(|error| Wrong::Because(error.to_string()))?;
        Ok(Reset { text: text.to_owned(), steps })
    }

    fn show(&self) -> String {
        self.text.show()
    }
}

/// Reads it from the section of a modem.
pub(super) fn read(section: &mut Section<'_, '_>) -> CheckSim {
    const SECOND: Duration = Duration::from_secs(1);
    CheckSim {
        when: section.or("check_sim", When::No),
        command: command(section),
        keep_open: section.or("check_sim_keep_open", false),
        reset: section.optional("check_sim_reset", "none").map(|placed| placed.value).unwrap_or_default(),
        retries: section.or("check_sim_retries", Retries::Times(10)),
        wait: section.within("check_sim_wait", 30 * SECOND, Duration::ZERO..=WAIT_MAX),
    }
}

fn command(section: &mut Section<'_, '_>) -> String {
    let Some(command) = section.optional::<String>("check_sim_cmd", "AT+CPIN?") else {
        return "AT+CPIN?".to_owned();
    };
    let is_command = command.value.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("AT"));
    if is_unfit(&command.value) || !is_command {
        let what = format!("`check_sim_cmd` cannot be sent: {}", command.value.show());
        let fix = "write AT and at most 98 printable ASCII characters in all";
        section.fault(command.at, Reason::ConfigBadValue, &what, None, Some(fix));
    }
    command.value
}
