//! Without a majority nothing is taken, and that is said at once and for certain.

use std::time::{Duration, Instant};

use smsgrid_proto::v1;
use smsgrid_tests::cluster::{Cluster, ask};
use smsgrid_tests::load::{Load, Settings};
use smsgrid_tests::verdict;
use tonic::Code;
use tonic_types::StatusExt;

use super::{smsnode, three};

/// A refusal for certain comes within about two seconds; this is what no machine may exceed.
const CERTAIN: Duration = Duration::from_secs(6);
const PATIENCE: Duration = Duration::from_secs(60);

fn message(number: usize) -> v1::SubmitRequest {
    v1::SubmitRequest {
        to: format!("+4917099{number:05}"),
        text: format!("quorum {number}"),
        key: format!("quorum-{number}"),
        ..Default::default()
    }
}

#[test]
fn a_node_left_alone_refuses_for_certain_and_takes_the_same_key_later() {
    let mut cluster = Cluster::start(smsnode(), three());
    let load =
        Load::start(&cluster.apis(), cluster.begun(), Settings { messages: 30, ..Settings::default() });
    cluster.until("the first messages", PATIENCE, || load.is_done().then_some(()));
    let history = load.finish();
    verdict::wait_for_ends(&cluster, PATIENCE);
    cluster.kill(0);
    cluster.kill(1);

    // The node may believe in its leader a moment longer, so the first answers may be doubtful.
    let status = cluster.until("a refusal for certain", PATIENCE, || {
        let begun = Instant::now();
        let status = cluster.asker().submit(2, message(1)).err()?;
        let info = status.get_details_error_info()?;
        (begun.elapsed() < CERTAIN && info.reason == "NO_QUORUM").then_some(status)
    });
    assert_eq!(status.code(), Code::Unavailable);
    assert!(status.get_details_retry_info().is_some(), "a refusal says when to ask again");
    assert!(cluster.asker().status(2, ask::linear()).is_err(), "nobody can read what is newest");
    let stale = cluster.asker().status(2, ask::stale()).expect("a stale read needs nobody");
    assert_ne!(stale.verdict(), v1::ClusterVerdict::Healthy);

    cluster.start_all();
    let accepted =
        cluster.until("the key to be taken", PATIENCE, || cluster.asker().submit(2, message(1)).ok());
    let replayed = cluster.asker().submit(0, message(1)).expect("the cluster is whole");
    assert_eq!((replayed.id, replayed.replayed), (accepted.id, true));
    verdict::wait_for_ends(&cluster, PATIENCE);
    drop(history);
}
