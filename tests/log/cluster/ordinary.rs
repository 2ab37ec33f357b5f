//! What three nodes do when nothing is broken.

use std::time::Duration;

use bytes::Bytes;
use smsgrid::model::{NodeId, Timestamp};
use smsgrid_node::raft::{Call, InitialiseError, Revision, Role, ServeError};
use tokio::time::sleep;

use super::{Cluster, NODES, SOON, members};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_at_any_node_means_that_its_own_state_has_the_command() {
    let cluster = Cluster::start().await;
    for (node, total) in NODES.into_iter().zip([10, 20, 30]) {
        let reply = cluster[node].add(10).await;
        assert_eq!(reply.total, total);
        assert!(cluster[node].view.applied() >= reply.position);
    }

    cluster.agree(30).await;
    let events = NODES.map(|node| cluster[node].view.events_since(Revision::default()).expect("kept"));
    assert_eq!(events[0].iter().map(|(_, total)| *total).collect::<Vec<_>>(), [10, 20, 30]);
    assert!(events[0] == events[1] && events[1] == events[2], "all nodes number events alike");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn proposals_of_all_nodes_are_each_applied_once_and_in_one_order() {
    let cluster = Cluster::start().await;
    let mut proposals = Vec::new();
    for amount in 1..=300 {
        proposals.extend(NODES.map(|node| cluster[node].propose(amount)));
    }
    let mut totals = Vec::new();
    for proposal in proposals {
        totals.push(proposal.await.expect("no panic").expect("accepted").total);
    }

    totals.sort_unstable();
    totals.dedup();
    assert_eq!(totals.len(), 900, "no two commands saw the same state");
    cluster.agree(3 * 300 * 301 / 2).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_index_from_any_node_covers_what_another_was_answered() {
    let cluster = Cluster::start().await;
    for amount in 1..=20 {
        let [writer, reader] = [amount % 3, (amount + 1) % 3].map(|at| NODES[at as usize]);
        let reply = cluster[writer].add(amount).await;
        let index = cluster[reader].consensus.read_index(SOON).await.expect("a leader");

        assert!(index.index >= reply.position.index);
        cluster[reader].view.wait_applied(index, SOON).await.expect("applied");
        assert!(cluster[reader].view.read(|ledger| ledger.total) >= reply.total);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn leadership_is_handed_over_at_once_and_writes_go_on() {
    let cluster = Cluster::start().await;
    let before = cluster.leader().await;
    cluster[before].add(1).await;
    assert!(cluster[before].consensus.transfer_leadership(SOON).await);

    assert!(!cluster[before].consensus.leadership().borrow().leads);
    cluster[before].add(2).await;
    cluster.agree(3).await;
    let status = cluster[cluster.leader().await].consensus.status();
    assert_eq!((status.role, status.peers.len(), status.members.len()), (Role::Leader, 2, 3));
    assert!(cluster[before].consensus.transfer_leadership(SOON).await, "who does not lead has nothing to do");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_idle_cluster_writes_nothing() {
    let cluster = Cluster::start().await;
    cluster[NODES[0]].add(1).await;
    cluster.agree(1).await;
    // The floor is marked a second after the last group.
    sleep(Duration::from_millis(1500)).await;
    let before = NODES.map(|node| cluster[node].log.figures());
    sleep(Duration::from_secs(2)).await;

    assert_eq!(NODES.map(|node| cluster[node].log.figures()), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_whole_cluster_comes_back_with_what_it_had() {
    let mut cluster = Cluster::start().await;
    for amount in 1..=50 {
        cluster[NODES[amount as usize % 3]].add(amount).await;
    }
    for node in NODES {
        cluster.stop(node).await;
    }
    for node in NODES {
        cluster.begin(node).await;
    }

    cluster[NODES[1]].add(1000).await;
    cluster.agree(50 * 51 / 2 + 1000).await;
    let stamps = cluster[NODES[2]].view.read(|ledger| ledger.stamps.clone());
    assert!(stamps.iter().all(|stamp| *stamp == Timestamp::from_unix_millis(1000)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_is_begun_once() {
    let cluster = Cluster::start().await;
    for node in NODES {
        let again = cluster[node].consensus.initialise(members()).await;
        assert!(matches!(again, Err(InitialiseError::Initialised)), "{again:?}");
        assert!(cluster[node].consensus.is_initialised());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_voted_before_gives_no_vote_right_after_a_start() {
    let mut cluster = Cluster::start().await;
    let [follower, other] = cluster.followers().await;
    cluster.stop(follower).await;
    cluster.begin(follower).await;

    for call in [Call::Vote, Call::PreVote] {
        let refused = cluster[follower].consensus.serve(other, call, Bytes::new()).await;
        assert_eq!(refused, Err(ServeError::TooEarly));
        let read = cluster[other].consensus.serve(follower, call, Bytes::new()).await;
        assert_eq!(read, Err(ServeError::Malformed), "others do");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_no_node_sends_is_refused_and_harms_nobody() {
    let cluster = Cluster::start().await;
    let calls = (0..=u8::MAX).filter_map(Call::from_number);
    for call in calls.filter(|call| *call != Call::ReadIndex) {
        for body in [&b""[..], b"\0", b"\xff\xff\xff\xff\xff", &[0xa5; 64], &[1; 40]] {
            let served =
                cluster[NODES[0]].consensus.serve(NodeId(9), call, Bytes::copy_from_slice(body)).await;
            assert_eq!(served, Err(ServeError::Malformed), "{call:?} {body:?}");
        }
    }

    cluster[NODES[0]].add(1).await;
    cluster.agree(1).await;
}
