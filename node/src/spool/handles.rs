//! What the spool needs of the rest of the node, and nothing more.

use std::future::Future;

use smsgrid::model::MessageId;
use smsgrid::worker::handlers::Verdict;
use smsgrid::worker::intake::{Alarm, FileName, Filed, Folder, Outcome, SubmitReply};
use smsgrid::worker::submission::Submission;
use tokio_util::sync::CancellationToken;

/// A message of a file, to be submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolMessage {
    /// The idempotency key: the same message under the same key, as often as need be.
    pub key: String,
    /// The message.
    pub submission: Submission,
    /// Who put the file there: the identity that counts, whatever the file says.
    pub owner: u32,
}

/// Brings messages into the cluster.
pub trait Submitter: Send + Sync + 'static {
    /// Submits, or finds what the key became earlier; a key used for other content counts as accepted, because that
    /// is the message this file became. Answers within a bound of its own; [`SubmitReply::Later`] is repeated.
    fn submit(&self, message: SpoolMessage) -> impl Future<Output = SubmitReply> + Send;
}

/// Tells what becomes of messages.
pub trait Outcomes: Send + Sync + 'static {
    /// Waits until the message is out of the modems' hands; at once when it is already. Safe to drop.
    fn outcome(&self, message: MessageId) -> impl Future<Output = Outcome> + Send;
    /// What became of the message, if that is known now.
    fn settled(&self, message: MessageId) -> Option<Outcome>;
}

/// Hears what the spool has to say. No method may block.
pub trait Listener: Send + Sync + 'static {
    /// Something an operator should know.
    fn alarm(&self, alarm: &Alarm);
    /// The same, and waits until the alarm handler has returned; at once where there is none.
    fn handled(&self, alarm: &Alarm) -> impl Future<Output = ()> + Send;
    /// What the check handler says of a file.
    fn check(&self, folder: Folder, name: &FileName) -> impl Future<Output = Verdict> + Send;
    /// Tells the event handler of a result, until it is done with it. False when `stop` came first.
    fn told(&self, filed: &Filed, stop: &CancellationToken) -> impl Future<Output = bool> + Send;
    /// A result stands in its folder; told again after a crash, under the same id.
    fn filed(&self, filed: &Filed);
    /// So many files are taken and not filed yet, told again whenever that may have changed.
    fn holds(&self, files: usize);
}
