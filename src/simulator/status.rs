//! What a person is shown of a simulated modem.

use std::collections::BTreeMap;

use serde::Serialize;

use super::modem::Modem;
use super::network::Registration;
use super::power::Power;
use super::violation::Violation;

/// A modem at a glance. As JSON it is the answer to `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Status {
    /// Name of its personality.
    pub personality: String,
    /// Identity of the device.
    pub imei: String,
    /// Identity of the SIM, when there is one.
    pub imsi: Option<String>,
    /// Whether it runs.
    pub power: Power,
    /// Whether it hangs.
    pub hung: bool,
    /// Whether it may use the network.
    pub registration: Registration,
    /// `<rssi>` of `+CSQ`.
    pub signal: u8,
    /// Whether the SIM waits for its PIN or PUK.
    pub locked: bool,
    /// How often a wrong PIN was given.
    pub wrong_pins: u32,
    /// TP-MR of the next part accepted.
    pub next_reference: Option<u8>,
    /// Parts accepted by the network.
    pub accepted: u64,
    /// Parts refused by the network.
    pub refused: u64,
    /// Messages in the slots of SIM and device.
    pub stored: usize,
    /// Messages the network keeps until there is room.
    pub waiting: usize,
    /// How often the driver did each thing it must not do.
    pub violations: BTreeMap<Violation, u64>,
}

impl Modem {
    /// The modem at a glance.
    pub fn status(&self) -> Status {
        let card = self.card.as_ref();
        Status {
            personality: self.personality.name.clone(),
            imei: self.imei.to_string(),
            imsi: card.map(|card| card.imsi().to_string()),
            power: self.power,
            hung: self.hung,
            registration: self.registration(),
            signal: self.network.signal,
            locked: card.is_some_and(|card| card.pin_state() != super::sim_card::PinState::Ready),
            wrong_pins: card.map_or(0, |card| card.wrong_pins()),
            next_reference: card.map(|card| card.next_reference()),
            accepted: self.network.accepted,
            refused: self.network.refused,
            stored: self.device.used() + card.map_or(0, |card| card.store.used()),
            waiting: card.map_or(0, |card| card.waiting.len()),
            violations: self.violations().clone(),
        }
    }
}
