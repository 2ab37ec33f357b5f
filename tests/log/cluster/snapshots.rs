//! Snapshots: how a node that is far behind catches up, and what a restart reads.

use smsgrid::model::NodeId;
use smsgrid_node::raft::{Call, Gone, Revision, Settings};

use super::{Cluster, NODES, until};
use crate::ledger::{Command, add};

const BLOCK: usize = 1 << 20;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_is_far_behind_takes_a_snapshot_over_and_goes_on_where_it_was_cut_off() {
    let mut cluster = Cluster::start_with(few_kept()).await;
    let behind = cluster.followers().await[0];
    cluster[behind].add(1).await;
    cluster.stop(behind).await;
    let others: Vec<NodeId> = NODES.into_iter().filter(|node| *node != behind).collect();
    let leader = cluster.leader().await;
    let purged = fill(&cluster, leader).await;
    assert!(purged > 5);
    // The question, and three blocks.
    let begun = cluster.net.carried(Call::SnapshotBlock);
    cluster.net.carry_only(Call::SnapshotBlock, 4);
    cluster.begin(behind).await;
    let sent = || (cluster.net.carried(Call::SnapshotBlock) == begun + 4).then_some(());
    until("the cut", sent).await;
    // A restart of the receiver does not begin anew either.
    cluster.stop(behind).await;
    cluster.begin(behind).await;
    let before = cluster.net.carried(Call::SnapshotBlock);
    let mut installed = cluster[behind].view.installed();
    cluster.net.heal();

    let total = cluster[others[0]].view.read(|ledger| ledger.total);
    cluster.agree(total).await;
    assert!(installed.has_changed().expect("the node runs"), "{:?}", *installed.borrow_and_update());
    let blocks = cluster[leader].view.read(|ledger| ledger.kept.len()) / BLOCK + 3;
    let later = usize::try_from(cluster.net.carried(Call::SnapshotBlock) - before).expect("a few");
    assert!(later < blocks, "{later} calls for what was left of {blocks} blocks");

    let oldest = cluster[behind].view.events_since(Revision::default()).expect_err("not in the snapshot");
    assert!(matches!(oldest, Gone { oldest } if oldest.index >= purged));
    cluster[behind].add(5).await;
    cluster.agree(total + 5).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restart_reads_the_newest_snapshot_and_the_log_after_it() {
    let mut cluster = Cluster::start_with(few_kept()).await;
    let leader = cluster.leader().await;
    fill(&cluster, leader).await;
    cluster[leader].add(3).await;
    let total = cluster[leader].view.read(|ledger| ledger.total);
    for node in NODES {
        cluster.stop(node).await;
        let snapshots = std::fs::read_dir(cluster.folders[&node].path().join("snap")).expect("a folder");
        assert!(snapshots.count() <= 2, "old ones go");
    }
    for node in NODES {
        cluster.begin(node).await;
    }

    cluster.agree(total).await;
    cluster[NODES[0]].add(1).await;
    cluster.agree(total + 1).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_made_when_enough_octets_were_applied() {
    let settings = Settings { snapshot_octets: 300_000, ..few_kept() };
    let cluster = Cluster::start_with(settings).await;
    for _ in 0..10 {
        cluster[NODES[0]].send(large()).await.expect("no panic").expect("accepted");
    }

    for node in NODES {
        until("a snapshot", || cluster[node].consensus.status().snapshot).await;
    }
}

/// Writes several megabytes, makes snapshots, and waits until the log before them is gone.
async fn fill(cluster: &Cluster, leader: NodeId) -> u64 {
    for _ in 0..50 {
        cluster[leader].send(large()).await.expect("no panic").expect("accepted");
    }
    let total = cluster[leader].view.read(|ledger| ledger.total);
    cluster.agree(total).await;
    for node in cluster.nodes.values() {
        node.consensus.snapshot().await;
    }
    let last = cluster[leader].view.applied().index;
    until("a purge", || cluster[leader].consensus.status().purged.filter(|purged| *purged + 10 > last)).await
}

fn large() -> Command {
    Command { ballast: vec![7; 100_000], ..add(2) }
}

fn few_kept() -> Settings {
    Settings { log_kept_entries: 2, ..Settings::default() }
}
