//! Finding out whether a modem listens, and getting it out of whatever state it was left in.
//!
//! Ctrl-Z is never used for that: the modem may hold a whole PDU of a life before, which Ctrl-Z would send.

use std::time::Duration;

use crate::at::command::Command;
use crate::at::exchange::End;

use super::{Context, Flow, Input, Step};

/// Leaves the entry of a PDU.
pub(super) const ESCAPE: u8 = 0x1B;
/// How long the answer to ESC may take; it differs between makers and is swallowed.
const ESCAPE_PAUSE: Duration = Duration::from_millis(200);
/// After a modem began to answer late: answers to the earlier tries may still come.
const DRAIN_PAUSE: Duration = Duration::from_millis(500);

/// `AT` until it is answered.
#[derive(Debug, Default)]
pub(super) struct Synchronise {
    round: u8,
    answered: Option<Listening>,
}

/// How a modem that listens answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Listening {
    /// In words.
    Verbose,
    /// In numbers: `ATV0`.
    Numeric,
}

impl Synchronise {
    /// Ends with how the modem answers, or none when it does not.
    pub(super) fn advance(&mut self, input: Input, context: &Context<'_>) -> Flow<Option<Listening>> {
        let Input::Reply(reply) = input else {
            return match self.answered {
                Some(listening) => Flow::Done(Some(listening)),
                None => Flow::Next(Step::Ask(Command::attention())),
            };
        };
        let listening = match reply.end {
            End::Result(_) => Listening::Verbose,
            End::Numeric(_) => Listening::Numeric,
            End::Silent | End::Prompt | End::Restarted | End::PortLost => return self.next_round(context),
        };
        if self.round == 0 {
            return Flow::Done(Some(listening));
        }
        self.answered = Some(listening);
        Flow::Next(Step::Wait(DRAIN_PAUSE))
    }

    fn next_round(&mut self, context: &Context<'_>) -> Flow<Option<Listening>> {
        self.round += 1;
        if self.round >= context.profile.sync_rounds {
            return Flow::Done(None);
        }
        Flow::Next(Step::Write(vec![ESCAPE], ESCAPE_PAUSE))
    }
}
