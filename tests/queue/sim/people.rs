//! What comes from outside: clients, people, faults, and the end of all faults.

use std::time::Duration;

use smsgrid::model::{
    Address, Alphabet, Content, MessageId, MessageState, Origin, Part, PartNumber, Payload, Priority,
    ResendLimit, SendOptions, Timestamp, UncertainPolicy, UserData,
};
use smsgrid::queue::{Body, Command, Digest, IdempotencyKey, Route, Submit, Verdict, WaitingFor, digest};

use crate::frames::written;

use super::device::Air;
use super::node::Worker;
use super::{Deviation, Envelope, World, name};

impl World {
    /// Perhaps something goes wrong, perhaps a person does something.
    pub(super) fn fault(&mut self) -> Result<(), String> {
        if self.quiet {
            return Ok(());
        }
        let faults = self.setup.faults;
        if self.rolls(faults.crash) {
            let node = self.random.below(self.nodes.len());
            if self.nodes[node].alive { self.crash(node) } else { self.restart(node) }
        }
        if self.rolls(faults.cut) {
            let device = self.random.below(self.devices.len());
            self.ledger.faults += 1;
            self.devices[device].connections.clear();
            self.devices[device].quiesce();
        }
        if self.rolls(faults.pause) {
            let node = self.random.below(self.nodes.len());
            self.nodes[node].pause = 5 + self.random.below(60) as u32;
        }
        if self.rolls(faults.worker) {
            let [node, device] = [self.random.below(self.nodes.len()), self.random.below(self.devices.len())];
            self.restart_worker(node, device);
        }
        if self.rolls(faults.swap) {
            self.swap_sims();
        }
        if self.rolls(faults.expire) {
            self.expire_some()?;
        }
        if self.rolls(faults.force) {
            let all: Vec<_> = self.main.queue().registrations().map(|modem| modem.id).collect();
            if !all.is_empty() {
                let registration = self.random.pick(&all);
                self.ledger.faults += 1;
                self.commit_body(Body::UnregisterModem { registration, force: true })?;
            }
        }
        if self.rolls(faults.install) {
            let node = self.random.below(self.nodes.len());
            self.install(node);
        }
        if self.rolls(faults.people) { self.interfere() } else { Ok(()) }
    }

    /// A client submits, or asks again with the same key.
    pub(super) fn submit(&mut self) {
        if self.submits.len() < self.setup.messages && !self.quiet {
            let submit = self.new_message();
            let command = Command {
                client: name("client"),
                now: Timestamp::ZERO,
                body: Body::Submit(Box::new(submit)),
            };
            self.submits.push(command);
        }
        if self.submits.is_empty() || self.quiet {
            return;
        }
        let mut command = match self.random.chance(70) {
            true => self.submits[self.submits.len() - 1].clone(),
            false => self.submits[self.random.below(self.submits.len())].clone(),
        };
        if let Body::Submit(submit) = &mut command.body
            && submit.key.is_some()
            && self.random.chance(30)
        {
            // Another node takes the repetition and gives it another id.
            submit.id = MessageId::from_bytes([self.random.below(256) as u8; 16]);
        }
        self.tickets += 1;
        self.send(Envelope { ticket: self.tickets, command });
    }

    pub(super) fn air(&self) -> Air {
        if self.quiet { Air { refused: 0, silent: 0 } } else { self.setup.faults.air }
    }

    /// Everything that was broken works again, and nobody interferes any more.
    pub(super) fn make_quiet(&mut self) -> Result<(), String> {
        self.quiet = true;
        let names: Vec<_> = self.devices.iter().map(|device| device.name.clone()).collect();
        for modem in names {
            self.commit_body(Body::UnblockModem { modem })?;
        }
        let messages: Vec<_> = self.main.queue().messages().map(|record| record.id).collect();
        for message in messages {
            self.commit_body(Body::Release { message })?;
        }
        for node in 0..self.nodes.len() {
            self.nodes[node].pause = 0;
            if !self.nodes[node].alive {
                self.restart(node);
            }
        }
        Ok(())
    }

