//! `[modems.NAME]`: one modem, where it is plugged and how to talk to it.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use smsgrid::at::Calling;
use smsgrid::model::{Address, Name};
use smsgrid::simulator::{self, Spec, SpecError};
use smsgrid::worker::handlers::Command;
use smsgrid::worker::{PduForm, Reports};
use smsgrid_proto::Reason;
use toml::de::DeValue;

use super::asks;
use super::calling;
use super::check_sim::{self, CheckSim};
use super::handlers;
use super::report::Report;
use super::section::{Named, Placed, Section};
use super::telnet::{self, Telnet};
use super::value::{self, Value, Wrong, words};
use crate::handlers::Asks;
use crate::secret::Secret;

/// Longest command of the user's own, in characters: what the shortest command line of a modem holds.
const INIT_CHARACTERS_MAX: usize = 98;
/// Longest `number` and `description`, in characters, as smsd has them.
const NUMBER_CHARACTERS_MAX: usize = 31;
const DESCRIPTION_CHARACTERS_MAX: usize = 62;
/// Digits of an IMSI or of a serial number.
const IDENTITY_DIGITS: std::ops::RangeInclusive<usize> = 6..=17;
/// Bits of a mode that let others in: group may read, nobody else may anything.
const MODE_TOO_OPEN: u32 = 0o037;

