//! Events of the log as clients see them.

use std::collections::{BTreeMap, BTreeSet};

use smsgrid::model::{MessageId, MessageState, Name, NodeId, RegistrationId, Timestamp};
use smsgrid::queue::Event;
use smsgrid_proto::v1;

use super::Api;
use super::message::{self, Detail};
use super::names::Names;
use super::request::timestamp;
use super::watch::Interest;
use super::{revision, words};
use crate::raft::Revision;

/// Writes events for clients: remembers what people call nodes and modems.
pub(super) struct Teller {
    names: Names,
    /// Modems by registration, for those that are gone when their end is told.
    modems: BTreeMap<RegistrationId, (NodeId, Name)>,
    /// The latest date any event told; events without one get it.
    now: Timestamp,
}

/// Messages somebody follows.
pub(super) struct MessageInterest {
    pub(super) teller: Teller,
    /// These; all when empty.
    pub(super) ids: BTreeSet<MessageId>,
    /// Changes to these states; all when empty.
    pub(super) states: BTreeSet<MessageState>,
}

/// Modems somebody follows.
pub(super) struct ModemInterest {
    pub(super) teller: Teller,
    /// These; all when empty.
    pub(super) names: BTreeSet<Name>,
}

/// Everything, or some kinds of it.
pub(super) struct ClusterInterest {
    pub(super) teller: Teller,
    /// These; all when empty.
    pub(super) kinds: BTreeSet<v1::EventKind>,
}

impl Teller {
    /// A teller that knows the nodes and modems of this moment.
    pub(super) fn new(api: &Api) -> Teller {
        let modems = |queue: &smsgrid::queue::Queue| {
            let modems = queue.modems().map(|(node, modem)| (modem.id, (node, modem.name.clone()))).collect();
            (modems, queue.now())
        };
        let (modems, now) = api.view.read(modems);
        Teller { names: api.names(), modems, now }
    }

    /// The event for clients; none for what only nodes among themselves need.
    fn tell(&mut self, api: &Api, revision: Revision, event: &Event) -> Option<v1::Event> {
        let mut told = v1::Event { revision: revision::word(revision), ..v1::Event::default() };
        let kind = match event {
            Event::Changed { message, from, to, at, node, modem, why, position: _ } => {
                self.now = self.now.max(*at);
                told.id = message.to_string();
                told.from = from.map_or(v1::MessageState::Unspecified, words::state).into();
                told.state = words::state(*to).into();
                told.node = node.map(|node| self.node(api, node)).unwrap_or_default();
                told.modem = modem.as_ref().map(ToString::to_string).unwrap_or_default();
                told.why = why.as_ref().map(words::reason).unwrap_or_default();
                v1::EventKind::MessageChanged
            }
            Event::Resolved { message, part, verdict, client } => {
                told.id = message.to_string();
                told.part = u32::from(part.0);
                told.verdict = words::verdict(*verdict).into();
                told.client = client.to_string();
                v1::EventKind::MessageResolved
            }
            Event::Retried { message, client, generation: _ } => {
                told.id = message.to_string();
                told.why = "sent again by hand".to_owned();
                told.client = client.to_string();
                v1::EventKind::MessageHandled
            }
            Event::Discarded { message, client } => {
                told.id = message.to_string();
                told.why = "taken from the dead letters".to_owned();
                told.client = client.to_string();
                v1::EventKind::MessageHandled
            }
            Event::ModemRegistered { registration, .. } => {
                (told.node, told.modem) = self.modem(api, *registration)?;
                v1::EventKind::ModemRegistered
            }
            Event::ModemUnregistered { registration, .. } => {
                (told.node, told.modem) = self.modem(api, *registration)?;
                self.modems.remove(registration);
                v1::EventKind::ModemUnregistered
            }
            Event::SessionStarted { node, .. } => {
                told.node = self.node(api, *node);
                v1::EventKind::NodeStarted
            }
            Event::SessionEnded { node, .. } => {
                told.node = self.node(api, *node);
                v1::EventKind::NodeLost
            }
            Event::Claimed { .. }
            | Event::Unarmed { .. }
            | Event::Revised { .. }
            | Event::Forgotten { .. } => return None,
        };
        told.kind = kind.into();
        told.time = Some(timestamp(self.now));
        Some(told)
    }

