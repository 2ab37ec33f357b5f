//! A watch has no gap and no repeat, over all the nodes it was continued at.
//!
//! Revisions only grow; each change begins where the message's change before it ended; a message that a watch saw from
//! its first moment went through what the nodes say in the end; whatever was accepted meanwhile was told; and where two
//! watches overlap they say the same.

use std::collections::{BTreeMap, BTreeSet};

use smsgrid::model::MessageState;

use super::{Evidence, Settled};
use crate::history::{Answer, Change, History, Revision, Watch};

pub(super) fn check(evidence: &Evidence) -> Vec<String> {
    let watches = &evidence.history.watches;
    let messages: BTreeMap<&str, &Settled> = evidence
        .by_recipient()
        .into_values()
        .flatten()
        .map(|settled| (settled.id.as_str(), settled))
        .collect();
    let mut faults = Vec::new();
    for (number, watch) in watches.iter().enumerate() {
        faults.extend(order(watch));
        faults.extend(chains(watch, &messages));
        faults.extend(untold(watch, &evidence.history));
        faults.extend(watches.iter().skip(number + 1).flat_map(|other| differences(watch, other)));
    }
    faults
}

fn order(watch: &Watch) -> Vec<String> {
    let mut last = &watch.after;
    let mut faults = Vec::new();
    for change in &watch.changes {
        if change.revision <= *last {
            faults.push(format!("{} was told {:?} after {last:?}", watch.name, change.revision));
        }
        last = &change.revision;
    }
    faults
}

/// Each message's changes hang together.
fn chains(watch: &Watch, messages: &BTreeMap<&str, &Settled>) -> Vec<String> {
    let mut told: BTreeMap<&str, Vec<&Change>> = BTreeMap::new();
    for change in &watch.changes {
        told.entry(&change.id).or_default().push(change);
    }
    let mut faults = Vec::new();
    for (id, changes) in told {
        for pair in changes.windows(2) {
            if pair[1].from != Some(pair[0].state) {
                let (state, next, name) = (pair[0].state, pair[1], &watch.name);
                faults.push(format!("{name} was told that {id} became {state}, and then {next:?}"));
            }
        }
        let states: Vec<MessageState> = changes.iter().map(|change| change.state).collect();
        let is_whole = changes.first().is_some_and(|change| change.from.is_none());
        // One that no node knows any more is lost, which is another promise.
        let Some(went) = messages.get(id).map(|settled| &settled.went) else { continue };
        if is_whole && !went.starts_with(&states) {
            faults.push(format!(
                "{} was told that {id} went through {states:?}, and it went {went:?}",
                watch.name
            ));
        }
    }
    faults
}

/// Messages accepted between the watch's first and last word, of which it was told nothing.
fn untold(watch: &Watch, history: &History) -> Vec<String> {
    let Some(last) = watch.changes.last().map(|change| &change.revision) else { return Vec::new() };
    let told: BTreeSet<&str> = watch.changes.iter().map(|change| change.id.as_str()).collect();
    // Only where the first try was answered: a later answer says nothing about when the message was made.
    let mut asked = BTreeSet::new();
    let first = history.submits.iter().filter(|submit| asked.insert(&submit.key));
    let accepted = first.filter_map(|submit| match &submit.answer {
        Answer::Accepted { id, revision } if *revision > watch.after && revision < last => {
            Some((id, revision))
        }
        Answer::Accepted { .. } | Answer::Rejected { .. } | Answer::Unknown { .. } => None,
    });
    let missed = accepted.filter(|(id, _)| !told.contains(id.as_str()));
    missed
        .map(|(id, revision)| format!("{} was never told of {id}, accepted at {revision:?}", watch.name))
        .collect()
}

/// What one of two watches was told and the other was not, where both watched.
fn differences(one: &Watch, other: &Watch) -> Vec<String> {
    let end = |watch: &Watch| watch.changes.last().map(|change| change.revision.clone());
    let (Some(until), from) = (end(one).min(end(other)), one.after.clone().max(other.after.clone())) else {
        return Vec::new();
    };
    let (mine, theirs) = (between(one, &from, &until), between(other, &from, &until));
    let mut faults = Vec::new();
    for (revision, change) in &mine {
        if theirs.get(revision) != Some(change) {
            faults.push(format!(
                "{} was told {change:?}, {} was told {:?}",
                one.name,
                other.name,
                theirs.get(revision)
            ));
        }
    }
    let missed = theirs.iter().filter(|(revision, _)| !mine.contains_key(*revision));
    faults.extend(
        missed.map(|(_, change)| format!("{} was not told {change:?}, {} was", one.name, other.name)),
    );
    faults
}

fn between<'a>(watch: &'a Watch, from: &Revision, until: &Revision) -> BTreeMap<&'a Revision, &'a Change> {
    let within = watch.changes.iter().filter(|change| change.revision > *from && change.revision <= *until);
    within.map(|change| (&change.revision, change)).collect()
}
