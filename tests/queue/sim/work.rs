//! What a worker does: rules 2 to 10 of the protocol, one step at a time.

use smsgrid::model::{
    Attempt, Doubt, Epoch, NotWrittenReason, OpenNumber, PartNumber, PartOutcome, ReadyNumber, RegistrationId,
};
use smsgrid::queue::{AttemptState, Body, ReadyReply, Rearm, RegisterReply, Reply, StartReply};

use super::device::{Connection, Dialogue};
use super::node::{Kept, Phase, Worker};
use super::{Deviation, World, name};

impl World {
    pub(super) fn step_worker(&mut self, node: usize, device: usize) -> Result<(), String> {
        if let Some(pending) = self.nodes[node].workers[device].pending.clone() {
            self.repeat(pending);
            return Ok(());
        }
        match self.nodes[node].workers[device].phase {
            Phase::Closed => self.open(node, device),
            Phase::Idle => self.idle(node, device),
            Phase::Waiting => return self.look_for_claim(node, device),
            Phase::May(attempt) => return self.begin_writing(node, device, attempt),
            Phase::Writing(attempt) => return self.hand_over(node, device, attempt),
            Phase::Wrote(attempt) => self.listen(node, device, attempt),
            Phase::Quiescing(attempt) => self.quiesce(node, device, attempt),
            Phase::Registering
            | Phase::Readying
            | Phase::Withdrawing
            | Phase::Unregistering
            | Phase::Starting(_)
            | Phase::Reporting { .. }
            | Phase::Evidence(_)
            | Phase::GivingBack
            | Phase::Recovering => {}
        }
        Ok(())
    }

    pub(super) fn worker_reply(&mut self, node: usize, device: usize, body: &Body, reply: Reply) {
        let phase = self.nodes[node].workers[device].phase;
        match (body, reply) {
            (Body::RegisterModem { .. }, Reply::Modem(RegisterReply::Registered(id))) => {
                let worker = self.worker(node, device);
                worker.registration = Some(id);
                worker.seq = 0;
                worker.phase = Phase::Idle;
            }
            (Body::Ready { .. }, Reply::Ready(ReadyReply::Done)) => self.enter(node, device, Phase::Waiting),
            (Body::Ready { .. }, Reply::Ready(ReadyReply::Stale)) => self.enter(node, device, Phase::Waiting),
            (Body::Withdraw { .. }, Reply::Withdrawn(None)) => self.enter(node, device, Phase::Idle),
            (Body::Withdraw { .. }, Reply::Withdrawn(Some(epoch))) => self.withdrawn(node, device, epoch),
            (Body::Start { attempt }, Reply::Start(reply)) => self.started(node, device, *attempt, reply),
            (Body::Outcome { attempt, next, .. }, Reply::Outcome { next_started, armed, .. }) => {
                self.nodes[node].outbox.retain(|result| result.attempt != *attempt);
                let next = next.filter(|_| next_started).map(|part| Attempt { epoch: attempt.epoch, part });
                match (phase, next) {
                    (Phase::Recovering, _) => self.close(node, device),
                    (Phase::Evidence(attempt), _) => self.enter(node, device, Phase::Quiescing(attempt)),
                    (Phase::Reporting { quiesce: true }, _) => {
                        self.enter(node, device, Phase::Quiescing(*attempt));
                    }
                    (_, Some(next)) => self.enter(node, device, Phase::May(next)),
                    (_, None) if armed => self.enter(node, device, Phase::Waiting),
                    (_, None) => self.enter(node, device, Phase::Idle),
                }
            }
            (Body::NotWritten { .. }, _) => self.enter(node, device, Phase::Idle),
            _ => self.close(node, device),
        }
    }

    /// Closes the port and forgets the registration.
    pub(super) fn close(&mut self, node: usize, device: usize) {
        let worker = &mut self.nodes[node].workers[device];
        worker.phase = Phase::Closed;
        worker.registration = None;
        if let Some(connection) = worker.connection.take() {
            self.devices[device].disconnect(connection);
        }
    }

