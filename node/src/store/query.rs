//! What can be asked of the history, and the place where an answer goes on.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use smsgrid::model::{MessageId, MessageState, Name, Timestamp};
use smsgrid::queue::Record;

use super::Row;
use super::key::{Index, SKEW_MAX};

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

impl Query {
    /// Whether a message like this is asked for.
    pub(super) fn admits(
        &self,
        state: MessageState,
        accepted: Timestamp,
        to: &[u8],
        is_of_modem: impl FnOnce(&Name) -> bool,
    ) -> bool {
        (self.states.is_empty() || self.states.contains(&state))
            && self.after.is_none_or(|after| after <= accepted)
            && self.before.is_none_or(|before| accepted < before)
            && self.to.as_ref().is_none_or(|wanted| wanted.as_bytes() == to)
            && self.modem.as_ref().is_none_or(is_of_modem)
    }

    /// Whether this message is asked for.
    pub(super) fn admits_record(&self, record: &Record) -> bool {
        let is_of_modem = |name: &Name| record.claims().iter().any(|claim| claim.modem == *name);
        let to = record.content.destination.reveal().as_bytes();
        self.admits(record.state(), record.accepted, to, is_of_modem)
    }

    /// The indexes to go through, the one that says most.
    pub(super) fn indexes(&self) -> Vec<Index> {
        if let Some(to) = &self.to {
            return vec![Index::Destination(to.as_bytes().to_vec())];
        }
        if let Some(modem) = &self.modem {
            return vec![Index::Modem(modem.as_str().as_bytes().to_vec())];
        }
        if self.states.is_empty() {
            return vec![Index::Ids, Index::Strays];
        }
        self.states.iter().copied().map(Index::State).collect()
    }

    /// Where the messages asked for begin, the oldest first, as far as the times say.
    pub(super) fn since(&self) -> Timestamp {
        self.after.unwrap_or(Timestamp::ZERO) - SKEW_MAX
    }

    /// The place before which they all stand.
    pub(super) fn upto(&self, cursor: Option<Cursor>) -> Cursor {
        let before = self.before.map_or(Cursor::END, |before| Cursor::at(before + SKEW_MAX));
        cursor.unwrap_or(Cursor::END).min(before)
    }
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
