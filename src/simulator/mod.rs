//! A simulated modem with its SIM and its network: a driver's strictest acquaintance.
//!
//! ```text
//!   bytes of the driver --> Modem::handle_input(bytes, now)      poll_transmit() --> bytes for the driver
//!             the clock --> Modem::handle_timeout(now)           poll_timeout()  --> when to come back
//!     ledger is written --> Modem::ledger_written(now)           poll_event()    --> ledger, violations, port
//!   a person or a test  --> hang, vanish, come_back, reset, refuse, lose_answers, deliver, change_card, …
//! ```
//!
//! It is product code: `smsnode sim`, ports that begin with `sim:`, the demo and every test use this one modem. It is
//! stricter than a real one. Input before the prompt is out is lost, a line while another is answered is lost,
//! a PDU is checked to its last bit, and each such fault is counted as a [`Violation`]. It starts with echo on, in
//! text mode, without error codes and indications: a driver has to set what it relies on.
//!
//! What the network accepted is an [`Event::Ledger`] before the driver hears of it. All draws follow from the seed.
//!
//! It shares nothing with the codec and the dialogue of the product, so that a mistake there cannot hide here.
//! Deliberately absent: calls, text mode, cell broadcast, messages written to the slots (`+CMGW`, `+CMSS`).

mod alphabet;
mod answer;
mod calendar;
mod calling;
mod command;
mod control;
mod deliver;
mod front;
mod header;
mod ledger;
mod line;
mod modem;
mod network;
mod octets;
mod personality;
mod power;
mod quirk;
mod random;
mod receiving;
mod schedule;
mod sending;
mod settings;
mod sim_card;
mod span;
mod spec;
mod status;
mod store;
mod submit;
mod violation;

#[cfg(test)]
mod tests;

pub use calling::{CallEntry, Callee};
pub use ledger::Entry;
pub use modem::{Event, Modem};
pub use network::Registration;
pub use personality::{Echo, Personality, Vendor};
pub use power::Power;
pub use quirk::Quirk;
pub use sim_card::{PUK, PinState, SIM_SLOTS, SimCard};
pub use span::{Rate, Span};
pub use spec::{SCHEME, Spec, SpecError};
pub use status::Status;
pub use submit::SubmitError;
pub use violation::Violation;
