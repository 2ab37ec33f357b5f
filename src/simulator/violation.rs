//! What a driver must not do. A real modem forgives some of it on some days; this one counts it.

use serde::{Deserialize, Serialize};

use super::line::{Command, Line, parse};

/// A fault of the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Violation {
    /// Data after `AT+CMGS` before the prompt was there. It is lost.
    InputBeforePrompt,
    /// A command line while another was being answered. It is lost.
    InputWhileBusy,
    /// A message or SIM command between Ctrl-Z and the answer of `AT+CMGS`. It is lost.
    MessageCommandDuringSend,
    /// A command line longer than 512 octets.
    LineTooLong,
    /// A PDU that is no SMS-SUBMIT of the announced length in hexadecimal digits.
    MalformedPdu,
    /// A wrong PIN or PUK.
    WrongPin,
}

impl Violation {
    /// Every violation, in order.
    pub const ALL: [Violation; 6] = [
        Violation::InputBeforePrompt,
        Violation::InputWhileBusy,
        Violation::MessageCommandDuringSend,
        Violation::LineTooLong,
        Violation::MalformedPdu,
        Violation::WrongPin,
    ];
}

/// Whether a line holds a command that touches messages or the SIM.
pub(super) fn touches_sim(line: &[u8]) -> bool {
    match parse(line) {
        Line::Commands(commands) => commands.iter().any(is_message_or_sim),
        Line::Noise | Line::Malformed => false,
    }
}

fn is_message_or_sim(command: &Command) -> bool {
    const OTHERS: [&str; 11] =
        ["+CPMS", "+CSCA", "+CSMP", "+CNMI", "+CNMA", "+CPIN", "+CIMI", "+CCID", "+CRSM", "+CSIM", "+CLCK"];
    let name = command.name.as_str();
    name.starts_with("+CMG") || name.starts_with("+CPB") || OTHERS.contains(&name)
}