    /// Every message is final or waits for a person, and every modem is ready.
    pub(super) fn is_settled(&self) -> bool {
        self.unsettled().is_empty()
    }

    pub(super) fn unsettled(&self) -> String {
        let queue = self.main.queue();
        let open = queue.messages().filter(|record| {
            let person = queue.waiting_for(record.id) == Some(WaitingFor::Verdict);
            !record.state().is_final() && !person
        });
        let mut unsettled: Vec<String> = open
            .map(|record| format!("{} {} {:?}", record.id, record.state(), queue.waiting_for(record.id)))
            .collect();
        for device in &self.devices {
            let ready = queue.registration_of_sim(&device.imsi).is_some_and(|modem| modem.armed);
            if !ready {
                unsettled.push(format!("{} is not ready", device.name));
            }
        }
        unsettled.join(", ")
    }

    fn rolls(&mut self, of_thousand: usize) -> bool {
        self.random.below(1000) < of_thousand
    }

    fn crash(&mut self, node: usize) {
        self.ledger.faults += 1;
        for device in 0..self.devices.len() {
            self.close(node, device);
            self.nodes[node].workers[device] = Worker::new();
        }
        self.nodes[node].alive = false;
        self.nodes[node].session = None;
        self.nodes[node].pending = None;
        self.nodes[node].first.clear();
    }

    /// Rule 10: the next worker knows the number of openings and the outbox, nothing else.
    fn restart_worker(&mut self, node: usize, device: usize) {
        if !self.nodes[node].alive {
            return;
        }
        self.ledger.faults += 1;
        self.close(node, device);
        let open = self.nodes[node].workers[device].open;
        self.nodes[node].workers[device] = Worker { open, ..Worker::new() };
    }

    /// Rule 8: the outbox, then the session, then the modems.
    fn restart(&mut self, index: usize) {
        let node = &mut self.nodes[index];
        node.alive = true;
        node.start += 1;
        let results = node.outbox.iter();
        node.first = results
            .map(|result| Body::Outcome {
                attempt: result.attempt,
                outcome: result.outcome,
                next: None,
                rearm: None,
            })
            .collect();
        if self.setup.deviation == Deviation::NotWrittenByGuess {
            let queue = node.replica.queue();
            let session = queue.session(smsgrid::model::NodeId(index as u64 + 1)).map(|session| session.id);
            let claims = session.into_iter().flat_map(|session| queue.claims_of(session));
            let started = claims.filter_map(|claim| Some(claim.attempt(claim.in_flight()?)));
            let reason = smsgrid::model::NotWrittenReason::LeaseLost;
            let guesses: Vec<_> = started.map(|attempt| Body::NotWritten { attempt, reason }).collect();
            node.first.extend(guesses);
        }
    }

    fn swap_sims(&mut self) {
        let [one, other] = [self.random.below(self.devices.len()), self.random.below(self.devices.len())];
        if one == other {
            return;
        }
        let (sim, device) = (self.devices[one].imsi.clone(), self.devices[other].imsi.clone());
        self.devices[one].imsi = device;
        self.devices[other].imsi = sim;
    }

    fn expire_some(&mut self) -> Result<(), String> {
        let all: Vec<_> = self.main.queue().sessions().map(|session| session.id).collect();
        if all.is_empty() {
            return Ok(());
        }
        let session = self.random.pick(&all);
        self.ledger.faults += 1;
        self.commit_body(Body::ExpireSession { session }).map(|_| ())
    }