/// One modem of this host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Modem {
    /// Where it is plugged: `/dev/serial/by-path/…` or `/dev/serial/by-id/…` (a `/dev/ttyUSB0` may be another modem
    /// after a restart), `tcp:host:port`, or `sim:…` for a simulated one. Required.
    pub port: Port,
    /// Where in the file the port stands, in octets: two modems must not share one.
    port_at: usize,
    /// Speed of a serial line in bits per second. Default 115200, 300 to 4000000; USB sticks ignore it.
    pub baudrate: u32,
    /// Whether a serial line uses RTS/CTS. Default true; false for a cable that lacks those wires.
    pub rtscts: bool,
    /// Whether the port stays open while the modem has nothing to do. Default true; false lets other programs use it
    /// meanwhile, and every message waits until the modem is set up again.
    pub keep_open: bool,
    /// The PIN of the SIM, from `pin` or the first line of `pin_file`. Default: none, the SIM must not ask for one. It
    /// is tried once; refused, it is never tried again.
    pub pin: Option<Secret>,
    /// Service centre instead of the SIM's own, country code first. A wrong one makes the network refuse everything.
    pub smsc: Option<Address>,
    /// Commands of your own, sent after ours at each start of the modem; each must be answered with `OK`. Default none.
    pub init: Vec<String>,
    /// A command of your own, sent once when smsnode takes the modem into use, before everything else; one that is refused
    /// is told and changes nothing. Default none.
    pub start: Option<String>,
    /// Pause after `start`. Default 3 s, up to 10 m.
    pub start_pause: Duration,
    /// A command of your own, sent when smsnode stops, or the modem is suspended, and is done with the modem. Default
    /// none. A port that is closed anyway (`keep_open = false`) is opened for it when smsnode stops, not on a suspension.
    pub stop: Option<String>,
    /// Whether and how the SIM is looked at before the rest of the set-up.
    pub check_sim: CheckSim,
    /// The IMSI of its SIM, or the serial number of a modem that tells no IMSI. Default none: any SIM will do. Where another
    /// SIM is found, this section is not used at its port; the section with that SIM's identity is, and the two change
    /// ports, if both are serial, or both TCP where the node has no others beside it. No PIN is used before: a SIM that
    /// tells its IMSI only with its PIN is not known, unless its PIN is switched off or this is the serial number.
    pub identity: Option<String>,
    /// Words that messages can ask for, such as a country or a customer. Default none.
    pub tags: Vec<Name>,
    /// Whether messages of the first tag go first, then those of the second, whatever their priority; what asks for no
    /// tag counts as of the first. Default false: among all that it may send, the most urgent and oldest goes first.
    pub tags_in_order: bool,
    /// Whether to ask for network registration before sending. Default true; false for modems that answer nonsense.
    pub check_network: bool,
    /// `new` or `old`: how PDUs are written. Default `new`. Old modems of the first phase take them without the field of
    /// the service centre and without validity.
    pub pdu_mode: PduMode,
    /// Whether the modem's echo is on while it gets a part, and the PDU that comes back is compared, for the log alone.
    /// Default false; for the search for a bad line.
    pub verify_pdu: bool,
    /// How it makes voice calls, each key false unless said. `voicecall_vts_list`: the tones are one list,
    /// `AT+VTS=1,2`, instead of `AT+VTS=1;+VTS=2`. `voicecall_vts_quotation_marks`: each tone of the chain stands in
    /// quotation marks. `voicecall_hangup_ath`: it hangs up by `ATH` instead of `AT+CHUP`. `voicecall_cpas` or
    /// `voicecall_clcc`: whether a call was answered is polled by `AT+CPAS` or `AT+CLCC`, for modems that say `OK` as
    /// soon as they dial. `voicecall_ignore_modem_response`: a call with `TIME:` rings that long whatever the modem says.
    pub calling: Calling,
    /// Which status reports it asks for: `yes` those that messages or `report` of `[messages]` ask for, `no` those
    /// that messages ask for themselves, `disabled` none but those of pings. Default `yes`.
    pub report: Reports,
    /// How long the network may take to answer a part. Default: the driver's, at least 90 s. 1 s to 10 m. Shorter than
    /// 60 s makes uncertain parts out of sent ones; longer keeps the messages of a dead modem waiting.
    pub send_timeout: Option<Duration>,
    /// How long the modem may take to answer any other command. Default 10 s, 100 ms to 2 m. Shorter calls slow modems
    /// dead; longer delays the search for the cause.
    pub command_timeout: Duration,
    /// How long the modem may take to ask for the PDU. Default 10 s, 100 ms to 2 m.
    pub prompt_timeout: Duration,
    /// Pause between the modem's prompt and the PDU. Default: the driver's. Up to 5 s. 100 ms cures modems that lose
    /// what comes at once.
    pub prompt_delay: Option<Duration>,
    /// How long nothing is sent after an uncertain part, while a late answer may come. Default 30 s, 1 s to 10 m.
    /// Shorter takes a late answer for that of the next part.
    pub quiet_time: Duration,
    /// Most messages it sends before it takes no more; those of several parts count once. Default: no limit. The count is
    /// kept in memory: it begins anew at each start of smsnode, as smsd's does.
    pub message_limit: Option<u32>,
    /// How long after its first message the count of `message_limit` begins anew. Default never, 1 m to 366 d.
    pub message_count_clear: Option<Duration>,
    /// Pause after each part that was sent. Default none, up to 10 m. For networks that refuse who is too fast.
    pub sent_pause: Duration,
    /// Pause before each command. Default none, up to 5 s. For modems that lose commands that follow at once.
    pub command_pause: Duration,
    /// Pause after each character of commands and PDUs. Default: the driver's, mostly none; 1 ms to 1 s. For slow lines
    /// without handshake; a PDU has up to 360 characters.
    pub character_pause: Option<Duration>,
    /// Characters written before the first command, for devices that sleep; what they answer is not looked at. Default
    /// none.
    pub wakeup: Option<String>,
    /// Failures in a row after which it gets no messages for a while. Default 3.
    pub block_after: u8,
    /// For how long; twice as long each time, up to 1 h or this. Default 1 m, 1 s to 24 h.
    pub block_time: Duration,
    /// The number of its SIM, for `Number:` of results. Default none.
    pub number: Option<String>,
    /// Words for `Description:` of results. Default none.
    pub description: Option<String>,
    /// How long a starting modem may look for its network. Default 30 s, 1 s to 10 m.
    pub registration_timeout: Duration,
    /// How to sign in at a telnet host in front of the modem.
    pub telnet: Telnet,
    /// Programs that are run for this modem.
    pub programs: Programs,
    /// Who is told of its trouble by SMS.
    pub administrator: Administrator,
}

