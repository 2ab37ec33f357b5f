//! Idempotency keys: which request a client has made before, and which message it became.
//!
//! A key lives as long as its message is not final, and some days longer. When a bound is reached the keys
//! whose messages ended longest ago leave first; a key of a living message never does.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::record::Record;
use super::{Digest, IdempotencyKey, Policy};
use crate::model::{MessageId, MessageState, Name, Timestamp};

/// What a key stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub(super) id: MessageId,
    pub(super) digest: Digest,
    /// When its message ended.
    pub(super) ended: Option<Timestamp>,
    /// The last state of its message, for when that has left memory.
    pub(super) state: MessageState,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Client {
    by_key: BTreeMap<IdempotencyKey, Entry>,
    /// Keys of ended messages, the oldest ended first.
    ended: BTreeMap<(Timestamp, MessageId), IdempotencyKey>,
}

/// The keys of all clients.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Keys {
    clients: BTreeMap<Name, Client>,
    /// For each client with ended keys, the end of its oldest.
    oldest: BTreeSet<(Timestamp, Name)>,
    count: u32,
}

impl Keys {
    /// What the key stands for.
    pub(super) fn get(&self, client: &Name, key: &IdempotencyKey) -> Option<&Entry> {
        self.clients.get(client)?.by_key.get(key)
    }

    /// How many keys there are.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// Makes room for one more key of this client. False when all keys in the way belong to living messages.
    pub(super) fn make_room(&mut self, client: &Name, policy: &Policy) -> bool {
        let own = |keys: &Keys| keys.clients.get(client).map_or(0, |client| client.by_key.len());
        while own(self) >= policy.keys_per_client_max as usize {
            if !self.forget_oldest(client) {
                return false;
            }
        }
        while self.count >= policy.keys_max {
            let Some((_, oldest)) = self.oldest.first().cloned() else { return false };
            self.forget_oldest(&oldest);
        }
        true
    }

    /// Remembers a key that is not known yet.
    pub(super) fn insert(&mut self, client: &Name, key: IdempotencyKey, id: MessageId, digest: Digest) {
        let entry = Entry { id, digest, ended: None, state: MessageState::Queued };
        let client = self.clients.entry(client.clone()).or_default();
        self.count += u32::from(client.by_key.insert(key, entry).is_none());
    }

    /// The message of a key is final in this state; the first end counts. A key that was forgotten and stands for
    /// another message by now is not touched.
    pub(super) fn end(&mut self, record: &Record, now: Timestamp) {
        let (Some(key), client) = (&record.key, &record.client) else { return };
        let Some(keys) = self.clients.get_mut(client) else { return };
        let Some(entry) = keys.by_key.get_mut(key).filter(|entry| entry.id == record.id) else { return };
        entry.state = record.state();
        if entry.ended.is_some() {
            return;
        }
        entry.ended = Some(now);
        let ended = (now, entry.id);
        let was = keys.oldest();
        keys.ended.insert(ended, key.clone());
        let is = keys.oldest();
        self.move_oldest(client, was, is);
    }

    /// The message of a key is not final any more. A key that was forgotten is not known again.
    pub(super) fn revive(&mut self, record: &Record) {
        let (Some(key), client) = (&record.key, &record.client) else { return };
        let Some(keys) = self.clients.get_mut(client) else { return };
        let Some(entry) = keys.by_key.get_mut(key).filter(|entry| entry.id == record.id) else { return };
        let Some(ended) = entry.ended.take() else { return };
        let was = keys.oldest();
        keys.ended.remove(&(ended, record.id));
        let is = keys.oldest();
        self.move_oldest(client, was, is);
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
        let count: usize = self.clients.values().map(|client| client.by_key.len()).sum();
        let oldest: BTreeSet<_> = self
            .clients
            .iter()
            .filter_map(|(name, client)| client.oldest().map(|ended| (ended, name.clone())))
            .collect();
        let ended = self.clients.values().all(|client| {
            client.by_key.values().filter(|entry| entry.ended.is_some()).count() == client.ended.len()
                && client.ended.iter().all(|((ended, id), key)| {
                    client.by_key.get(key).is_some_and(|entry| entry.ended == Some(*ended) && entry.id == *id)
                })
        });
        count == self.count as usize && oldest == self.oldest && ended
    }

    fn forget_oldest(&mut self, client: &Name) -> bool {
        let Some(keys) = self.clients.get_mut(client) else { return false };
        let was = keys.oldest();
        let Some((_, key)) = keys.ended.pop_first() else { return false };
        keys.by_key.remove(&key);
        let is = keys.oldest();
        if keys.by_key.is_empty() {
            self.clients.remove(client);
        }
        self.count = self.count.saturating_sub(1);
        self.move_oldest(client, was, is);
        true
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
        self.ended.first_key_value().map(|((ended, _), _)| *ended)
    }
}
