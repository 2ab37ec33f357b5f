//! A watch has no gap and no repeat, over all the nodes it was continued at.

use std::collections::BTreeMap;

use super::{Evidence, Settled};
use crate::history::{Revision, Watch};

pub(super) fn check(evidence: &Evidence) -> Vec<String> {
    let watches = &evidence.history.watches;
    let mut faults: Vec<String> = watches.iter().flat_map(order).collect();
    for settled in evidence.finals.first().map(|last| &last.messages).into_iter().flatten() {
        faults.extend(watches.iter().flat_map(|watch| gaps(watch, settled)));
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

/// What the message went through between the watch's first and last word, and the watch did not say.
fn gaps(watch: &Watch, settled: &Settled) -> Vec<String> {
    let Some(last) = watch.changes.last().map(|change| &change.revision) else { return Vec::new() };
    let mut told: BTreeMap<&Revision, _> = BTreeMap::new();
    for change in watch.changes.iter().filter(|change| change.id == settled.id) {
        told.insert(&change.revision, change.state);
    }
    let due = settled.went.iter().filter(|(revision, _)| *revision > watch.after && revision <= last);
    let missed = due.filter(|(revision, state)| told.get(revision) != Some(state));
    missed
        .map(|(revision, state)| {
            format!("{} was not told that {} became {state} at {revision:?}", watch.name, settled.id)
        })
        .collect()
}