/// Who is told of the trouble of one modem, and how often.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Administrator {
    /// `admin_to`: the number. Default: that of `[handlers]`.
    pub to: Option<Address>,
    /// `adminmessage_limit`: most messages. Default: no limit.
    pub limit: Option<u32>,
    /// `adminmessage_count_clear`: how long after the first they are counted anew. Default never, 1 m to 366 d.
    pub count_clear: Option<Duration>,
}

/// How PDUs are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PduMode {
    /// With the field of the service centre and the validity.
    New,
    /// Without both.
    Old,
}

words!(PduMode, "a form of PDUs",
    "new" => PduMode::New,
    "old" => PduMode::Old,
);

words!(Reports, "which reports to ask for",
    "yes" => Reports::All,
    "no" => Reports::Said,
    "disabled" => Reports::Pings,
);

impl Modem {
    /// How it wants its PDUs.
    pub fn form(&self) -> PduForm {
        PduForm { is_old: self.pdu_mode == PduMode::Old, reports: self.report }
    }

    /// Whether both say the same, wherever they stand in their files.
    pub fn says_the_same(&self, other: &Modem) -> bool {
        Modem { port_at: other.port_at, ..self.clone() } == *other
    }
}

/// Programs that are run for one modem; `modemname` in them stands for its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Programs {
    /// `eventhandler`: instead of that of `[handlers]` for messages this modem had. Default none.
    pub eventhandler: Option<Command>,
    /// `regular_run`: run every `regular_run_interval` as `PRE_RUN STATFILE MODEM`. The port stays open. Default none.
    pub regular_run: Option<Command>,
    /// `regular_run_post_run`: run after it as `POST_RUN STATFILE MODEM`. Default none.
    pub regular_run_post_run: Option<Command>,
    /// `regular_run_interval`. Default 5 m, 1 s to 24 h.
    pub regular_run_interval: Duration,
    /// `regular_run_statfile`: what the programs are told as STATFILE, and where the answers of the last run stand; removed
    /// between the programs. Default none.
    pub regular_run_statfile: Option<PathBuf>,
    /// What the modem is asked in each run, between two messages. `regular_run_cmd`: AT commands after the programs, up to
    /// 64. `[REGEX]` in front of one says what its answer has to hold. Default none. `regular_run_cmdfile`: a file with such
    /// commands, one a line, `#` begins a comment; they go between the programs, and the file is removed. Default none.
    /// `regular_run_logfile`: where the answers go. Default: the log of the node. `regular_run_loglevel`: their level there,
    /// 1 to 7. Default 5.
    pub asks: Asks,
}

impl Programs {
    /// Every program with the name of its setting.
    pub fn each(&self) -> impl Iterator<Item = (&'static str, &Command)> {
        let programs = [
            ("eventhandler", &self.eventhandler),
            ("regular_run", &self.regular_run),
            ("regular_run_post_run", &self.regular_run_post_run),
        ];
        programs.into_iter().filter_map(|(key, command)| Some((key, command.as_ref()?)))
    }
}

/// Where a modem is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Port {
    /// A serial device.
    Serial(PathBuf),
    /// `host:port` of a modem behind a TCP address.
    Tcp(String),
    /// A simulated modem in this process.
    Simulated {
        /// What follows `sim:`.
        text: String,
        /// What it means.
        spec: Box<Spec>,
    },
}

impl Value for Port {
    const KIND: &'static str = "a port";
    const HOW: &'static str = "write \"/dev/serial/by-path/…\", \"tcp:host:port\" or \"sim:fast\"";

    fn read(value: &DeValue<'_>) -> Result<Port, Wrong> {
        let text = value.as_str().ok_or(Wrong::Kind)?;
        if let Some(address) = text.strip_prefix("tcp:") {
            return tcp(address)
                .ok_or_else(|| Wrong::Because("it has no host, or no port from 1 to 65535".to_owned()));
        }
        match text.strip_prefix(simulator::SCHEME) {
            Some(text) => simulated(text),
            None if text.starts_with('/') => Ok(Port::Serial(PathBuf::from(text))),
            None => Err(Wrong::Kind),
        }
    }

    fn show(&self) -> String {
        match self {
            Port::Serial(device) => device.show(),
            Port::Tcp(address) => format!("tcp:{address}").show(),
            Port::Simulated { text, .. } => format!("{}{text}", simulator::SCHEME).show(),
        }
    }
}

