//! All nodes say the same in the end.

use std::collections::BTreeMap;

use super::{Evidence, Final, Settled};

pub(super) fn check(evidence: &Evidence) -> Vec<String> {
    let Some((first, others)) = evidence.finals.split_first() else { return Vec::new() };
    others.iter().flat_map(|other| differences(first, other)).collect()
}

fn differences(first: &Final, other: &Final) -> Vec<String> {
    let (left, right) = (by_id(first), by_id(other));
    let mut faults = Vec::new();
    for id in left.keys().chain(right.keys().filter(|id| !left.contains_key(*id))) {
        let (mine, theirs) = (left.get(id), right.get(id));
        if mine != theirs {
            let (a, b) = (first.node, other.node);
            faults.push(format!("{id}: node {a} says {mine:?}, node {b} says {theirs:?}"));
        }
    }
    faults
}

fn by_id(last: &Final) -> BTreeMap<&str, &Settled> {
    last.messages.iter().map(|settled| (settled.id.as_str(), settled)).collect()
}
