//! The rules that make settings of one modem.

use super::files::{self, Agreed};
use super::made::{Made, Ours, absolute, quoted, quoted_list};
use super::{check_sim, pace, programs, telnet, timeouts};
use crate::model::{Address, Name};
use crate::smsd_conf::key::{Becomes, Target};
use crate::smsd_conf::layers::{Modem, Setting};
use crate::smsd_conf::value;

/// Speeds a serial line can have, in bits per second.
const BAUDRATES: std::ops::RangeInclusive<i64> = 300..=4_000_000;

/// Digits of an IMSI or of a serial number.
const IDENTITY_DIGITS: std::ops::RangeInclusive<usize> = 6..=17;

/// Longest command of the operator's, in characters.
const COMMAND_MAX: usize = 98;

/// Whether and why a modem is left out: smsd does not send with it.
pub(super) fn left_out<'a>(modem: &Modem<'a>) -> Option<Setting<'a>> {
    let idle = |setting: &Setting<'_>| match setting.key.becomes {
        Becomes::Setting(Target::Sends { when }) => setting.is_yes() != when,
        Becomes::Setting(_)
        | Becomes::Unnecessary(_)
        | Becomes::Changed(_)
        | Becomes::Unsupported(_)
        | Becomes::Only(..) => false,
    };
    modem.settings().into_iter().find(idle)
}

/// What all modems of a file say together.
#[derive(Clone, Copy)]
pub(super) struct Together<'f> {
    /// Whether any of them asks for reports.
    pub(super) reports: bool,
    /// What they say alike.
    pub(super) agreed: &'f Agreed,
}

/// What becomes of one setting of a modem.
pub(super) fn made(setting: &Setting<'_>, modem: &Modem<'_>, together: Together<'_>) -> Made {
    let text = setting.value_for(&modem.name);
    if let Some(made) = Made::by_table(&setting.key, &text) {
        return made;
    }
    match setting.key.becomes {
        Becomes::Setting(target) => of_target(target, setting, &text, modem, together),
        Becomes::Unnecessary(why)
        | Becomes::Changed(why)
        | Becomes::Unsupported(why)
        | Becomes::Only(_, why) => Made::unsupported(why),
    }
}

fn of_target(
    target: Target,
    setting: &Setting<'_>,
    text: &str,
    modem: &Modem<'_>,
    together: Together<'_>,
) -> Made {
    match target {
        Target::Port => Made::converted("port", quoted(&port(text).unwrap_or_else(|_| text.to_owned()))),
        Target::Baudrate => baudrate(text),
        Target::Telnet => telnet::text(setting, text, modem),
        Target::TelnetCrlf => telnet::crlf(setting, modem),
        Target::KeepOpen if setting.is_yes() => Made::unnecessary("smsnode does so anyway"),
        Target::KeepOpen => Made::converted("keep_open", "false".to_owned()),
        Target::Rtscts => Made::converted("rtscts", setting.is_yes().to_string()),
        Target::Init => init(text),
        Target::Pin => pin(text),
        Target::Smsc => smsc(text),
        Target::CheckSim => check_sim::made(setting, text, modem),
        Target::Identity => identity(text),
        Target::CheckNetwork => {
            Made::converted("check_network", (value::boolean(text) != Some(false)).to_string())
        }
        Target::Tags => tags(text),
        Target::Report => report(text, asks_reports(modem), together.reports),
        Target::AdminTo => admin_to(text),
        Target::AdminLimit => pace::admin_limit(text),
        Target::AdminCountClear => pace::admin_count_clear(text),
        Target::Flag if !setting.is_yes() => Made::unnecessary("smsnode does so anyway"),
        Target::Flag => Made::converted(setting.key.name, "true".to_owned()),
        Target::Mode => match text.get(..3).map(str::to_ascii_lowercase).as_deref() {
            Some("old") => Made::converted("pdu_mode", quoted("old")),
            Some(_) | None => Made::unnecessary("smsnode does so anyway"),
        },
        Target::Files(of) => files::made_of_modem(&of, setting, together.agreed),
        Target::Retries => files::retries(setting, together.agreed),
        Target::MessageLimit => pace::message_limit(text),
        Target::MessageCountClear => pace::message_count_clear(text, modem),
        Target::Pause(pause) => pace::pause(pause, text),
        Target::Wakeup => wakeup(text),
        Target::Own => own(setting.key.name, text),
        Target::OfResults => of_results(setting, text),
        Target::Programs(kind) => programs::made(kind, &setting.key, text),
        Target::CommandTimeout => timeouts::unit(setting, modem),
        Target::TimeoutMultiple => timeouts::multiple(setting, modem),
        Target::Sends { .. } => match left_out(modem) {
            None => Made::unnecessary("a modem of a node sends"),
            Some(_) => Made::unsupported(format!(
                "smsnode has no use for a modem that does not send: {} is left out",
                modem.name
            )),
        },
        // These stand before the first section, where they have rules of their own.
        Target::Devices
        | Target::Folder(_)
        | Target::NumberList
        | Target::Suspend
        | Target::TrustOutgoing
        | Target::Spool(_)
        | Target::Validity
        | Target::BlockAfter
        | Target::BlockTime
        | Target::LogLevel
        | Target::Dialogue(_) => Made::unsupported("it is no setting of a modem"),
    }
}

