//! What a command was told, in the words people and programs read: plain values, each with its JSON form.
//!
//! Views know no transport and no terminal; `client` makes them, `render` shows them.

mod event;
mod json;
mod message;
mod modem;
mod node;
mod setting;
mod status;

pub(crate) use event::Event;
pub(crate) use json::{Moment, rfc3339};
pub(crate) use message::{Accepted, Attempt, Call, Message, Part, Step, Waiting, word};
pub(crate) use modem::{Modem, ModemState};
pub(crate) use node::{Member, Membership, Node};
pub(crate) use setting::Setting;
pub(crate) use status::{Consensus, Freshness, Need, QueueCounts, Status, Verdict};
