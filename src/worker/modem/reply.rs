//! Answers of the log and of the outbox.

use super::job::{Job, Phase};
use super::{Asked, Context, Effect, ModemWorker, Notice, Record, Registered, Waiting};
use crate::model::{OpenNumber, PartNumber, Time};
use crate::queue::{Body, RegisterReply, Reply, StartReply};

impl ModemWorker {
    pub(super) fn take_reply(&mut self, reply: &Reply, context: &Context<'_>) {
        let Waiting::Reply(asked) = self.waiting else { return };
        self.waiting = Waiting::Nothing;
        match asked {
            Asked::Register(open) => self.register_answered(open, reply, context),
            Asked::Unregister => self.unregister_answered(reply, context.now),
            // What they changed is read from the applied state.
            Asked::Ready | Asked::Withdraw => {}
            Asked::Start => self.start_answered(reply, context),
            Asked::NotWritten => self.job = None,
            Asked::Outcome(next) => self.outcome_answered(next, reply, context),
            Asked::Evidence(attempt) => self.effects.push_back(Effect::Forget { attempt }),
        }
    }

    pub(super) fn take_recorded(&mut self, context: &Context<'_>) {
        let Waiting::Recorded(record) = self.waiting else { return };
        self.waiting = Waiting::Nothing;
        match record {
            Record::Job => {
                if let Some(job) = &mut self.job
                    && let Phase::Answered(outcome) = job.phase
                {
                    job.phase = Phase::Recorded(outcome);
                }
            }
            Record::Evidence(attempt, outcome) => {
                let body = Body::Outcome { attempt, outcome, next: None, rearm: None };
                self.propose(Asked::Evidence(attempt), body);
            }
        }
        self.seen = context.now;
    }

    fn register_answered(&mut self, open: OpenNumber, reply: &Reply, context: &Context<'_>) {
        let now = context.now;
        let Reply::Modem(answer) = reply else {
            self.notify(Notice::NotRegistered);
            return self.register_later(now);
        };
        match answer {
            RegisterReply::Registered(id) => {
                self.registered = Some(Registered { id: *id, open });
                self.told_holder = None;
                self.failures_to_open = 0;
                if let Some(identity) = self.identity().cloned() {
                    self.notify(Notice::Ready { identity });
                }
            }
            RegisterReply::Held(node) => {
                let holder =
                    self.identity().and_then(|identity| context.queue.registration_of_sim(&identity.imsi));
                self.leave_to(*node, holder.map(|holder| holder.id), now);
            }
            // The session is over or the number was overtaken: a later number, after a while.
            RegisterReply::Stale => {
                self.open = self.open.next();
                self.register_later(now);
            }
        }
    }

    fn unregister_answered(&mut self, reply: &Reply, now: Time) {
        if matches!(reply, Reply::Busy) {
            self.unregister_later(now);
        } else {
            self.registered = None;
        }
    }

    fn start_answered(&mut self, reply: &Reply, context: &Context<'_>) {
        let Some(mut job) = self.job else { return };
        let answer = if let Reply::Start(answer) = reply { *answer } else { StartReply::Closed };
        self.job = match answer {
            StartReply::Go => {
                job.phase = Phase::Started;
                Some(job)
            }
            StartReply::PartSent => next_missing(job, context),
            StartReply::Closed => {
                self.notify(Notice::ClaimLost { epoch: job.epoch });
                None
            }
        };
    }

    fn outcome_answered(&mut self, next: Option<PartNumber>, reply: &Reply, context: &Context<'_>) {
        let Some(mut job) = self.job else { return };
        self.effects.push_back(Effect::Forget { attempt: job.attempt() });
        let started = matches!(reply, Reply::Outcome { next_started: true, .. });
        if let Reply::Outcome { fetched: Some(attempt), .. } = reply {
            // Also when the session has ended since: only this node knows that nothing of it was written.
            return self.take_up(*attempt, context);
        }
        self.job = match next.filter(|_| started) {
            Some(part) => {
                job.part = part;
                job.phase = Phase::Started;
                Some(job)
            }
            None => None,
        };
    }
}

fn next_missing(mut job: Job, context: &Context<'_>) -> Option<Job> {
    let record = context.queue.message(job.message)?;
    job.part = record.missing_part()?;
    Some(job)
}
