//! A message whose every try was surely refused appears nowhere: not in a node, not on the air.

use std::collections::{BTreeMap, BTreeSet};

use super::Evidence;
use crate::history::Answer;

pub(super) fn check(evidence: &Evidence) -> Vec<String> {
    let refused = surely_refused(evidence);
    let held = evidence.finals.iter().flat_map(|last| {
        let node = last.node;
        last.messages
            .iter()
            .map(move |settled| (settled.to.as_str(), format!("node {node} holds it as {}", settled.id)))
    });
    let aired = evidence.aired.iter().map(|aired| (aired.to.as_str(), "it was on the air".to_owned()));
    let appears = held.chain(aired).filter(|(to, _)| refused.contains(to));
    appears.map(|(to, how)| format!("every try for {to} was refused for certain, and yet {how}")).collect()
}

fn surely_refused(evidence: &Evidence) -> BTreeSet<&str> {
    let mut refused: BTreeMap<&str, bool> = BTreeMap::new();
    for submit in &evidence.history.submits {
        let is_refusal = matches!(submit.answer, Answer::Rejected { .. });
        *refused.entry(&submit.to).or_insert(true) &= is_refusal;
    }
    refused.into_iter().filter_map(|(to, refused)| refused.then_some(to)).collect()
}
