//! Every message ends, once all faults are healed and the deadline of the run is over.

use super::Evidence;

pub(super) fn check(evidence: &Evidence) -> Vec<String> {
    let all =
        evidence.finals.iter().flat_map(|last| last.messages.iter().map(move |settled| (last.node, settled)));
    let open = all.filter(|(_, settled)| !settled.state.is_final());
    open.map(|(node, settled)| format!("{} is still {} on node {node}", settled.id, settled.state)).collect()
}
