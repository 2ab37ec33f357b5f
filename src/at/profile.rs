//! How to talk to one modem: what the host's configuration says, with its defaults.

use std::time::Duration;

use super::{Calling, CheckSim, Driver, Memory, TraceForm};

/// The host's choices for one modem. Where a field is none the driver decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// The driver; none: by what `+CGMI` and `+CGMM` say.
    pub driver: Option<&'static Driver>,
    /// `AT+CSCA=`: the service centre to use instead of the SIM's own, digits with `+` for international.
    pub service_centre: Option<String>,
    /// Commands of the user's own, sent after ours; each has to be answered with `OK`.
    pub init: Vec<String>,
    /// A command for the first set-up after the start or a stop, before the rest of it.
    pub start: Option<StartCommand>,
    /// A command for `Procedure::Stop`.
    pub stop: Option<String>,
    /// A look at the SIM before the rest of the set-up.
    pub check_sim: Option<CheckSim>,
    /// The IMSI its SIM has to have, or the serial number of a modem that tells none; any other is refused.
    pub identity: Option<String>,
    /// Parameters of `AT+CNMI=` instead of the driver's choice. Must keep messages stored (second digit 0 or 1).
    pub indications: Option<String>,
    /// The memories received messages are in; empty: the one the modem prefers.
    pub memories: Vec<Memory>,
    /// How stored messages are found.
    pub list_method: ListMethod,
    /// Whether to ask for registration at all; off for modems that answer nonsense.
    pub check_registration: bool,
    /// How long `Initialise` waits for registration before it reports the modem unregistered. Default 30 s.
    pub registration_wait: Duration,
    /// How long a SIM may be busy after the PIN. Default 30 s.
    pub warm_up_max: Duration,
    /// How long the answer to a PDU may take. Default: the driver's, at least 90 s. Shorter than 60 s
    /// makes uncertain parts out of sent ones.
    pub result_timeout: Option<Duration>,
    /// How long an ordinary command may take. Default 10 s.
    pub command_timeout: Duration,
    /// How long the prompt may take. Default 10 s.
    pub prompt_timeout: Duration,
    /// How long nothing is sent after an uncertain part. Default 30 s.
    pub quiet: Duration,
    /// How long the host may take to confirm. Default 5 s.
    pub confirm_timeout: Duration,
    /// Pause before every command but the PDU, for modems that need one. Default none.
    pub command_pause: Duration,
    /// Characters written before the first `AT`, for devices that sleep; their answer is not looked at.
    pub wakeup: Option<String>,
    /// Pause between the prompt and the PDU, for modems that lose what comes at once. Default: the driver's.
    pub prompt_delay: Option<Duration>,
    /// Whether to write commands and PDUs in pieces. Default: PDUs as the driver says, commands whole.
    pub chunking: Option<Chunking>,
    /// How often `AT` is tried at the start. Default 10.
    pub sync_rounds: u8,
    /// PDUs come without the field of the service centre, as old modems take them.
    pub bare_pdu: bool,
    /// Whether the echo is on while a part is sent, and the PDU that comes back is compared; the answer alone counts.
    pub verify_pdu: bool,
    /// How it makes voice calls.
    pub calling: Calling,
    /// Whether to say every line, masked, as [`super::Event::Traced`].
    pub trace: bool,
    /// The form of these lines.
    pub trace_form: TraceForm,
}

/// Writing in pieces, for devices with a small input buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunking {
    /// Characters a piece; at least 1.
    pub characters: usize,
    /// Pause after each piece but the last.
    pub pause: Duration,
}

/// What is told to a modem when it is taken into use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartCommand {
    /// The command.
    pub line: String,
    /// How long the modem is left alone after it.
    pub rest: Duration,
}

/// How stored messages are found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ListMethod {
    /// `AT+CMGL`, and slot by slot when that fails or does not find what `+CPMS` counts.
    #[default]
    Listing,
    /// `AT+CMGR` slot by slot, beginning with `first`, until as many are found as `+CPMS` counts.
    Slots {
        /// The first slot, 0 or 1.
        first: u16,
    },
    /// The slots `AT+CMGD=?` names.
    Deletable,
}

impl Profile {
    /// Whether its commands are command lines, one each, and what wakes the modem sends nothing.
    pub(super) fn is_writable(&self, is_askable: impl Fn(&str) -> bool) -> bool {
        let digits = |text: &String| text.bytes().all(|b| b.is_ascii_digit() || b == b'+');
        let numbers = |text: &String| text.bytes().all(|b| b.is_ascii_digit() || b == b',');
        // What wakes a device need not be a command: `+++` ends a data connection.
        let wakes = |line: &String| is_askable(&format!("AT{line}"));
        let start = self.start.as_ref().map(|start| &start.line);
        let sim = self.check_sim.iter();
        let sim = sim.flat_map(|check| check.reset.commands().chain([&check.command]));
        self.init.iter().chain(start).chain(&self.stop).chain(sim).all(|line| is_askable(line))
            && self.wakeup.as_ref().is_none_or(wakes)
            && self.service_centre.as_ref().is_none_or(digits)
            && self.indications.as_ref().is_none_or(numbers)
    }
}

impl Default for Profile {
    fn default() -> Profile {
        Profile {
            driver: None,
            service_centre: None,
            init: Vec::new(),
            start: None,
            stop: None,
            check_sim: None,
            identity: None,
            indications: None,
            memories: Vec::new(),
            list_method: ListMethod::Listing,
            check_registration: true,
            registration_wait: Duration::from_secs(30),
            warm_up_max: Duration::from_secs(30),
            result_timeout: None,
            command_timeout: Duration::from_secs(10),
            prompt_timeout: Duration::from_secs(10),
            quiet: Duration::from_secs(30),
            confirm_timeout: Duration::from_secs(5),
            command_pause: Duration::ZERO,
            wakeup: None,
            prompt_delay: None,
            chunking: None,
            sync_rounds: 10,
            bare_pdu: false,
            verify_pdu: false,
            calling: Calling::default(),
            trace: false,
            trace_form: TraceForm::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SimReset;
    use super::*;

    #[test]
    fn a_device_is_woken_by_any_characters_that_send_nothing() {
        let is_askable = |line: &str| line.starts_with("AT") && !line.contains("CMGS");
        for (wakeup, is_writable) in [("+++", true), ("ATZ", true), ("AT+CMGS=5", false)] {
            let profile = Profile { wakeup: Some(wakeup.to_owned()), ..Profile::default() };
            assert_eq!(profile.is_writable(is_askable), is_writable, "{wakeup}");
        }
        let sim = CheckSim { command: "AT+CMGS=5".to_owned(), once: false, reset: SimReset::default() };
        assert!(!Profile { check_sim: Some(sim), ..Profile::default() }.is_writable(is_askable));
        let init = Profile { init: vec!["+++".to_owned()], ..Profile::default() };
        let stop = Profile { stop: Some("AT+CMGS=5".to_owned()), ..Profile::default() };
        assert!(!init.is_writable(is_askable) && !stop.is_writable(is_askable));
    }
}
