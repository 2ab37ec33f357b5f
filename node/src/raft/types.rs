//! What the library is told of our types, and how its ids and votes are written in our log.

use std::io;
use std::sync::Arc;

use openraft::entry::RaftPayload;
use openraft::impls::leader_id_std::LeaderId;
use openraft::type_config::alias;
use openraft::vote::RaftLeaderId;
use smsgrid::log;
use smsgrid::model::NodeId;

use super::Member;
use super::payload::{self, Content, Payload};

openraft::declare_raft_types!(
    /// One leader a term, so an id is a term and an index; commands are octets that only the state machine reads.
    pub(super) Types:
        D = Payload,
        R = (),
        NodeId = u64,
        Node = Member,
        LeaderId = LeaderId<u64, u64>,
);

pub(super) type LogId = alias::LogIdOf<Types>;
pub(super) type Vote = alias::VoteOf<Types>;
pub(super) type Entry = alias::EntryOf<Types>;
pub(super) type Membership = openraft::Membership<u64, Member>;
pub(super) type StoredMembership = alias::StoredMembershipOf<Types>;
pub(super) type SnapshotMeta = alias::SnapshotMetaOf<Types>;
type EntryPayload = openraft::EntryPayload<Payload, u64, Member>;

/// The id as the log writes it. The term names the leader, so the node stays 0.
pub(super) fn stored_id(id: &LogId) -> log::LogId {
    log::LogId { term: id.committed_leader_id().term, node: NodeId(0), index: id.index() }
}

pub(super) fn log_id(id: log::LogId) -> LogId {
    log_id_of(id.term, id.index)
}

pub(super) fn log_id_of(term: u64, index: u64) -> LogId {
    LogId::new(term.into(), index)
}

pub(super) fn term_of(id: &LogId) -> u64 {
    id.committed_leader_id().term
}

pub(super) fn stored_vote(vote: &Vote) -> log::Vote {
    let leader = &vote.leader_id;
    log::Vote { term: leader.term, node: NodeId(leader.voted_for), committed: vote.committed }
}

pub(super) fn vote(vote: log::Vote) -> Vote {
    Vote { leader_id: LeaderId::new(vote.term, vote.node.0), committed: vote.committed }
}

/// An entry as it stands in the log.
pub(super) fn stored_entry(entry: Entry) -> (log::LogId, Arc<[u8]>) {
    let payload = match entry.payload {
        EntryPayload::Blank => payload::blank(),
        EntryPayload::Normal(batch) => batch.into_octets(),
        EntryPayload::Membership(membership) => payload::membership(&membership),
    };
    (stored_id(&entry.log_id), payload)
}

/// The entry that stands there.
pub(super) fn entry(stored: super::Entry) -> io::Result<Entry> {
    let payload = match payload::content(stored.payload)? {
        Content::Blank => EntryPayload::blank(),
        Content::Batch(batch) => EntryPayload::Normal(batch),
        Content::Membership(membership) => EntryPayload::Membership(membership),
    };
    Ok(Entry { log_id: log_id(stored.id), payload })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn ids_votes_and_entries_read_back_as_they_were() {
        let id = log_id_of(7, 42);
        assert_eq!(log_id(stored_id(&id)), id);
        for committed in [false, true] {
            let given = Vote { leader_id: LeaderId::new(3, 9), committed };
            assert_eq!(vote(stored_vote(&given)), given);
        }
        let member = Member {
            name: smsgrid::model::Name::new("a").expect("a name"),
            peer: "a:7171".to_owned(),
            api: String::new(),
        };
        let nodes = BTreeMap::from([(1, member)]);
        let membership = Membership::new(vec![[1].into()], nodes).expect("a sound membership");
        let batch = Payload::compose(payload::Origin { node: NodeId(1), start: 2, batch: 3 }, b"entry");
        for payload in
            [EntryPayload::Blank, EntryPayload::Normal(batch), EntryPayload::Membership(membership)]
        {
            let (id, octets) = stored_entry(Entry { log_id: id, payload: payload.clone() });
            let read = entry(crate::raft::Entry { id, payload: octets }).expect("a sound entry");
            assert_eq!(read.payload, payload);
        }
    }
}
