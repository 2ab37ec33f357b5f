//! `smsnode demo`: a whole node with simulated modems, its spool folder, and nothing that stays behind.
//!
//! Demo and production share every line but the modems at the end of the ptys.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde_json::json;
use smsgrid::model::{Address, Content, MessageState, Name, Origin, Part, PartNumber, Priority, SendOptions};
use smsgrid::queue::{AttemptState, Queue, Route};
use smsgrid::text::{SegmentOptions, segment};
use smsgrid_proto::Exit;
use tracing::debug;

use crate::cli;
use crate::clock::Clock;
use crate::config::Config;
use crate::machine::View;
use crate::node::Node;
use crate::run;
use crate::submit::{Request, Submitter};
use crate::telemetry;

/// The tempers of the modems, in turn.
const TEMPERS: [&str; 4] = ["fast", "steady", "normal", "flaky"];
/// How often a message of the demo's own is sent.
const TRAFFIC_INTERVAL: Duration = Duration::from_secs(10);

/// Try everything with simulated modems; data is thrown away on exit
///
/// Prints a folder: a file dropped into it leaves through a simulated serial port.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Nodes; one for now
    #[arg(long, default_value_t = 1, value_parser = clap::value_parser!(u8).range(1..=1))]
    nodes: u8,
    /// Simulated modems, of different tempers
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=32))]
    modems: u8,
    /// Keep everything in this folder instead of a temporary one
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Say where everything is as one line of JSON
    #[arg(long)]
    json: bool,
    /// Send no messages of the demo's own
    #[arg(long)]
    quiet: bool,
}

/// Where the demo keeps what.
struct Places {
    root: PathBuf,
    /// Removes the folder when the demo ends.
    _temporary: Option<tempfile::TempDir>,
}

/// What became of the messages.
#[derive(Debug, Default, PartialEq, Eq)]
struct Tally {
    accepted: usize,
    sent: usize,
    failed: usize,
    waiting: usize,
    /// Parts called sent that the network never saw.
    lost: usize,
}

pub(crate) fn carry_out(args: &Args, out: &mut dyn Write, talk: &mut dyn Write) -> io::Result<Exit> {
    let started = Instant::now();
    let places = Places::make(args.keep.as_deref())?;
    let config = match Config::parse("demo.toml", &places.config(args.modems)) {
        Ok(config) => config,
        Err(problems) => return cli::tell(&problems, talk),
    };
    if let Err(problem) = telemetry::install(&config.log, &config.node.name) {
        return cli::tell(&[*problem], talk);
    }
    run::runtime()?.block_on(async {
        let mut signals = run::Signals::listen();
        let node = match Node::start(config, Clock::system()).await {
            Ok(node) => node,
            Err(failure) => {
                let problem = run::problem(&failure);
                writeln!(talk, "{problem}")?;
                return Ok(problem.reason.exit());
            }
        };
        let exit = tokio::select! {
            () = signals.stop() => Exit::Done,
            end = node.unexpected_end() => {
                writeln!(talk, "the demo ended: {end}")?;
                Exit::Unexpected
            }
            () = ready(&node) => {
                places.tell(args, started.elapsed(), out)?;
                serve(&node, args.quiet, &mut signals).await
            }
        };
        let view = node.view().clone();
        tokio::select! {
            () = node.drain() => {}
            () = signals.stop() => return Ok(Exit::Interrupted),
        }
        tell_tally(&tally(&view, &places.ledger()), args.json, out)?;
        Ok(exit)
    })
}

/// Runs until Ctrl-C, with some traffic.
async fn serve(node: &Node, quiet: bool, signals: &mut run::Signals) -> Exit {
    tokio::select! {
        () = signals.stop() => Exit::Done,
        _ = node.unexpected_end() => Exit::Unexpected,
        () = traffic(node.submitter()), if !quiet => Exit::Unexpected,
    }
}

/// Waits until the first modem takes messages.
async fn ready(node: &Node) {
    let mut wakes = node.view().wakes();
    while !node.view().read(|queue| queue.registrations().any(|modem| modem.armed)) {
        if wakes.changed().await.is_err() {
            return;
        }
    }
}

async fn traffic(submitter: Submitter) {
    for number in 1_u32.. {
        tokio::time::sleep(TRAFFIC_INTERVAL).await;
        let Some(request) = message(number) else { return };
        if let Err(failure) = submitter.submit(request).await {
            debug!(%failure, "demo message not accepted");
        }
    }
}

fn message(number: u32) -> Option<Request> {
    let text = format!("demo message {number}: Grüße aus dem Netz");
    let segmented = segment(&text, &SegmentOptions::default()).ok()?;
    let parts = (1..).map(PartNumber).zip(segmented.parts);
    let content = Content {
        destination: Address::international(&format!("4917000{:05}", number % 100_000)).ok()?,
        alphabet: segmented.alphabet,
        parts: parts.map(|(number, user_data)| Part { number, user_data }).collect(),
        options: SendOptions::default(),
    };
    Some(Request {
        client: Name::new("demo").ok()?,
        key: None,
        content,
        origin: Origin::Api,
        priority: Priority::Normal,
        uncertain: Default::default(),
        not_before: None,
        deadline: None,
        route: Route::default(),
        attempts_max: None,
    })
}

