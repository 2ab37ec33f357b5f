//! The members that the configuration lists beside those the cluster has: once it has formed, the file changes nothing.

use std::collections::BTreeMap;

use smsgrid::model::{Name, NodeId};
use tracing::warn;

use crate::raft::Member;

/// Tells once where `listed` is not what the cluster has. Nothing is told of a cluster whose members nobody knows yet.
pub(super) fn tell(listed: &BTreeMap<NodeId, Member>, held: &BTreeMap<NodeId, Member>) {
    let differs = differences(listed, held);
    if held.is_empty() || differs.is_empty() {
        return;
    }
    warn!(
        event = "cluster.members_differ",
        differs = %differs.join("; "),
        fix = "Write `members` of [cluster] as `smsctl cluster members` shows them, equal on every node.",
        "the file lists other members than the cluster has; the list counts only until the cluster has formed, so this \
         node goes on with those the cluster has, and messages are sent as before"
    );
}

/// Each difference in words, in order of the names. Numbers are not compared: the cluster gave them when it formed.
fn differences(listed: &BTreeMap<NodeId, Member>, held: &BTreeMap<NodeId, Member>) -> Vec<String> {
    let (listed, held) = (by_name(listed), by_name(held));
    let missing = held.keys().filter(|name| !listed.contains_key(*name));
    let missing = missing.map(|name| (*name, format!("{name} is a member and not in the file")));
    let surplus = listed.keys().filter(|name| !held.contains_key(*name));
    let surplus = surplus.map(|name| (*name, format!("{name} is in the file and no member")));
    let both = listed.iter().filter_map(|(name, member)| Some((*name, *member, *held.get(name)?)));
    let moved =
        both.flat_map(|(name, member, held)| moved(member, held).into_iter().map(move |words| (name, words)));
    let mut found: Vec<(&Name, String)> = missing.chain(surplus).chain(moved).collect();
    found.sort();
    found.into_iter().map(|(_, words)| words).collect()
}

/// Addresses of one member that differ.
fn moved(listed: &Member, held: &Member) -> Vec<String> {
    let addresses = [("peer", &listed.peer, &held.peer), ("api", &listed.api, &held.api)];
    let differ = addresses.into_iter().filter(|(_, listed, held)| listed != held);
    let name = &held.name;
    differ
        .map(|(key, listed, held)| {
            format!("`{key}` of {name} is {listed} in the file, {held} in the cluster")
        })
        .collect()
}

fn by_name(members: &BTreeMap<NodeId, Member>) -> BTreeMap<&Name, &Member> {
    members.values().map(|member| (&member.name, member)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(lines: &[(&str, &str, &str)]) -> BTreeMap<NodeId, Member> {
        let member = |(name, peer, api): &(&str, &str, &str)| Member {
            name: Name::new(name).expect("a name"),
            peer: (*peer).to_owned(),
            api: (*api).to_owned(),
        };
        (1..).map(NodeId).zip(lines.iter().map(member)).collect()
    }

    #[test]
    fn every_difference_is_named_and_a_number_is_none() {
        let held = members(&[("gw-b", "b:1", "b:2"), ("gw-c", "c:1", "c:2"), ("gw-d", "d:1", "d:2")]);
        let listed = members(&[("gw-a", "a:1", "a:2"), ("gw-b", "b:1", "b:2"), ("gw-c", "c:8", "c:9")]);

        assert_eq!(
            differences(&listed, &held),
            [
                "gw-a is in the file and no member",
                "`api` of gw-c is c:9 in the file, c:2 in the cluster",
                "`peer` of gw-c is c:8 in the file, c:1 in the cluster",
                "gw-d is a member and not in the file",
            ]
        );
        assert!(differences(&held, &held).is_empty());
    }
}
