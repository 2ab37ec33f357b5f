//! A node that starts while the others stay away.

use std::fs;
use std::path::Path;
use std::time::Duration;

use smsgrid::log::{HEADER_OCTETS, Header, Known, Layout, Recovery};
use smsgrid_proto::v1;
use smsgrid_tests::cluster::{Cluster, Setup, ask};
use smsgrid_tests::http;

use super::smsnode;

const PATIENCE: Duration = Duration::from_secs(60);
/// The last entry in the log of a node.
const LAST: &str = "smsgrid_raft_last_log_index";

#[test]
fn a_node_alone_after_all_were_killed_shows_what_was_accepted() {
    let mut cluster = Cluster::start(smsnode(), Setup { is_proxied: false, ..Setup::three(0, "fast") });
    let mut accepted: Vec<String> = (0..10).map(|number| submit(&cluster, number)).collect();
    accepted.sort();
    // The store has written nothing yet, and the log is marked a second after its last group.
    let log = cluster.data_dir(0).join("log");
    cluster.until("the log to know what is agreed on", PATIENCE, || {
        last(&cluster).filter(|last| agreed_on(&log) == Some(*last))
    });
    cluster.kill_all();
    cluster.start_node(0);

    let (mut shown, _) = cluster.until("an answer", PATIENCE, || cluster.asker().ids(0, ask::stale()).ok());
    shown.sort();
    assert_eq!(shown, accepted);
    let one = cluster.asker().message(0, &accepted[0], ask::stale()).expect("a stale read needs nobody");
    assert_eq!(one.map(|message| message.state()), Some(v1::MessageState::Queued));
    assert!(cluster.asker().status(0, ask::linear()).is_err(), "nobody can read what is newest");
    let fresh = cluster.asker().status(0, ask::stale()).ok().and_then(|status| status.freshness);
    assert!(fresh.is_some_and(|fresh| fresh.as_of.is_none()), "no majority has confirmed it");
}

fn submit(cluster: &Cluster, number: usize) -> String {
    let (to, text) = (format!("+49170{number:07}"), format!("alone {number}"));
    let request = v1::SubmitRequest { to, text, key: format!("alone-{number}"), ..Default::default() };
    cluster.asker().submit(number % 3, request).expect("nothing is wrong with the cluster").id
}

fn last(cluster: &Cluster) -> Option<u64> {
    let (_, text) = http::get(cluster.nodes()[0].api(), "/metrics", PATIENCE)?;
    http::metric(&text, LAST).map(|last| last as u64)
}

/// The last entry that the files in the folder of a log say is agreed on.
fn agreed_on(folder: &Path) -> Option<u64> {
    let segment = fs::read(folder.join(smsgrid::log::file_name(1))).expect("the first segment");
    let header = Header::decode(&segment[..HEADER_OCTETS]).expect("a header");
    let mut recovery = Recovery::new(Layout::new(header.owner, header.octets), Known::default(), [1]);
    // A group may be under way.
    recovery.read(&segment).ok()?;
    let recovered = recovery.finish(1).ok()?;
    recovered.writer.committed().id().map(|committed| committed.index)
}
