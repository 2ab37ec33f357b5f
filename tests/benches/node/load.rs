//! A node, in this process or one of its own, and messages for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use smsgrid::model::{
    Address, Content, Name, Origin, Part, PartNumber, Priority, SendOptions, UncertainPolicy,
};
use smsgrid::queue::Route;
use smsgrid::text::{self, SegmentOptions};
use smsgrid_node::clock::Clock;
use smsgrid_node::config::Config;
use smsgrid_node::node::Node;
use smsgrid_node::submit::Request;
use smsgrid_tests::gateway::Gateway;

/// How many submissions wait for the log at once.
const CLIENTS: usize = 64;
/// How long the modems may take until they are ready.
const READY: Duration = Duration::from_secs(60);

/// The configuration of a node with its data below `folder` and a modem at each port.
pub(crate) fn config(folder: &Path, ports: &[PathBuf]) -> Config {
    let mut text = format!(
        "[node]\nname = \"gw-a\"\ndata_dir = \"{}\"\n\n[listen]\napi = \"127.0.0.1:0\"\n",
        folder.join("data").display()
    );
    for (number, port) in ports.iter().enumerate() {
        text.push_str(&format!("[modems.GSM{number}]\nport = \"{}\"\n", port.display()));
    }
    Config::parse("the benchmark's", &text).expect("a sound configuration")
}

/// Starts a node and waits until each of its modems may be given a message.
pub(crate) async fn start(folder: &Path, ports: &[PathBuf]) -> Node {
    let node = Node::start(config(folder, ports), Clock::system()).await.expect("a new node");
    let free = || node.view().read(|queue| queue.registrations().filter(|modem| modem.armed).count());
    until("the modems to be ready", READY, READY / 1000, || free() == ports.len()).await;
    node
}

/// Starts a node with a spool in a process of its own and waits until its modems are set up.
pub(crate) async fn gateway(smsnode: &Path, folder: &Path, ports: &[PathBuf]) -> Gateway {
    let named = ports.iter().enumerate();
    let modems: Vec<(String, String)> = named
        .map(|(number, port)| (format!("GSM{number}"), format!("port = \"{}\"", port.display())))
        .collect();
    let mut gateway = Gateway::prepare(smsnode, folder, &modems);
    gateway.start();
    let mut up = || gateway.process().output().iter().filter(|line| line.contains("modem.up")).count();
    until("the modems to be set up", READY, READY / 1000, || up() == ports.len()).await;
    gateway
}

/// The content of a message file with this text.
pub(crate) fn file(text: &str) -> String {
    format!("To: 4915112345678\n\n{text}\n")
}

/// A message of one part; `text` tells it from all others.
pub(crate) fn request(text: String) -> Request {
    let segmented = text::segment(&text, &SegmentOptions::default()).expect("a short text");
    let numbers = (1..).map(PartNumber);
    let parts = numbers.zip(segmented.parts).map(|(number, user_data)| Part { number, user_data });
    Request {
        client: Name::new("benchmark").expect("a name"),
        key: None,
        content: Content {
            destination: Address::international("4915112345678").expect("digits"),
            alphabet: segmented.alphabet,
            parts: parts.collect(),
            options: SendOptions::default(),
            call: None,
        },
        origin: Origin::Api,
        priority: Priority::Normal,
        uncertain: UncertainPolicy::Resend,
        not_before: None,
        deadline: None,
        route: Route::default(),
        attempts_max: None,
    }
}

/// Submits `count` messages in this order of their texts: `name 0`, `name 1`, …
pub(crate) async fn submit(node: &Node, name: &str, count: usize) {
    let clients = (0..CLIENTS).map(|client| {
        let (submitter, name) = (node.submitter(), name.to_owned());
        tokio::spawn(async move {
            for number in (client..count).step_by(CLIENTS) {
                submitter.submit(request(format!("{name} {number}"))).await.expect("accepted");
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("no panic");
    }
}

/// Lets time pass: for a pause that is measured, and between two looks at a condition.
#[allow(
    clippy::disallowed_methods,
    reason = "what happens meanwhile is in another process, or must be nothing"
)]
pub(crate) async fn pass(span: Duration) {
    tokio::time::sleep(span).await;
}

/// Looks at a condition so often until it holds; panics with `what` when `patience` is over.
pub(crate) async fn until(
    what: &str,
    patience: Duration,
    every: Duration,
    mut condition: impl FnMut() -> bool,
) {
    let waiting = async {
        while !condition() {
            pass(every).await;
        }
    };
    tokio::time::timeout(patience, waiting).await.unwrap_or_else(|_| panic!("waited in vain for {what}"));
}
