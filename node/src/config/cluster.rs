//! `[cluster]`: the cluster this node is a founding member of.

use std::net::SocketAddr;

use smsgrid::model::Name;
use smsgrid_proto::Reason;

use super::address::HostPort;
use super::listen::Listen;
use super::report::Report;
use super::section::{Placed, Section};

/// The cluster as its founding members know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The name of the cluster, equal on all. Required. Nodes of clusters with different names never join.
    pub name: Name,
    /// The members that found it, equal on all, this node among them: 1 to 9, ordered by name. Required. All of them must
    /// be there for the cluster to form; from then on the list changes nothing, and is only told where it differs from
    /// what the cluster has. A majority of them must be there for it to work, so three bear the loss of one and five of
    /// two; an even number bears no more than one less.
    pub members: Vec<Member>,
}

/// One founding member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its name, as its own `[node]` says it.
    pub name: Name,
    /// Where the others reach its `listen.peer`.
    pub peer: HostPort,
    /// Where clients reach its `listen.api`: what they are told and shown.
    pub api: HostPort,
}

/// Most founding members: all vote, and each entry goes to a majority.
const MEMBERS_MAX: usize = 9;

/// Reads `[cluster]`.
pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Placed<Cluster>> {
    let name = section.required("name");
    let members = section.list("members", "name, peer and api of each", member);
    let mut members = members?;
    if !(1..=MEMBERS_MAX).contains(&members.value.len()) {
        let what = format!("`members` of [cluster] has {} members", members.value.len());
        let fix = format!("write 1 to {MEMBERS_MAX}; three or five are usual");
        section.fault(members.at, Reason::ConfigBadValue, &what, None, Some(&fix));
    }
    let written: Vec<&Placed<Member>> = members.value.iter().flatten().collect();
    no_member_twice(section, &written);
    no_address_twice(section, &written);
    loopback_for_all_or_none(section, &written);
    let is_whole = !written.is_empty() && written.len() == members.value.len();
    let mut members: Vec<Member> = members.value.drain(..).flatten().map(|member| member.value).collect();
    members.sort_by(|one, other| one.name.cmp(&other.name));
    let name = name?.value;
    is_whole.then_some(Placed { value: Cluster { name, members }, at: section.at() })
}

fn member(section: &mut Section<'_, '_>) -> Option<Placed<Member>> {
    let name = section.required("name");
    let peer = section.required("peer");
    let api = section.required("api");
    let (at, name) = (section.at(), name?.value);
    Some(Placed { value: Member { name, peer: peer?.value, api: api?.value }, at })
}

fn no_member_twice(section: &mut Section<'_, '_>, members: &[&Placed<Member>]) {
    for (index, member) in members.iter().enumerate() {
        if members.iter().take(index).any(|other| other.value.name == member.value.name) {
            let what = format!("`members` of [cluster] names {} twice", member.value.name);
            section.fault(
                member.at,
                Reason::ConfigConflict,
                &what,
                None,
                Some("give each node its own name"),
            );
        }
    }
}

/// Two nodes on one address would take each other's calls; a `peer` that is an `api` would be called in the wrong language.
fn no_address_twice(section: &mut Section<'_, '_>, members: &[&Placed<Member>]) {
    let mut known: Vec<(&HostPort, String)> = Vec::new();
    let mut faults = Vec::new();
    for member in members {
        for (key, address) in [("peer", &member.value.peer), ("api", &member.value.api)] {
            let whose = format!("`{key}` of {}", member.value.name);
            if let Some((_, other)) = known.iter().find(|(taken, _)| *taken == address) {
                faults.push((member.at, format!("{whose} and {other} are both {address}")));
            }
            known.push((address, whose));
        }
    }
    for (at, what) in faults {
        let fix = "give each node a port or a host of its own";
        section.fault(at, Reason::ConfigConflict, &what, None, Some(fix));
    }
}

/// A node that is given to others under a loopback address is called by each of them at itself.
fn loopback_for_all_or_none(section: &mut Section<'_, '_>, members: &[&Placed<Member>]) {
    let Some(remote) = members.iter().find(|member| !member.value.peer.is_loopback()) else { return };
    for member in members.iter().filter(|member| member.value.peer.is_loopback()) {
        let (name, peer) = (&member.value.name, &member.value.peer);
        let what = format!("{peer} reaches {name} from its own host alone");
        let why = format!("{} is reached at {}", remote.value.name, remote.value.peer);
        let fix = "write the address or name under which the other hosts reach it";
        section.fault(member.at, Reason::ConfigConflict, &what, Some(&why), Some(fix));
    }
}

/// What can only be seen beside the other sections.
pub(super) fn conflicts(report: &mut Report, cluster: &Placed<Cluster>, own: &Name, listen: &Listen) {
    let (at, cluster) = (cluster.at, &cluster.value);
    let Some(member) = cluster.members.iter().find(|member| member.name == *own) else {
        let names: Vec<&str> = cluster.members.iter().map(|member| member.name.as_str()).collect();
        let what = format!("this node, {own}, is not among the `members` of [cluster]");
        let why = format!("there are {}", names.join(", "));
        let fix = "add it on every node, or correct `name` of [node]";
        report.fault(at, Reason::ConfigConflict, &what, Some(&why), Some(fix));
        return;
    };
    let crossed = [("peer", &member.peer, "api", listen.api), ("api", &member.api, "peer", listen.peer)];
    for (key, address, other, listener) in crossed {
        if is(address, listener) {
            let what =
                format!("`{key}` of {own} in `members` of [cluster] is where `{other}` of [listen] listens");
            let fix = "exchange the two";
            report.fault(at, Reason::ConfigConflict, &what, None, Some(fix));
        }
    }
    for (key, address, listener) in [("peer", &member.peer, listen.peer), ("api", &member.api, listen.api)] {
        if listener.port() != address.port() {
            let notice = format!(
                "{own} is reached by others at {address} ({key}) and listens on {listener}: right only where something \
                 between them forwards one to the other"
            );
            report.notice(notice);
        }
    }
}

/// Whether whoever goes to `address` comes to `listener`.
fn is(address: &HostPort, listener: SocketAddr) -> bool {
    let here = listener.ip().is_unspecified() || address.ip() == Some(listener.ip());
    here && address.port() == listener.port()
}
