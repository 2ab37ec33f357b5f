//! One command in, one reply out.

use std::collections::BTreeSet;

use super::sessions::Opening;
use super::state::{Effects, Queue};
use super::{Body, Command, Event, Policy, Reply};
use crate::model::Position;

/// Most messages that time may change within one command; the rest waits for the next.
const TIMERS_PER_COMMAND_MAX: u32 = 1000;

impl Queue {
    /// Applies one command of the log.
    ///
    /// Total, deterministic, idempotent. Facts for local listeners are appended to `events`. First time passes,
    /// up to the command's `now`, which never goes back; then the command has its effect; then waiting messages
    /// are matched with free modems; the reply tells of the state after all that.
    pub fn apply(&mut self, position: Position, command: &Command, events: &mut Vec<Event>) -> Reply {
        let lanes = std::mem::take(&mut self.stalled);
        let budget = TIMERS_PER_COMMAND_MAX;
        let (freed, starting, moved) = (Vec::new(), None, None);
        let mut effects = Effects { position, events, lanes, freed, starting, moved, budget };
        self.now = self.now.max(command.now);

        self.pass_time(&mut effects);
        let reply = self.execute(command, &mut effects);
        self.match_waiting(&mut effects);
        self.stalled = if effects.budget == 0 { effects.lanes } else { BTreeSet::new() };
        self.refresh(command, reply)
    }

    fn execute(&mut self, command: &Command, effects: &mut Effects<'_>) -> Reply {
        match &command.body {
            Body::Submit(submit) => self.submit(&command.client, submit, effects),
            Body::RegisterSession { node, start } => self.register_session(*node, *start, effects),
            Body::ExpireSession { session } => {
                self.lose(*session, effects);
                Reply::Done
            }
            Body::RegisterModem { session, open, identity, name, carries, prefers } => {
                let opening = Opening { session: *session, open: *open, identity, name, carries, prefers };
                self.register_modem(opening, effects)
            }
            Body::UnregisterModem { registration, force } => {
                self.unregister_modem(*registration, *force, effects)
            }
            Body::Ready { registration, seq } => self.ready(*registration, *seq, effects),
            Body::Withdraw { registration, seq } => self.withdraw(*registration, *seq),
            Body::Start { attempt } => self.start(*attempt, effects),
            Body::Outcome { attempt, outcome, next, rearm } => {
                self.outcome(*attempt, *outcome, *next, *rearm, effects)
            }
            Body::NotWritten { attempt, reason } => self.not_written(*attempt, *reason, effects),
            Body::Resolve { message, part, verdict } => {
                self.resolve(&command.client, *message, *part, *verdict, effects)
            }
            Body::Cancel { message } => self.cancel(*message, effects),
            Body::Hold { message } => self.hold(*message, effects),
            Body::Release { message } => self.release(*message, effects),
            Body::BlockModem { modem } => self.block_modem(modem),
            Body::UnblockModem { modem } => self.unblock_modem(modem, effects),
            Body::Retry { message, generation } => {
                self.retry(&command.client, *message, *generation, effects)
            }
            Body::Discard { message, generation } => {
                self.discard(&command.client, *message, *generation, effects)
            }
            Body::Told { node, up_to } => self.told(*node, *up_to),
            Body::SetPolicy(policy) => self.set_policy(policy),
            Body::Tick => Reply::Done,
        }
    }

    fn set_policy(&mut self, policy: &Policy) -> Reply {
        self.policy = policy.clone();
        Reply::Done
    }

    /// The reply as of the state after matching.
    fn refresh(&self, command: &Command, reply: Reply) -> Reply {
        match reply {
            Reply::Accepted { id, state, replayed } => {
                let state = self.message(id).map_or(state, super::Record::state);
                Reply::Accepted { id, state, replayed }
            }
            Reply::Outcome { next_started, armed, .. } => {
                let fetched = if armed { self.fetched(&command.body) } else { None };
                Reply::Outcome { next_started, fetched, armed }
            }
            Reply::KeyReused { .. }
            | Reply::Full
            | Reply::Rejected { .. }
            | Reply::Session(_)
            | Reply::Modem(_)
            | Reply::Ready(_)
            | Reply::Withdrawn(_)
            | Reply::Start(_)
            | Reply::Done
            | Reply::Busy
            | Reply::Cancel(_)
            | Reply::Hold(_)
            | Reply::Retry(_)
            | Reply::Discard(_)
            | Reply::NoMessage => reply,
        }
    }
}
