//! `AT+CMGS`: from the PDU to its outcome. What the network accepts is in the ledger before the driver hears of it.

use std::time::Duration;

use crate::model::Time;

use super::answer::{Answer, Fault};
use super::deliver::status_report;
use super::front::{Front, Reading};
use super::ledger::Entry;
use super::modem::{Event, Modem};
use super::octets::from_hex;
use super::personality::SILENCE;
use super::quirk::Quirk;
use super::schedule::Task;
use super::sim_card::Incoming;
use super::span::{Rate, Span};
use super::submit::{Submit, SubmitError};
use super::violation::Violation;

/// How often a quirk that shows itself now and then does.
const NOW_AND_THEN: Rate = Rate::percent(20);
/// How soon after the prompt a PDU is too early (Q29).
const HASTY: Duration = Duration::from_millis(100);
/// How long message commands are answered 515 (Q22).
const COLLISION: Duration = Duration::from_secs(3);
/// A signal too weak to send with (Q24).
const SIGNAL_WEAK: u8 = 5;
/// `+CMS ERROR` codes: no network service, unknown service centre, unknown error.
const NO_NETWORK: Fault = Fault::Cms(331);
const NO_SERVICE_CENTRE: Fault = Fault::Cms(330);
pub(super) const UNKNOWN_ERROR: Fault = Fault::Cms(500);
/// `+CME ERROR` 515 of Wavecom: please wait, command processing in progress.
pub(super) const PLEASE_WAIT: Fault = Fault::Cme(515);
/// `+CMS ERROR` 512 of Wavecom: no radio link.
const NO_RADIO_LINK: Fault = Fault::Cms(512);
/// After this TP-MR a Falcom A2 sends nothing more (Q27).
const REFERENCE_LAST: u8 = 255;

/// A part on its way.
#[derive(Clone, Debug)]
pub(super) struct Sending {
    submit: Submit,
    pdu: Vec<u8>,
    fate: Fate,
    /// TP-MR, once the network has accepted it and the ledger is being written.
    accepted: Option<u8>,
}

/// What was drawn for a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Fate {
    /// Whether the network accepts it.
    airs: bool,
    ending: Ending,
}

/// How a send ends for the driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    /// `+CMGS: n`.
    Reference,
    /// A refusal.
    Refused(Fault),
    /// `OK` without `+CMGS`.
    BareOk,
    /// No answer; commands are taken again at once.
    Lost,
    /// No answer; commands are taken again after [`SILENCE`].
    Silent,
    /// A restart instead of an answer, after an under-voltage line when `warned`.
    Restart { warned: bool },
    /// The answer comes in front of the next command's.
    Owed,
}

impl Ending {
    const ACCEPTED: Fate = Fate { airs: true, ending: Ending::Reference };

    const fn without_airing(self) -> Fate {
        Fate { airs: false, ending: self }
    }
}

impl Modem {
    /// Ctrl-Z: takes the PDU, or says what is wrong with it.
    pub(super) fn take_pdu(&mut self, now: Time) {
        let front = std::mem::replace(&mut self.front, Front::Executing { answered: false });
        let Front::Reading(reading) = front else { return };
        let decoded = from_hex(&reading.characters)
            .and_then(|pdu| self.submit(&pdu, reading.announced).ok().map(|submit| (pdu, submit)));
        let Some((pdu, submit)) = decoded else {
            self.violation(Violation::MalformedPdu);
            self.finish(&Answer::default(), Err(Fault::PDU));
            return;
        };
        if let Err(fault) = self.can_send(&submit) {
            self.finish(&Answer::default(), Err(fault));
            return;
        }
        let fate = self.fate(&reading);
        let wait = self.random.wait(self.personality.latency).saturating_sub(self.personality.prompt_delay);
        self.front = Front::Sending(Box::new(Sending { submit, pdu, fate, accepted: None }));
        self.collide(now);
        self.after(wait, Task::Decide, now);
    }