    /// Says that no octet of this attempt was or will be written.
    pub(super) fn give_back(&mut self, node: usize, device: usize, attempt: Attempt) {
        let reason = NotWrittenReason::LeaseLost;
        self.say(node, device, Body::NotWritten { attempt, reason }, Phase::GivingBack);
        let dialogue = &mut self.devices[device].dialogue;
        if dialogue.as_ref().is_some_and(|dialogue| dialogue.attempt == attempt && !dialogue.handed_over) {
            *dialogue = None;
        }
        if self.setup.deviation == Deviation::WriteAfterNotWritten && self.random.chance(50) {
            self.worker(node, device).pending = None;
            self.enter(node, device, Phase::Writing(attempt));
        }
    }

    fn open(&mut self, node: usize, device: usize) {
        if self.nodes[node].session.is_none() {
            return;
        }
        if let Some(Kept { attempt, outcome, .. }) = self.left_behind(node, device) {
            let body = Body::Outcome { attempt, outcome, next: None, rearm: None };
            return self.say(node, device, body, Phase::Recovering);
        }
        if let Some(registration) = self.registered_with_other_sim(node, device) {
            let body = Body::UnregisterModem { registration, force: true };
            return self.say(node, device, body, Phase::Unregistering);
        }
        // A linearizable read just before: only a modem nobody else holds is opened.
        let holder = self.main.queue().holder(&self.devices[device].identity());
        let ours = holder.is_none_or(|holder| holder.0 == node as u64 + 1);
        if !ours && self.setup.deviation != Deviation::ProbeHeldPorts {
            return;
        }
        self.connections += 1;
        let connection = Connection { node, number: self.connections };
        self.devices[device].connect(connection);
        let identity = self.devices[device].identity();
        let carries: smsgrid::queue::Tags =
            if device == 0 { [name("mass")].into() } else { Default::default() };
        let worker = self.worker(node, device);
        worker.connection = Some(connection);
        worker.open += 1;
        worker.imsi = Some(identity.imsi.clone());
        let open = OpenNumber(worker.open);
        let Some(session) = self.nodes[node].session else { return };
        let name = self.devices[device].name.clone();
        // The modem with a tag also prefers it.
        let prefers = carries.iter().cloned().collect();
        let body = Body::RegisterModem { session, open, identity, name, carries, prefers };
        self.say(node, device, body, Phase::Registering);
    }

    fn idle(&mut self, node: usize, device: usize) {
        let Some(registration) = self.standing(node, device) else { return self.close(node, device) };
        if !self.has_port(node, device) {
            return self.close(node, device);
        }
        if !self.has_its_sim(node, device) || (!self.quiet && self.random.chance(3)) {
            let body = Body::UnregisterModem { registration, force: false };
            return self.say(node, device, body, Phase::Unregistering);
        }
        let seq = self.next_seq(node, device);
        self.say(node, device, Body::Ready { registration, seq }, Phase::Readying);
    }

    fn look_for_claim(&mut self, node: usize, device: usize) -> Result<(), String> {
        let Some(registration) = self.standing(node, device) else {
            self.close(node, device);
            return Ok(());
        };
        let modem = self.nodes[node].replica.queue().registration(registration).cloned();
        let Some(modem) = modem else { return Ok(()) };
        let drains = !self.quiet && self.random.chance(5);
        if let Some(epoch) = modem.claim {
            self.take_claim(node, device, epoch);
        } else if !modem.armed {
            self.enter(node, device, Phase::Idle);
        } else if drains || !self.has_port(node, device) || !self.has_its_sim(node, device) {
            let seq = self.next_seq(node, device);
            self.say(node, device, Body::Withdraw { registration, seq }, Phase::Withdrawing);
        }
        Ok(())
    }

    fn take_claim(&mut self, node: usize, device: usize, epoch: Epoch) {
        let Some(part) = self.missing_part(node, epoch) else { return self.enter(node, device, Phase::Idle) };
        let attempt = Attempt { epoch, part };
        let claim = self.nodes[node].replica.queue().claim(epoch);
        if claim.is_some_and(|claim| claim.in_flight() == Some(part)) && self.random.chance(70) {
            return self.enter(node, device, Phase::May(attempt));
        }
        self.say(node, device, Body::Start { attempt }, Phase::Starting(attempt));
        if self.setup.deviation == Deviation::WriteWithoutStart {
            self.worker(node, device).pending = None;
            self.enter(node, device, Phase::May(attempt));
        }
    }

