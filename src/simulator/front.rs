//! What the modem does with each octet the driver writes.
//!
//! ```text
//!             CR, a line           words transmitted
//!   Command ------------> Executing ------------> Command
//!      |  AT+CMGS=n                                  ^
//!      v          prompt transmitted                 |  ESC: answers OK
//!   Prompting ------------------------> Reading -----+
//!   (input is lost)                        |  Ctrl-Z: the PDU is right
//!                                          v
//!                                       Sending ----> Executing
//!                                       (input is lost; a message command is a violation)
//! ```

use crate::model::Time;

use super::answer::{Answer, Fault};
use super::line::LINE_OCTETS_MAX;
use super::modem::Modem;
use super::personality::Echo;
use super::quirk::Quirk;
use super::sending::Sending;
use super::violation::{Violation, touches_sim};

/// Carriage return, S3: ends a command line.
const CR: u8 = 0x0D;
/// Line feed: no part of a command line.
const LF: u8 = 0x0A;
/// Backspace, S5.
const BACKSPACE: u8 = 0x08;
/// Ends a PDU.
pub(super) const CTRL_Z: u8 = 0x1A;
/// Gives a PDU up.
pub(super) const ESC: u8 = 0x1B;
/// Most characters of a PDU: service centre address and TPDU, with room to see that it is too long.
const PDU_CHARS_MAX: usize = 512;
/// The character of a PDU that comes back otherwise from a modem that garbles.
const GARBLED_AT: usize = 9;
/// What asks for a PDU.
const PROMPT: &[u8] = b"\r\n> ";

/// Where the dialogue stands.
#[derive(Clone, Debug)]
pub(super) enum Front {
    /// A command line is awaited or being typed.
    Command,
    /// A command is carried out; with `answered` its last words wait to be transmitted.
    Executing {
        /// Whether the answer is in the output.
        answered: bool,
    },
    /// `AT+CMGS` was accepted and its prompt is not out yet.
    Prompting(Prompting),
    /// The prompt is out: a PDU is awaited or being typed.
    Reading(Reading),
    /// The PDU was taken: the network is at work.
    Sending(Box<Sending>),
}

/// A prompt on its way.
#[derive(Clone, Debug)]
pub(super) struct Prompting {
    /// Octets of the TPDU, as announced.
    pub(super) announced: usize,
    /// When the prompt went into the output, if it has.
    pub(super) prompted: Option<Time>,
    /// Whether input was lost already.
    pub(super) early: bool,
    /// A line feed that will be the first character of the PDU (Q21).
    pub(super) line_feed: bool,
}

/// A PDU being typed.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// Octets of the TPDU, as announced.
    pub(super) announced: usize,
    /// When the prompt went out.
    pub(super) prompted: Time,
    /// When the first character came.
    pub(super) begun: Option<Time>,
    /// The characters so far.
    pub(super) characters: Vec<u8>,
}

impl Modem {
    pub(super) fn octet(&mut self, octet: u8, now: Time) {
        match &mut self.front {
            Front::Command => self.command_octet(octet, now),
            Front::Prompting(prompting) => {
                if octet == LF {
                    prompting.line_feed = true;
                } else if !std::mem::replace(&mut prompting.early, true) {
                    self.violation(Violation::InputBeforePrompt);
                }
            }
            Front::Reading(_) => self.pdu_octet(octet, now),
            Front::Executing { .. } | Front::Sending(_) => self.lost_octet(octet, now),
        }
    }

    /// What was in the output is with the driver: a prompt asks, an answer ends its command.
    pub(super) fn transmitted(&mut self) {
        match &self.front {
            Front::Executing { answered: true } => self.take_commands(),
            Front::Prompting(Prompting { announced, prompted: Some(prompted), line_feed, .. }) => {
                let characters = if *line_feed && self.has(Quirk::Q21) { vec![LF] } else { Vec::new() };
                let (announced, prompted) = (*announced, *prompted);
                self.front = Front::Reading(Reading { announced, prompted, begun: None, characters });
            }
            Front::Command
            | Front::Executing { answered: false }
            | Front::Prompting(Prompting { prompted: None, .. })
            | Front::Reading(_)
            | Front::Sending(_) => {}
        }
    }

    /// A command is over, with an answer or without.
    pub(super) fn take_commands(&mut self) {
        self.front = Front::Command;
        self.end_lost_line(false);
    }

    /// `AT+CMGS` was accepted: the prompt is due.
    pub(super) fn prompt(&mut self, now: Time) {
        if let Front::Prompting(prompting) = &mut self.front {
            prompting.prompted = Some(now);
            if self.chatters() {
                self.chatter_once();
            }
            self.write(PROMPT);
        }
    }

    fn command_octet(&mut self, octet: u8, now: Time) {
        if self.settings.echo && octet != CTRL_Z && octet != ESC {
            self.write(&[octet]);
        }
        match octet {
            CR => self.end_line(now),
            BACKSPACE => {
                self.line.pop();
            }
            0x00..0x20 | 0x7F => {}
            _ if self.line.len() > LINE_OCTETS_MAX => {}
            _ => self.line.push(octet),
        }
    }

    fn end_line(&mut self, now: Time) {
        let line = std::mem::take(&mut self.line);
        if line.len() > LINE_OCTETS_MAX {
            self.violation(Violation::LineTooLong);
            self.finish(&Answer::default(), Err(Fault::Plain));
            return;
        }
        self.execute(&line, now);
    }

    fn pdu_octet(&mut self, octet: u8, now: Time) {
        let Front::Reading(reading) = &self.front else { return };
        let echoed = match self.personality.echo {
            Echo::Whole => Some(octet),
            Echo::Garbled if reading.characters.len() == GARBLED_AT => Some(octet ^ 1),
            Echo::Garbled => Some(octet),
            Echo::Lost => None,
        };
        if let Some(echoed) = echoed.filter(|_| self.settings.echo && octet != CTRL_Z && octet != ESC) {
            self.write(&[echoed]);
        }
        let Front::Reading(reading) = &mut self.front else { return };
        reading.begun.get_or_insert(now);
        match octet {
            CTRL_Z => self.take_pdu(now),
            ESC => {
                // Nothing was sent; OK is what the standard asks for here.
                self.finish(&Answer::default(), Ok(()));
            }
            _ if reading.characters.len() >= PDU_CHARS_MAX => {}
            _ => reading.characters.push(octet),
        }
    }

    /// Input while a command is carried out is lost; a line of it is a fault of the driver.
    fn lost_octet(&mut self, octet: u8, now: Time) {
        match octet {
            CR if self.is_dialling() => {
                let line = std::mem::take(&mut self.lost_line);
                self.give_up_dialling(now);
                self.execute(&line, now);
            }
            CR => {
                let sending = matches!(self.front, Front::Sending(_));
                self.end_lost_line(sending);
            }
            0x00..0x20 | 0x7F => {}
            _ if self.lost_line.len() > LINE_OCTETS_MAX => {}
            _ => self.lost_line.push(octet),
        }
    }

    fn end_lost_line(&mut self, sending: bool) {
        let line = std::mem::take(&mut self.lost_line);
        if line.is_empty() {
            return;
        }
        if sending && touches_sim(&line) {
            self.violation(Violation::MessageCommandDuringSend);
            if self.has(Quirk::Q26) {
                self.network.broken = true;
            }
        } else {
            self.violation(Violation::InputWhileBusy);
        }
    }
}
