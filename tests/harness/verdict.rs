//! The end of a run: wait until every message has ended, collect what everybody says, and let the checker judge.

use std::time::Duration;

use smsgrid::model::MessageState;
use smsgrid_proto::v1;

use crate::checker::{self, Aired, Evidence, Final, Settled};
use crate::cluster::{Cluster, ask};
use crate::history::History;
use crate::load::state_of;

/// How long everything may take once all faults are healed: two evidence windows of 120 s and some work.
pub const END: Duration = Duration::from_secs(300);
/// How long one question may be repeated.
const ASK: Duration = Duration::from_secs(30);
/// The marks of attempts whose part is not known.
const SOME_PART: u8 = 1;

/// Waits until every message of the cluster has ended.
pub fn wait_for_ends(cluster: &Cluster, patience: Duration) {
    let mut last = None;
    let ended = crate::wait::poll(patience, || {
        let status = cluster.asker().status(cluster.running().first().copied()?, ask::linear()).ok()?;
        let queue = status.queue?;
        let open = queue.queued + queue.claimed + queue.sending + queue.uncertain + queue.scheduled;
        last = Some(queue);
        (open == 0).then_some(())
    });
    assert!(ended.is_some(), "messages that do not end after {patience:?}: {last:?}\n{}", cluster.report());
}

/// Waits for the end of every message and judges the run; panics with every broken promise.
pub fn judge(cluster: &Cluster, history: History) -> Evidence {
    wait_for_ends(cluster, END);
    let evidence = collect(cluster, history);
    let violations = checker::check(&evidence);
    let told: Vec<String> = violations.iter().map(ToString::to_string).collect();
    assert!(
        violations.is_empty(),
        "broken promises of a run with {}:\n{}\nfaults: {:#?}\n{}",
        checker::summary(&evidence),
        told.join("\n"),
        evidence.faults,
        cluster.report()
    );
    evidence
}

/// Everything that is known of the run now.
pub fn collect(cluster: &Cluster, history: History) -> Evidence {
    let (ids, revision) = cluster.until("a list of all messages", ASK, || {
        cluster.asker().ids(*cluster.running().first()?, ask::linear()).ok()
    });
    let finals = cluster.running().into_iter().map(|node| last_word(cluster, node, &ids, &revision));
    let finals = finals.collect();
    let ledger = cluster.simulator().ledger().entries().into_iter();
    let aired =
        ledger.map(|entry| Aired { to: entry.destination, part: entry.part, imsi: entry.imsi }).collect();
    Evidence { history, aired, finals, faults: cluster.faults().to_vec() }
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
    })
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
