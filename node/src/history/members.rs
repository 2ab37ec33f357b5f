//! The other members of the cluster, over the peer network.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::BoxFuture;
use smsgrid::model::NodeId;

use super::Others;
use crate::machine::Consensus;
use crate::peer::{Client, RowFound, RowWanted, RowsFound, RowsWanted};
use crate::raft::{Member, TransportError};

/// The members besides this node.
pub struct Members {
    client: Client,
    consensus: Consensus,
    own: NodeId,
}

impl Members {
    /// The members `consensus` knows besides `own`, called by `client`.
    pub fn new(client: Client, consensus: Consensus, own: NodeId) -> Members {
        Members { client, consensus, own }
    }
}

impl Others for Members {
    fn members(&self) -> Vec<(NodeId, Member)> {
        let leader = self.consensus.leadership().borrow().leader;
        in_turn(self.consensus.members(), self.own, leader)
    }

    fn get_row(
        &self,
        to: NodeId,
        member: &Member,
        wanted: RowWanted,
        within: Duration,
    ) -> BoxFuture<'static, Result<RowFound, TransportError>> {
        self.client.get_row(to, member, wanted, within)
    }

    fn list_rows(
        &self,
        to: NodeId,
        member: &Member,
        wanted: RowsWanted,
        within: Duration,
    ) -> BoxFuture<'static, Result<RowsFound, TransportError>> {
        self.client.list_rows(to, member, wanted, within)
    }
}

/// The leader first: it has applied what it answers for, so that nobody waits for it to catch up, and it is known to be
/// there. The others by their numbers.
fn in_turn(members: BTreeMap<NodeId, Member>, own: NodeId, leader: Option<NodeId>) -> Vec<(NodeId, Member)> {
    let mut others: Vec<_> = members.into_iter().filter(|(node, _)| *node != own).collect();
    // Stable: the others keep their order.
    others.sort_by_key(|(node, _)| Some(*node) != leader);
    others
}

#[cfg(test)]
mod tests {
    use smsgrid::model::Name;

    use super::*;

    #[test]
    fn the_leader_is_asked_first_and_the_node_itself_never() {
        let member =
            |name| Member { name: Name::new(name).expect("a name"), peer: String::new(), api: String::new() };
        let members: BTreeMap<NodeId, Member> =
            (1..).map(NodeId).zip(["gw-a", "gw-b", "gw-c", "gw-d"].map(member)).collect();
        let asked = |own, leader: Option<u64>| -> Vec<u64> {
            let others = in_turn(members.clone(), NodeId(own), leader.map(NodeId));
            others.into_iter().map(|(node, _)| node.0).collect()
        };

        assert_eq!(asked(2, Some(3)), [3, 1, 4]);
        assert_eq!(asked(2, Some(2)), [1, 3, 4]);
        assert_eq!(asked(2, None), [1, 3, 4]);
        assert_eq!(asked(9, Some(9)), [1, 2, 3, 4]);
    }
}
