//! What was acknowledged is there in the end, on every node, with the recipient and text it was accepted with.

use std::collections::BTreeMap;

use super::{Evidence, Settled};
use crate::history::{Answer, Submit};

pub(super) fn check(evidence: &Evidence) -> Vec<String> {
    let acknowledged = acknowledged(evidence);
    let mut faults = Vec::new();
    if evidence.finals.is_empty() && !acknowledged.is_empty() {
        faults.push("no node says anything in the end".into());
    }
    for last in &evidence.finals {
        let messages: BTreeMap<&str, &Settled> =
            last.messages.iter().map(|settled| (settled.id.as_str(), settled)).collect();
        for (id, submit) in &acknowledged {
            let (node, key) = (last.node, &submit.key);
            match messages.get(id) {
                None => faults.push(format!(
                    "node {node} lost {id}, acknowledged by node {} at {:?} under key {key}",
                    submit.node, submit.returned
                )),
                Some(settled) if settled.to != submit.to || settled.text != submit.text => faults.push(
                    format!("node {node} holds {id} with another content than acknowledged: {settled:?}"),
                ),
                Some(_) => {}
            }
        }
    }
    faults
}

fn acknowledged(evidence: &Evidence) -> Vec<(&str, &Submit)> {
    let submits = evidence.history.submits.iter();
    let accepted = submits.filter_map(|submit| match &submit.answer {
        Answer::Accepted { id, .. } => Some((id.as_str(), submit)),
        Answer::Rejected { .. } | Answer::Unknown { .. } => None,
    });
    accepted.collect()
}
