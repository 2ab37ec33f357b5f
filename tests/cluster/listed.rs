//! A file that lists other members than the cluster has.

use std::fs;

use smsgrid_tests::cluster::{Cluster, Setup};

use super::{smsnode, three};

const DIFFERS: &str = "cluster.members_differ";
/// The node whose file is changed, and its name.
const CHANGED: (usize, &str) = (2, "gw-c");

#[test]
fn a_file_that_lost_members_is_told_once_and_its_node_goes_on_with_the_cluster() {
    let (node, name) = CHANGED;
    let mut cluster = Cluster::start(smsnode(), Setup { is_proxied: false, ..three() });
    assert!(!cluster.report().contains(DIFFERS), "{}", cluster.report());
    cluster.stop(node);
    let config = cluster.dir().join(name).join("smsgrid.toml");
    let text = fs::read_to_string(&config).expect("written");
    let is_another = |line: &&str| line.contains("{ name = ") && !line.contains(name);
    let kept: Vec<&str> = text.lines().filter(|line| !is_another(line)).collect();
    assert_eq!(kept.len() + 2, text.lines().count());
    fs::write(&config, kept.join("\n")).expect("writable");

    cluster.start_node(node);
    // Ready: it has asked the leader, which is another node.
    cluster.wait_ready(node, smsgrid_tests::cluster::READY);

    let log = cluster.nodes()[node].log();
    let told: Vec<&str> = log.lines().filter(|line| line.contains(DIFFERS)).collect();
    assert_eq!(told.len(), 1, "{log}");
    for word in ["gw-a is a member and not in the file; gw-b is a member", "smsctl cluster members", "warn"] {
        assert!(told[0].contains(word), "{word:?} in {}", told[0]);
    }
    assert!(!told[0].contains("gw-c is"), "{}", told[0]);
}
