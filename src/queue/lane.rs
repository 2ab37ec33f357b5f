//! Waiting messages in lanes: all messages of a lane may be sent by the same modems.
//!
//! A modem that becomes free looks at the heads of the lanes it may serve; how many messages wait, and how many
//! of them wait for other modems, makes no difference.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Tags;
use super::arena::Slot;
use super::modem::Registration;
use crate::model::{Imsi, ModemIdentity, Name, Priority, Timestamp};

/// Number of priority classes.
const CLASSES: usize = Priority::MOST_URGENT_FIRST.len();

/// What a modem must be to serve a lane. In this order the lanes of one modem are few ranges.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct LaneKey {
    /// Bear this name.
    pub(super) modem: Option<Name>,
    /// Hold this SIM.
    pub(super) pin: Option<Imsi>,
    /// Carry all of these.
    pub(super) tags: Tags,
    /// Not be this one.
    pub(super) avoid: Option<ModemIdentity>,
}

/// Number of a lane; never reused.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct LaneId(pub(super) u64);

/// Place of a message in the order of acceptance. A message accepted for later takes its place when its moment
/// comes; a retry keeps its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Place {
    /// Its number in that order.
    pub(super) order: u64,
    /// When it was taken; a higher order is never earlier.
    pub(super) since: Timestamp,
}

/// Rank among waiting messages: the smaller is matched first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    /// 0 for the most urgent class, after ageing.
    class: usize,
    order: u64,
}

/// A message that could be matched next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) rank: Rank,
    pub(super) message: Slot,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Lane {
    key: LaneKey,
    /// By class, the most urgent first; within a class by place.
    classes: [BTreeMap<Place, Slot>; CLASSES],
}

/// All lanes that are not empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Lanes {
    next: LaneId,
    by_key: BTreeMap<LaneKey, LaneId>,
    lanes: BTreeMap<LaneId, Lane>,
}

impl Lanes {
    /// Puts a message into the lane of `key`.
    pub(super) fn insert(&mut self, key: LaneKey, class: Priority, place: Place, message: Slot) -> LaneId {
        let id = *self.by_key.entry(key).or_insert_with_key(|key| {
            self.next = LaneId(self.next.0 + 1);
            self.lanes.insert(self.next, Lane { key: key.clone(), ..Lane::default() });
            self.next
        });
        if let Some(class) = self.lanes.get_mut(&id).and_then(|lane| lane.classes.get_mut(index(class))) {
            class.insert(place, message);
        }
        id
    }

    /// Takes a message out of its lane.
    pub(super) fn remove(&mut self, id: LaneId, class: Priority, place: Place) {
        let Some(lane) = self.lanes.get_mut(&id) else { return };
        if let Some(class) = lane.classes.get_mut(index(class)) {
            class.remove(&place);
        }
        if lane.classes.iter().all(BTreeMap::is_empty)
            && let Some(lane) = self.lanes.remove(&id)
        {
            self.by_key.remove(&lane.key);
        }
    }

    /// Since when the message waits that has waited longest. Its work grows with the lanes, not with the messages.
    pub(super) fn oldest(&self) -> Option<Timestamp> {
        let classes = self.lanes.values().flat_map(|lane| lane.classes.iter());
        classes.filter_map(|class| class.first_key_value()).map(|(place, _)| place.since).min()
    }

    /// The numbers given so far, and which lane has which key: what an image keeps.
    pub(super) fn keys(&self) -> (LaneId, Vec<(LaneId, LaneKey)>) {
        (self.next, self.lanes.iter().map(|(id, lane)| (*id, lane.key.clone())).collect())
    }

    /// Lanes of an image, to be filled with [`Lanes::put`]. None when a number or a key is there twice, or a number
    /// was never given.
    pub(super) fn from_keys(next: LaneId, keys: Vec<(LaneId, LaneKey)>) -> Option<Lanes> {
        let mut lanes = Lanes { next, ..Lanes::default() };
        for (id, key) in keys {
            let again = lanes.by_key.insert(key.clone(), id).is_some()
                || lanes.lanes.insert(id, Lane { key, ..Lane::default() }).is_some();
            if again || id > next {
                return None;
            }
        }
        Some(lanes)
    }

    /// Puts a message into a lane that there is. False when there is none, or its place is taken.
    pub(super) fn put(&mut self, id: LaneId, class: Priority, place: Place, message: Slot) -> bool {
        let lane = self.lanes.get_mut(&id).and_then(|lane| lane.classes.get_mut(index(class)));
        lane.is_some_and(|class| class.insert(place, message).is_none())
    }

    /// The key of a lane.
    pub(super) fn key(&self, id: LaneId) -> Option<&LaneKey> {
        self.lanes.get(&id).map(|lane| &lane.key)
    }

