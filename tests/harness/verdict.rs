//! The end of a run: wait until every message has ended, collect what everybody says, and let the checker judge.

use std::collections::BTreeMap;
use std::fmt;
use std::time::{Duration, Instant};

use prost_types::Timestamp;
use smsgrid::model::MessageState;
use smsgrid_proto::v1;

use crate::checker::{self, Aired, Evidence, Fault, Final, Settled, Violation};
use crate::cluster::{Cluster, ask};
use crate::history::History;
use crate::ledger::Entry;
use crate::load::state_of;
use crate::wait;

/// How long everything may take once all faults are healed: two evidence windows of 120 s and some work.
pub const END: Duration = Duration::from_secs(300);
/// How long one question may be repeated.
const ASK: Duration = Duration::from_secs(30);
/// How long a part stays uncertain before the truth about it is told.
const AT_REST: Duration = Duration::from_secs(3);
/// The part of a doubt when no attempt tells.
const SOME_PART: u8 = 1;

/// A run that broke promises.
#[derive(Debug)]
pub struct Broken {
    /// Which.
    pub violations: Vec<Violation>,
    summary: String,
    faults: Vec<Fault>,
    report: String,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "broken promises of a run with {}:", self.summary)?;
        for violation in &self.violations {
            writeln!(f, "  {violation}")?;
        }
        writeln!(f, "faults:")?;
        for fault in &self.faults {
            writeln!(f, "  {:?} {}", fault.at, fault.what)?;
        }
        f.write_str(&self.report)
    }
}

/// Waits until every message of the cluster has ended; panics when `patience` is over.
pub fn wait_for_ends(cluster: &Cluster, patience: Duration) {
    cluster.until("the end of every message", patience, || {
        open(cluster, *cluster.running().first()?).filter(|open| *open == 0)
    });
}

/// Plays the person who knows: says of every uncertain part whether the network took it, so that nobody has to wait for
/// the evidence window.
pub fn resolve_by_truth(cluster: &Cluster) {
    let mut seen: BTreeMap<(String, u32), Instant> = BTreeMap::new();
    // Where this does not end, the verdict says so.
    wait::poll(END, || {
        let node = *cluster.running().first()?;
        if open(cluster, node)? == 0 {
            return Some(());
        }
        for (id, part, to) in uncertain(cluster, node) {
            let since = *seen.entry((id.clone(), part)).or_insert_with(Instant::now);
            // A modem may still be at it, and its node may still have something to say.
            if since.elapsed() >= AT_REST {
                let aired = cluster.simulator().ledger().entries();
                let is_aired = aired.iter().any(|it| it.destination == to && u32::from(it.part) == part);
                let verdict = if is_aired { v1::Verdict::Sent } else { v1::Verdict::NotSent };
                // Whoever is refused here looks again.
                let _ = cluster.asker().resolve(node, &id, part, verdict);
                seen.remove(&(id, part));
            }
        }
        None
    });
}

/// Message, part and recipient of every uncertain part.
fn uncertain(cluster: &Cluster, node: usize) -> Vec<(String, u32, String)> {
    let ids = cluster.asker().ids_in(node, v1::MessageState::Uncertain, ask::linear()).unwrap_or_default();
    let messages =
        ids.iter().filter_map(|id| cluster.asker().message(node, id, ask::linear()).ok().flatten());
    let parts = messages.flat_map(|message| {
        let to = message.to.trim_start_matches('+').to_owned();
        let parts = message.parts.into_iter().filter(|part| part.state() == v1::PartState::Uncertain);
        parts.map(move |part| (message.id.clone(), part.number, to.clone())).collect::<Vec<_>>()
    });
    parts.collect()
}

/// Waits for the end of every message and judges the run.
///
/// # Errors
/// Every broken promise, with the ends of the nodes' logs.
pub fn judge(cluster: &Cluster, history: History) -> Result<Evidence, Broken> {
    // What has not ended by then is one of the broken promises.
    wait::poll(END, || open(cluster, *cluster.running().first()?).filter(|open| *open == 0));
    let evidence = collect(cluster, history);
    let violations = checker::check(&evidence);
    if violations.is_empty() {
        return Ok(evidence);
    }
    Err(Broken {
        violations,
        summary: checker::summary(&evidence),
        faults: evidence.faults,
        report: cluster.report(),
    })
}

