//! The modems of all nodes: what the log knows of each, and what those of this node say of themselves.

use std::collections::BTreeMap;

use smsgrid::model::{MessageState, Name, NodeId};
use smsgrid::queue::{Queue, Registration};
use smsgrid_proto::v1;

use super::Api;
use super::context::{ModemCondition, ModemNews};
use super::metrics::ModemReading;
use super::names::Names;
use super::request::timestamp;
use super::words::tail;

impl Api {
    /// Every modem of the cluster, by name; those of this node also when they are not registered.
    pub(super) fn all_modems(&self, queue: &Queue, names: &Names) -> Vec<v1::Modem> {
        let mut modems: BTreeMap<(String, String), v1::Modem> = BTreeMap::new();
        for (node, registration) in queue.modems() {
            let modem = registered(queue, node, registration, names);
            modems.insert((modem.name.clone(), modem.node.clone()), modem);
        }
        let own = self.name.to_string();
        for (name, news) in self.context.modems.news() {
            let modem = modems
                .entry((name.to_string(), own.clone()))
                .or_insert_with(|| unregistered(queue, &name, own.clone(), &news));
            tell(modem, &news);
        }
        modems.into_values().collect()
    }

    /// The modems of this node's configuration that no other node has, for whoever counts.
    pub(super) fn own_modems(&self, queue: &Queue, names: &Names) -> Vec<ModemReading> {
        let all = self.all_modems(queue, names);
        let state = |name: &Name| {
            let own =
                all.iter().find(|modem| modem.node == self.name.as_str() && modem.name == name.as_str());
            own.map_or(v1::ModemState::Starting, v1::Modem::state)
        };
        let reading = |(name, news): (Name, ModemNews)| ModemReading {
            state: state(&name),
            since: news.since,
            signal: news.signal,
            network: news.network,
            name,
        };
        self.context.modems.news().into_iter().map(reading).collect()
    }
}

/// A modem as the log knows it.
fn registered(queue: &Queue, node: NodeId, registration: &Registration, names: &Names) -> v1::Modem {
    let claim = registration.claim.and_then(|epoch| queue.claim(epoch));
    let is_blocked = queue.is_blocked(&registration.name);
    let state = match claim {
        Some(_) => v1::ModemState::Sending,
        None if is_blocked => v1::ModemState::Blocked,
        None if registration.armed => v1::ModemState::Idle,
        None => v1::ModemState::Starting,
    };
    v1::Modem {
        name: registration.name.to_string(),
        node: names.name(node),
        state: state.into(),
        imei: tail(registration.identity.imei.as_str()),
        imsi: tail(registration.identity.imsi.as_str()),
        tags: registration.carries.iter().map(ToString::to_string).collect(),
        blocked: is_blocked,
        message: claim.map(|claim| claim.message.to_string()).unwrap_or_default(),
        why: if is_blocked { "somebody blocked it".to_owned() } else { String::new() },
        ..v1::Modem::default()
    }
}

/// A modem only its own node knows of.
fn unregistered(queue: &Queue, name: &Name, node: String, news: &ModemNews) -> v1::Modem {
    let state = condition(news.condition);
    // Set up, and still not in the log: it is on its way there.
    let state = if state == v1::ModemState::Idle { v1::ModemState::Starting } else { state };
    v1::Modem {
        name: name.to_string(),
        node,
        state: state.into(),
        blocked: queue.is_blocked(name),
        ..v1::Modem::default()
    }
}

/// Adds what the modem says of itself. What it is at work on is for the log to say.
fn tell(modem: &mut v1::Modem, news: &ModemNews) {
    let state = condition(news.condition);
    if !matches!(modem.state(), v1::ModemState::Sending | v1::ModemState::Blocked)
        && state != v1::ModemState::Idle
    {
        modem.set_state(state);
    }
    modem.signal = news.signal;
    modem.operator = news.operator.clone().unwrap_or_default();
    if let Some(why) = news.why.clone().filter(|_| modem.why.is_empty()) {
        modem.why = why;
    }
    modem.reason = news.reason.map(|reason| reason.word().to_owned()).unwrap_or_default();
    modem.since = Some(timestamp(news.since));
}

const fn condition(condition: ModemCondition) -> v1::ModemState {
    match condition {
        ModemCondition::Starting => v1::ModemState::Starting,
        ModemCondition::Ready => v1::ModemState::Idle,
        ModemCondition::Pin => v1::ModemState::Pin,
        ModemCondition::NoNetwork => v1::ModemState::NoNetwork,
        ModemCondition::Unplugged => v1::ModemState::Unplugged,
        ModemCondition::Blocked => v1::ModemState::Blocked,
        ModemCondition::Trouble => v1::ModemState::Trouble,
        ModemCondition::Draining => v1::ModemState::Draining,
    }
}

/// How many messages are in each state that is shown as a number.
pub(super) fn counts(queue: &Queue) -> v1::QueueCounts {
    let count = |state| queue.counts().get(&state).copied().unwrap_or_default();
    let oldest = queue.oldest_waiting().map(|since| queue.now().since(since).as_secs());
    v1::QueueCounts {
        queued: count(MessageState::Queued),
        claimed: count(MessageState::Claimed),
        sending: count(MessageState::Sending),
        uncertain: count(MessageState::Uncertain),
        failed: queue.dead_letters(),
        oldest_seconds: oldest.unwrap_or_default(),
        scheduled: count(MessageState::Scheduled),
        sent: count(MessageState::Sent),
    }
}
