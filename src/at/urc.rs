//! What a modem says unasked.

use super::response::{after_prefix, fields, is_answer, is_hex, number};
use super::{Memory, Registration, Slot};

/// An unsolicited line, understood.
#[derive(Clone, PartialEq, Eq)]
pub enum Urc {
    /// `+CMTI`: a message was stored.
    MessageStored(Slot),
    /// `+CDSI`: a status report was stored.
    ReportStored(Slot),
    /// `+CMT`: a message handed over directly, not stored.
    Message {
        /// Octets of TPDU promised.
        tpdu_length: u16,
        /// Service centre address and TPDU in hex.
        pdu_hex: String,
    },
    /// `+CDS`: a status report handed over directly.
    Report {
        /// Octets of TPDU promised.
        tpdu_length: u16,
        /// Service centre address and TPDU in hex.
        pdu_hex: String,
    },
    /// `RING`, `+CRING`: somebody calls.
    Ring,
    /// `+CLIP`: who calls.
    Caller {
        /// The number, empty when withheld.
        number: String,
    },
    /// `+CUSD`: the network answers a USSD request.
    Ussd {
        /// 0 ended, 1 wants an answer, 2 ended by the network, 4 not supported, 5 timeout.
        status: u8,
        /// The text as the modem gave it.
        text: String,
        /// The coding of the text.
        dcs: Option<u8>,
    },
    /// `+CREG`, `+CGREG`, `+CEREG` unasked.
    Registration(Registration),
    /// The modem started: it has to be initialised.
    Restarted,
    /// The modem switches itself off or is about to fail for lack of power.
    PowerFailing,
    /// `^SMMEMFULL`, `+SMS FULL`: no more messages are taken until slots are freed.
    MemoryFull,
    /// The SIM was taken out or stopped working (`+CPIN: NOT READY`, `+SIM REMOVED`...).
    SimGone,
    /// An answer nobody waits for; never a result.
    StrayAnswer(String),
    /// Anything else.
    Noise(String),
}

impl std::fmt::Debug for Urc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Urc::MessageStored(slot) => write!(f, "MessageStored({slot})"),
            Urc::ReportStored(slot) => write!(f, "ReportStored({slot})"),
            Urc::Message { tpdu_length, .. } => write!(f, "Message({tpdu_length} octets)"),
            Urc::Report { tpdu_length, .. } => write!(f, "Report({tpdu_length} octets)"),
            Urc::Ring => write!(f, "Ring"),
            Urc::Caller { number } => write!(f, "Caller({} digits)", number.len()),
            Urc::Ussd { status, text, .. } => write!(f, "Ussd({status}, {} characters)", text.len()),
            Urc::Registration(registration) => write!(f, "Registration({registration:?})"),
            Urc::Restarted => write!(f, "Restarted"),
            Urc::PowerFailing => write!(f, "PowerFailing"),
            Urc::MemoryFull => write!(f, "MemoryFull"),
            Urc::SimGone => write!(f, "SimGone"),
            Urc::StrayAnswer(line) => write!(f, "StrayAnswer({line:?})"),
            Urc::Noise(line) => write!(f, "Noise({line:?})"),
        }
    }
}

/// Characters of a USSD text, and the lines it may be spread over.
const USSD_CHARACTERS_MAX: usize = 2048;
const USSD_LINES_MAX: u8 = 16;

/// Lines a module says once when its software starts.
const BOOT_LINES: &[&str] = &["RDY", "^SYSSTART", "^SYSSTART AIRPLANE MODE", "MODEM:STARTUP", "+WIND: 3"];
/// Lines a module says while it comes up, some seconds after it answers already.
const READY_LINES: &[&str] = &[
    "Call Ready",
    "SMS Ready",
    "PB DONE",
    "+PBREADY",
    "+CFUN: 1",
    "+CPIN: READY",
    "+WIND: 4",
    "+QIND: SMS DONE",
    "+QIND: PB DONE",
];
/// Beginnings of lines that announce a loss of power.
const POWER_LINES: &[&str] = &[
    "NORMAL POWER DOWN",
    "UNDER-VOLTAGE",
    "OVER-VOLTAGE",
    "POWERED DOWN",
    "POWER DOWN",
    "^SHUTDOWN",
    "^SBC: Undervoltage",
    "^SBC: Overvoltage",
];
const MEMORY_FULL_LINES: &[&str] = &["^SMMEMFULL", "+SMS FULL", "+CIEV: smsfull,1"];
const SIM_GONE_LINES: &[&str] =
    &["+CPIN: NOT READY", "+CPIN: NOT INSERTED", "+SIM REMOVED", "+CPIN: SIM REMOVED"];
