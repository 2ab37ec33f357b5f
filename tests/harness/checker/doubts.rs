//! Uncertain parts come from faults: at most one for each modem a fault touched, none where there was no fault.

use super::Evidence;

pub(super) fn check(evidence: &Evidence) -> Vec<String> {
    let (doubts, most) = (evidence.doubts(), evidence.faults.iter().map(|fault| fault.modems).sum::<usize>());
    if doubts <= most {
        return Vec::new();
    }
    let faults = evidence.faults.len();
    vec![format!("{doubts} uncertain parts where {faults} faults touched {most} modems")]
}
