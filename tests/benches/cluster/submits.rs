//! Durable replicated submissions beside etcd's puts: the same client program, the same disk, one after the other in
//! the same run, in rounds, so that a host that grows slower or faster meanwhile shows.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use smsgrid_proto::v1::SubmitRequest;
use smsgrid_proto::v1::message_service_client::MessageServiceClient;
use smsgrid_tests::cluster::ask;
use smsgrid_tests::cost::Cost;
use tokio::runtime::Runtime;
use tonic::transport::Channel;

use crate::etcd::{self, Etcd, Put};
use crate::load::{Run, closed_loop, written};
use crate::results::Results;

/// Octets of a value and of a text.
const OCTETS: usize = 300;
const CLIENTS: [usize; 4] = [1, 16, 64, 256];
/// How long each cell is measured, in each of the rounds.
const SPAN: Duration = Duration::from_secs(4);
/// The same for one client, whose messages are so few that their history is written meanwhile.
const SPAN_ALONE: Duration = Duration::from_secs(12);
/// One for each node, with which the clients begin at another one: a lone client meets the leader in one of them.
const ROUNDS: usize = 3;
/// How much faster than etcd.
const RATIO: f64 = 2.0;
const RATIO_ALONE: f64 = 1.3;

/// Measures and prints, with so many clients of each count that is in `clients`, or of all where that is empty.
pub(crate) fn measure(folder: &Path, runtime: &Runtime, clients: &[usize], results: &mut Results) {
    let cluster = crate::start(0, "fast");
    let channels = {
        let _inside = runtime.enter();
        cluster.apis().into_iter().map(ask::channel).collect::<Vec<_>>()
    };
    let pids: Vec<u32> = cluster.nodes().iter().filter_map(|node| node.pid()).collect();
    let nodes = Nodes { channels, apis: cluster.apis(), pids };
    let clients = if clients.is_empty() { &CLIENTS } else { clients };
    runtime.block_on(compare(folder, &nodes, clients, results));
    drop(cluster);
}

/// The three processes, and the ways to them.
struct Nodes {
    channels: Vec<Channel>,
    apis: Vec<SocketAddr>,
    pids: Vec<u32>,
}

async fn compare(folder: &Path, nodes: &Nodes, clients: &[usize], results: &mut Results) {
    let etcd = if etcd::is_installed() {
        std::fs::create_dir(folder.join("etcd")).expect("the temporary folder is writable");
        Some(Etcd::start(&folder.join("etcd")).await)
    } else {
        results.note("etcd beside it", "not installed: package etcd-server");
        None
    };
    for &clients in clients {
        let (mut ours, mut theirs, mut later) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..ROUNDS {
            ours.push(Spent::during(&nodes.pids, submitted(&nodes.channels, clients, round)).await);
            later.push(nodes.write_history(ours.last()).await);
            if let Some(etcd) = &etcd {
                theirs.push(Spent::during(&etcd.pids(), put(etcd.channels(), clients, round)).await);
            }
        }
        let name = format!("submits of {OCTETS} octets, {clients} clients");
        let later = later.last().map_or(0, Duration::as_micros);
        results.note(name.as_str(), format!("{}, {later} us for history afterwards", told(&ours)));
        if etcd.is_some() {
            results.note(format!("etcd, puts of {OCTETS} octets, {clients} clients"), told(&theirs));
            let target = if clients == 1 { RATIO_ALONE } else { RATIO };
            results.at_least(format!("{name}, beside etcd"), mean(&ours) / mean(&theirs), target, "times");
        }
    }
}

impl Nodes {
    /// Waits until the messages of this run are in the history; the processor time of it, for each.
    async fn write_history(&self, run: Option<&Spent>) -> Duration {
        let now = || self.pids.iter().map(|pid| Cost::of(*pid).cpu).sum::<Duration>();
        let before = now();
        written(&self.apis).await;
        let count = run.map_or(1, |spent| spent.run.done.max(1));
        now().saturating_sub(before) / u32::try_from(count).unwrap_or(u32::MAX)
    }
}

async fn submitted(channels: &[Channel], clients: usize, round: usize) -> Run {
    let services: Vec<_> = channels.iter().cloned().map(MessageServiceClient::new).collect();
    closed_loop(clients, span(clients), move |client, number| {
        let mut service = services[(client + round) % services.len()].clone();
        async move {
            service.submit(request(client, number)).await.expect("accepted");
        }
    })
    .await
}

async fn put(channels: &[Channel], clients: usize, round: usize) -> Run {
    let channels = channels.to_vec();
    closed_loop(clients, span(clients), move |client, number| {
        let channel = channels[(client + round) % channels.len()].clone();
        let value = Put { key: format!("{client}-{number}").into_bytes(), value: text(number).into_bytes() };
        async move {
            etcd::put(channel, value).await.expect("taken");
        }
    })
    .await
}

fn span(clients: usize) -> Duration {
    if clients == 1 { SPAN_ALONE } else { SPAN }
}

/// A message whose text is as long as a value.
fn request(client: usize, number: usize) -> SubmitRequest {
    let text = text(client * 1_000_000 + number);
    SubmitRequest { to: "+4915112345678".to_owned(), text, ..SubmitRequest::default() }
}

fn text(number: usize) -> String {
    format!("{number:0>width$}", width = OCTETS)
}

/// A run, and the processor time it took.
struct Spent {
    run: Run,
    servers: Duration,
    client: Duration,
}

impl Spent {
    async fn during(servers: &[u32], run: impl Future<Output = Run>) -> Spent {
        let now = || {
            let servers = servers.iter().map(|pid| Cost::of(*pid).cpu).sum::<Duration>();
            (servers, Cost::of(std::process::id()).cpu)
        };
        let before = now();
        let run = run.await;
        let after = now();
        Spent { run, servers: after.0.saturating_sub(before.0), client: after.1.saturating_sub(before.1) }
    }
}

fn mean(runs: &[Spent]) -> f64 {
    runs.iter().map(|spent| spent.run.rate()).sum::<f64>() / runs.len() as f64
}

fn told(runs: &[Spent]) -> String {
    let rates: Vec<String> = runs.iter().map(|spent| format!("{:.0}", spent.run.rate())).collect();
    let Some(last) = runs.last() else { return String::new() };
    let ms = |percent| last.run.latency.at(percent).as_secs_f64() * 1e3;
    let us = |spent: Duration| spent.as_secs_f64() * 1e6 / last.run.done.max(1) as f64;
    format!(
        "{} a second; p50 {:.2}, p99 {:.2} ms; processor {:.0} us in the servers, {:.0} us in the client",
        rates.join(" and "),
        ms(50),
        ms(99),
        us(last.servers),
        us(last.client)
    )
}
