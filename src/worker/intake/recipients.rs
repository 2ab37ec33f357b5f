//! The recipients of a file: each has a message of its own, and the file rests when all have their end.
//!
//! ```text
//! Open --Submit--> Asked --accepted--> Accepted --Follow--> Followed --settled--> Ended
//!   ^                |  \--refused-----------------------------------------------^
//!   +--later, lost---+
//! ```

use std::collections::BTreeMap;

use crate::model::MessageId;

use super::outcome::Verdict;

/// How far the message for one recipient got.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Recipient {
    /// To be submitted, perhaps once more.
    Open,
    /// Submitted; there is no answer yet.
    Asked,
    /// The cluster has it; nobody waits for its outcome.
    Accepted(MessageId),
    /// Its outcome is waited for.
    Followed(MessageId),
    /// It has its end.
    Ended(Verdict),
}

/// The recipients of a file, in its order.
#[derive(Clone, Debug, Default)]
pub(super) struct Recipients {
    all: Vec<Recipient>,
    /// What the journal knows of the messages of an earlier run.
    known: BTreeMap<u16, MessageId>,
}

impl Recipients {
    /// What the journal knows: messages by recipient, of so many.
    pub(super) fn recovered(known: BTreeMap<u16, MessageId>, count: u16) -> Recipients {
        let mut recipients = Recipients { all: Vec::new(), known };
        if count > 0 && recipients.known.len() == usize::from(count) {
            recipients.expect(count);
        }
        recipients
    }

    /// The file has so many recipients; what is known of them stays.
    pub(super) fn expect(&mut self, count: u16) {
        if self.all.is_empty() {
            let known = |number| self.known.get(&number).copied();
            self.all =
                (0..count).map(|number| known(number).map_or(Recipient::Open, Recipient::Accepted)).collect();
        }
    }

    /// How many there are; 0 before that is known.
    pub(super) fn count(&self) -> u16 {
        u16::try_from(self.all.len()).unwrap_or(u16::MAX)
    }

    /// Whether anything was accepted for any of them.
    pub(super) fn has_message(&self) -> bool {
        !self.known.is_empty() || self.all.iter().any(|recipient| recipient.message().is_some())
    }

    /// Those that are to be submitted; from now on they are asked for.
    pub(super) fn ask(&mut self) -> Vec<u16> {
        self.change(|recipient| (*recipient == Recipient::Open).then_some(((), Recipient::Asked)))
            .into_iter()
            .map(|(number, ())| number)
            .collect()
    }

    /// Those whose outcomes are to be waited for, with their messages; from now on they are.
    pub(super) fn follow(&mut self) -> Vec<(u16, MessageId)> {
        self.change(|recipient| match recipient {
            Recipient::Accepted(message) => Some((*message, Recipient::Followed(*message))),
            Recipient::Open | Recipient::Asked | Recipient::Followed(_) | Recipient::Ended(_) => None,
        })
    }

    /// Those whose outcomes are waited for, with their messages.
    pub(super) fn followed(&self) -> impl Iterator<Item = (u16, MessageId)> {
        (0..).zip(&self.all).filter_map(|(number, recipient)| match recipient {
            Recipient::Followed(message) => Some((number, *message)),
            Recipient::Open | Recipient::Asked | Recipient::Accepted(_) | Recipient::Ended(_) => None,
        })
    }

    /// Whether this one was asked for and not answered.
    pub(super) fn is_asked(&self, number: u16) -> bool {
        self.all.get(usize::from(number)) == Some(&Recipient::Asked)
    }

    /// Whether the outcome of this one is waited for.
    pub(super) fn is_followed(&self, number: u16) -> bool {
        matches!(self.all.get(usize::from(number)), Some(Recipient::Followed(_)))
    }

    /// The cluster accepted this one.
    pub(super) fn accept(&mut self, number: u16, message: MessageId) {
        self.set(number, Recipient::Accepted(message));
    }

    /// This one is to be submitted again.
    pub(super) fn reopen(&mut self, number: u16) {
        self.set(number, Recipient::Open);
    }

    /// Nobody waits for the outcome of this one any more.
    pub(super) fn lose(&mut self, number: u16) {
        if let Some(message) = self.all.get(usize::from(number)).and_then(Recipient::message) {
            self.set(number, Recipient::Accepted(message));
        }
    }

    /// This one has its end.
    pub(super) fn end(&mut self, number: u16, verdict: Verdict) {
        self.set(number, Recipient::Ended(verdict));
    }

    /// Whether an answer to a submission is missing.
    pub(super) fn any_asked(&self) -> bool {
        self.all.contains(&Recipient::Asked)
    }

    /// Whether one is to be submitted, or they are not known yet.
    pub(super) fn any_open(&self) -> bool {
        self.all.is_empty() || self.all.contains(&Recipient::Open)
    }

    /// The ends, when all have theirs.
    pub(super) fn ends(&self) -> Option<Vec<Verdict>> {
        let ends = self.all.iter().map(|recipient| match recipient {
            Recipient::Ended(verdict) => Some(verdict.clone()),
            Recipient::Open | Recipient::Asked | Recipient::Accepted(_) | Recipient::Followed(_) => None,
        });
        ends.collect::<Option<Vec<Verdict>>>().filter(|ends| !ends.is_empty())
    }

    fn set(&mut self, number: u16, to: Recipient) {
        if let Some(recipient) = self.all.get_mut(usize::from(number)) {
            *recipient = to;
        }
    }

    fn change<T>(&mut self, change: impl Fn(&Recipient) -> Option<(T, Recipient)>) -> Vec<(u16, T)> {
        let mut changed = Vec::new();
        for (number, recipient) in (0..).zip(&mut self.all) {
            if let Some((told, to)) = change(recipient) {
                *recipient = to;
                changed.push((number, told));
            }
        }
        changed
    }
}

impl Recipient {
    fn message(&self) -> Option<MessageId> {
        match self {
            Recipient::Accepted(message) | Recipient::Followed(message) => Some(*message),
            Recipient::Open | Recipient::Asked | Recipient::Ended(_) => None,
        }
    }
}