/// Reads one `[modems.NAME]`.
pub(super) fn read(section: &mut Section<'_, '_>, has_shell: bool) -> Option<Modem> {
    const MS: Duration = Duration::from_millis(1);
    const SECOND: Duration = Duration::from_secs(1);
    const MINUTE: Duration = Duration::from_secs(60);
    const DAY: Duration = Duration::from_secs(24 * 3600);
    let port = section.required::<Port>("port");
    let modem = |port: Placed<Port>, pin: Option<Secret>, section: &mut Section<'_, '_>| Modem {
        port: port.value,
        port_at: port.at,
        pin,
        baudrate: section.within("baudrate", 115_200, 300..=4_000_000),
        rtscts: section.or("rtscts", true),
        keep_open: section.or("keep_open", true),
        smsc: section.optional("smsc", "the SIM's own").map(|placed| placed.value),
        init: init(section),
        start: command(section, "start"),
        start_pause: section.within("start_pause", 3 * SECOND, Duration::ZERO..=10 * MINUTE),
        stop: command(section, "stop"),
        check_sim: check_sim::read(section),
        identity: identity(section),
        tags: section.or("tags", Vec::new()),
        tags_in_order: section.or("tags_in_order", false),
        check_network: section.or("check_network", true),
        pdu_mode: section.or("pdu_mode", PduMode::New),
        verify_pdu: section.or("verify_pdu", false),
        calling: calling::read(section),
        report: section.or("report", Reports::All),
        send_timeout: section.optional_within(
            "send_timeout",
            "the driver's, at least 90s",
            SECOND..=10 * MINUTE,
        ),
        command_timeout: section.within("command_timeout", 10 * SECOND, 100 * MS..=2 * MINUTE),
        prompt_timeout: section.within("prompt_timeout", 10 * SECOND, 100 * MS..=2 * MINUTE),
        prompt_delay: section.optional_within("prompt_delay", "the driver's", Duration::ZERO..=5 * SECOND),
        quiet_time: section.within("quiet_time", 30 * SECOND, SECOND..=10 * MINUTE),
        message_limit: section.optional_within("message_limit", "no limit", 1..=u32::MAX),
        message_count_clear: section.optional_within("message_count_clear", "never", MINUTE..=366 * DAY),
        sent_pause: section.within("sent_pause", Duration::ZERO, Duration::ZERO..=10 * MINUTE),
        command_pause: section.within("command_pause", Duration::ZERO, Duration::ZERO..=5 * SECOND),
        character_pause: section.optional_within("character_pause", "the driver's", MS..=SECOND),
        wakeup: wakeup(section),
        block_after: section.within("block_after", 3, 1..=u8::MAX),
        block_time: section.within("block_time", MINUTE, SECOND..=DAY),
        number: text(section, "number", NUMBER_CHARACTERS_MAX),
        description: text(section, "description", DESCRIPTION_CHARACTERS_MAX),
        registration_timeout: section.within("registration_timeout", 30 * SECOND, SECOND..=10 * MINUTE),
        telnet: telnet::read(section),
        programs: Programs {
            eventhandler: handlers::program(section, "eventhandler", has_shell),
            regular_run: handlers::program(section, "regular_run", has_shell),
            regular_run_post_run: handlers::program(section, "regular_run_post_run", has_shell),
            regular_run_interval: handlers::interval(section),
            regular_run_statfile: section.optional("regular_run_statfile", "none").map(|placed| placed.value),
            asks: asks::read(section),
        },
        administrator: Administrator {
            to: section.optional("admin_to", "that of [handlers]").map(|placed| placed.value),
            limit: section.optional_within("adminmessage_limit", "no limit", 1..=u32::MAX),
            count_clear: section.optional_within("adminmessage_count_clear", "never", MINUTE..=366 * DAY),
        },
    };
    let pin = pin(section);
    // The rest is read even when the port is missing or wrong, so that every fault comes at once.
    let is_whole = port.is_some();
    let nowhere = Placed { value: Port::Tcp(String::new()), at: section.at() };
    let modem = modem(port.unwrap_or(nowhere), pin, section);
    is_whole.then_some(modem)
}

