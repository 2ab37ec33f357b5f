//! Data directories that were emptied while the cluster goes on.

use std::fs;
use std::time::Duration;

use smsgrid_tests::cluster::{Cluster, ask};
use smsgrid_tests::load::Settings;
use smsgrid_tests::{http, verdict, wait};

use super::calm::load_until_done;
use super::{smsnode, three};

const MESSAGES: usize = 60;
const PATIENCE: Duration = Duration::from_secs(60);

#[test]
fn a_node_whose_directory_was_emptied_stays_outside_and_the_others_go_on() {
    let mut cluster = Cluster::start(smsnode(), three());
    let load = load_until_done(&cluster, Settings { messages: MESSAGES, ..Settings::default() });
    verdict::wait_for_ends(&cluster, PATIENCE);
    let wiped = (cluster.leader(PATIENCE) + 1) % cluster.size();

    cluster.kill(wiped);
    empty(&cluster, wiped);
    cluster.start_node(wiped);
    refused(&mut cluster, wiped);
    // As often as its service manager tries.
    cluster.kill(wiped);
    cluster.start_node(wiped);
    refused(&mut cluster, wiped);
    cluster.kill(wiped);

    let other = cluster.leader(PATIENCE);
    let (ids, _) = cluster.asker().ids(other, ask::linear()).expect("two of three answer");
    assert_eq!(ids.len(), MESSAGES);
    verdict::judge(&cluster, load.finish()).unwrap_or_else(|broken| panic!("{broken}"));
}

#[test]
fn two_emptied_directories_do_not_make_a_cluster_that_knows_nothing() {
    let mut cluster = Cluster::start(smsnode(), three());
    load_until_done(&cluster, Settings { messages: MESSAGES, ..Settings::default() }).finish();
    verdict::wait_for_ends(&cluster, PATIENCE);
    let kept = cluster.leader(PATIENCE);
    // A node alone shows what its store holds; the log, of which nobody can say how far it is agreed, has the rest.
    cluster.until("all rows written", PATIENCE, || {
        let (_, text) = http::get(cluster.nodes()[kept].api(), "/metrics", PATIENCE)?;
        (http::metric(&text, "smsgrid_store_unwritten_current")? == 0.0).then_some(())
    });
    let wiped: Vec<usize> = (0..cluster.size()).filter(|node| *node != kept).collect();

    cluster.kill_all();
    for node in wiped.iter().copied() {
        empty(&cluster, node);
    }
    for node in 0..cluster.size() {
        cluster.start_node(node);
    }
    for node in wiped {
        refused(&mut cluster, node);
    }

    // Nobody counts as a majority of one, and what was acknowledged is still to be had.
    assert!(!cluster.is_ready(kept));
    cluster.until("the messages of the node that kept its directory", PATIENCE, || {
        let (ids, _) = cluster.asker().ids(kept, ask::stale()).ok()?;
        (ids.len() == MESSAGES).then_some(())
    });
}

fn empty(cluster: &Cluster, node: usize) {
    fs::remove_dir_all(cluster.data_dir(node)).expect("the directory of a dead node can be removed");
}

/// The node ends by itself and says why.
fn refused(cluster: &mut Cluster, node: usize) {
    let ended = wait::poll(PATIENCE, || cluster.node(node).exit_status());
    let status = ended.unwrap_or_else(|| panic!("it still runs\n{}", cluster.report()));
    assert!(!status.success(), "{status}");
    let log = cluster.nodes()[node].log();
    assert!(log.contains("STORE_LOST"), "{log}");
}