/// The marks vendors begin their own lines with.
const VENDOR_MARKS: &[char] = &['+', '^', '*', '%', '$', '#', '&'];

/// Tells unsolicited lines from answers, and joins those that take two.
#[derive(Debug, Default)]
pub(super) struct Listener {
    begun: Option<Begun>,
}

/// An unsolicited message whose rest comes with the next line.
#[derive(Debug)]
enum Begun {
    Direct { header: String, report: bool, tpdu_length: u16 },
    Ussd { text: String, lines: u8 },
}

/// Whether the line says that the software of the module has just started.
pub(super) fn is_boot_line(line: &str) -> bool {
    BOOT_LINES.contains(&line)
}

/// Whether the line says that a part of the module has come up.
pub(super) fn is_ready_line(line: &str) -> bool {
    READY_LINES.contains(&line)
}

impl Listener {
    /// Completes what the line before began. Returns whether the line was part of it.
    pub(super) fn resume(&mut self, line: &str, heard: &mut Vec<Urc>) -> bool {
        match self.begun.take() {
            None => false,
            Some(Begun::Direct { report, tpdu_length, .. }) if is_hex(line) => {
                let pdu_hex = line.to_owned();
                heard.push(match report {
                    true => Urc::Report { tpdu_length, pdu_hex },
                    false => Urc::Message { tpdu_length, pdu_hex },
                });
                true
            }
            Some(Begun::Direct { header, .. }) => {
                heard.push(Urc::Noise(header));
                false
            }
            Some(Begun::Ussd { text, lines }) => {
                self.ussd(format!("{text}\n{line}"), lines + 1, heard);
                true
            }
        }
    }

    /// Takes a line that can only be unsolicited. Returns whether it was.
    pub(super) fn hear(&mut self, line: &str, heard: &mut Vec<Urc>) -> bool {
        if is_answer(line) {
            return false;
        }
        if let Some(text) = after_prefix(line, "+CUSD") {
            self.ussd(text.to_owned(), 1, heard);
            return true;
        }
        if let Some(begun) = direct(line) {
            self.begun = Some(begun);
            return true;
        }
        let urc = announcement(line).or_else(|| registration(line)).or_else(|| condition(line));
        let noise = || line.starts_with(VENDOR_MARKS).then(|| Urc::Noise(line.to_owned()));
        let Some(urc) = urc.or_else(noise) else { return false };
        heard.push(urc);
        true
    }

    /// Forgets what was begun.
    pub(super) fn clear(&mut self) {
        self.begun = None;
    }

    fn ussd(&mut self, text: String, lines: u8, heard: &mut Vec<Urc>) {
        let open = text.matches('"').count() % 2 == 1;
        if open && lines < USSD_LINES_MAX && text.len() < USSD_CHARACTERS_MAX {
            self.begun = Some(Begun::Ussd { text, lines });
            return;
        }
        let fields = fields(&text);
        let Some(status) = number(&fields, 0) else {
            heard.push(Urc::Noise(format!("+CUSD: {text}")));
            return;
        };
        let words = fields.get(1).cloned().unwrap_or_default();
        heard.push(Urc::Ussd { status, text: words, dcs: number(&fields, 2) });
    }
}

/// `+CMT: [alpha],length` and `+CDS: length`, each followed by a PDU.
fn direct(line: &str) -> Option<Begun> {
    let (text, report) = match after_prefix(line, "+CDS") {
        Some(text) => (text, true),
        None => (after_prefix(line, "+CMT")?, false),
    };
    let fields = fields(text);
    let tpdu_length = number(&fields, fields.len().checked_sub(1)?)?;
    Some(Begun::Direct { header: line.to_owned(), report, tpdu_length })
}

fn announcement(line: &str) -> Option<Urc> {
    if line == "RING" || after_prefix(line, "+CRING").is_some() {
        return Some(Urc::Ring);
    }
    if let Some(text) = after_prefix(line, "+CLIP") {
        return Some(Urc::Caller { number: fields(text).swap_remove(0) });
    }
    if let Some(text) = after_prefix(line, "+CMTI") {
        return slot(text).map(Urc::MessageStored);
    }
    slot(after_prefix(line, "+CDSI")?).map(Urc::ReportStored)
}