/// A port as we write it, or why it is none.
pub(super) fn port(text: &str) -> Result<String, &'static str> {
    let Some(address) = text.strip_prefix('@') else {
        return if text.is_empty() { Err("it is empty") } else { Ok(absolute(text)) };
    };
    let (host, port) = address.rsplit_once(':').ok_or("it has no port")?;
    let host = host.trim();
    let is_port = port.trim().parse::<u16>().is_ok_and(|port| port != 0);
    let is_host = !host.is_empty()
        && !host.contains(char::is_whitespace)
        && (host.starts_with('[') || !host.contains(':'));
    if !is_host || !is_port {
        return Err("it is no host with a port from 1 to 65535");
    }
    Ok(format!("tcp:{host}:{}", port.trim()))
}

/// The queues a modem serves.
pub(super) fn queues(text: &str) -> Vec<&str> {
    let mut queues: Vec<&str> = Vec::new();
    for queue in value::list(text) {
        if !queues.contains(&queue) {
            queues.push(queue);
        }
    }
    queues
}

fn baudrate(text: &str) -> Made {
    let baudrate = value::whole(text);
    if BAUDRATES.contains(&baudrate) {
        return Made::converted("baudrate", baudrate.to_string());
    }
    let ours = vec![Ours { key: "baudrate", value: "19200".to_owned() }];
    Made::changed("smsd takes 19200 for a speed it does not know", ours)
}

fn init(text: &str) -> Made {
    if text.is_empty() {
        return Made::unnecessary("it is empty, as if it were not set");
    }
    if text.chars().any(|c| !matches!(c, ' '..='~')) {
        return Made::unsupported("a command holds printable ASCII characters alone");
    }
    Made { text: "it must be answered with OK".to_owned(), ..Made::converted("init", quoted(text)) }
}

/// A command that is sent for its effect alone.
fn own(key: &'static str, text: &str) -> Made {
    if text.is_empty() {
        return Made::unnecessary("it is empty, as if it were not set");
    }
    let is_command = text.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("AT"));
    if !is_command || text.len() > COMMAND_MAX || text.chars().any(|c| !matches!(c, ' '..='~')) {
        return Made::unsupported(format!(
            "a command is AT and printable ASCII, {COMMAND_MAX} characters in all"
        ));
    }
    Made::converted(key, quoted(text))
}