    /// A PDU as this modem takes it: an old one knows no field of the service centre.
    fn submit(&self, pdu: &[u8], announced: usize) -> Result<Submit, SubmitError> {
        match self.personality.takes_bare_pdu {
            true => Submit::decode(&[&[0], pdu].concat(), announced),
            false => Submit::decode(pdu, announced),
        }
    }

    fn can_send(&self, submit: &Submit) -> Result<(), Fault> {
        let card = self.usable_card()?;
        if submit.service_centre.is_empty() && card.service_centre.is_empty() {
            return Err(NO_SERVICE_CENTRE);
        }
        if self.registration().is_registered() { Ok(()) } else { Err(NO_NETWORK) }
    }

    /// Draws what becomes of a part. What a person ordered goes before what is drawn.
    fn fate(&mut self, reading: &Reading) -> Fate {
        // Drawn always and in the same order: one draw more or less would change every later part.
        let refused = self.random.hits(self.personality.fail);
        let code = self.random.pick(&self.personality.codes);
        let shows = self.random.hits(NOW_AND_THEN);
        let (airs, warned) = (self.random.coin(), self.random.coin());
        let hasty = reading.begun.is_some_and(|begun| begun.since(reading.prompted) < HASTY);
        if let Some(code) = self.network.take_refusal() {
            return self.refusal(code);
        }
        if self.network.takes_answer() {
            return Fate { airs: true, ending: Ending::Lost };
        }
        match self.personality.quirk {
            Some(Quirk::Q10) if shows => Fate { airs, ending: Ending::Restart { warned } },
            Some(Quirk::Q24) if self.network.signal < SIGNAL_WEAK => {
                Ending::Refused(NO_RADIO_LINK).without_airing()
            }
            Some(Quirk::Q27) if self.network.exhausted => self.refusal(1),
            Some(Quirk::Q29) if hasty => Fate { airs, ending: Ending::Owed },
            Some(Quirk::Q34) if airs => Ending::Refused(UNKNOWN_ERROR).without_airing(),
            Some(Quirk::Q34) => Ending::Lost.without_airing(),
            Some(_) | None if self.personality.silent => Fate { airs, ending: Ending::Silent },
            Some(_) | None => match code.filter(|_| refused) {
                Some(code) => self.refusal(code),
                None => Ending::ACCEPTED,
            },
        }
    }

    fn refusal(&self, code: u16) -> Fate {
        let hidden = self.has(Quirk::Q20) && self.settings.failure_is_ok;
        let ending = if hidden { Ending::BareOk } else { Ending::Refused(Fault::Cms(code)) };
        ending.without_airing()
    }

    /// Now and then a message comes in just while a Wavecom modem sends.
    fn collide(&mut self, now: Time) {
        let shows = self.random.hits(NOW_AND_THEN);
        if shows && (self.has(Quirk::Q22) || self.has(Quirk::Q24)) {
            self.deliver("+15550100", "collision", now);
        }
    }

    /// The network has decided.
    pub(super) fn decide(&mut self, now: Time) {
        let Some(mut sending) = self.take_sending() else { return };
        let fate = self.overruled(sending.fate, now);
        if fate.airs {
            sending.fate = fate;
            sending.accepted = self.air(&sending.submit, &sending.pdu, now);
            self.front = Front::Sending(sending);
        } else {
            self.network.refused += u64::from(matches!(fate.ending, Ending::Refused(_) | Ending::BareOk));
            self.end(fate.ending, None, now);
        }
    }

    /// The ledger is written: an accepted part is answered.
    pub(super) fn conclude_written(&mut self, now: Time) {
        let Front::Sending(sending) = &self.front else { return };
        let (ending, accepted) = (sending.fate.ending, sending.accepted);
        if accepted.is_some() {
            self.end(ending, accepted, now);
        }
    }

    /// Power goes: a part on its way has left or not, and nobody is told.
    pub(super) fn leave_to_chance(&mut self, now: Time) {
        let left = self.random.coin();
        if let Some(sending) = self.take_sending().filter(|sending| sending.accepted.is_none() && left) {
            self.air(&sending.submit, &sending.pdu, now);
        }
    }

