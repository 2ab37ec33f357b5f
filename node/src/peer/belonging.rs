//! Whose node this is, as every call says it and every answer checks it.

use std::sync::{Arc, OnceLock};

use smsgrid::model::NodeId;
use tonic::metadata::{Ascii, MetadataMap, MetadataValue};
use tonic::{Request, Status};

use super::bounds::PROTOCOL;
use crate::identity::ClusterId;

const KEY_PROTOCOL: &str = "smsgrid-protocol";
const KEY_CLUSTER: &str = "smsgrid-cluster";
const KEY_FROM: &str = "smsgrid-from";
const KEY_TO: &str = "smsgrid-to";

/// The cluster of this node and its number in it, from the moment it has one and for good. Clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Belonging(Arc<OnceLock<(ClusterId, NodeId)>>);

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Caller {
    /// A member of this node's cluster.
    Member(NodeId),
    /// One that has no cluster yet, or does not say.
    Stranger,
}

impl Belonging {
    /// A node without a cluster.
    pub fn none() -> Belonging {
        Belonging::default()
    }

    /// A node of `cluster`.
    pub fn of(cluster: ClusterId, node: NodeId) -> Belonging {
        let belonging = Belonging::none();
        belonging.settle(cluster, node);
        belonging
    }

    /// The node has a cluster from now on; once settled it stays.
    pub fn settle(&self, cluster: ClusterId, node: NodeId) {
        let _ = self.0.set((cluster, node));
    }

    /// The cluster and the number in it.
    pub fn get(&self) -> Option<(ClusterId, NodeId)> {
        self.0.get().copied()
    }

    /// Writes on a request from whom and for whom it is. None while there is no cluster.
    pub(super) fn stamp<T>(&self, to: NodeId, body: T) -> Option<Request<T>> {
        let (cluster, from) = self.get()?;
        let mut request = Request::new(body);
        let metadata = request.metadata_mut();
        metadata.insert(KEY_PROTOCOL, MetadataValue::from(PROTOCOL));
        // The id is ASCII.
        metadata.insert(KEY_CLUSTER, MetadataValue::try_from(cluster.to_string()).ok()?);
        metadata.insert(KEY_FROM, MetadataValue::from(from.0));
        metadata.insert(KEY_TO, MetadataValue::from(to.0));
        Some(request)
    }

    /// Reads from whom a request is, and refuses one that is not for this node.
    pub(super) fn check(&self, metadata: &MetadataMap) -> Result<Caller, Status> {
        let refused = |why: String| Err(Status::failed_precondition(why));
        match number(metadata, KEY_PROTOCOL) {
            Some(PROTOCOL) => {}
            Some(other) => {
                return refused(format!("the caller speaks protocol {other}, this node {PROTOCOL}"));
            }
            None => return refused("the caller does not name its protocol".to_owned()),
        }
        let Some(cluster) = text(metadata, KEY_CLUSTER).filter(|cluster| !cluster.is_empty()) else {
            return Ok(Caller::Stranger);
        };
        let Some((own, node)) = self.get() else {
            return refused(format!("the caller is of cluster {cluster}, this node of none yet"));
        };
        if cluster.parse() != Ok(own) {
            return refused(format!("the caller is of cluster {cluster}, this node of {own}"));
        }
        match number(metadata, KEY_TO) {
            Some(to) if to == node.0 => {}
            to => {
                let to = to.map_or("none".to_owned(), |to| to.to_string());
                return refused(format!("the call is for node {to}, this is node {node}"));
            }
        }
        match number(metadata, KEY_FROM).map(NodeId) {
            Some(from) if from != node => Ok(Caller::Member(from)),
            Some(_) => refused(format!("the caller says it is node {node}, which this is")),
            None => refused("the caller does not say which node it is".to_owned()),
        }
    }
}

/// A request of a node that may have no cluster yet.
pub(super) fn unsigned<T>(body: T) -> Request<T> {
    let mut request = Request::new(body);
    request.metadata_mut().insert(KEY_PROTOCOL, MetadataValue::from(PROTOCOL));
    request
}

fn text<'m>(metadata: &'m MetadataMap, key: &str) -> Option<&'m str> {
    let value: &MetadataValue<Ascii> = metadata.get(key)?;
    value.to_str().ok()
}

fn number(metadata: &MetadataMap, key: &str) -> Option<u64> {
    text(metadata, key)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const A: NodeId = NodeId(1);
    const B: NodeId = NodeId(2);

    /// What `called` says to a request that `caller` means for `to`, changed on the way.
    fn answer(
        caller: &Belonging,
        called: &Belonging,
        to: NodeId,
        change: impl Fn(&mut MetadataMap),
    ) -> String {
        let mut request = caller.stamp(to, ()).expect("it has a cluster");
        change(request.metadata_mut());
        match called.check(request.metadata()) {
            Ok(caller) => format!("{caller:?}"),
            Err(status) => {
                assert_eq!(status.code(), tonic::Code::FailedPrecondition);
                status.message().to_owned()
            }
        }
    }

    #[test]
    fn a_call_is_taken_from_a_member_of_the_same_cluster_alone() {
        let cluster = ClusterId::draw();
        let (a, b) = (Belonging::of(cluster, A), Belonging::of(cluster, B));
        let other = Belonging::of(ClusterId::draw(), B);
        let says = |words: &str, told: String| assert!(told.contains(words), "{told}");

        says("Member(NodeId(1))", answer(&a, &b, B, |_| {}));
        says("this node of", answer(&a, &other, B, |_| {}));
        says("for node 3, this is node 2", answer(&a, &b, NodeId(3), |_| {}));
        says("this node of none yet", answer(&a, &Belonging::none(), B, |_| {}));
        says("says it is node 2, which this is", answer(&b, &b, B, |_| {}));
        says(
            "protocol 3, this node 2",
            answer(&a, &b, B, |metadata| {
                metadata.insert(KEY_PROTOCOL, MetadataValue::from(3));
            }),
        );
        for (key, words) in [
            (KEY_PROTOCOL, "does not name its protocol"),
            (KEY_TO, "for node none"),
            (KEY_FROM, "does not say which node"),
            (KEY_CLUSTER, "Stranger"),
        ] {
            says(words, answer(&a, &b, B, |metadata| drop(metadata.remove(key))));
            let garbled = |metadata: &mut MetadataMap| {
                metadata.insert(key, MetadataValue::from_static("\"0x1\""));
            };
            let words = if key == KEY_CLUSTER { "is of cluster" } else { words };
            says(words, answer(&a, &b, B, garbled));
        }
    }

    #[test]
    fn a_node_changes_its_cluster_never() {
        let (first, second) = (ClusterId::draw(), ClusterId::draw());
        let belonging = Belonging::of(first, A);

        belonging.settle(second, B);

        assert_eq!(belonging.get(), Some((first, A)));
    }
}