fn wakeup(text: &str) -> Made {
    if text.is_empty() {
        return Made::unnecessary("it is empty, as if it were not set");
    }
    if text.chars().any(|c| !matches!(c, ' '..='~')) {
        return Made::unsupported("a modem is woken with printable ASCII characters alone");
    }
    Made::converted("wakeup", quoted(text))
}

/// The identity of a SIM, or of a device.
fn identity(text: &str) -> Made {
    if text.is_empty() {
        return Made::unnecessary("it is empty, as if it were not set");
    }
    if !IDENTITY_DIGITS.contains(&text.len()) || !text.bytes().all(|octet| octet.is_ascii_digit()) {
        return Made::unsupported("an IMSI or a serial number has 6 to 17 digits: no modem tells this one");
    }
    let how = "where another SIM is found the modem it belongs to changes ports with this one, if both are serial, or both TCP and the node has no others beside it; a SIM of nobody is not used, and looked at again once a minute";
    Made::changed(how, vec![Ours { key: "identity", value: quoted(text) }])
}

/// What the results of a modem say of it.
fn of_results(setting: &Setting<'_>, text: &str) -> Made {
    if text.is_empty() {
        return Made::unnecessary("it is empty, as if it were not set");
    }
    if !setting.entry.is_utf8 {
        return Made::unsupported("it is not UTF-8: write it into the new file by hand");
    }
    Made::converted(setting.key.name, quoted(text))
}

fn pin(text: &str) -> Made {
    if text.is_empty() {
        return Made::unnecessary("it is empty, as if it were not set");
    }
    if text.eq_ignore_ascii_case("ignore") {
        return Made::changed("a SIM is always asked whether it is ready; no PIN is entered", Vec::new());
    }
    if (4..=8).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_digit()) {
        return Made::converted("pin", quoted(text));
    }
    Made::unsupported("a PIN has 4 to 8 digits: write the right one into the new file")
}

fn smsc(text: &str) -> Made {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if text.is_empty() {
        return Made::unnecessary("it is empty, as if it were not set");
    }
    match Address::international(digits) {
        Ok(_) => Made::converted("smsc", quoted(&format!("+{digits}"))),
        Err(error) => Made::unsupported(format!("no service centre has this number: {error}")),
    }
}

/// What becomes of the administrator's number.
pub(super) fn admin_to(text: &str) -> Made {
    let digits = text.strip_prefix('+').unwrap_or(text);
    if text.is_empty() {
        return Made::unnecessary("it is empty, as if it were not set");
    }
    match Address::international(digits) {
        Ok(_) => {
            let how = "a message to it waits in the log like any other and leaves by any modem that may";
            Made { text: how.to_owned(), ..Made::converted("admin_to", quoted(&format!("+{digits}"))) }
        }
        Err(error) => Made::unsupported(format!("no administrator has this number: {error}")),
    }
}

fn tags(text: &str) -> Made {
    let queues = queues(text);
    if let Some(wrong) = queues.iter().find(|queue| Name::new(queue).is_err()) {
        return Made::unsupported(format!("{wrong} cannot be a tag"));
    }
    let value = quoted_list(queues.iter().copied());
    match queues.len() {
        0 => Made::unnecessary("it is empty, as if it were not set"),
        1 => Made::converted("tags", value),
        _ => {
            let in_order = Ours { key: "tags_in_order", value: "true".to_owned() };
            let ours = vec![Ours { key: "tags", value }, in_order];
            Made { ours, ..Made::converted("tags", String::new()) }
        }
    }
}

/// Whether smsd asks for a report of what a modem sends and says nothing of it itself. It does not where it receives
/// none.
pub(super) fn asks_reports(modem: &Modem<'_>) -> bool {
    let is = |key: &str| modem.get(key).map(|setting| value::boolean(setting.value));
    is("report") == Some(Some(true)) && is("incoming").is_some_and(|incoming| incoming != Some(false))
}

