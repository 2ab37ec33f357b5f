//! Nothing is done to the cluster.

use std::time::Duration;

use smsgrid_tests::cluster::{Cluster, Setup};
use smsgrid_tests::load::{Load, Settings};
use smsgrid_tests::{checker, http, verdict};

use super::{smsnode, tell, three};

/// Messages of a run.
const MESSAGES: usize = 400;
/// How long they may take.
const PATIENCE: Duration = Duration::from_secs(90);
/// The node's own count of syncs of its log.
const SYNCS: &str = "smsgrid_raft_log_syncs_total";

pub(super) fn load_until_done(cluster: &Cluster, settings: Settings) -> Load {
    let load = Load::start(&cluster.apis(), cluster.begun(), settings);
    cluster.until("all messages to be accepted", PATIENCE, || load.is_done().then_some(()));
    load
}

#[test]
fn without_a_fault_every_message_is_sent_once_and_nothing_is_uncertain() {
    let cluster = Cluster::start(smsnode(), three());

    let load = load_until_done(&cluster, Settings { messages: MESSAGES, ..Settings::default() });
    verdict::wait_for_ends(&cluster, PATIENCE);
    let evidence = verdict::judge(&cluster, load.finish()).unwrap_or_else(|broken| panic!("{broken}"));

    assert_eq!((evidence.doubts(), evidence.finals.len()), (0, 3));
    assert_eq!(evidence.finals[0].messages.len(), MESSAGES);
    tell(&format!("calm: {}", checker::summary(&evidence)));
}

#[test]
fn five_nodes_serve_as_three_do() {
    let modems = vec![vec!["fast".to_owned()], Vec::new(), vec!["fast".to_owned()], Vec::new(), Vec::new()];
    let cluster = Cluster::start(smsnode(), Setup { nodes: 5, modems, ..three() });

    let load = load_until_done(&cluster, Settings { messages: 100, ..Settings::default() });
    verdict::wait_for_ends(&cluster, PATIENCE);
    let evidence = verdict::judge(&cluster, load.finish()).unwrap_or_else(|broken| panic!("{broken}"));

    assert_eq!(evidence.finals.len(), 5);
}

#[test]
fn acknowledged_submissions_share_their_syncs_and_each_had_one() {
    let cluster = Cluster::start(smsnode(), Setup { is_proxied: false, ..three() });
    let syncs = |node: usize| {
        let api = cluster.nodes()[node].api();
        let text = http::get(api, "/metrics", PATIENCE).expect("metrics").1;
        http::metric(&text, SYNCS).unwrap_or_else(|| panic!("no {SYNCS} in:\n{text}"))
    };
    let leader = cluster.leader(PATIENCE);

    // One client: each acknowledgement waits for a sync of its own on a majority.
    let before: Vec<f64> = (0..3).map(syncs).collect();
    let alone = Settings { submitters: 1, messages: 100, readers: 0, watchers: 0, ..Settings::default() };
    load_until_done(&cluster, alone).finish();
    verdict::wait_for_ends(&cluster, PATIENCE);
    let spent: Vec<f64> = (0..3).map(|node| syncs(node) - before[node]).collect();
    let mut majority = spent.clone();
    majority.sort_by(f64::total_cmp);
    assert!(majority[1] >= 100.0, "100 acknowledgements one after the other, and syncs of {spent:?}");

    // Many clients: one sync serves several.
    let before = syncs(leader);
    let crowd = Settings {
        submitters: 64,
        messages: 3_000,
        pace: Duration::ZERO,
        readers: 0,
        watchers: 0,
        seed: 2,
        ..Settings::default()
    };
    let load = load_until_done(&cluster, crowd);
    let shared = syncs(leader) - before;
    load.finish();
    tell(&format!("3000 submissions of 64 clients cost the leader {shared} syncs"));
    assert!(shared < 1_500.0, "3000 acknowledgements cost {shared} syncs");
}
