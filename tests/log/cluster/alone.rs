//! A node that starts without the others.

use std::fs;
use std::path::Path;

use smsgrid_node::raft::SegmentLog;
use tempfile::TempDir;
use tokio::time::{Instant, sleep};

use super::{Cluster, NODES, SOON, open};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_shows_what_was_agreed_on_before_all_were_killed() {
    let mut cluster = Cluster::start().await;
    for amount in 1..=10 {
        cluster[NODES[amount as usize % 3]].add(amount).await;
    }
    cluster.agree(55).await;
    let alone = NODES[2];
    let killed = left_by_a_kill(cluster.folders[&alone].path(), &cluster[alone].log).await;
    for node in NODES {
        cluster.stop(node).await;
    }

    cluster.folders.insert(alone, killed);
    cluster.begin(alone).await;

    assert!(!cluster[alone].consensus.leadership().borrow().ready);
    assert_eq!(cluster[alone].view.read(|ledger| ledger.total), 55);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn it_shows_all_that_was_agreed_on_when_it_was_stopped_in_order() {
    let mut cluster = Cluster::start().await;
    cluster[NODES[0]].add(7).await;
    cluster.agree(7).await;
    for node in NODES {
        cluster.stop(node).await;
    }

    cluster.begin(NODES[1]).await;

    assert_eq!(cluster[NODES[1]].view.read(|ledger| ledger.total), 7);
}

/// What the files of an idle node hold once its last group is marked: what SIGKILL would leave.
async fn left_by_a_kill(folder: &Path, log: &SegmentLog) -> TempDir {
    let last = log.state().last;
    let deadline = Instant::now() + SOON;
    loop {
        let tried = copy_of(folder);
        if open(tried.path()).await.committed() == last {
            return copy_of(folder);
        }
        assert!(Instant::now() < deadline, "the last entry is never known to be agreed on");
        sleep(std::time::Duration::from_millis(100)).await;
    }
}

fn copy_of(folder: &Path) -> TempDir {
    let copy = TempDir::new().expect("a temporary directory");
    for part in ["log", "snap"] {
        fs::create_dir(copy.path().join(part)).expect("a new folder");
        for entry in fs::read_dir(folder.join(part)).expect("a node's folder") {
            let from = entry.expect("a file").path();
            let name = from.file_name().expect("a file has a name");
            fs::copy(&from, copy.path().join(part).join(name)).expect("room");
        }
    }
    copy
}
