//! How much of the history this node has.

/// Whether an answer from this node can be taken as the whole truth about messages that memory no longer holds.
/// Messages that are not final, and those that became final lately, are in memory and never missing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Completeness {
    /// Every message is here that retention has not dropped.
    Complete,
    /// The rows are being opened and checked; nothing is read from them yet.
    #[default]
    Opening,
    /// Rows were lost; they are fetched from another node.
    Rebuilding,
    /// The disk or the rows failed and the store waits to try again; nothing is read from them.
    Closed,
}

impl Completeness {
    /// Whether a message that is not found here does not exist, or was dropped by retention.
    pub const fn is_complete(self) -> bool {
        match self {
            Completeness::Complete => true,
            Completeness::Opening | Completeness::Rebuilding | Completeness::Closed => false,
        }
    }

    /// The word for logs and status.
    pub const fn word(self) -> &'static str {
        match self {
            Completeness::Complete => "complete",
            Completeness::Opening => "opening",
            Completeness::Rebuilding => "rebuilding",
            Completeness::Closed => "closed",
        }
    }
}
