//! What arrives: routed to the driver, stored and announced, or kept by the network until there is room.

use std::time::Duration;

use crate::model::Time;

use super::deliver::deliver;
use super::front::Front;
use super::modem::Modem;
use super::octets::to_hex;
use super::quirk::Quirk;
use super::schedule::Task;
use super::sim_card::{Incoming, SimCard};
use super::store::{Memory, Store, tpdu_octets};

/// How long a driver may take to acknowledge a routed message (TS 27.005 section 3.4.4).
const ACKNOWLEDGE_MAX: Duration = Duration::from_secs(15);

impl Modem {
    /// The network delivers `text` from `sender`, in as many parts as it needs. A sender is a number with or
    /// without plus, or a name of up to 11 characters.
    pub fn deliver(&mut self, sender: &str, text: &str, now: Time) {
        let moment = self.calendar(now);
        let Some(card) = &self.card else { return };
        self.network.delivery_reference = self.network.delivery_reference.wrapping_add(1);
        let pdus = deliver(&card.service_centre, sender, text, self.network.delivery_reference, moment);
        for pdu in pdus {
            self.deliver_pdu(&pdu, now);
        }
    }

    /// The network delivers these octets as they are: service centre address, then TPDU.
    pub fn deliver_pdu(&mut self, pdu: &[u8], now: Time) {
        self.arrive(Incoming::Message(pdu.to_vec()), now);
    }

    /// Something reaches the subscriber, after what came before it.
    pub(super) fn arrive(&mut self, incoming: Incoming, now: Time) {
        let sending = matches!(self.front, Front::Prompting(_) | Front::Reading(_) | Front::Sending(_));
        if sending && (self.has(Quirk::Q22) || self.has(Quirk::Q24)) {
            self.network.collided |= matches!(incoming, Incoming::Message(_));
        }
        if let Some(card) = &mut self.card {
            card.keep(incoming);
        }
        self.hand_over(now);
    }

    /// Hands over what the network keeps, the oldest first, until something cannot be taken.
    pub(super) fn hand_over(&mut self, now: Time) {
        while self.registration().is_registered() {
            let Some(incoming) = self.card.as_mut().and_then(|card| card.waiting.pop_front()) else { return };
            if let Err(refused) = self.take(incoming, now) {
                if let Some(card) = &mut self.card {
                    card.waiting.push_front(refused);
                }
                return;
            }
        }
    }

    /// `+CNMA`: the driver has the routed message. Returns whether there was one.
    pub(super) fn acknowledge(&mut self, now: Time) -> bool {
        let acknowledged = self.unacknowledged.take().is_some();
        self.schedule.cancel(&Task::Unacknowledged);
        self.hand_over(now);
        acknowledged
    }

    /// No `+CNMA` in time: routing is switched off, and the network delivers again.
    pub(super) fn give_up_routing(&mut self, now: Time) {
        self.settings.indications.message = 0;
        self.settings.indications.report = 0;
        if let (Some(incoming), Some(card)) = (self.unacknowledged.take(), &mut self.card) {
            card.waiting.push_front(incoming);
        }
        self.hand_over(now);
    }

    /// The memory that `+CPMS` chose for `use_`: 0 to read and delete, 1 to write, 2 to receive.
    pub(super) fn memory(&self, purpose: usize) -> Memory {
        self.settings.memories.get(purpose).copied().unwrap_or(Memory::Sim)
    }

    /// The slots of a memory; none without a card.
    pub(super) fn store(&mut self, memory: Memory) -> Option<&mut Store> {
        match memory {
            Memory::Sim => self.card.as_mut().map(|card: &mut SimCard| &mut card.store),
            Memory::Device => Some(&mut self.device),
        }
    }

    /// Takes one, as `+CNMI` says; gives it back when it must wait.
    fn take(&mut self, incoming: Incoming, now: Time) -> Result<(), Incoming> {
        let indications = self.settings.indications;
        let routes = indications.mode > 0;
        match &incoming {
            Incoming::Message(pdu) if routes && indications.message == 2 => {
                let line = format!("+CMT: ,{}\r\n{}", tpdu_octets(pdu), to_hex(pdu));
                self.route(incoming, &line, now)
            }
            Incoming::Message(pdu) => {
                let announce = routes && indications.message != 0;
                self.store_incoming(pdu.clone(), announce.then_some("+CMTI")).map_err(Incoming::Message)
            }
            Incoming::Report(pdu) if indications.report == 1 => {
                let line = format!("+CDS: {}\r\n{}", tpdu_octets(pdu), to_hex(pdu));
                if routes { self.route(incoming, &line, now) } else { Err(incoming) }
            }
            Incoming::Report(pdu) if indications.report == 2 => {
                self.store_incoming(pdu.clone(), routes.then_some("+CDSI")).map_err(Incoming::Report)
            }
            Incoming::Report(_) => Ok(()),
        }
    }

    /// With `+CSMS: 1` one routed message at a time, each to be acknowledged; else all at once.
    fn route(&mut self, incoming: Incoming, line: &str, now: Time) -> Result<(), Incoming> {
        if self.unacknowledged.is_some() {
            return Err(incoming);
        }
        self.unsolicited(line);
        if self.settings.service == 1 {
            self.unacknowledged = Some(incoming);
            self.schedule.add(now + ACKNOWLEDGE_MAX, Task::Unacknowledged);
        }
        Ok(())
    }

    fn store_incoming(&mut self, pdu: Vec<u8>, announcement: Option<&str>) -> Result<(), Vec<u8>> {
        let memory = self.memory(2);
        let Some(index) = self.store(memory).and_then(|store| store.put(pdu.clone())) else {
            return Err(pdu);
        };
        if let Some(name) = announcement {
            self.unsolicited(&format!("{name}: \"{memory}\",{index}"));
        }
        Ok(())
    }
}