    fn interfere(&mut self) -> Result<(), String> {
        let all: Vec<_> = self.main.queue().messages().map(|record| record.id).collect();
        if all.is_empty() {
            return Ok(());
        }
        let message = self.random.pick(&all);
        let part = PartNumber(1 + self.random.below(3) as u8);
        let modem = self.devices[self.random.below(self.devices.len())].name.clone();
        let given_up = self
            .main
            .queue()
            .messages()
            .filter(|record| matches!(record.state(), MessageState::Failed | MessageState::Expired));
        let given_up: Vec<_> = given_up.map(|record| record.id).collect();
        let dead =
            if given_up.is_empty() || self.random.chance(20) { message } else { self.random.pick(&given_up) };
        let generation = self.main.queue().message(dead).map_or(0, |record| record.generation);
        let body = match self.random.below(16) {
            12..15 => return self.ask_late(Body::Retry { message: dead, generation }),
            15 => return self.ask_late(Body::Discard { message: dead, generation }),
            0..3 => Body::Cancel { message },
            3 => Body::Hold { message },
            4..7 => Body::Release { message },
            7 => Body::Resolve { message, part, verdict: Verdict::Sent },
            8 => Body::Resolve { message, part, verdict: Verdict::NotSent },
            9 => Body::BlockModem { modem },
            _ => Body::UnblockModem { modem },
        };
        self.commit_body(body).map(|_| ())
    }

    /// A person's word that may come later than the person thinks, and twice.
    fn ask_late(&mut self, body: Body) -> Result<(), String> {
        self.tickets += 1;
        let command = Command { client: name("ops"), now: Timestamp::ZERO, body };
        self.send(Envelope { ticket: self.tickets, command });
        Ok(())
    }

    /// A replica that is behind is brought up to date by an image.
    fn install(&mut self, node: usize) {
        let node = &mut self.nodes[node];
        if node.alive && node.applied < self.log.len() && node.replica.install(&written(self.main.queue())) {
            node.applied = self.log.len();
            *self.ledger.seen.entry("image beside an open proposal").or_insert(0) += 1;
        }
    }

    fn new_message(&mut self) -> Submit {
        let number = self.submits.len() as u8 + 1;
        let part = |number| Part {
            number: PartNumber(number),
            user_data: UserData { data_coding: 0, header: Vec::new(), payload: Payload::Septets(vec![65]) },
        };
        let hasty = self.setup.faults.hasty && self.random.chance(80);
        let parts = 1 + self.random.below(if hasty { 2 } else { 3 }) as u8;
        let later = |world: &mut World, seconds: usize| {
            let wait = Duration::from_secs(world.random.below(seconds) as u64);
            Timestamp::from_unix_millis(world.now_ms) + wait
        };
        let mut submit = Submit {
            id: MessageId::from_bytes([number; 16]),
            key: None,
            digest: Digest([0; 16]),
            content: Content {
                destination: Address::international("15550001").expect("a legal number"),
                alphabet: Alphabet::GSM7,
                parts: (1..=parts).map(part).collect(),
                options: SendOptions::default(),
                call: None,
            },
            origin: Origin::Api,
            priority: self.random.pick(&Priority::MOST_URGENT_FIRST),
            uncertain: self.random.pick(&[
                UncertainPolicy::Resend,
                UncertainPolicy::Resend,
                UncertainPolicy::Hold,
                UncertainPolicy::Fail,
            ]),
            resend_limit: ResendLimit(self.random.below(3) as u8),
            not_before: self.random.chance(15).then(|| later(self, 60)),
            deadline: self.random.chance(25).then(|| later(self, 200)),
            route: Route::default(),
            attempts_max: self.random.chance(20).then_some(2),
        };
        if hasty {
            (submit.uncertain, submit.resend_limit) = (UncertainPolicy::Resend, ResendLimit(3));
        }
        match self.random.below(8) {
            0 => submit.route.modem = Some(self.devices[self.random.below(self.devices.len())].name.clone()),
            1 => submit.route.tags = [name("mass")].into(),
            _ => {}
        }
        if self.random.chance(50) {
            submit.key = IdempotencyKey::new(&format!("request-{number}")).ok();
        }
        submit.digest = digest(&submit);
        submit
    }
}