/// How many messages have not ended.
fn open(cluster: &Cluster, node: usize) -> Option<u64> {
    let queue = cluster.asker().status(node, ask::linear()).ok()?.queue?;
    Some(queue.queued + queue.claimed + queue.sending + queue.uncertain + queue.scheduled)
}

/// Everything that is known of the run now.
pub fn collect(cluster: &Cluster, history: History) -> Evidence {
    let (ids, revision) = cluster.until("a list of all messages", ASK, || {
        cluster.asker().ids(*cluster.running().first()?, ask::linear()).ok()
    });
    let finals = cluster.running().into_iter().map(|node| last_word(cluster, node, &ids, &revision));
    let finals = finals.collect();
    let ledger = cluster.simulator().ledger().entries().into_iter();
    let aired = ledger.filter(|entry| entry.call.is_none()).map(aired).collect();
    Evidence { history, aired, finals, faults: cluster.faults().to_vec() }
}

fn aired(entry: Entry) -> Aired {
    let at: Timestamp = entry.time.parse().expect("a ledger tells times in RFC 3339");
    Aired { to: entry.destination, part: entry.part, imsi: entry.imsi, at_ms: millis(&at) }
}

fn millis(at: &Timestamp) -> u64 {
    let (seconds, nanos) = (u64::try_from(at.seconds), u64::try_from(at.nanos));
    seconds.expect("after 1970") * 1000 + nanos.expect("within a second") / 1_000_000
}

fn last_word(cluster: &Cluster, node: usize, ids: &[String], revision: &str) -> Final {
    let message = |id: &String| {
        let asked = || cluster.asker().message(node, id, ask::since(revision)).ok();
        cluster.until(&format!("message {id} at node {node}"), ASK, asked)
    };
    let messages = ids.iter().filter_map(message).filter_map(|message| settled(&message)).collect();
    Final { node, messages }
}

/// A message in the words of the checker.
fn settled(message: &v1::Message) -> Option<Settled> {
    let went: Vec<MessageState> = message.events.iter().filter_map(|event| state_of(event.state)).collect();
    Some(Settled {
        id: message.id.clone(),
        to: message.to.trim_start_matches('+').to_owned(),
        text: message.text.clone(),
        state: state_of(message.state)?,
        parts: u8::try_from(message.parts.len()).ok()?,
        doubted: doubted(message, &went),
        went,
        marked_ms: marks(message),
    })
}

/// When it was marked as one that may be on the air.
fn marks(message: &v1::Message) -> Vec<u64> {
    let is_mark = |event: &&v1::HistoryEvent| event.state() == v1::MessageState::Uncertain;
    message.events.iter().filter(is_mark).filter_map(|event| event.time.as_ref().map(millis)).collect()
}

/// The parts of the attempts that were ever uncertain. What a doubt became later is told by the attempt, that there was
/// one by the message's history: one part is on its way at a time, so each time is one attempt.
fn doubted(message: &v1::Message, went: &[MessageState]) -> Vec<u8> {
    let is_doubt = |outcome| matches!(outcome, v1::Outcome::Uncertain | v1::Outcome::Released);
    let open = message.attempts.iter().filter(|attempt| is_doubt(attempt.outcome()));
    let mut doubted: Vec<u8> = open.filter_map(|attempt| u8::try_from(attempt.part).ok()).collect();
    let times = went.iter().filter(|state| **state == MessageState::Uncertain).count();
    let parts: Vec<u8> =
        message.attempts.iter().filter_map(|attempt| u8::try_from(attempt.part).ok()).collect();
    // The parts tried most often are those that were doubted.
    while doubted.len() < times {
        let tries = |part: &&u8| {
            let (all, known) = (parts.iter(), doubted.iter());
            all.filter(|other| other == part)
                .count()
                .saturating_sub(known.filter(|other| other == part).count())
        };
        doubted.push(parts.iter().max_by_key(tries).copied().unwrap_or(SOME_PART));
    }
    doubted
}