fn slot(text: &str) -> Option<Slot> {
    let fields = fields(text);
    Some(Slot { memory: Memory::new(fields.first()?)?, index: number(&fields, 1)? })
}

fn registration(line: &str) -> Option<Urc> {
    let text = ["+CREG", "+CGREG", "+CEREG"].iter().find_map(|prefix| after_prefix(line, prefix))?;
    number(&fields(text), 0).map(Registration::from_stat).map(Urc::Registration)
}

fn condition(line: &str) -> Option<Urc> {
    let begins = |beginnings: &[&str]| beginnings.iter().any(|beginning| line.starts_with(beginning));
    if is_boot_line(line) || is_ready_line(line) {
        return Some(Urc::Restarted);
    }
    if begins(POWER_LINES) {
        return Some(Urc::PowerFailing);
    }
    if begins(MEMORY_FULL_LINES) {
        return Some(Urc::MemoryFull);
    }
    SIM_GONE_LINES.contains(&line).then_some(Urc::SimGone)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn announcements_name_their_slot() {
        let slot = |memory, index| Slot { memory, index };

        assert_eq!(heard(&["+CMTI: \"SM\",3"]), [Urc::MessageStored(slot(Memory::SM, 3))]);
        assert_eq!(heard(&["+CDSI:\"SR\", 0"]), [Urc::ReportStored(slot(Memory::SR, 0))]);
        assert_eq!(heard(&["+CMTI: \"SM\""]), [Urc::Noise("+CMTI: \"SM\"".to_owned())]);
    }

    #[test]
    fn a_direct_message_takes_the_next_line_only_if_it_is_a_pdu() {
        let report = Urc::Report { tpdu_length: 25, pdu_hex: "0006AB".to_owned() };
        assert_eq!(heard(&["+CDS: 25", "0006AB"]), [report]);
        let message = Urc::Message { tpdu_length: 3, pdu_hex: "00AABBCC".to_owned() };
        assert_eq!(heard(&["+CMT: \"Bob, Inc\",3", "00AABBCC"]), [message]);
        assert_eq!(heard(&["+CDS: 25", "RING"]), [Urc::Noise("+CDS: 25".to_owned()), Urc::Ring]);
    }

    #[test]
    fn a_ussd_text_over_several_lines_cannot_inject_a_result() {
        let text = "Balance:\nOK\n3 EUR".to_owned();

        assert_eq!(
            heard(&["+CUSD: 0,\"Balance:", "OK", "3 EUR\",15"]),
            [Urc::Ussd { status: 0, text, dcs: Some(15) }]
        );
    }

    #[test]
    fn a_ussd_text_that_never_ends_is_given_up() {
        let mut lines = vec!["+CUSD: 0,\"x"; 1];
        lines.extend(["y"; 40]);

        let mut listener = Listener::default();
        let mut urcs = Vec::new();
        let taken = lines
            .iter()
            .filter(|line| listener.resume(line, &mut urcs) || listener.hear(line, &mut urcs))
            .count();
        assert_eq!(taken, usize::from(USSD_LINES_MAX));
    }

    #[test]
    fn answers_are_never_taken_for_noise() {
        for line in ["OK", "ERROR", "+CMS ERROR: 38", "+CME ERROR: 14", "+CMGS: 7"] {
            let mut urcs = Vec::new();
            assert!(!Listener::default().hear(line, &mut urcs), "{line}");
            assert_eq!(urcs, []);
        }
    }

    #[test]
    fn conditions_of_the_device_are_told_apart() {
        assert_eq!(heard(&["RDY"]), [Urc::Restarted]);
        assert_eq!(heard(&["UNDER-VOLTAGE WARNNING"]), [Urc::PowerFailing]);
        assert_eq!(heard(&["^SMMEMFULL: \"SM\""]), [Urc::MemoryFull]);
        assert_eq!(heard(&["+CPIN: NOT READY"]), [Urc::SimGone]);
        assert_eq!(heard(&["^BOOT:21457182,0,0,0,20"]), [Urc::Noise("^BOOT:21457182,0,0,0,20".to_owned())]);
        assert_eq!(heard(&["+CREG: 5,\"00C3\",\"19AB\""]), [Urc::Registration(Registration::Roaming)]);
    }

    fn heard(lines: &[&str]) -> Vec<Urc> {
        let mut listener = Listener::default();
        let mut urcs = Vec::new();
        for line in lines {
            let taken = listener.resume(line, &mut urcs) || listener.hear(line, &mut urcs);
            assert!(taken, "{line}");
        }
        urcs
    }
}
