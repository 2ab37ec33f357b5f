//! Where settled rows come from when this node has lost its own: another node.

use futures_util::future::BoxFuture;
use smsgrid::model::MessageId;

use super::Row;

/// Another node's rows, in pages.
pub trait Source: Send + Sync + 'static {
    /// At most `limit` rows with ids above `after`, by id; none when there are no more. The node asked must have a
    /// complete history, or refuse.
    fn page(&self, after: Option<MessageId>, limit: usize) -> BoxFuture<'_, Result<Vec<Row>, SourceError>>;
}

/// Nobody can give a page now; it is asked for again later.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no other node gives its history: {why}")]
pub struct SourceError {
    /// Why, in words.
    pub why: String,
}