    /// A claim that was already there when the worker withdrew is sent, or given back.
    fn withdrawn(&mut self, node: usize, device: usize, epoch: Epoch) {
        match self.missing_part(node, epoch) {
            Some(part) if self.random.chance(50) => self.give_back(node, device, Attempt { epoch, part }),
            _ => self.take_claim(node, device, epoch),
        }
    }

    fn started(&mut self, node: usize, device: usize, attempt: Attempt, reply: StartReply) {
        match reply {
            StartReply::Go => self.enter(node, device, Phase::May(attempt)),
            StartReply::PartSent => self.take_claim(node, device, attempt.epoch),
            StartReply::Closed => self.enter(node, device, Phase::Idle),
        }
    }

    fn begin_writing(&mut self, node: usize, device: usize, attempt: Attempt) -> Result<(), String> {
        if !self.may_write(node, device, attempt) {
            self.give_back(node, device, attempt);
            return Ok(());
        }
        self.begin_dialogue(node, device, attempt)?;
        self.enter(node, device, Phase::Writing(attempt));
        Ok(())
    }

    /// Ctrl-Z, after the same checks once more.
    fn hand_over(&mut self, node: usize, device: usize, attempt: Attempt) -> Result<(), String> {
        let unwilling = self.setup.deviation != Deviation::WriteAfterNotWritten;
        if !self.may_write(node, device, attempt) && unwilling {
            self.give_back(node, device, attempt);
            return Ok(());
        }
        if self.devices[device].dialogue.is_none() {
            self.begin_dialogue(node, device, attempt)?;
        }
        let air = self.air();
        let aired = self.devices[device].hand_over(air, &mut self.random);
        self.enter(node, device, Phase::Wrote(attempt));
        let Some(message) = self.main.queue().claim(attempt.epoch).map(|claim| claim.message) else {
            return Ok(());
        };
        let imsi = self.devices[device].imsi.clone();
        if aired { self.ledger.air(self.main.queue(), message, attempt, &imsi) } else { Ok(()) }
    }

    fn begin_dialogue(&mut self, node: usize, device: usize, attempt: Attempt) -> Result<(), String> {
        let Some(connection) = self.nodes[node].workers[device].connection else { return Ok(()) };
        let device = &mut self.devices[device];
        if let Some(other) = &device.dialogue {
            return Err(format!("[6b] {attempt} is written while {} is in its dialogue", other.attempt));
        }
        device.dialogue = Some(Dialogue { connection, attempt, handed_over: false });
        Ok(())
    }

    /// Rule 5: everything that must hold before the first octet and before Ctrl-Z.
    fn may_write(&mut self, node: usize, device: usize, attempt: Attempt) -> bool {
        let queue = self.nodes[node].replica.queue();
        let deviation = self.setup.deviation;
        let applied = queue.claim(attempt.epoch).is_some_and(|claim| {
            let sent = queue.message(claim.message).is_none_or(|record| record.is_part_sent(attempt.part));
            claim.open && claim.state(attempt.part) == AttemptState::InFlight && !sent
        });
        let believed = matches!(deviation, Deviation::WriteWithoutStart | Deviation::TrustReplies);
        let sim = queue.claim(attempt.epoch).is_some_and(|c| c.identity.imsi == self.devices[device].imsi);
        let lease = self.quiet || !self.random.chance(3);
        (applied || believed)
            && (sim || deviation == Deviation::SimUnchecked)
            && self.has_port(node, device)
            && lease
    }

    fn listen(&mut self, node: usize, device: usize, attempt: Attempt) {
        if !self.has_port(node, device) {
            let outcome = PartOutcome::Uncertain(Doubt::PortLost);
            self.report(node, device, attempt, outcome, Phase::Reporting { quiesce: false });
            return;
        }
        if let Some(outcome) = self.devices[device].read() {
            self.report(node, device, attempt, outcome, Phase::Reporting { quiesce: false });
        } else if self.devices[device].answers.front().is_none_or(|answer| answer.delay > 3)
            && self.random.chance(30)
        {
            let quiesce = self.setup.deviation != Deviation::NoQuiesce;
            let outcome = PartOutcome::Uncertain(Doubt::Silent);
            self.ledger.faults += 1;
            self.report(node, device, attempt, outcome, Phase::Reporting { quiesce });
        }
    }

