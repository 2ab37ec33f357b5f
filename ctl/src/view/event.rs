//! A fact that became true in the cluster.

use serde_json::{Value, json};
use smsgrid_proto::State;

use super::Step;
use super::json::{self, Moment};

/// An event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its place in the order of all events.
    pub(crate) revision: String,
    pub(crate) time: Option<Moment>,
    /// A stable word such as `message_changed`.
    pub(crate) kind: String,
    /// The message it is about.
    pub(crate) id: String,
    pub(crate) from: Option<State>,
    pub(crate) state: Option<State>,
    pub(crate) node: String,
    pub(crate) modem: String,
    pub(crate) why: String,
    /// The part it is about, 0 for none.
    pub(crate) part: u32,
    pub(crate) client: String,
    pub(crate) verdict: &'static str,
}

impl Event {
    /// The step of a message that it is.
    pub(crate) fn step(&self) -> Step {
        Step {
            time: self.time,
            state: self.state,
            node: self.node.clone(),
            modem: self.modem.clone(),
            why: self.why.clone(),
        }
    }

    pub(crate) fn json(&self) -> Value {
        json!({
            "revision": self.revision,
            "time": json::moment(self.time),
            "kind": self.kind,
            "id": json::text(&self.id),
            "from": self.from.map(State::word),
            "state": self.state.map(State::word),
            "node": json::text(&self.node),
            "modem": json::text(&self.modem),
            "why": json::text(&self.why),
            "part": (self.part > 0).then_some(self.part),
            "client": json::text(&self.client),
            "verdict": json::text(self.verdict),
        })
    }
}