    /// The card goes: a part on its way is left to chance, and the driver is told that there is no card.
    pub(super) fn leave_send(&mut self, now: Time) {
        if matches!(self.front, Front::Sending(_)) {
            self.leave_to_chance(now);
            self.schedule.cancel(&Task::Decide);
            self.finish(&Answer::default(), Err(Fault::Cms(310)));
        }
    }

    fn take_sending(&mut self) -> Option<Box<Sending>> {
        match std::mem::replace(&mut self.front, Front::Executing { answered: false }) {
            Front::Sending(sending) => Some(sending),
            other @ (Front::Command | Front::Executing { .. } | Front::Prompting(_) | Front::Reading(_)) => {
                self.front = other;
                None
            }
        }
    }

    /// What happened since the draw may have changed the fate.
    fn overruled(&mut self, fate: Fate, now: Time) -> Fate {
        let collided = std::mem::take(&mut self.network.collided);
        if self.network.broken {
            Ending::Silent.without_airing()
        } else if collided && self.has(Quirk::Q22) {
            self.network.waiting_until = now + COLLISION;
            Ending::Refused(PLEASE_WAIT).without_airing()
        } else if collided {
            Ending::Refused(NO_RADIO_LINK).without_airing()
        } else {
            fate
        }
    }

    /// The network accepts a part: the card counts it, the ledger gets it, a report is due. Returns TP-MR.
    fn air(&mut self, submit: &Submit, pdu: &[u8], now: Time) -> Option<u8> {
        let moment = self.calendar(now);
        let card = self.card.as_mut()?;
        let reference = card.take_reference();
        let (imei, imsi, bare) = (self.imei.as_str(), card.imsi().as_str(), self.personality.takes_bare_pdu);
        let entry = Entry::new(moment, imei, imsi, reference, submit, pdu, bare);
        self.network.accepted += 1;
        self.event(Event::Ledger(entry));
        if submit.status_report {
            self.expect_report(submit, reference, now);
        }
        Some(reference)
    }

    fn expect_report(&mut self, submit: &Submit, reference: u8, now: Time) {
        let span = self.personality.report;
        let wait = self.random.wait(span.unwrap_or(Span::NONE));
        let (sent, settled) = (self.calendar(now), self.calendar(now + wait));
        let (Some(_), Some(card)) = (span, &self.card) else { return };
        let status = self.network.report_status;
        let pdu = status_report(&card.service_centre, submit, reference, sent, settled, status);
        // Scheduled even without a wait: the part's own answer goes on its way first.
        self.schedule.add(now + wait, Task::Report(Incoming::Report(pdu)));
    }

    /// The driver hears how its send ended, or does not.
    fn end(&mut self, ending: Ending, reference: Option<u8>, now: Time) {
        let mut answer = Answer::default();
        match ending {
            Ending::Reference => {
                let reference = reference.unwrap_or_default();
                self.network.exhausted |= self.has(Quirk::Q27) && reference == REFERENCE_LAST;
                answer.line(format!("+CMGS: {reference}"));
                self.finish(&answer, Ok(()));
            }
            Ending::Refused(fault) => self.finish(&answer, Err(fault)),
            Ending::BareOk => self.finish(&answer, Ok(())),
            Ending::Lost => self.take_commands(),
            Ending::Silent => {
                self.front = Front::Executing { answered: false };
                self.schedule.add(now + SILENCE, Task::Forget);
            }
            Ending::Restart { warned } => {
                if warned {
                    self.unsolicited("UNDER-VOLTAGE POWER DOWN");
                }
                self.restart(now);
            }
            Ending::Owed => {
                let result = match reference {
                    Some(reference) => {
                        answer.line(format!("+CMGS: {reference}"));
                        Ok(())
                    }
                    None => Err(UNKNOWN_ERROR),
                };
                self.owed = Some(answer.words(result, self.settings.wording));
                self.take_commands();
            }
        }
    }
}
