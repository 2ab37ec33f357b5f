//! A key means one message: every try with it that was accepted names the same id, and one message stands in the end.

use std::collections::{BTreeMap, BTreeSet};

use super::Evidence;
use crate::history::Answer;

pub(super) fn check(evidence: &Evidence) -> Vec<String> {
    let mut ids: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for submit in &evidence.history.submits {
        if let Answer::Accepted { id, .. } = &submit.answer {
            ids.entry(&submit.key).or_default().insert(id);
        }
    }
    let answered = ids.into_iter().filter(|(_, ids)| ids.len() > 1);
    let answered = answered.map(|(key, ids)| format!("key {key} was answered with {ids:?}"));
    let held = evidence.by_recipient().into_iter().filter(|(_, messages)| messages.len() > 1);
    let held = held.map(|(to, messages)| {
        let ids: Vec<&str> = messages.iter().map(|settled| settled.id.as_str()).collect();
        format!("the one key for {to} became the messages {ids:?}")
    });
    answered.chain(held).collect()
}
