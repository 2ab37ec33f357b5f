//! A node that cannot open its message store: the others answer for it.

use std::fs;
use std::time::Duration;

use smsgrid_proto::v1;
use smsgrid_tests::cluster::{Cluster, READY, Setup, ask};
use smsgrid_tests::load::Settings;
use smsgrid_tests::verdict;
use tonic::{Code, Status};
use tonic_types::StatusExt;

use super::calm::load_until_done;
use super::{smsnode, three};

const MESSAGES: usize = 30;
const PATIENCE: Duration = Duration::from_secs(60);
/// The node without a store.
const WITHOUT: usize = 2;
/// A message nobody ever submitted: only a whole history says that there is none.
const NOBODYS: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

#[test]
fn a_node_without_a_store_answers_from_another_and_says_so_when_there_is_none() {
    let mut cluster = Cluster::start(smsnode(), Setup { is_proxied: false, ..three() });
    load_until_done(&cluster, Settings { messages: MESSAGES, ..Settings::default() }).finish();
    verdict::wait_for_ends(&cluster, PATIENCE);
    cluster.stop(WITHOUT);
    obstruct(&cluster);
    cluster.start_node(WITHOUT);
    cluster.wait_ready(WITHOUT, READY);

    let page = list(&cluster, ask::linear());
    assert_eq!((page.messages.len(), page.incomplete), (MESSAGES, false), "{}", page.incomplete_why);
    assert_eq!(cluster.asker().message(WITHOUT, NOBODYS, ask::linear()).expect("others know"), None);

    for node in (0..cluster.size()).filter(|node| *node != WITHOUT) {
        cluster.kill(node);
    }
    let page = list(&cluster, ask::stale());
    assert!(page.incomplete, "nobody could tell");
    let refused = cluster.asker().message(WITHOUT, NOBODYS, ask::stale()).expect_err("nobody can tell");
    assert_eq!(refused.code(), Code::Unavailable);
    for why in [page.incomplete_why, why(&refused)] {
        for name in ["gw-a: ", "gw-b: "] {
            assert!(why.contains(name), "{name} in {why}");
        }
    }
}

/// Where the mark of a clean stop would be there is a folder: the store begins anew and anew.
fn obstruct(cluster: &Cluster) {
    let mark = cluster.data_dir(WITHOUT).join("store/clean");
    fs::remove_file(&mark).expect("it was stopped in order");
    fs::create_dir(&mark).expect("the folder is writable");
}

fn list(cluster: &Cluster, read: Option<v1::Read>) -> v1::ListMessagesResponse {
    let request = v1::ListMessagesRequest { page_size: 1000, read, ..Default::default() };
    cluster.asker().list(WITHOUT, request).expect("a page")
}

fn why(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.and_then(|info| info.metadata.get("why").cloned()).unwrap_or_default()
}
