//! What nodes count, beside what their modems' networks took.

use std::time::Duration;

use smsgrid_tests::cluster::{Cluster, READY, Setup};
use smsgrid_tests::load::Settings;
use smsgrid_tests::{http, verdict};

use super::calm::load_until_done;
use super::{smsnode, three};

/// Messages of the run, each of one part.
const MESSAGES: usize = 60;
const PATIENCE: Duration = Duration::from_secs(60);
const ENDED: &str = "smsgrid_messages_finished_total{outcome=\"sent\"}";

/// The sum of all series of `name` at one node.
fn sum(cluster: &Cluster, node: usize, name: &str) -> f64 {
    let text = http::get(cluster.nodes()[node].api(), "/metrics", PATIENCE).expect("metrics").1;
    let values = text.lines().filter(|line| line.starts_with(name)).filter_map(|line| line.rsplit_once(' '));
    values.map(|(_, value)| value.parse::<f64>().unwrap_or_else(|_| panic!("{value} of {name}"))).sum()
}

/// Whether this node counts ends: there is no series before.
fn counts(cluster: &Cluster, node: usize) -> bool {
    http::get(cluster.nodes()[node].api(), "/metrics", PATIENCE).expect("metrics").1.contains(ENDED)
}

#[test]
fn parts_are_counted_where_they_are_sent_and_ends_by_all_and_a_start_counts_nothing_again() {
    let mut cluster = Cluster::start(smsnode(), Setup { is_proxied: false, ..three() });
    let nodes = [0, 1, 2];
    cluster.until("every node to count ends", PATIENCE, || {
        nodes.iter().all(|node| counts(&cluster, *node)).then_some(())
    });
    assert_eq!(nodes.map(|node| sum(&cluster, node, ENDED)), [0.0; 3]);

    load_until_done(&cluster, Settings { messages: MESSAGES, ..Settings::default() }).finish();
    verdict::wait_for_ends(&cluster, PATIENCE);

    let on_the_air = cluster.simulator().ledger().entries().len() as f64;
    for name in ["smsgrid_message_parts_sent_total{", "smsgrid_message_send_seconds_count{"] {
        let counted: f64 = nodes.iter().map(|node| sum(&cluster, *node, name)).sum();
        assert_eq!(counted, on_the_air, "{name}");
    }
    let ended = || (nodes.map(|node| sum(&cluster, node, ENDED)) == [MESSAGES as f64; 3]).then_some(());
    cluster.until("every node to count every end", PATIENCE, ended);
    assert_eq!(sum(&cluster, 0, "smsgrid_modem_state{"), 2.0, "each of its modems is one thing");

    cluster.stop(2);
    cluster.start_node(2);
    cluster.wait_ready(2, READY);
    cluster.until("the node to count ends again", PATIENCE, || counts(&cluster, 2).then_some(()));
    assert_eq!(sum(&cluster, 2, ENDED), 0.0, "what is applied again has ended before");
}
