//! Idempotency keys: which request a client has made before, and which message it became.
//!
//! A key lives as long as its message is not final, and some days longer. When a bound is reached the keys
//! whose messages ended longest ago leave first; a key of a living message never does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::arena::{Arena, Slot};
use super::record::Record;
use super::{Digest, IdempotencyKey, Policy};
use crate::model::{MessageId, MessageState, Name, Timestamp};

/// A key and what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Whose key.
    pub(super) client: Name,
    pub(super) key: IdempotencyKey,
    pub(super) id: MessageId,
    pub(super) digest: Digest,
    /// When its message ended.
    pub(super) ended: Option<Timestamp>,
    /// The last state of its message, for when that has left memory.
    pub(super) state: MessageState,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
struct Client {
    by_key: BTreeMap<IdempotencyKey, Slot>,
    /// Keys of ended messages, the oldest ended first.
    ended: BTreeSet<(Timestamp, MessageId, Slot)>,
}

/// The keys of all clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Keys {
    entries: Arena<Entry>,
    clients: BTreeMap<Name, Client>,
    /// For each client with ended keys, the end of its oldest.
    oldest: BTreeSet<(Timestamp, Name)>,
}

impl Keys {
    /// The keys of an image. None when a client has one key twice.
    pub(super) fn from_arena(entries: Arena<Entry>) -> Option<Keys> {
        let mut clients: BTreeMap<Name, Client> = BTreeMap::new();
        for (slot, entry) in entries.iter() {
            if !clients.contains_key(&entry.client) {
                clients.insert(entry.client.clone(), Client::default());
            }
            let client = clients.get_mut(&entry.client)?;
            if client.by_key.insert(entry.key.clone(), slot).is_some() {
                return None;
            }
            client.ended.extend(entry.ended.map(|ended| (ended, entry.id, slot)));
        }
        let oldest = clients.iter().filter_map(|(name, client)| Some((client.oldest()?, name.clone())));
        let oldest = oldest.collect();
        Some(Keys { entries, clients, oldest })
    }

    /// The keys by slot: what an image keeps.
    pub(super) fn arena(&self) -> &Arena<Entry> {
        &self.entries
    }

    /// What the key stands for.
    pub(super) fn get(&self, client: &Name, key: &IdempotencyKey) -> Option<&Entry> {
        self.entries.get(*self.clients.get(client)?.by_key.get(key)?)
    }

    /// How many keys there are.
    pub(super) fn count(&self) -> u32 {
        self.entries.len()
    }

    /// Makes room for one more key of this client. False when all keys in the way belong to living messages.
    pub(super) fn make_room(&mut self, client: &Name, policy: &Policy) -> bool {
        let own = |keys: &Keys| keys.clients.get(client).map_or(0, |client| client.by_key.len());
        while own(self) >= policy.keys_per_client_max as usize {
            if !self.forget_oldest(client) {
                return false;
            }
        }
        while self.count() >= policy.keys_max || !self.entries.has_room() {
            let Some((_, oldest)) = self.oldest.first().cloned() else { return false };
            self.forget_oldest(&oldest);
        }
        true
    }

    /// Remembers a key that is not known yet.
    pub(super) fn insert(&mut self, client: &Name, key: IdempotencyKey, id: MessageId, digest: Digest) {
        debug_assert!(self.get(client, &key).is_none(), "a key is remembered once");
        let state = MessageState::Queued;
        let entry = Entry { client: client.clone(), key: key.clone(), id, digest, ended: None, state };
        if let Some(slot) = self.entries.insert(entry) {
            self.clients.entry(client.clone()).or_default().by_key.insert(key, slot);
        }
    }

    /// The message of a key is final in this state; the first end counts. A key that was forgotten and stands for
    /// another message by now is not touched.
    pub(super) fn end(&mut self, record: &Record, now: Timestamp) {
        let Some((slot, keys)) = self.of_message(record) else { return };
        let was = keys.oldest();
        let Some(entry) = self.entries.get_mut(slot) else { return };
        entry.state = record.state();
        if entry.ended.is_some() {
            return;
        }
        entry.ended = Some(now);
        self.move_ended(&record.client, was, |ended| {
            ended.insert((now, record.id, slot));
        });
    }

    /// The message of a key is not final any more. A key that was forgotten is not known again.
    pub(super) fn revive(&mut self, record: &Record) {
        let Some((slot, keys)) = self.of_message(record) else { return };
        let was = keys.oldest();
        let Some(ended) = self.entries.get_mut(slot).and_then(|entry| entry.ended.take()) else { return };
        self.move_ended(&record.client, was, |all| {
            all.remove(&(ended, record.id, slot));
        });
    }

    /// When the next key is to be forgotten.
    pub(super) fn next_expiry(&self, retention: Duration) -> Option<Timestamp> {
        self.oldest.first().map(|(ended, _)| *ended + retention)
    }

    /// Forgets the key that ended longest ago.
    pub(super) fn expire_oldest(&mut self) {
        if let Some((_, client)) = self.oldest.first().cloned() {
            self.forget_oldest(&client);
        }
    }

    /// Whether the indexes agree with the keys.
    pub(super) fn is_consistent(&self) -> bool {
        let rebuilt = Keys::from_arena(self.entries.clone());
        self.entries.is_consistent()
            && rebuilt.is_some_and(|keys| keys.clients == self.clients && keys.oldest == self.oldest)
    }

    /// The key of a message, unless it was forgotten.
    fn of_message(&self, record: &Record) -> Option<(Slot, &Client)> {
        let keys = self.clients.get(&record.client)?;
        let slot = *keys.by_key.get(record.key.as_ref()?)?;
        self.entries.get(slot).filter(|entry| entry.id == record.id).map(|_| (slot, keys))
    }

    fn forget_oldest(&mut self, client: &Name) -> bool {
        let Some(keys) = self.clients.get_mut(client) else { return false };
        let was = keys.oldest();
        let Some((_, _, slot)) = keys.ended.pop_first() else { return false };
        if let Some(entry) = self.entries.remove(slot) {
            keys.by_key.remove(&entry.key);
        }
        let is = keys.oldest();
        if keys.by_key.is_empty() {
            self.clients.remove(client);
        }
        self.move_oldest(client, was, is);
        true
    }

    fn move_ended(
        &mut self,
        client: &Name,
        was: Option<Timestamp>,
        change: impl FnOnce(&mut BTreeSet<(Timestamp, MessageId, Slot)>),
    ) {
        let Some(keys) = self.clients.get_mut(client) else { return };
        change(&mut keys.ended);
        let is = keys.oldest();
        self.move_oldest(client, was, is);
    }

    fn move_oldest(&mut self, client: &Name, was: Option<Timestamp>, is: Option<Timestamp>) {
        if was == is {
            return;
        }
        if let Some(was) = was {
            self.oldest.remove(&(was, client.clone()));
        }
        if let Some(is) = is {
            self.oldest.insert((is, client.clone()));
        }
    }
}

impl Client {
    fn oldest(&self) -> Option<Timestamp> {
        self.ended.first().map(|(ended, _, _)| *ended)
    }
}
