//! How long a message waits on an idle node until the modem hears of it: one submitted in the process of the node, and one
//! renamed into the spool folder of a node in a process of its own.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use smsgrid_tests::disk::Disk;
use smsgrid_tests::spread::Spread;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::load;
use smsgrid_tests::probe::{Note, Noted, Probe};

const MESSAGES: usize = 300;
const WARM_UP: usize = 20;
/// How long nothing happens before each message.
const PAUSE: Duration = Duration::from_millis(30);
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures and prints.
pub(crate) async fn measure(folder: &Path) {
    println!("\none message on an idle node, {MESSAGES} times:");
    submitted(&folder.join("submitted")).await;
    renamed(&folder.join("renamed")).await;
}

async fn submitted(folder: &Path) {
    fs::create_dir(folder).expect("the temporary folder is writable");
    let (sender, mut notes) = unbounded_channel();
    let probe = Probe::start(0, "fast", sender);
    let node = load::start(folder, std::slice::from_ref(&probe.port)).await;
    let mut disk = Disk::below(folder);
    let mut accepted = Vec::new();

    let spoken = each(&mut disk, &mut notes, async |number| {
        let request = load::request(format!("message {number}"));
        let begun = Instant::now();
        node.submitter().submit(request).await.expect("accepted");
        accepted.push(begun.elapsed());
        begun
    });
    let spoken = spoken.await;

    println!("  submitted to accepted: {}", accepted.into_iter().skip(WARM_UP).collect::<Spread>());
    println!("  submitted to the first octet of AT+CMGS: {spoken} (target p99 50 ms with three nodes)");
    node.drain().await;
}

async fn renamed(folder: &Path) {
    fs::create_dir(folder).expect("the temporary folder is writable");
    let smsnode = Path::new(env!("CARGO_BIN_EXE_smsnode-under-test"));
    let (sender, mut notes) = unbounded_channel();
    let probe = Probe::start(0, "fast", sender);
    let mut gateway = load::gateway(smsnode, folder, std::slice::from_ref(&probe.port)).await;
    let mut disk = Disk::below(folder);
    let (draft, outgoing) = (folder.join("draft"), gateway.folder("outgoing"));

    let spoken = each(&mut disk, &mut notes, async |number| {
        fs::write(&draft, load::file(&format!("file {number}"))).expect("the temporary folder is writable");
        let begun = Instant::now();
        fs::rename(&draft, outgoing.join(format!("file-{number}"))).expect("the same file system");
        begun
    });
    let spoken = spoken.await;

    println!("  renamed into outgoing to the first octet of AT+CMGS: {spoken} (target p99 20 ms)");
    gateway.stop();
}

/// From each moment that `begin` returns to the modem's first octet, after a pause in which the disk is timed alone.
async fn each(
    disk: &mut Disk,
    notes: &mut UnboundedReceiver<Note>,
    mut begin: impl AsyncFnMut(usize) -> Instant,
) -> Spread {
    let (mut waits, mut syncs) = (Vec::new(), Vec::new());
    for number in 0..WARM_UP + MESSAGES {
        syncs.push(disk.sync());
        load::pass(PAUSE).await;
        let begun = begin(number).await;
        waits.push(answered(notes).await - begun);
    }
    println!("  write and fdatasync alone, in the same pauses: {}", syncs.into_iter().collect::<Spread>());
    waits.into_iter().skip(WARM_UP).collect()
}

/// When the command came whose answer goes out next.
async fn answered(notes: &mut UnboundedReceiver<Note>) -> Instant {
    let mut spoken = None;
    loop {
        let note = tokio::time::timeout(PATIENCE, notes.recv()).await.expect("an answer in time");
        let Note { noted, at, .. } = note.expect("the probe lives");
        match noted {
            Noted::Command => spoken = Some(at),
            Noted::Answer => return spoken.expect("a command comes before its answer"),
            Noted::Prompt | Noted::Part => {}
        }
    }
}