impl Places {
    fn make(keep: Option<&Path>) -> io::Result<Places> {
        let (root, temporary) = match keep {
            Some(folder) => {
                std::fs::create_dir_all(folder)?;
                (folder.canonicalize()?, None)
            }
            None => {
                let folder = tempfile::Builder::new().prefix("smsgrid-demo-").tempdir()?;
                (folder.path().to_owned(), Some(folder))
            }
        };
        Ok(Places { root, _temporary: temporary })
    }

    fn config(&self, modems: u8) -> String {
        let data = quoted(&self.root.join("data"));
        let spool = quoted(&self.root.join("spool"));
        let mut text = format!(
            "[node]\nname = \"gw-a\"\ndata_dir = {data}\n\n[listen]\napi = \"127.0.0.1:0\"\n\n[spool]\ndir = {spool}\n\n[log]\nlevel = \"warn\"\n"
        );
        for (number, temper) in (1..=modems).zip(TEMPERS.iter().cycle()) {
            text.push_str(&format!("\n[modems.GSM{number}]\nport = \"sim:{temper}\"\n"));
        }
        text
    }

    fn folder(&self, name: &str) -> PathBuf {
        self.root.join("spool").join(name)
    }

    fn ledger(&self) -> PathBuf {
        self.root.join("data").join("sim-ledger.jsonl")
    }

    fn tell(&self, args: &Args, took: Duration, out: &mut dyn Write) -> io::Result<()> {
        let (outgoing, sent, failed) = (self.folder("outgoing"), self.folder("sent"), self.folder("failed"));
        if args.json {
            let line = json!({
                "v": 1, "nodes": args.nodes, "modems": args.modems, "outgoing": outgoing, "sent": sent,
                "failed": failed, "ledger": self.ledger(), "ready_ms": took.as_millis(),
            });
            return writeln!(out, "{line}").and_then(|()| out.flush());
        }
        let (draft, ledger) = (self.folder("hello"), self.ledger());
        let stays = if self.is_kept() { "data stays there" } else { "data is thrown away on exit" };
        writeln!(
            out,
            "Smsgrid demo: {} node, {} simulated modems, {stays}     (not for production)\n\n\
             \x20 outgoing    {}\n\x20 sent        {}\n\x20 failed      {}\n\
             \x20 ledger      {}   what the simulated network took\n\n\
             \x20 ready in {:.1} s\n\n\
             Try, in another terminal:\n\
             \x20 printf 'To: +491700000001\\n\\nhello\\n' > {} && mv {} {}/\n\
             \x20 cat {}/hello\n\
             \x20 tail -n 1 {}\n\n\
             Ctrl-C ends it.",
            args.nodes,
            args.modems,
            outgoing.display(),
            sent.display(),
            failed.display(),
            ledger.display(),
            took.as_secs_f64(),
            draft.display(),
            draft.display(),
            outgoing.display(),
            sent.display(),
            ledger.display(),
        )?;
        out.flush()
    }

    fn is_kept(&self) -> bool {
        self._temporary.is_none()
    }
}

/// A path as a TOML string: what Rust escapes TOML reads back.
fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}

fn tally(view: &View, ledger: &Path) -> Tally {
    let lines = std::fs::read_to_string(ledger).unwrap_or_default();
    let mut network: BTreeMap<(String, u8), usize> = BTreeMap::new();
    for entry in lines.lines().filter_map(|line| serde_json::from_str::<smsgrid::simulator::Entry>(line).ok())
    {
        *network.entry((entry.imsi, entry.message_reference)).or_insert(0) += 1;
    }
    view.read(|queue| count(queue, network))
}

fn count(queue: &Queue, mut network: BTreeMap<(String, u8), usize>) -> Tally {
    let mut tally = Tally { accepted: queue.messages().count(), ..Tally::default() };
    for record in queue.messages() {
        match record.state() {
            MessageState::Sent | MessageState::Delivered | MessageState::Undelivered => tally.sent += 1,
            MessageState::Failed
            | MessageState::Expired
            | MessageState::Canceled
            | MessageState::Rejected => {
                tally.failed += 1;
            }
            MessageState::Scheduled
            | MessageState::Queued
            | MessageState::Claimed
            | MessageState::Sending
            | MessageState::Uncertain => tally.waiting += 1,
        }
        for (claim, attempt) in record.parts().filter_map(|part| part.attempt) {
            let key = (claim.identity.imsi.to_string(), attempt.message_reference.unwrap_or_default());
            if attempt.state == AttemptState::Sent && !take(&mut network, key) {
                tally.lost += 1;
            }
        }
    }
    tally
}

/// Takes one entry of the ledger for a sent part.
fn take(network: &mut BTreeMap<(String, u8), usize>, key: (String, u8)) -> bool {
    match network.get_mut(&key) {
        Some(entries) if *entries > 0 => {
            *entries -= 1;
            true
        }
        Some(_) | None => false,
    }
}

fn tell_tally(tally: &Tally, json: bool, out: &mut dyn Write) -> io::Result<()> {
    let Tally { accepted, sent, failed, waiting, lost } = tally;
    if json {
        let line =
            json!({ "accepted": accepted, "sent": sent, "failed": failed, "waiting": waiting, "lost": lost });
        return writeln!(out, "{line}");
    }
    writeln!(out, "\n{accepted} accepted, {sent} sent, {failed} failed, {waiting} waiting, {lost} lost")
}