/// What becomes of `report` of a modem, whether any modem asks for reports.
fn report(text: &str, asks: bool, any_asks: bool) -> Made {
    let is_asked = value::boolean(text) == Some(true);
    match (is_asked, asks) {
        (true, true) => {
            let how = "`report` of [messages]; the reports that arrive stay in the modem, since smsnode receives nothing";
            Made::changed(how, Vec::new())
        }
        (false, _) if value::boolean(text).is_none() => Made::converted("report", quoted("disabled")),
        // Where smsd does not receive it then asks for none, whatever a file says.
        (true, false) => Made::converted("report", quoted("disabled")),
        (_, _) if any_asks => Made::converted("report", quoted("no")),
        (false, _) => Made::unnecessary("no report is asked for anyway"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::made::Outcome;
    use super::*;

    fn first(made: &Made) -> (Outcome, Option<&str>) {
        (made.outcome, made.ours.first().map(|ours| ours.value.as_str()))
    }

    #[test]
    fn a_port_is_a_device_or_a_host() {
        for (text, expected) in [
            ("/dev/ttyUSB0", Some("/dev/ttyUSB0")),
            ("dev/ttyS0", Some("/dev/ttyS0")),
            ("@10.1.1.1:5000", Some("tcp:10.1.1.1:5000")),
            ("@[fd00::1]:5000", Some("tcp:[fd00::1]:5000")),
            ("", None),
            ("@host", None),
            ("@:5000", None),
            ("@host:0", None),
            ("@fd00::1:5000", None),
        ] {
            assert_eq!(port(text).ok().as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn values_our_settings_cannot_have_are_not_written() {
        for (made, expected) in [
            (baudrate("9600"), (Outcome::Converted, Some("9600"))),
            (baudrate("1"), (Outcome::Changed, Some("19200"))),
            (init("AT+CNMI=2,0,\"x\""), (Outcome::Converted, Some("\"AT+CNMI=2,0,\\\"x\\\"\""))),
            (init("AT\u{e9}"), (Outcome::Unsupported, None)),
            (own("stop", "AT+CPOF"), (Outcome::Converted, Some("\"AT+CPOF\""))),
            (identity("262010000000001"), (Outcome::Changed, Some("\"262010000000001\""))),
            (identity("SIM1"), (Outcome::Unsupported, None)),
            (own("start", "CPOF"), (Outcome::Unsupported, None)),
            (pin("1234"), (Outcome::Converted, Some("\"1234\""))),
            (pin("ignore"), (Outcome::Changed, None)),
            (pin("12"), (Outcome::Unsupported, None)),
            (smsc("491710760000"), (Outcome::Converted, Some("\"+491710760000\""))),
            (smsc("+491710760000"), (Outcome::Converted, Some("\"+491710760000\""))),
            (smsc("Vodafone"), (Outcome::Unsupported, None)),
            (tags("A, B, A"), (Outcome::Converted, Some("[\"A\", \"B\"]"))),
            (tags("A"), (Outcome::Converted, Some("[\"A\"]"))),
            (tags(""), (Outcome::Unnecessary, None)),
        ] {
            assert_eq!(first(&made), expected, "{made:?}");
        }
    }

    #[test]
    fn a_modem_without_reports_says_so_beside_one_with_them() {
        let ours = |made: Made| (made.outcome, made.ours.first().map(|ours| ours.value.clone()));
        let no = |word: &str| (Outcome::Converted, Some(format!("\"{word}\"")));

        assert_eq!(ours(report("yes", true, true)), (Outcome::Changed, None));
        assert_eq!(ours(report("yes", false, true)), no("disabled"));
        assert_eq!(ours(report("yes", false, false)), no("disabled"));
        assert_eq!(ours(report("no", false, true)), no("no"));
        assert_eq!(ours(report("no", false, false)), (Outcome::Unnecessary, None));
        assert_eq!(ours(report("disabled", false, false)), no("disabled"));
    }
}
