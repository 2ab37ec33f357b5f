//! What people call the nodes.

use std::collections::BTreeMap;

use smsgrid::model::NodeId;

use crate::raft::Member;

/// The names of the members, as they are now.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(BTreeMap<NodeId, String>);

impl Names {
    /// The names of these members.
    pub(super) fn of(members: &BTreeMap<NodeId, Member>) -> Names {
        Names(members.iter().map(|(id, member)| (*id, member.name.to_string())).collect())
    }

    /// The name of a node; its number when it is no member any more.
    pub(super) fn name(&self, node: NodeId) -> String {
        self.0.get(&node).cloned().unwrap_or_else(|| format!("node-{}", node.0))
    }

    /// Whether the node is a member.
    pub(super) fn knows(&self, node: NodeId) -> bool {
        self.0.contains_key(&node)
    }
}