/// Two modems on one port are one modem with two names.
pub(super) fn conflicts(report: &mut Report, modems: &[Named<Modem>]) {
    for (index, second) in modems.iter().enumerate() {
        let same = |first: &&Named<Modem>| shares_port(&first.value.port, &second.value.port);
        let Some(first) = modems.iter().take(index).find(same) else { continue };
        let (earlier, later) =
            if first.value.port_at < second.value.port_at { (first, second) } else { (second, first) };
        let lines = (report.line(earlier.value.port_at), report.line(later.value.port_at));
        let what = format!(
            "modems {} and {} both use port {} (lines {} and {})",
            earlier.name,
            later.name,
            later.value.port.show(),
            lines.0,
            lines.1
        );
        let fix = "give each its own port; /dev/serial/by-path tells them apart";
        report.fault(later.value.port_at, Reason::ConfigConflict, &what, None, Some(fix));
    }
}

fn shares_port(a: &Port, b: &Port) -> bool {
    let device = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    match (a, b) {
        (Port::Serial(a), Port::Serial(b)) => device(a) == device(b),
        (Port::Tcp(a), Port::Tcp(b)) => a.eq_ignore_ascii_case(b),
        // Two simulated modems of one personality are two modems.
        (Port::Simulated { .. } | Port::Serial(_) | Port::Tcp(_), _) => false,
    }
}

fn tcp(address: &str) -> Option<Port> {
    let (host, port) = address.rsplit_once(':')?;
    let is_host = !host.is_empty()
        && !host.contains(char::is_whitespace)
        && (host.starts_with('[') || !host.contains(':'));
    let is_port = port.parse::<u16>().is_ok_and(|port| port != 0);
    (is_host && is_port).then(|| Port::Tcp(address.to_owned()))
}

fn simulated(text: &str) -> Result<Port, Wrong> {
    let spec = text.parse().map_err(|error: SpecError| Wrong::Because(error.to_string()))?;
    Ok(Port::Simulated { text: text.to_owned(), spec: Box::new(spec) })
}

fn init(section: &mut Section<'_, '_>) -> Vec<String> {
    let Some(commands) = section.optional::<Vec<String>>("init", "none") else { return Vec::new() };
    if let Some(command) = commands.value.iter().find(|command| is_unfit(command)) {
        let what = format!("`init` holds a command that cannot be sent: {}", command.show());
        let fix = format!("write at most {INIT_CHARACTERS_MAX} printable ASCII characters a command");
        section.fault(commands.at, Reason::ConfigBadValue, &what, None, Some(&fix));
    }
    commands.value
}

/// Whether a command cannot be sent.
pub(super) fn is_unfit(command: &str) -> bool {
    command.chars().count() > INIT_CHARACTERS_MAX || command.chars().any(|c| !matches!(c, ' '..='~'))
}

fn wakeup(section: &mut Section<'_, '_>) -> Option<String> {
    let wakeup = section.optional::<String>("wakeup", "none")?;
    if is_unfit(&wakeup.value) {
        let what = format!("`wakeup` cannot be sent: {}", wakeup.value.show());
        let fix = format!("write at most {INIT_CHARACTERS_MAX} printable ASCII characters");
        section.fault(wakeup.at, Reason::ConfigBadValue, &what, None, Some(&fix));
    }
    Some(wakeup.value)
}

/// A command that is sent for its effect alone.
fn command(section: &mut Section<'_, '_>, key: &'static str) -> Option<String> {
    let command = section.optional::<String>(key, "none")?;
    let is_command = command.value.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("AT"));
    if is_unfit(&command.value) || !is_command {
        let what = format!("`{key}` cannot be sent: {}", command.value.show());
        let fix = format!("write AT and at most {INIT_CHARACTERS_MAX} printable ASCII characters in all");
        section.fault(command.at, Reason::ConfigBadValue, &what, None, Some(&fix));
    }
    Some(command.value)
}

