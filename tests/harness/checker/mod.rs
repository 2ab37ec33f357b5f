//! Judges a run: what was asked, what the network took, and what is left in the end.
//!
//! Pure: it looks at records only, so that it can be tested on histories made by hand. Each file holds one promise and
//! gives its faults as sentences; [`check`] gives all of them, and none means that the run kept every promise.

mod air;
mod doubts;
mod ends;
mod keys;
mod losses;
mod reads;
mod refusals;
mod replicas;
#[cfg(test)]
mod tests;
mod watches;

use std::collections::BTreeMap;
use std::fmt;

use smsgrid::model::MessageState;

use crate::history::{Answer, History, Moment};

/// Most faults of one promise that are told; a run that breaks everything stays readable.
const TOLD_MAX: usize = 12;

/// Everything that is known of a run after it ended and all faults were healed.
#[derive(Clone, Debug, Default)]
pub struct Evidence {
    /// What clients asked and were told.
    pub history: History,
    /// What the simulated networks took.
    pub aired: Vec<Aired>,
    /// What each node says in the end.
    pub finals: Vec<Final>,
    /// What was done to the cluster.
    pub faults: Vec<Fault>,
}

/// A part that the network took.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aired {
    /// Recipient, in digits.
    pub to: String,
    /// Number of the part, from 1.
    pub part: u8,
    /// The SIM that sent it.
    pub imsi: String,
    /// When, in milliseconds since 1970.
    pub at_ms: u64,
}

/// What a node says in the end.
#[derive(Clone, Debug)]
pub struct Final {
    /// Which node.
    pub node: usize,
    /// Its messages.
    pub messages: Vec<Settled>,
}

/// A message in the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// Its id.
    pub id: String,
    /// Its recipient, in digits.
    pub to: String,
    /// Its text.
    pub text: String,
    /// Its state.
    pub state: MessageState,
    /// How many parts it has.
    pub parts: u8,
    /// The parts of its attempts that were ever uncertain, one entry an attempt.
    pub doubted: Vec<u8>,
    /// Every state it went through, the first one first.
    pub went: Vec<MessageState>,
    /// When each mark that it may be on the air was set, in milliseconds since 1970 by the leader's clock, which is the
    /// network's.
    pub marked_ms: Vec<u64>,
}

/// Something done to the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// When.
    pub at: Moment,
    /// What.
    pub what: String,
    /// How many modems it may have caught at work: the most parts it may leave uncertain.
    pub modems: usize,
}

/// A broken promise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The promise, in two or three words.
    pub promise: Promise,
    /// What is wrong.
    pub what: String,
}

/// What a run must keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Promise {
    /// What was acknowledged is there, whole.
    NothingLost,
    /// What was surely refused never appears.
    RefusedStaysRefused,
    /// No part is on the air twice without a mark; what is called sent was, what is called unsent was not.
    NoSilentDuplicate,
    /// Uncertain parts come from faults, at most one a modem touched.
    DoubtsBounded,
    /// Linearizable reads never go back; stale ones are as fresh as asked.
    ReadsNeverGoBack,
    /// Every message ends.
    EveryMessageEnds,
    /// A key means one message.
    OneIdPerKey,
    /// A watch has no gap and no repeat.
    WatchWhole,
    /// All nodes say the same.
    ReplicasAgree,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.promise, self.what)
    }
}

/// Looks at a run for one promise and tells each fault as a sentence.
type Check = fn(&Evidence) -> Vec<String>;

/// Every broken promise of the run.
pub fn check(evidence: &Evidence) -> Vec<Violation> {
    let checks: [(Promise, Check); 9] = [
        (Promise::NothingLost, losses::check),
        (Promise::RefusedStaysRefused, refusals::check),
        (Promise::NoSilentDuplicate, air::check),
        (Promise::DoubtsBounded, doubts::check),
        (Promise::ReadsNeverGoBack, reads::check),
        (Promise::EveryMessageEnds, ends::check),
        (Promise::OneIdPerKey, keys::check),
        (Promise::WatchWhole, watches::check),
        (Promise::ReplicasAgree, replicas::check),
    ];
    checks.into_iter().flat_map(|(promise, check)| told(promise, check(evidence))).collect()
}

/// What a run did, in one line, for whoever watches.
pub fn summary(evidence: &Evidence) -> String {
    let history = &evidence.history;
    let count =
        |wanted: fn(&Answer) -> bool| history.submits.iter().filter(|submit| wanted(&submit.answer)).count();
    let mut copies: BTreeMap<(&str, u8), usize> = BTreeMap::new();
    for aired in &evidence.aired {
        *copies.entry((&aired.to, aired.part)).or_default() += 1;
    }
    format!(
        "{} accepted, {} rejected, {} unknown answers, {} reads, {} parts on the air, {} of them twice, {} uncertain, {} faults",
        count(|answer| matches!(answer, Answer::Accepted { .. })),
        count(|answer| matches!(answer, Answer::Rejected { .. })),
        count(|answer| matches!(answer, Answer::Unknown { .. })),
        history.reads.len(),
        copies.len(),
        copies.values().filter(|count| **count > 1).count(),
        evidence.doubts(),
        evidence.faults.len(),
    )
}

impl Evidence {
    /// What the first node says in the end, by recipient; the [replicas] are compared by themselves.
    fn by_recipient(&self) -> BTreeMap<&str, Vec<&Settled>> {
        let mut messages: BTreeMap<&str, Vec<&Settled>> = BTreeMap::new();
        for settled in self.finals.first().map(|last| &last.messages).into_iter().flatten() {
            messages.entry(&settled.to).or_default().push(settled);
        }
        messages
    }

    /// How often each part was on the air.
    fn copies(&self) -> BTreeMap<(&str, u8), usize> {
        let mut copies = BTreeMap::new();
        for aired in &self.aired {
            *copies.entry((aired.to.as_str(), aired.part)).or_insert(0) += 1;
        }
        copies
    }

    /// How many attempts were ever uncertain.
    pub fn doubts(&self) -> usize {
        let first = self.finals.first().map(|last| &last.messages);
        first.into_iter().flatten().map(|settled| settled.doubted.len()).sum()
    }
}

fn told(promise: Promise, mut faults: Vec<String>) -> Vec<Violation> {
    let more = faults.len().saturating_sub(TOLD_MAX);
    faults.truncate(TOLD_MAX);
    if more > 0 {
        faults.push(format!("and {more} more"));
    }
    faults.into_iter().map(|what| Violation { promise, what }).collect()
}