    fn node(&mut self, api: &Api, node: NodeId) -> String {
        if !self.names.knows(node) {
            self.names = api.names();
        }
        self.names.name(node)
    }

    /// Node and name of a registration, as far as it can be known: one that came and went while nobody looked has
    /// none.
    fn modem(&mut self, api: &Api, registration: RegistrationId) -> Option<(String, String)> {
        let known = self.modems.get(&registration).cloned();
        let (node, modem) = known.or_else(|| registered(api, registration))?;
        self.modems.insert(registration, (node, modem.clone()));
        Some((self.node(api, node), modem.to_string()))
    }
}

/// Node and name of a live registration.
fn registered(api: &Api, registration: RegistrationId) -> Option<(NodeId, Name)> {
    api.view.read(|queue| {
        let found = queue.modems().find(|(_, modem)| modem.id == registration);
        found.map(|(node, modem)| (node, modem.name.clone()))
    })
}

impl Interest for MessageInterest {
    fn event(&mut self, api: &Api, revision: Revision, event: &Event) -> Option<v1::Event> {
        let id = match event {
            Event::Changed { message, to, .. } if self.states.is_empty() || self.states.contains(to) => {
                message
            }
            Event::Resolved { message, .. }
            | Event::Retried { message, .. }
            | Event::Discarded { message, .. }
                if self.states.is_empty() =>
            {
                message
            }
            Event::Changed { .. }
            | Event::Resolved { .. }
            | Event::Retried { .. }
            | Event::Discarded { .. }
            | Event::Claimed { .. }
            | Event::Unarmed { .. }
            | Event::ModemRegistered { .. }
            | Event::ModemUnregistered { .. }
            | Event::SessionStarted { .. }
            | Event::SessionEnded { .. }
            | Event::Revised { .. }
            | Event::Forgotten { .. } => return None,
        };
        let is_wanted = self.ids.is_empty() || self.ids.contains(id);
        if is_wanted { self.teller.tell(api, revision, event) } else { None }
    }

    fn resync(&mut self, api: &Api) -> (Vec<v1::Message>, Revision) {
        self.teller = Teller::new(api);
        let names = &self.teller.names;
        let ((records, waiting), revision) = api.view.read_at(|queue| {
            let records: Vec<_> = self.ids.iter().filter_map(|id| queue.message(*id).cloned()).collect();
            let waiting: Vec<_> = records.iter().map(|record| queue.waiting_for(record.id)).collect();
            (records, waiting)
        });
        let messages = records.iter().zip(&waiting).map(|(record, waiting)| {
            let message = message::message(record, waiting.as_ref(), names, Detail::Whole);
            v1::Message { revision: revision::word(revision), ..message }
        });
        (messages.collect(), revision)
    }
}

impl Interest for ModemInterest {
    fn event(&mut self, api: &Api, revision: Revision, event: &Event) -> Option<v1::Event> {
        let is_of_modem = match event {
            Event::ModemRegistered { .. } | Event::ModemUnregistered { .. } => true,
            Event::Changed { modem, .. } => modem.is_some(),
            Event::Resolved { .. }
            | Event::Retried { .. }
            | Event::Discarded { .. }
            | Event::Claimed { .. }
            | Event::Unarmed { .. }
            | Event::SessionStarted { .. }
            | Event::SessionEnded { .. }
            | Event::Revised { .. }
            | Event::Forgotten { .. } => false,
        };
        if !is_of_modem {
            return None;
        }
        let told = self.teller.tell(api, revision, event)?;
        let is_wanted = self.names.is_empty() || self.names.iter().any(|name| name.as_str() == told.modem);
        is_wanted.then_some(told)
    }

    fn resync(&mut self, api: &Api) -> (Vec<v1::Message>, Revision) {
        self.teller = Teller::new(api);
        (Vec::new(), api.view.revision())
    }
}

impl Interest for ClusterInterest {
    fn event(&mut self, api: &Api, revision: Revision, event: &Event) -> Option<v1::Event> {
        let told = self.teller.tell(api, revision, event)?;
        (self.kinds.is_empty() || self.kinds.contains(&told.kind())).then_some(told)
    }

    fn resync(&mut self, api: &Api) -> (Vec<v1::Message>, Revision) {
        self.teller = Teller::new(api);
        (Vec::new(), api.view.revision())
    }
}
