//! How long a modem waits for the node while messages are waiting for it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use smsgrid_tests::spread::Spread;
use tokio::sync::mpsc::unbounded_channel;

use crate::load;
use smsgrid_tests::probe::{Note, Noted, Probe};

const MODEMS: usize = 8;
const MESSAGES: usize = MODEMS * 50;
/// Longest silence of all modems.
const PATIENCE: Duration = Duration::from_secs(10);

/// Measures and prints.
pub(crate) async fn measure(folder: &Path) {
    let (sender, mut receiver) = unbounded_channel();
    let probe = |number| Probe::start(number, "steady", sender.clone());
    let probes: Vec<Probe> = (0..).take(MODEMS).map(probe).collect();
    let ports: Vec<PathBuf> = probes.iter().map(|probe| probe.port.clone()).collect();
    let node = load::start(folder, &ports).await;

    load::submit(&node, "message", MESSAGES).await;
    let mut notes = vec![Vec::new(); MODEMS];
    let mut answers = 0;
    while answers < MESSAGES {
        let note = tokio::time::timeout(PATIENCE, receiver.recv()).await.expect("answers in time");
        let note = note.expect("the probes live");
        answers += usize::from(note.noted == Noted::Answer);
        notes[note.modem as usize].push(note);
    }

    println!("\n{MODEMS} modems that take 300 ms a message, under load, as they see their driver:");
    println!("  {:.2} % of the time they were at work", share(&notes) * 100.0);
    println!(
        "  idle from one answer to the next command: {} (target 20 ms)",
        spans(&notes, Noted::Answer, Noted::Command)
    );
    println!("  from the prompt to the whole part: {}", spans(&notes, Noted::Prompt, Noted::Part));
    node.drain().await;
}

/// The share of the time from the first command to the last answer in which no modem waited for its driver.
fn share(notes: &[Vec<Note>]) -> f64 {
    let whole: Duration = notes.iter().filter_map(|notes| Some(notes.last()?.at - notes.first()?.at)).sum();
    let waits = [(Noted::Answer, Noted::Command), (Noted::Prompt, Noted::Part)];
    let waited: Duration = waits.into_iter().map(|(from, to)| spans(notes, from, to).sum()).sum();
    1.0 - waited.as_secs_f64() / whole.as_secs_f64()
}

/// How long it took from each `from` to the `to` that follows at once.
fn spans(notes: &[Vec<Note>], from: Noted, to: Noted) -> Spread {
    let pairs = notes.iter().flat_map(|notes| notes.windows(2));
    pairs
        .filter_map(|pair| match pair {
            [first, second] if (first.noted, second.noted) == (from, to) => Some(second.at - first.at),
            _ => None,
        })
        .collect()
}
