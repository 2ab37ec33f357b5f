//! What can be asked of the history, and the place where an answer goes on.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use smsgrid::model::{MessageId, MessageState, Name, Timestamp};

use super::Row;

/// Which messages are wanted; what is empty or none is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Query {
    /// In one of these states.
    pub states: BTreeSet<MessageState>,
    /// Claimed by the modem of this name, now or for an attempt.
    pub modem: Option<Name>,
    /// To exactly these digits, without a plus sign.
    pub to: Option<String>,
    /// Accepted at this moment or later.
    pub after: Option<Timestamp>,
    /// Accepted before this moment.
    pub before: Option<Timestamp>,
}

/// The place of a message in the order of lists, which never changes: time, then id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cursor {
    /// Milliseconds since the Unix epoch.
    pub(super) moment: u64,
    /// The message.
    pub(super) id: MessageId,
}

/// A text is no cursor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this is not a place in a list that was given out before")]
pub struct CursorError;

/// Some messages, the newest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// The messages, at most as many as asked for. Fewer do not mean that there are no more.
    pub rows: Vec<Row>,
    /// Where to go on; none when there are no more.
    pub next: Option<Cursor>,
    /// Whether nothing is missing; otherwise another node may know more.
    pub complete: bool,
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:012x}{}", self.moment, self.id)
    }
}

impl FromStr for Cursor {
    type Err = CursorError;

    fn from_str(text: &str) -> Result<Cursor, CursorError> {
        let (moment, id) = text.split_at_checked(12).ok_or(CursorError)?;
        let moment = u64::from_str_radix(moment, 16).map_err(|_| CursorError)?;
        Ok(Cursor { moment, id: id.parse().map_err(|_| CursorError)? })
    }
}
