//! The kernel is the witness: which syncs of the log lie between a submission and its acknowledgement.
//!
//! No node has a modem, so nothing but submissions is written.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use smsgrid_proto::v1;
use smsgrid_tests::cluster::{Cluster, Setup};
use smsgrid_tests::http;
use smsgrid_tests::load::Settings;
use smsgrid_tests::tracer::{Sync, Tracer};

use super::calm::load_until_done;
use super::{smsnode, tell};

/// Messages of the client that is alone.
const ALONE: usize = 60;
/// Messages of many clients.
const CROWD: usize = 600;
/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);
/// The node's own count of syncs of its log.
const SYNCS: &str = "smsgrid_raft_log_syncs_total";
/// The node's own count of entries it has made durable.
const ENTRIES: &str = "smsgrid_raft_log_entries_total";

/// The last entry a node has applied.
const APPLIED: &str = "smsgrid_raft_applied_index";

/// From the submission of a message to its acknowledgement, on the calendar.
struct Acknowledged {
    invoked: Duration,
    returned: Duration,
}

#[test]
fn the_kernel_saw_a_sync_on_a_majority_between_each_submission_and_its_acknowledgement() {
    let setup = Setup { nodes: 3, is_proxied: false, ..Setup::three(0, "fast") };
    let cluster = Cluster::start(smsnode(), setup);
    cluster.leader(PATIENCE);
    cluster.until("every node to have applied all", PATIENCE, || all_equal(&counts(&cluster, APPLIED)));
    let tracers = attach(&cluster);
    let (counted, entries) = (counts(&cluster, SYNCS), counts(&cluster, ENTRIES));

    let begun = now();
    let alone: Vec<Acknowledged> = (0..ALONE).map(|number| submit(&cluster, number)).collect();
    all_durable(&cluster, &entries);
    let between = now();
    let crowd = Settings {
        submitters: 32,
        messages: CROWD,
        pace: Duration::ZERO,
        readers: 0,
        watchers: 0,
        ..Settings::default()
    };
    load_until_done(&cluster, crowd).finish();
    all_durable(&cluster, &entries);

    let own = since(&cluster, SYNCS, &counted);
    let seen: Vec<Vec<Sync>> = tracers.into_iter().map(detach).collect();
    let kernel: Vec<u64> = seen.iter().map(|syncs| syncs.len() as u64).collect();
    assert_eq!(kernel, own, "syncs of the log that the kernel saw, and that the nodes count");

    let without: Vec<usize> = (0..ALONE).filter(|number| !is_synced(&alone[*number], &seen)).collect();
    assert!(without.is_empty(), "acknowledged without a sync on a majority: {without:?} of {ALONE}");

    let spent: Vec<usize> =
        seen.iter().map(|syncs| syncs.iter().filter(|sync| sync.begun >= between).count()).collect();
    let took = now() - begun;
    tell(&format!("the kernel saw {kernel:?} syncs in {took:?}, {spent:?} of them for {CROWD} submissions"));
    for syncs in spent {
        assert!(syncs > 0 && syncs < CROWD, "{CROWD} acknowledgements to 32 clients cost {syncs} syncs");
    }
}

/// Submits a message and waits for its acknowledgement.
fn submit(cluster: &Cluster, number: usize) -> Acknowledged {
    let (to, text) = (format!("+49170{number:07}"), format!("alone {number}"));
    let request = v1::SubmitRequest { to, text, key: format!("alone-{number}"), ..Default::default() };
    let invoked = now();
    cluster.asker().submit(number % 3, request).expect("nothing is wrong with the cluster");
    Acknowledged { invoked, returned: now() }
}

/// Whether a majority has synced its log in the meantime.
fn is_synced(message: &Acknowledged, nodes: &[Vec<Sync>]) -> bool {
    let lies_within = |sync: &Sync| message.invoked <= sync.begun && sync.ended <= message.returned;
    nodes.iter().filter(|syncs| syncs.iter().any(lies_within)).count() >= 2
}

/// A tracer on every node, and the folder of its log.
fn attach(cluster: &Cluster) -> Vec<(Tracer, PathBuf)> {
    let attach = |node: usize| {
        let pid = cluster.nodes()[node].pid().expect("it runs");
        let trace = cluster.dir().join(format!("{}.strace", cluster.nodes()[node].name()));
        let log = cluster.data_dir(node).join("log").canonicalize().expect("a node has a log");
        (Tracer::attach(pid, &trace), log)
    };
    (0..cluster.size()).map(attach).collect()
}

/// The syncs in the folder of the log.
fn detach((tracer, log): (Tracer, PathBuf)) -> Vec<Sync> {
    let is_of_log = |path: &Path| path.starts_with(&log);
    tracer.detach().into_iter().filter(|sync| is_of_log(&sync.path)).collect()
}

/// Waits until every node has synced as many entries as any: nothing is written any more.
fn all_durable(cluster: &Cluster, before: &[u64]) {
    let what = "every node to have synced all entries";
    cluster.until(what, PATIENCE, || all_equal(&since(cluster, ENTRIES, before)));
}

fn all_equal(counts: &[u64]) -> Option<()> {
    counts.iter().all(|count| *count == counts[0]).then_some(())
}

fn since(cluster: &Cluster, metric: &str, before: &[u64]) -> Vec<u64> {
    counts(cluster, metric).iter().zip(before).map(|(now, before)| now - before).collect()
}

fn counts(cluster: &Cluster, metric: &str) -> Vec<u64> {
    let count = |api| {
        let text = http::get(api, "/metrics", PATIENCE).expect("metrics").1;
        http::metric(&text, metric).unwrap_or_else(|| panic!("no {metric} in:\n{text}")) as u64
    };
    cluster.apis().into_iter().map(count).collect()
}

fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970")
}
