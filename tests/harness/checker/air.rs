//! What the network took agrees with what the cluster says.
//!
//! A second copy of a part needs a doubt about an earlier one, and its mark comes before the copy; `sent` was on the air in every part; what ended without
//! a doubt as unsent never was; nothing is on the air that nobody submitted.

use std::collections::{BTreeMap, BTreeSet};

use smsgrid::model::MessageState;

use super::{Evidence, Settled};

pub(super) fn check(evidence: &Evidence) -> Vec<String> {
    let (messages, copies) = (evidence.by_recipient(), evidence.copies());
    let mut faults = Vec::new();
    for ((to, part), count) in &copies {
        let doubts = messages.get(to).map_or(0, |settled| doubts(settled, *part));
        if *count > 1 + doubts {
            faults.push(format!("part {part} for {to} was on the air {count} times with {doubts} doubts"));
        }
    }
    faults.extend(late_marks(evidence, &messages));
    faults.extend(strangers(evidence, &copies));
    for settled in messages.values().flatten() {
        faults.extend(contradiction(settled, &copies));
    }
    faults
}

fn doubts(messages: &[&Settled], part: u8) -> usize {
    messages.iter().flat_map(|settled| &settled.doubted).filter(|doubted| **doubted == part).count()
}

/// Copies of a part that were on the air before enough marks were set.
fn late_marks(evidence: &Evidence, messages: &BTreeMap<&str, Vec<&Settled>>) -> Vec<String> {
    let mut moments: BTreeMap<(&str, u8), Vec<u64>> = BTreeMap::new();
    for aired in &evidence.aired {
        moments.entry((&aired.to, aired.part)).or_default().push(aired.at_ms);
    }
    let mut faults = Vec::new();
    for ((to, part), mut at) in moments {
        at.sort_unstable();
        let marks: Vec<u64> =
            messages.get(to).into_iter().flatten().flat_map(|settled| settled.marked_ms.clone()).collect();
        for (earlier, copy) in at.iter().enumerate().skip(1) {
            let before = marks.iter().filter(|mark| *mark <= copy).count();
            if before < earlier {
                let copies = earlier + 1;
                faults.push(format!(
                    "copy {copies} of part {part} for {to} was on the air after {before} marks"
                ));
            }
        }
    }
    faults
}

/// Parts for recipients nobody ever submitted to.
fn strangers(evidence: &Evidence, copies: &BTreeMap<(&str, u8), usize>) -> Vec<String> {
    let known: BTreeSet<&str> = evidence.history.submits.iter().map(|submit| submit.to.as_str()).collect();
    let unknown = copies.keys().filter(|(to, _)| !known.contains(to));
    unknown.map(|(to, part)| format!("part {part} for {to} was on the air and never submitted")).collect()
}

fn contradiction(settled: &Settled, copies: &BTreeMap<(&str, u8), usize>) -> Option<String> {
    use MessageState as S;
    let aired = |part: u8| copies.contains_key(&(settled.to.as_str(), part));
    let (id, state) = (&settled.id, settled.state);
    match state {
        S::Sent | S::Delivered | S::Undelivered => {
            let missing = (1..=settled.parts).find(|part| !aired(*part))?;
            Some(format!("{id} is {state} and its part {missing} was never on the air"))
        }
        S::Canceled | S::Expired | S::Rejected => {
            let part = (1..=settled.parts).find(|part| aired(*part))?;
            Some(format!("{id} is {state} and its part {part} was on the air"))
        }
        // Some parts may have been sent, and a doubt explains any other.
        S::Failed => {
            let is_silent = settled.parts == 1 && settled.doubted.is_empty() && aired(1);
            is_silent.then(|| format!("{id} failed without a doubt and was on the air"))
        }
        S::Scheduled | S::Queued | S::Claimed | S::Sending | S::Uncertain => None,
    }
}
