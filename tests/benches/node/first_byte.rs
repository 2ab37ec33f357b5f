//! How long a message waits on an idle node until the modem hears of it.

use std::path::Path;
use std::time::{Duration, Instant};

use smsgrid_node::node::Node;
use smsgrid_tests::disk::Disk;
use smsgrid_tests::spread::Spread;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::load;
use crate::probe::{Note, Noted, Probe};

const MESSAGES: usize = 300;
const WARM_UP: usize = 20;
/// How long nothing happens before each message.
const PAUSE: Duration = Duration::from_millis(30);
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures and prints.
pub(crate) async fn measure(folder: &Path) {
    let (sender, mut notes) = unbounded_channel();
    let probe = Probe::start(0, "fast", sender);
    let node = load::start(folder, std::slice::from_ref(&probe.port)).await;

    let mut disk = Disk::below(folder);
    let (mut waits, mut syncs) = (Vec::new(), Vec::new());
    for number in 0..WARM_UP + MESSAGES {
        syncs.push(disk.sync());
        load::pass(PAUSE).await;
        waits.push(one(&node, &mut notes, number).await);
    }

    let waits = waits.get(WARM_UP..).unwrap_or_default();
    let accepted: Spread = waits.iter().map(|(accepted, _)| *accepted).collect();
    let spoken: Spread = waits.iter().map(|(_, spoken)| *spoken).collect();
    println!("\none message on an idle node, {} of them:", spoken.count());
    println!(
        "  write and fdatasync of a file beside it, in the same pauses: {}",
        syncs.into_iter().collect::<Spread>()
    );
    println!("  submitted to accepted: {accepted}");
    println!("  submitted to the first octet of AT+CMGS: {spoken} (target p99 50 ms with three nodes)");
    node.drain().await;
}

/// From submission to acceptance, and to the modem's first octet.
async fn one(node: &Node, notes: &mut UnboundedReceiver<Note>, number: usize) -> (Duration, Duration) {
    let request = load::request(format!("message {number}"));
    let begun = Instant::now();
    node.submitter().submit(request).await.expect("accepted");
    let accepted = begun.elapsed();
    let mut spoken = None;
    loop {
        let note = tokio::time::timeout(PATIENCE, notes.recv()).await.expect("an answer in time");
        let Note { noted, at, .. } = note.expect("the probe lives");
        match noted {
            Noted::Command => spoken = Some(at - begun),
            Noted::Answer => return (accepted, spoken.expect("a command came before its answer")),
            Noted::Prompt | Noted::Part => {}
        }
    }
}