    /// The message of a lane that comes first at `now`.
    ///
    /// Within a class the first has waited longest, so it alone can be the most lifted one.
    pub(super) fn head(&self, id: LaneId, now: Timestamp, ageing: Duration) -> Option<Head> {
        let lane = self.lanes.get(&id)?;
        let heads = lane.classes.iter().enumerate().filter_map(|(class, waiting)| {
            let (place, message) = waiting.first_key_value()?;
            let class = class.saturating_sub(lifts(now.since(place.since), ageing));
            Some(Head { rank: Rank { class, order: place.order }, message: *message })
        });
        heads.min_by_key(|head| head.rank)
    }

    /// The lanes a modem may serve, and how many lanes were looked at to know.
    pub(super) fn served_by(&self, modem: &Registration) -> (Vec<LaneId>, u64) {
        let mut looked = 0;
        let mut served = Vec::new();
        for name in [None, Some(&modem.name)] {
            for pin in [None, Some(&modem.identity.imsi)] {
                let start = LaneKey { modem: name.cloned(), pin: pin.cloned(), ..LaneKey::default() };
                let range = self.by_key.range(start..);
                for (key, id) in
                    range.take_while(|(key, _)| key.modem.as_ref() == name && key.pin.as_ref() == pin)
                {
                    looked += 1;
                    served.extend(key.is_served_by(modem).then_some(*id));
                }
            }
        }
        (served, looked)
    }

    /// Every lane with its messages, for the checks.
    pub(super) fn iter(&self) -> impl Iterator<Item = (LaneId, &LaneKey, Vec<(Priority, Place, Slot)>)> {
        self.lanes.iter().map(|(id, lane)| {
            let waiting = Priority::MOST_URGENT_FIRST.into_iter().zip(&lane.classes);
            let all = waiting.flat_map(|(class, waiting)| {
                waiting.iter().map(move |(place, message)| (class, *place, *message))
            });
            (*id, &lane.key, all.collect())
        })
    }
}

impl LaneKey {
    /// Whether this modem may send the messages of the lane.
    pub(super) fn is_served_by(&self, modem: &Registration) -> bool {
        self.modem.as_ref().is_none_or(|name| *name == modem.name)
            && self.pin.as_ref().is_none_or(|imsi| *imsi == modem.identity.imsi)
            && self.avoid.as_ref().is_none_or(|avoid| *avoid != modem.identity)
            && self.tags.is_subset(&modem.carries)
    }

    /// Where the lane comes among those of a modem with preferences: what only this SIM can finish is first, then the
    /// tags in their order, and last those it does not prefer. A message that asks for no tag counts as one of the
    /// first: nobody's queue, it would else wait for all of them to be empty.
    pub(super) fn place_for(&self, modem: &Registration) -> usize {
        if self.pin.is_some() {
            return 0;
        }
        let preferred = modem.prefers.iter().position(|tag| self.tags.contains(tag));
        let place = if self.tags.is_empty() { Some(0) } else { preferred };
        1 + place.unwrap_or(modem.prefers.len())
    }
}

/// How many classes a message is lifted after waiting so long.
fn lifts(waited: Duration, interval: Duration) -> usize {
    let lifts = waited.as_millis().checked_div(interval.as_millis()).unwrap_or(0);
    usize::try_from(lifts).unwrap_or(usize::MAX)
}

/// 0 for the most urgent class.
fn index(class: Priority) -> usize {
    match class {
        Priority::Emergency => 0,
        Priority::High => 1,
        Priority::Normal => 2,
        Priority::Bulk => 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn message(number: u8) -> Slot {
        Slot(u32::from(number))
    }

    fn place(order: u64, since_ms: u64) -> Place {
        Place { order, since: Timestamp::from_unix_millis(since_ms) }
    }

    #[test]
    fn a_waiting_message_is_lifted_one_class_per_interval() {
        let mut lanes = Lanes::default();
        let id = lanes.insert(LaneKey::default(), Priority::Bulk, place(1, 0), message(1));
        lanes.insert(LaneKey::default(), Priority::High, place(2, 119_000), message(2));

        let head = |seconds: u64| lanes.head(id, Timestamp::from_unix_millis(seconds * 1000), MINUTE);

        assert_eq!(head(119).map(|head| head.message), Some(message(2)));
        assert_eq!(
            head(120).map(|head| head.message),
            Some(message(1)),
            "two lifts reach the class, and it is older"
        );
        assert_eq!(
            lanes.head(id, Timestamp::from_unix_millis(u64::MAX), Duration::ZERO).map(|h| h.message),
            Some(message(2))
        );
    }

    #[test]
    fn an_empty_lane_is_gone() {
        let mut lanes = Lanes::default();
        let id = lanes.insert(LaneKey::default(), Priority::Bulk, place(1, 0), message(1));

        lanes.remove(id, Priority::Bulk, place(1, 0));

        assert_eq!(lanes.key(id), None);
        assert_eq!(lanes.iter().count(), 0);
    }
}