/// An IMSI or a serial number.
fn identity(section: &mut Section<'_, '_>) -> Option<String> {
    let identity = section.optional::<String>("identity", "none")?;
    let is_number = IDENTITY_DIGITS.contains(&identity.value.len());
    if !is_number || !identity.value.bytes().all(|octet| octet.is_ascii_digit()) {
        let what = format!("`identity = {}` is no IMSI and no serial number", identity.value.show());
        section.fault(identity.at, Reason::ConfigBadValue, &what, None, Some("write its 6 to 17 digits"));
    }
    Some(identity.value)
}

/// Words for results.
fn text(section: &mut Section<'_, '_>, key: &'static str, max: usize) -> Option<String> {
    let text = section.optional::<String>(key, "none")?;
    if text.value.chars().count() > max {
        let what = format!("`{key}` has more than {max} characters");
        section.fault(text.at, Reason::ConfigBadValue, &what, None, Some("shorten it"));
    }
    Some(text.value)
}

fn pin(section: &mut Section<'_, '_>) -> Option<Secret> {
    let pin = section.optional::<Secret>("pin", "none");
    let file = section.optional::<PathBuf>("pin_file", "none");
    if let (Some(pin), Some(_)) = (&pin, &file) {
        let what = format!("`[{}]` has both `pin` and `pin_file`", section.path());
        section.fault(
            pin.at,
            Reason::ConfigConflict,
            &what,
            None,
            Some("keep pin_file: a file of its own can be closed to others"),
        );
        return None;
    }
    if let Some(pin) = &pin {
        refuse_open_file(section, pin.at, "a PIN", "put the PIN into a pin_file, or chmod 0640 this file");
    }
    let from_file = file.and_then(|placed| match pin_of_file(&placed.value) {
        Ok(pin) => Some(pin),
        Err((why, fix)) => {
            let what = format!("`pin_file = {}` holds no PIN that can be used", placed.value.show());
            section.fault(placed.at, Reason::ConfigBadValue, &what, Some(&why), Some(fix));
            None
        }
    });
    pin.map(|placed| placed.value).or(from_file)
}

/// Refuses a configuration that holds `secret` at `at` and that others can read.
pub(super) fn refuse_open_file(section: &mut Section<'_, '_>, at: usize, secret: &str, fix: &str) {
    let lies_open = |file: &Path| match closed_to_others(file) {
        Ok(()) | Err(Wrong::Kind) => None,
        Err(Wrong::Because(why)) => Some(why),
    };
    if let Some(why) = section.file().and_then(lies_open) {
        let what = format!("`[{}]` holds {secret} that others can read", section.path());
        section.fault(at, Reason::ConfigBadValue, &what, Some(&why), Some(fix));
    }
}

fn pin_of_file(path: &Path) -> Result<Secret, (String, &'static str)> {
    const CONTENT: &str = "write the 4 to 8 digits of the PIN into it, and nothing else";
    const MODE: &str = "chmod 0640 it, owned by root or by the user smsnode runs as";
    closed_to_others(path).map_err(|wrong| match wrong {
        Wrong::Because(why) => (why, MODE),
        Wrong::Kind => ("it is no regular file".to_owned(), CONTENT),
    })?;
    let text = fs::read_to_string(path).map_err(|error| (error.to_string(), MODE))?;
    value::pin(text.trim()).ok_or_else(|| ("its content is not 4 to 8 digits".to_owned(), CONTENT))
}

/// Refuses a file that holds a secret and lets others read it, or change it.
fn closed_to_others(path: &Path) -> Result<(), Wrong> {
    let metadata = match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => metadata,
        Ok(_) => return Err(Wrong::Kind),
        Err(error) => return Err(Wrong::Because(error.to_string())),
    };
    let mode = metadata.mode() & 0o7777;
    let user = rustix::process::geteuid().as_raw();
    if mode & MODE_TOO_OPEN != 0 {
        return Err(Wrong::Because(format!("its mode is {mode:04o}")));
    }
    if metadata.uid() != 0 && metadata.uid() != user {
        return Err(Wrong::Because(format!(
            "it belongs to user {}, not to root or user {user}",
            metadata.uid()
        )));
    }
    Ok(())
}
