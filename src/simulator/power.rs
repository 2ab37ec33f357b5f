//! Power: start, restart, hang, vanish and return, and the lines a maker adds on its own.
//!
//! ```text
//!            restart                    banner
//!   On ------------------> Booting ---------------> On
//!    |  vanish                ^
//!    v          come_back     |
//!   Gone ---------------------+          hang: On, but neither reads nor writes, until come_back
//! ```

use std::time::Duration;

use crate::model::Time;

use super::front::Front;
use super::modem::{Event, Modem};
use super::quirk::Quirk;
use super::schedule::Task;
use super::settings::Settings;
use super::span::Span;

/// From one of the maker's own lines to the next (Q2).
const CHATTER_EVERY: Span = Span::millis(200, 2000);
/// The lines themselves.
const CHATTER: [&str; 5] = [
    "^RSSI:18",
    "^BOOT:23904452,0,0,0,20",
    "^MODE:3,3",
    "^SRVST:2",
    "^DSFLOWRPT:0000012C,00000000,00000000,00000000000000A8,0000000000000000,00000000,00000000",
];

/// Whether the modem runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Power {
    /// It runs.
    On,
    /// It starts: what is written to it is lost.
    Booting,
    /// It is not there.
    Gone,
}

impl Modem {
    /// The modem stops reading and writing. The network goes on: a part on its way is accepted, and its answer
    /// comes when the modem [comes back](Modem::come_back).
    pub fn hang(&mut self) {
        self.hung = true;
    }

    /// The modem is pulled out: its port closes, and a part on its way has left or not.
    pub fn vanish(&mut self, now: Time) {
        if self.power == Power::Gone {
            return;
        }
        self.lose_power(now);
        self.output.clear();
        self.hung = false;
        self.power = Power::Gone;
        self.event(Event::PortClosed);
    }

    /// Ends [`hang`](Modem::hang) where it began, or [`vanish`](Modem::vanish) with a start.
    pub fn come_back(&mut self, now: Time) {
        self.hung = false;
        if self.power == Power::Gone {
            self.event(Event::PortOpened);
            self.start(now);
        }
    }

    /// The modem restarts by itself and says so with its banner; the port stays.
    pub fn reset(&mut self, now: Time) {
        if self.power != Power::Gone {
            self.hung = false;
            self.restart(now);
        }
    }

    /// Whether the modem runs.
    pub fn power(&self) -> Power {
        self.power
    }

    /// Whether the modem hangs.
    pub fn is_hung(&self) -> bool {
        self.hung
    }

    pub(super) fn restart(&mut self, now: Time) {
        self.lose_power(now);
        self.start(now);
    }

    /// Everything not on the card, in the device's memory or in the network is forgotten.
    fn lose_power(&mut self, now: Time) {
        self.leave_to_chance(now);
        self.note_call("power", now);
        self.schedule.power_off();
        self.front = Front::Command;
        self.settings = Settings::default();
        self.line.clear();
        self.lost_line.clear();
        self.owed = None;
        self.network.attached = false;
        self.network.collided = false;
        self.network.broken = false;
        self.network.exhausted = false;
        self.network.waiting_until = Time::ZERO;
        if let Some(card) = &mut self.card {
            card.power_off();
            // The network was never told that the message arrived.
            if let Some(incoming) = self.unacknowledged.take() {
                card.waiting.push_front(incoming);
            }
        }
    }

    fn start(&mut self, now: Time) {
        self.power = Power::Booting;
        let wait: Duration = self.personality.boot_delay;
        self.after(wait, Task::Boot, now);
    }

    pub(super) fn boot(&mut self, now: Time) {
        self.power = Power::On;
        self.network.told = self.registration().stat();
        for line in self.personality.vendor.banner() {
            self.unsolicited(line);
        }
        self.start_chatter(now);
        self.search(now);
    }

    /// Whether the maker's own lines are on.
    pub(super) fn chatters(&self) -> bool {
        self.has(Quirk::Q2) && self.settings.chatter
    }

    pub(super) fn start_chatter(&mut self, now: Time) {
        self.schedule.cancel(&Task::Chatter);
        if self.chatters() {
            self.schedule.add(now + self.random.wait(CHATTER_EVERY), Task::Chatter);
        }
    }

    pub(super) fn chatter(&mut self, now: Time) {
        if self.chatters() {
            self.chatter_once();
            self.start_chatter(now);
        }
    }

    pub(super) fn chatter_once(&mut self) {
        if let Some(line) = self.chatter_line() {
            self.unsolicited(line);
        }
    }

    /// One of the maker's own lines.
    pub(super) fn chatter_line(&mut self) -> Option<&'static str> {
        self.random.pick(&CHATTER)
    }
}