    /// A late answer is evidence about its own attempt; in the end the modem is resynchronised.
    fn quiesce(&mut self, node: usize, device: usize, attempt: Attempt) {
        if !self.has_port(node, device) {
            return self.close(node, device);
        }
        if let Some(outcome) = self.devices[device].read() {
            return self.report(node, device, attempt, outcome, Phase::Evidence(attempt));
        }
        if self.random.chance(20) {
            self.devices[device].quiesce();
            self.enter(node, device, Phase::Idle);
        }
    }

    /// Into the outbox, then into the log.
    fn report(&mut self, node: usize, device: usize, attempt: Attempt, outcome: PartOutcome, phase: Phase) {
        self.nodes[node].outbox.retain(|result| result.attempt != attempt);
        self.nodes[node].outbox.push(Kept { device, attempt, outcome });
        let sent = matches!(outcome, PartOutcome::Sent { .. } | PartOutcome::Called(_));
        let certain = !matches!(outcome, PartOutcome::Uncertain(_));
        let lives = self.nodes[node].session.is_some() && !matches!(phase, Phase::Evidence(_));
        let next = (sent && lives && self.random.chance(90)).then(|| self.next_part(node, attempt)).flatten();
        let rearms = lives && certain && self.random.chance(70);
        let registration = self.standing(node, device).filter(|_| rearms && self.has_its_sim(node, device));
        let start = self.random.chance(50);
        let rearm =
            registration.map(|registration| Rearm { registration, seq: self.next_seq(node, device), start });
        self.say(node, device, Body::Outcome { attempt, outcome, next, rearm }, phase);
    }

    fn next_part(&self, node: usize, attempt: Attempt) -> Option<PartNumber> {
        let queue = self.nodes[node].replica.queue();
        let record = queue.message(queue.claim(attempt.epoch)?.message)?;
        let missing = |part: &PartNumber| *part != attempt.part && !record.is_part_sent(*part);
        (1..=record.parts_count()).map(PartNumber).find(missing)
    }

    fn missing_part(&self, node: usize, epoch: Epoch) -> Option<PartNumber> {
        let queue = self.nodes[node].replica.queue();
        queue.message(queue.claim(epoch)?.message)?.missing_part()
    }

    /// A result that an earlier worker of this device left in the outbox.
    fn left_behind(&self, node: usize, device: usize) -> Option<Kept> {
        self.nodes[node].outbox.iter().find(|result| result.device == device).copied()
    }

    /// A registration of this device that the SIM it was made with has left: it would keep that SIM from the
    /// modem it is in now.
    fn registered_with_other_sim(&self, node: usize, device: usize) -> Option<RegistrationId> {
        let device = &self.devices[device];
        let queue = self.nodes[node].replica.queue();
        let mut own = queue.registrations().filter(|modem| Some(modem.session) == self.nodes[node].session);
        let other = |modem: &&smsgrid::queue::Registration| {
            modem.identity.imei == device.imei && modem.identity.imsi != device.imsi
        };
        own.find(other).map(|modem| modem.id)
    }

    /// The worker's registration, if the node's replica still knows it.
    fn standing(&self, node: usize, device: usize) -> Option<RegistrationId> {
        let id = self.nodes[node].workers[device].registration?;
        self.nodes[node].replica.queue().registration(id).map(|modem| modem.id)
    }

    fn has_port(&self, node: usize, device: usize) -> bool {
        self.devices[device].is_connected(self.nodes[node].workers[device].connection)
    }

    fn has_its_sim(&self, node: usize, device: usize) -> bool {
        self.setup.deviation == Deviation::SimUnchecked
            || self.nodes[node].workers[device].imsi.as_ref() == Some(&self.devices[device].imsi)
    }

    fn next_seq(&mut self, node: usize, device: usize) -> ReadyNumber {
        let worker = self.worker(node, device);
        worker.seq += 1;
        ReadyNumber(worker.seq)
    }

    fn say(&mut self, node: usize, device: usize, body: Body, phase: Phase) {
        let pending = self.propose(node, body);
        let worker = self.worker(node, device);
        worker.pending = Some(pending);
        worker.phase = phase;
    }

    fn enter(&mut self, node: usize, device: usize, phase: Phase) {
        self.worker(node, device).phase = phase;
    }

    fn worker(&mut self, node: usize, device: usize) -> &mut Worker {
        &mut self.nodes[node].workers[device]
    }
}
