//! The founding members as the configuration of one of them lists them.

use std::collections::BTreeMap;

use sha2::{Digest, Sha256};
use smsgrid::model::{Name, NodeId};

use crate::config::{self, Config};
use crate::peer::Founder;
use crate::raft::Member;

/// The founding members, and which of them this node is. A node without a cluster is the only one of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Founders {
    own: NodeId,
    cluster_name: Name,
    members: BTreeMap<NodeId, Member>,
    hash: [u8; 32],
}

/// The first member in order of the names; it alone draws the cluster's id.
const FIRST: NodeId = NodeId(1);

impl Founders {
    /// Those of `config`.
    pub fn of(config: &Config) -> Founders {
        match &config.cluster {
            Some(cluster) => Founders::listed(&config.node.name, cluster),
            None => {
                let (peer, api) = (config.listen.peer.to_string(), config.listen.api.to_string());
                Founders::alone(&config.node.name, peer, api)
            }
        }
    }

    /// A node of its own cluster, which has the node's name. Its addresses may change: nobody else must agree.
    pub fn alone(name: &Name, peer: String, api: String) -> Founders {
        let hash = hash(name, [name.as_str()].into_iter());
        let member = Member { name: name.clone(), peer, api };
        Founders { own: FIRST, cluster_name: name.clone(), members: [(FIRST, member)].into(), hash }
    }

    /// Numbers the members in order of their names.
    fn listed(own: &Name, cluster: &config::Cluster) -> Founders {
        let member = |member: &config::Member| Member {
            name: member.name.clone(),
            peer: member.peer.to_string(),
            api: member.api.to_string(),
        };
        let mut members: Vec<Member> = cluster.members.iter().map(member).collect();
        members.sort_by(|one, other| one.name.cmp(&other.name));
        let lines = members.iter().map(|member| format!("{} {} {}", member.name, member.peer, member.api));
        let hash = hash(&cluster.name, lines);
        let members: BTreeMap<NodeId, Member> = (1..).map(NodeId).zip(members).collect();
        let found = members.iter().find(|(_, member)| member.name == *own);
        let own = found.map_or(FIRST, |(node, _)| *node);
        Founders { own, cluster_name: cluster.name.clone(), members, hash }
    }

    /// The number of this node.
    pub fn own(&self) -> NodeId {
        self.own
    }

    /// Its name.
    pub fn own_name(&self) -> &Name {
        // A configuration without its own node among the members is refused.
        self.members.get(&self.own).map_or(&self.cluster_name, |member| &member.name)
    }

    /// The name of the cluster.
    pub fn cluster_name(&self) -> &Name {
        &self.cluster_name
    }

    /// Every member by its number.
    pub fn members(&self) -> &BTreeMap<NodeId, Member> {
        &self.members
    }

    /// SHA-256 over the cluster's name and the list, in hexadecimal digits.
    pub fn digest(&self) -> String {
        self.hash.iter().map(|octet| format!("{octet:02x}")).collect()
    }

    /// Whether this node is the one that draws the id.
    pub(super) fn is_first(&self) -> bool {
        self.own == FIRST
    }

    /// The name of the one that draws the id.
    pub(super) fn first_name(&self) -> &Name {
        self.members.get(&FIRST).map_or(&self.cluster_name, |member| &member.name)
    }

    /// Every member but this node.
    pub(super) fn others(&self) -> impl Iterator<Item = (NodeId, &Member)> {
        self.members.iter().filter(|(node, _)| **node != self.own).map(|(node, member)| (*node, member))
    }

    /// How this node names itself to the others.
    pub(super) fn founder(&self) -> Founder {
        Founder { name: self.own_name().clone(), cluster_name: self.cluster_name.clone(), members: self.hash }
    }

    /// Whether the other one has the very list this node has.
    pub(super) fn agrees(&self, other: &Founder) -> bool {
        other.cluster_name == self.cluster_name && other.members == self.hash
    }

    /// Whether a node of that name is a member.
    pub(super) fn knows(&self, other: &Founder) -> bool {
        let listed = self.members.values().any(|member| member.name == other.name);
        other.cluster_name == self.cluster_name && listed
    }
}

/// No name and no address holds a line end, so two lists that differ differ here.
fn hash<L: AsRef<str>>(cluster: &Name, lines: impl Iterator<Item = L>) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(format!("smsgrid founders\n{cluster}\n"));
    for line in lines {
        hash.update(line.as_ref());
        hash.update("\n");
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(own: &str, members: &str) -> Founders {
        let text = format!(
            "[node]\nname = \"{own}\"\ndata_dir = \"/d\"\n[cluster]\nname = \"prod-sms\"\nmembers = [{members}]\n"
        );
        Founders::of(&Config::parse("f", &text).unwrap_or_else(|problems| panic!("{problems:?}")))
    }

    const A: &str = "{ name = \"gw-a\", peer = \"h1:1\", api = \"h1:2\" }";
    const B: &str = "{ name = \"gw-b\", peer = \"h2:1\", api = \"h2:2\" }";

    #[test]
    fn every_member_numbers_the_same_list_the_same_way() {
        let (a, b) = (of("gw-a", &format!("{B}, {A}")), of("gw-b", &format!("{A}, {B}")));

        assert_eq!((a.own(), b.own()), (NodeId(1), NodeId(2)));
        assert_eq!((a.members(), a.digest()), (b.members(), b.digest()));
        assert!(a.is_first() && !b.is_first() && b.agrees(&a.founder()) && b.knows(&a.founder()));
    }

    #[test]
    fn a_list_that_differs_anywhere_is_another_one() {
        let whole = of("gw-a", &format!("{A}, {B}"));

        for changed in [B.replace("h2:1", "h2:3"), B.replace("h2:2", "h2:3"), B.replace("gw-b", "gw-c")] {
            assert!(!whole.agrees(&of("gw-a", &format!("{A}, {changed}")).founder()), "{changed}");
        }
        assert!(!whole.agrees(&of("gw-a", A).founder()));
    }

    #[test]
    fn a_node_alone_may_move() {
        let at = |api: &str| {
            let text = format!("[node]\nname = \"gw-a\"\ndata_dir = \"/d\"\n[listen]\napi = \"{api}\"\n");
            Founders::of(&Config::parse("f", &text).expect("it is right"))
        };

        assert_eq!(at("127.0.0.1:1").digest(), at("127.0.0.1:2").digest());
        assert_ne!(at("127.0.0.1:1").digest(), of("gw-a", A).digest());
    }
}
