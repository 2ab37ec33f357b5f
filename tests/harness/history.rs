//! What clients asked, were told, and when: the record of a run that the [checker](crate::checker) judges.
//!
//! Every time is counted from the beginning of the run on one monotonic clock, so that "before" means before.

use std::time::Duration;

use smsgrid::model::MessageState;

/// A moment of the run, counted from its beginning.
pub type Moment = Duration;

/// A place in the cluster's log, as the API shows it: opaque, and ordered as a string.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub String);

/// Everything that was asked in a run.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// Submissions, each try of its own.
    pub submits: Vec<Submit>,
    /// Reads that were answered.
    pub reads: Vec<Read>,
    /// What each watcher was told.
    pub watches: Vec<Watch>,
}

/// One try to submit a message.
#[derive(Clone, Debug)]
pub struct Submit {
    /// The idempotency key; tries with one key mean one message.
    pub key: String,
    /// Recipient, in digits; each message of a run has one of its own.
    pub to: String,
    /// Text, unique in the run.
    pub text: String,
    /// Which node was asked.
    pub node: usize,
    /// When it was asked.
    pub invoked: Moment,
    /// When the answer was there, or given up.
    pub returned: Moment,
    /// What it answered.
    pub answer: Answer,
}

/// The three honest answers to a submission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is in the log of a majority.
    Accepted {
        /// The message's id.
        id: String,
        /// Where it was accepted.
        revision: Revision,
    },
    /// It is certain that this try changed nothing.
    Rejected {
        /// The reason word.
        reason: String,
    },
    /// Nobody knows: deadline, broken connection.
    Unknown {
        /// What happened.
        why: String,
    },
}

/// How fresh a read has to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Level {
    /// Not older than the moment it was asked.
    Linear,
    /// Of any age, but not older than this revision, when there is one.
    Stale(Option<Revision>),
}

/// One read of a message.
#[derive(Clone, Debug)]
pub struct Read {
    /// The message.
    pub id: String,
    /// Which node was asked.
    pub node: usize,
    /// How fresh it had to be.
    pub level: Level,
    /// When it was asked.
    pub invoked: Moment,
    /// When the answer was there.
    pub returned: Moment,
    /// The revision the answer was read at.
    pub revision: Revision,
    /// The message's state; nothing when the node knows no such message.
    pub state: Option<MessageState>,
}

/// What one watcher was told, over all its connections. Where a node could not go on, a watch ends and a new one begins.
#[derive(Clone, Debug)]
pub struct Watch {
    /// Which watcher.
    pub name: String,
    /// The revision it began after.
    pub after: Revision,
    /// The changes in the order they came.
    pub changes: Vec<Change>,
}

/// One change a watcher was told of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Where in the log it happened.
    pub revision: Revision,
    /// The message.
    pub id: String,
    /// The state it was in; nothing for a new one.
    pub from: Option<MessageState>,
    /// The state it went to.
    pub state: MessageState,
}
