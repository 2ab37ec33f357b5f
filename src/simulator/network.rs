//! The network as the modem sees it, and what a person made it do.

use std::time::Duration;

use crate::model::Time;

use super::modem::Modem;
use super::power::Power;
use super::schedule::Task;
use super::sim_card::PinState;

/// Whether the modem may use the network, as `<stat>` of `+CREG` (TS 27.007 section 7.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// 0: not registered, not searching.
    Off,
    /// 1: registered, home network.
    Home,
    /// 2: searching.
    Searching,
    /// 3: denied.
    Denied,
    /// 4: unknown.
    Unknown,
    /// 5: registered, roaming.
    Roaming,
}

impl Registration {
    /// The number of the standard.
    pub const fn stat(self) -> u8 {
        self as u8
    }

    /// Whether messages can be sent and received.
    pub const fn is_registered(self) -> bool {
        matches!(self, Registration::Home | Registration::Roaming)
    }
}

/// State and orders of the network.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// Whether the search after power-on has ended.
    pub(super) attached: bool,
    /// What the network then says.
    pub(super) registration: Registration,
    /// The last `<stat>` a driver was told.
    pub(super) told: u8,
    /// `<rssi>` of `+CSQ`.
    pub(super) signal: u8,
    /// So many parts will be refused with this code.
    pub(super) refusals: (u32, u16),
    /// So many parts will be accepted without an answer.
    pub(super) lost_answers: u32,
    /// TP-ST of the reports to come.
    pub(super) report_status: u8,
    /// Reference of the last long text delivered.
    pub(super) delivery_reference: u8,
    /// A message came in while `AT+CMGS` was open (Q22, Q24).
    pub(super) collided: bool,
    /// Until when message commands are answered 515 (Q22).
    pub(super) waiting_until: Time,
    /// The message service is broken until a restart (Q26).
    pub(super) broken: bool,
    /// Every send fails until a restart (Q27).
    pub(super) exhausted: bool,
    /// Parts accepted and refused.
    pub(super) accepted: u64,
    pub(super) refused: u64,
}

impl Default for Network {
    fn default() -> Network {
        Network {
            attached: false,
            registration: Registration::Home,
            told: Registration::Home.stat(),
            signal: 20,
            refusals: (0, 0),
            lost_answers: 0,
            report_status: 0,
            delivery_reference: 0,
            collided: false,
            waiting_until: Time::ZERO,
            broken: false,
            exhausted: false,
            accepted: 0,
            refused: 0,
        }
    }
}

impl Network {
    /// Takes one of the refusals ordered.
    pub(super) fn take_refusal(&mut self) -> Option<u16> {
        let (left, code) = self.refusals;
        self.refusals.0 = left.checked_sub(1)?;
        Some(code)
    }

    /// Takes one of the lost answers ordered.
    pub(super) fn takes_answer(&mut self) -> bool {
        match self.lost_answers.checked_sub(1) {
            Some(left) => {
                self.lost_answers = left;
                true
            }
            None => false,
        }
    }
}

impl Modem {
    /// Whether the modem may use the network now.
    pub fn registration(&self) -> Registration {
        let usable = self.card.as_ref().is_some_and(|card| card.pin_state() == PinState::Ready);
        if self.power != Power::On || self.settings.functionality != 1 || !usable {
            Registration::Off
        } else if !self.network.attached {
            Registration::Searching
        } else {
            self.network.registration
        }
    }

    /// Begins the search for a network.
    pub(super) fn search(&mut self, now: Time) {
        self.network.attached = false;
        self.schedule.cancel(&Task::Register);
        if self.registration() == Registration::Searching {
            let wait: Duration = self.personality.registration_delay;
            self.after(wait, Task::Register, now);
        } else {
            self.tell_registration();
        }
    }

    /// The search is over.
    pub(super) fn register(&mut self, now: Time) {
        self.network.attached = true;
        self.tell_registration();
        self.hand_over(now);
    }

    /// Tells the driver when the registration changed and it wants to know.
    pub(super) fn tell_registration(&mut self) {
        let stat = self.registration().stat();
        if std::mem::replace(&mut self.network.told, stat) == stat {
            return;
        }
        for (prefix, mode) in ["+CREG", "+CGREG", "+CEREG"].into_iter().zip(self.settings.registration) {
            match mode {
                0 => {}
                1 => self.unsolicited(&format!("{prefix}: {stat}")),
                _ => self.unsolicited(&format!("{prefix}: {stat},\"1A2B\",\"0000C3D4\"")),
            }
        }
    }
}
