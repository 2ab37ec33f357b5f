//! What three nodes say, and what becomes true, when links and leaders fail.

use std::time::Duration;

use smsgrid::model::NodeId;
use smsgrid_node::raft::{Call, ProposeError, ReadIndexError, Rejection};
use tokio::time::{Instant, sleep};

use super::net::Link;
use super::{Cluster, NODES, SOON, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_leader_dies_the_others_go_on_and_it_catches_up_later() {
    let mut cluster = Cluster::start().await;
    let dead = cluster.leader().await;
    cluster[dead].add(1).await;
    cluster.stop(dead).await;

    for node in NODES.into_iter().filter(|node| *node != dead) {
        cluster[node].add(10).await;
    }
    cluster.begin(dead).await;
    cluster[dead].add(100).await;
    cluster.agree(121).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_only_a_lost_leader_has_is_proposed_again_and_applied_once() {
    let cluster = Cluster::start().await;
    let lost = cluster.leader().await;
    cluster[lost].add(1).await;
    cluster.net.isolate(lost, Link::Silent);
    let last = cluster[lost].log.state().last;
    let proposal = cluster[lost].propose(10);
    until("the entry in the leader's log", || (cluster[lost].log.state().last > last).then_some(())).await;
    let others: Vec<NodeId> = NODES.into_iter().filter(|node| *node != lost).collect();
    cluster.leader_of(&others).await;
    cluster[others[0]].add(100).await;
    assert!(!proposal.is_finished(), "nothing is certain yet");
    cluster.net.heal();

    let reply = proposal.await.expect("no panic").expect("accepted");
    assert_eq!(reply.total, 111);
    cluster.agree(111).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_whose_answer_is_lost_is_answered_by_its_entry_and_written_once() {
    let cluster = Cluster::start().await;
    let (leader, [follower, _]) = (cluster.leader().await, cluster.followers().await);
    for link in [Link::Deaf, Link::Twice] {
        cluster.net.set(follower, leader, link);
        for _ in 0..20 {
            cluster[follower].add(1).await;
        }
        cluster.net.heal();
    }

    // Calls that were given up may still be under way.
    sleep(cluster.settings.election_max).await;
    cluster.agree(40).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_that_could_not_be_delivered_waits_for_the_leader() {
    let cluster = Cluster::start().await;
    let (leader, [follower, _]) = (cluster.leader().await, cluster.followers().await);
    cluster.net.set(follower, leader, Link::Refusing);
    let proposal = cluster[follower].propose(5);
    sleep(Duration::from_millis(300)).await;
    assert!(!proposal.is_finished());
    cluster.net.heal();

    proposal.await.expect("no panic").expect("accepted");
    cluster.agree(5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_majority_commands_are_refused_for_certain_within_seconds() {
    let mut cluster = Cluster::start().await;
    let survivor = cluster.followers().await[0];
    for node in NODES.into_iter().filter(|node| *node != survivor) {
        cluster.stop(node).await;
    }
    let begun = Instant::now();
    let proposals: Vec<_> = (0..50).map(|_| cluster[survivor].propose(1000)).collect();
    for proposal in proposals {
        let refused = proposal.await.expect("no panic");
        let is_certain = matches!(refused, Err(ProposeError::Rejected(Rejection::NoLeader)));
        assert!(is_certain, "{refused:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    // As many as a lane holds, and then some: nobody who gave up takes the place of who comes.
    for _ in 0..3 {
        let proposals: Vec<_> = (0..3000).map(|_| cluster[survivor].propose(1000)).collect();
        for proposal in proposals {
            let refused = proposal.await.expect("no panic");
            let is_certain = matches!(refused, Err(ProposeError::Rejected(Rejection::NoLeader)));
            assert!(is_certain, "{refused:?}");
        }
    }

    for node in NODES.into_iter().filter(|node| *node != survivor) {
        cluster.begin(node).await;
    }
    // Until one is elected they are refused, for certain.
    cluster.leader().await;
    cluster[survivor].consensus.read_index(SOON).await.expect("a majority");
    cluster[survivor].add(1).await;
    cluster.agree(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_follower_whose_calls_are_lost_on_the_way_refuses_for_certain_within_seconds() {
    let cluster = Cluster::start().await;
    let follower = cluster.followers().await[0];
    cluster.net.isolate(follower, Link::Silent);
    // At first it may hand over what then is in doubt.
    sleep(cluster.settings.election_max).await;
    let certain = |refused| matches!(refused, Err(ProposeError::Rejected(Rejection::NoLeader)));
    while !certain(cluster[follower].propose(1000).await.expect("no panic")) {}

    let begun = Instant::now();
    let proposals: Vec<_> = (0..50).map(|_| cluster[follower].propose(1000)).collect();
    for proposal in proposals {
        let refused = proposal.await.expect("no panic");
        assert!(certain(refused.clone()), "{refused:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());

    cluster.net.heal();
    cluster[follower].consensus.read_index(SOON).await.expect("a majority");
    cluster[follower].add(1).await;
    cluster.agree(1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_left_alone_refuses_for_certain_within_seconds() {
    let mut cluster = Cluster::start().await;
    let leader = cluster.leader().await;
    cluster[leader].add(1).await;
    let last = cluster[leader].log.state().last;
    for node in NODES.into_iter().filter(|node| *node != leader) {
        cluster.stop(node).await;
    }
    // Before that it may believe that it is followed, and what it writes is in doubt.
    sleep(cluster.settings.election_max).await;

    let begun = Instant::now();
    let proposals: Vec<_> = (0..50).map(|_| cluster[leader].propose(1000)).collect();
    for proposal in proposals {
        let refused = proposal.await.expect("no panic");
        let is_certain = matches!(refused, Err(ProposeError::Rejected(Rejection::NoLeader)));
        assert!(is_certain, "{refused:?}");
    }
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(cluster[leader].log.state().last, last);

    for node in NODES.into_iter().filter(|node| *node != leader) {
        cluster.begin(node).await;
    }
    cluster[leader].add(10).await;
    cluster.agree(11).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_leader_that_is_cut_off_confirms_no_read() {
    let cluster = Cluster::start().await;
    let old = cluster.leader().await;
    cluster.net.isolate(old, Link::Silent);
    let others: Vec<NodeId> = NODES.into_iter().filter(|node| *node != old).collect();
    cluster.leader_of(&others).await;
    let reply = cluster[others[0]].add(7).await;

    let stale = cluster[old].consensus.read_index(Duration::from_millis(800)).await;
    assert_eq!(stale, Err(ReadIndexError::NoLeader));
    let read = cluster[others[1]].consensus.read_index(SOON).await.expect("a majority");
    assert!(read.index >= reply.position.index);
    cluster.net.heal();
    let read = cluster[old].consensus.read_index(SOON).await.expect("a majority");
    assert!(read.index >= reply.position.index);
    cluster[old].view.wait_applied(read, SOON).await.expect("applied");
    assert_eq!(cluster[old].view.read(|ledger| ledger.total), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_was_cut_off_does_not_unseat_the_leader_when_it_returns() {
    let cluster = Cluster::start().await;
    let (leader, [follower, _]) = (cluster.leader().await, cluster.followers().await);
    let term = cluster[leader].consensus.leadership().borrow().term;
    cluster.net.isolate(follower, Link::Silent);
    let asked = cluster.net.carried(Call::PreVote);
    // It would stand for election several times.
    sleep(3 * cluster.settings.election_max).await;
    cluster.net.heal();

    cluster[follower].add(1).await;
    let led = *cluster[leader].consensus.leadership().borrow();
    assert_eq!((led.term, led.leads), (term, true), "{asked} asked before");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_answered_survives_leaders_that_come_and_go() {
    let mut cluster = Cluster::start().await;
    let mut total = 0;
    for round in 0..4 {
        let proposals: Vec<_> = (0..60).map(|at| cluster[NODES[at % 3]].propose(1)).collect();
        let leader = cluster.leader().await;
        cluster.net.isolate(leader, if round % 2 == 0 { Link::Silent } else { Link::Refusing });
        let others: Vec<NodeId> = NODES.into_iter().filter(|node| *node != leader).collect();
        cluster.leader_of(&others).await;
        cluster.net.heal();
        for proposal in proposals {
            proposal.await.expect("no panic").expect("accepted");
            total += 1;
        }
        let restarted = NODES[round % 3];
        cluster.stop(restarted).await;
        cluster.begin(restarted).await;
    }

    cluster.agree(total).await;
}
