//! The SIM: identity, PIN, its own slots, the counter of TP-MR, and what the network keeps for the subscriber.

use std::collections::VecDeque;

use crate::model::Imsi;

use super::store::Store;

/// Slots of a SIM unless told otherwise: as few as old cards have.
pub const SIM_SLOTS: u16 = 10;
/// Tries of a PIN before the card asks for the PUK.
const PIN_TRIES_MAX: u8 = 3;
/// Tries of a PUK before the card is dead.
const PUK_TRIES_MAX: u8 = 10;
/// The PUK of every simulated card.
pub const PUK: &str = "12345678";
/// Messages the network keeps for a subscriber that cannot take them; later ones are lost.
const WAITING_MAX: usize = 1000;
/// The service centre a card comes with.
const SERVICE_CENTRE: &str = "+10005550100";

/// A message on its way to the subscriber.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Incoming {
    /// SMS-DELIVER, service centre address first.
    Message(Vec<u8>),
    /// SMS-STATUS-REPORT, service centre address first.
    Report(Vec<u8>),
}

/// Whether a card lets itself be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinState {
    /// No PIN is wanted, or it was given.
    Ready,
    /// The PIN is wanted.
    Pin,
    /// The PIN was wrong three times: the PUK is wanted.
    Puk,
    /// The PUK was wrong ten times: the card is dead.
    Dead,
}

/// A SIM and its subscription. It keeps its messages, its TP-MR and its PIN counter when it changes modems.
#[derive(Clone, Debug)]
pub struct SimCard {
    imsi: Imsi,
    pin: Option<String>,
    unlocked: bool,
    pin_tries: u8,
    puk_tries: u8,
    wrong_pins: u32,
    next_reference: u8,
    pub(super) service_centre: String,
    pub(super) store: Store,
    /// What the network could not hand over yet, the oldest first.
    pub(super) waiting: VecDeque<Incoming>,
}

impl SimCard {
    /// A fresh card of `slots` slots; with `pin` it wants that PIN after each power-on.
    pub fn new(imsi: Imsi, pin: Option<String>, slots: u16) -> SimCard {
        SimCard {
            imsi,
            unlocked: pin.is_none(),
            pin,
            pin_tries: PIN_TRIES_MAX,
            puk_tries: PUK_TRIES_MAX,
            wrong_pins: 0,
            next_reference: 0,
            service_centre: SERVICE_CENTRE.to_owned(),
            store: Store::new(slots),
            waiting: VecDeque::new(),
        }
    }

    /// Its identity.
    pub fn imsi(&self) -> &Imsi {
        &self.imsi
    }

    /// Whether it can be used.
    pub fn pin_state(&self) -> PinState {
        match (self.puk_tries, self.pin_tries) {
            (0, _) => PinState::Dead,
            (_, 0) => PinState::Puk,
            _ if self.unlocked => PinState::Ready,
            _ => PinState::Pin,
        }
    }

    /// Tries left of the PIN and of the PUK.
    pub(super) fn tries_left(&self) -> (u8, u8) {
        (self.pin_tries, self.puk_tries)
    }

    /// How often a wrong PIN was ever given.
    pub fn wrong_pins(&self) -> u32 {
        self.wrong_pins
    }

    /// The TP-MR the next accepted part will carry.
    pub fn next_reference(&self) -> u8 {
        self.next_reference
    }

    /// Makes `reference` the next TP-MR.
    pub fn set_next_reference(&mut self, reference: u8) {
        self.next_reference = reference;
    }

    /// The number of the integrated circuit card (ITU-T E.118), made of the identity.
    pub(super) fn iccid(&self) -> String {
        format!("8900{:0>15.15}", self.imsi.as_str())
    }

    /// Counts one part: its TP-MR.
    pub(super) fn take_reference(&mut self) -> u8 {
        let reference = self.next_reference;
        self.next_reference = reference.wrapping_add(1);
        reference
    }

    /// Power went: the PIN is wanted again.
    pub(super) fn power_off(&mut self) {
        self.unlocked = self.pin.is_none();
    }

    /// Tries a PIN. Returns whether it was right; a card that asks for no PIN, or for the PUK, takes none.
    pub(super) fn enter_pin(&mut self, pin: &str) -> bool {
        if self.pin_state() != PinState::Pin {
            return false;
        }
        self.unlocked = self.pin.as_deref() == Some(pin);
        if self.unlocked {
            self.pin_tries = PIN_TRIES_MAX;
        } else {
            self.pin_tries = self.pin_tries.saturating_sub(1);
            self.wrong_pins += 1;
        }
        self.unlocked
    }

    /// Tries the PUK with a new PIN. Returns whether it was right.
    pub(super) fn enter_puk(&mut self, puk: &str, pin: &str) -> bool {
        if self.pin_state() != PinState::Puk {
            return false;
        }
        if puk != PUK {
            self.puk_tries = self.puk_tries.saturating_sub(1);
            return false;
        }
        self.pin = Some(pin.to_owned());
        (self.pin_tries, self.puk_tries, self.unlocked) = (PIN_TRIES_MAX, PUK_TRIES_MAX, true);
        true
    }

    /// The network keeps `incoming` until the subscriber can take it.
    pub(super) fn keep(&mut self, incoming: Incoming) {
        if self.waiting.len() < WAITING_MAX {
            self.waiting.push_back(incoming);
        }
    }
}
