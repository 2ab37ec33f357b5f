//! What a person or a test makes a running modem do, beside [hang, vanish, come back and reset](super::power).

use crate::model::Time;

use super::modem::Modem;
use super::network::Registration;
use super::schedule::Task;
use super::sim_card::SimCard;

/// Strongest `<rssi>` of `+CSQ`; 99 is unknown.
const SIGNAL_MAX: u8 = 31;
/// `<rssi>` when it is not known.
const SIGNAL_UNKNOWN: u8 = 99;

impl Modem {
    /// The network refuses the next `count` parts with `+CMS ERROR: code`.
    pub fn refuse(&mut self, count: u32, code: u16) {
        self.network.refusals = (count, code);
    }

    /// The network accepts the next `count` parts, and their answers never come.
    pub fn lose_answers(&mut self, count: u32) {
        self.network.lost_answers = count;
    }

    /// The signal is `rssi`, 0 to 31; anything above is unknown.
    pub fn set_signal(&mut self, rssi: u8) {
        self.network.signal = if rssi > SIGNAL_MAX { SIGNAL_UNKNOWN } else { rssi };
    }

    /// The network says `registration`.
    pub fn set_registration(&mut self, registration: Registration, now: Time) {
        self.network.registration = registration;
        self.tell_registration();
        self.hand_over(now);
    }

    /// Status reports to come carry TP-ST `status`.
    pub fn set_report_status(&mut self, status: u8) {
        self.network.report_status = status;
    }

    /// The next part accepted carries TP-MR `reference`.
    pub fn set_next_reference(&mut self, reference: u8) {
        if let Some(card) = &mut self.card {
            card.set_next_reference(reference);
        }
    }

    /// Puts another SIM in, or none, and returns the one that was inside. The driver is told nothing but a lost
    /// registration; reports still on their way follow the card they belong to.
    pub fn change_card(&mut self, card: Option<SimCard>, now: Time) -> Option<SimCard> {
        self.leave_send(now);
        self.schedule.cancel(&Task::Callee);
        self.note_call("network", now);
        let reports = self.schedule.take_reports();
        let unacknowledged = self.unacknowledged.take();
        self.schedule.cancel(&Task::Unacknowledged);
        let mut old = std::mem::replace(&mut self.card, card);
        if let Some(old) = &mut old {
            if let Some(incoming) = unacknowledged {
                old.waiting.push_front(incoming);
            }
            for report in reports {
                old.keep(report);
            }
            old.power_off();
        }
        self.search(now);
        old
    }
}
