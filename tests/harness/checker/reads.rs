//! Reads keep their promise.
//!
//! Real-time order is revision order: a linearizable read that began after another one, of whatever message, or after an
//! acknowledgement, had returned is not older than that. A message at one revision has one state, and an ended one does not come back
//! to life. A stale read is as fresh as it was asked to be.

use std::collections::BTreeMap;

use smsgrid::model::MessageState;

use super::Evidence;
use crate::history::{Answer, Level, Moment, Read, Revision};

pub(super) fn check(evidence: &Evidence) -> Vec<String> {
    let mut faults = fresh_enough(evidence);
    let is_linear = |read: &&Read| read.level == Level::Linear;
    faults.extend(in_order(evidence.history.reads.iter().filter(is_linear).collect(), |before, read| {
        (read.revision < before.revision).then(|| told("older than another read", before, read))
    }));
    let mut reads: BTreeMap<&str, Vec<&Read>> = BTreeMap::new();
    for read in &evidence.history.reads {
        reads.entry(&read.id).or_default().push(read);
    }
    let acknowledged = acknowledged(evidence);
    for (id, reads) in reads {
        faults.extend(one_state_a_revision(id, &reads));
        let linear: Vec<&Read> = reads.into_iter().filter(|read| read.level == Level::Linear).collect();
        faults.extend(never_back(id, linear, acknowledged.get(id)));
    }
    faults
}

/// When and where each message was first known to be accepted.
fn acknowledged(evidence: &Evidence) -> BTreeMap<&str, (Moment, &Revision)> {
    let mut first: BTreeMap<&str, (Moment, &Revision)> = BTreeMap::new();
    for submit in &evidence.history.submits {
        let Answer::Accepted { id, revision } = &submit.answer else { continue };
        let known = first.entry(id).or_insert((submit.returned, revision));
        if submit.returned < known.0 {
            *known = (submit.returned, revision);
        }
    }
    first
}

fn fresh_enough(evidence: &Evidence) -> Vec<String> {
    let stale = evidence.history.reads.iter().filter_map(|read| match &read.level {
        Level::Stale(Some(least)) if read.revision < *least => Some((read, least)),
        Level::Stale(_) | Level::Linear => None,
    });
    let told = stale.map(|(read, least)| {
        format!("a read of {} at node {} asked for {least:?} and got {:?}", read.id, read.node, read.revision)
    });
    told.collect()
}

fn one_state_a_revision(id: &str, reads: &[&Read]) -> Vec<String> {
    let mut states: BTreeMap<&Revision, Option<MessageState>> = BTreeMap::new();
    let mut faults = Vec::new();
    for read in reads {
        let known = *states.entry(&read.revision).or_insert(read.state);
        if known != read.state {
            faults.push(format!("{id} at {:?} is both {known:?} and {:?}", read.revision, read.state));
        }
    }
    faults
}

/// Holds each read of a message against its acknowledgement and the newest one that had returned before it began.
fn never_back(id: &str, reads: Vec<&Read>, acknowledged: Option<&(Moment, &Revision)>) -> Vec<String> {
    let mut faults: Vec<String> =
        reads.iter().filter_map(|read| unacknowledged(id, read, *acknowledged?)).collect();
    faults.extend(in_order(reads, step_back));
    faults
}

fn unacknowledged(id: &str, read: &Read, (at, revision): (Moment, &Revision)) -> Option<String> {
    if read.invoked <= at {
        return None;
    }
    let Read { node, invoked, revision: seen, .. } = read;
    if read.state.is_none() {
        return Some(format!(
            "{id} was acknowledged at {at:?} and node {node} did not know it at {invoked:?}"
        ));
    }
    (seen < revision).then(|| format!("{id} was acknowledged at {revision:?} and read later at {seen:?}"))
}

/// Goes through invocations and returns in the order of time, and judges each read beside the newest one that had
/// returned before it began.
fn in_order(reads: Vec<&Read>, judge: impl Fn(&Read, &Read) -> Option<String>) -> Vec<String> {
    let mut begun = reads.clone();
    begun.sort_by_key(|read| read.invoked);
    let mut returned = reads;
    returned.sort_by_key(|read| read.returned);
    let (mut faults, mut done, mut newest) = (Vec::new(), returned.into_iter().peekable(), None::<&Read>);
    for read in begun {
        while let Some(before) = done.next_if(|before| before.returned < read.invoked) {
            if newest.is_none_or(|newest| before.revision > newest.revision) {
                newest = Some(before);
            }
        }
        faults.extend(newest.and_then(|newest| judge(newest, read)));
    }
    faults
}

fn step_back(before: &Read, after: &Read) -> Option<String> {
    if after.revision < before.revision {
        return Some(told("went back", before, after));
    }
    let from = before.state?;
    let Some(to) = after.state else { return Some(told("vanished", before, after)) };
    (!may_follow(from, to)).then(|| told("came back to life", before, after))
}

fn told(how: &str, before: &Read, after: &Read) -> String {
    format!("{how}: {before:?}, then {after:?}")
}

/// Whether a message that was in the state `from` may be in `to` later.
fn may_follow(from: MessageState, to: MessageState) -> bool {
    use MessageState as S;
    match from {
        S::Sent => matches!(to, S::Sent | S::Delivered | S::Undelivered),
        S::Delivered | S::Canceled | S::Expired | S::Rejected => to == from,
        // A report may be corrected by a later one.
        S::Undelivered => matches!(to, S::Undelivered | S::Delivered),
        // Late evidence, or a person, may still settle it.
        S::Failed | S::Scheduled | S::Queued | S::Claimed | S::Sending | S::Uncertain => true,
    }
}
