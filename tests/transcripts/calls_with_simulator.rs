//! Voice calls of the engine through the simulated modem, in virtual time: how a call is said to have ended is compared
//! with what its ledger knows.

use std::time::Duration;

use smsgrid::at::{
    AnswerSign, Calling, Engine, Event, HangUp, PinPlan, PlaceCall, Procedure, Profile, SendEnd, ToneForm,
};
use smsgrid::model::{
    Attempt, Call, CallEnd, Doubt, Epoch, NotWrittenReason, PartNumber, PartOutcome, Time, Timestamp,
};
use smsgrid::simulator::{self, CallEntry, Modem, Spec};

/// How long anything may take, in events of the two machines.
const STEPS_MAX: u32 = 20_000;

#[test]
fn a_call_ends_as_the_network_knows() {
    let heard = |tones: &str| vec![tones.split(' ').map(str::to_owned).collect::<Vec<_>>()];
    for (spec, calling, end, tones) in [
        ("normal", by_result(), CallEnd::Answered, heard("1 # 1 #")),
        ("normal?callee=busy", by_result(), CallEnd::Busy, vec![vec![]]),
        ("normal?callee=no_answer", by_result(), CallEnd::NoAnswer, vec![vec![]]),
        ("normal?callee=no_carrier", by_result(), CallEnd::NoCarrier, vec![vec![]]),
        ("normal?callee=rings", by_result(), CallEnd::Timeout, vec![vec![]]),
        ("normal?callee=leaves&ringing=2s", by_result(), CallEnd::Answered, heard("1 #")),
        ("normal?dial=returns", polling(AnswerSign::Activity), CallEnd::Answered, heard("1# 1#")),
        ("normal?dial=returns", polling(AnswerSign::CallList), CallEnd::Answered, heard("1# 1#")),
        ("normal?dial=returns&callee=busy", polling(AnswerSign::Activity), CallEnd::Hangup, vec![vec![]]),
        ("normal?dial=returns&callee=rings", polling(AnswerSign::CallList), CallEnd::Timeout, vec![vec![]]),
    ] {
        let mut world = World::new(spec, calling);

        let ended = world.call(&Call { tones: "1#".to_owned(), rounds: 2, wait_seconds: Some(40) });

        let what = format!("{spec} {calling:?}");
        assert_eq!(ended, Some(SendEnd::Outcome(PartOutcome::Called(end))), "{what}");
        assert_eq!(world.calls.iter().map(|call| call.tones.clone()).collect::<Vec<_>>(), tones, "{what}");
        assert_eq!(world.parts, 0, "{what}: no SMS was sent");
        assert_eq!(world.modem.violations().len(), 0, "{what}: {:?}", world.modem.violations());
        let answered = end == CallEnd::Answered;
        assert!(world.calls.iter().all(|call| call.answered == answered), "{what}: {:?}", world.calls);
    }
}

#[test]
fn a_modem_pulled_out_in_a_call_leaves_no_false_word() {
    for pulled_at_ms in (0..12_000).step_by(250) {
        let mut world = World::new("normal?ringing=3s", by_result());
        world.pulled_at = Some(Duration::from_millis(pulled_at_ms));

        let ended = world.call(&Call { tones: "1#".to_owned(), rounds: 2, wait_seconds: None });

        match ended.expect("an end") {
            SendEnd::NotWritten { reason: NotWrittenReason::PortLost, .. } => assert!(world.calls.is_empty()),
            SendEnd::Outcome(PartOutcome::Uncertain(Doubt::PortLost)) => {}
            SendEnd::Outcome(PartOutcome::Called(CallEnd::Answered)) => {
                assert!(
                    world.calls.iter().all(|call| call.answered && call.tones.len() == 4),
                    "{:?}",
                    world.calls
                );
            }
            other @ (SendEnd::Outcome(_) | SendEnd::NotWritten { .. } | SendEnd::EarlierCopyAccepted) => {
                panic!("pulled out after {pulled_at_ms} ms: {other:?}")
            }
        }
    }
}

fn by_result() -> Calling {
    Calling::default()
}

fn polling(answer: AnswerSign) -> Calling {
    Calling { answer, tones: ToneForm::List, hang_up: HangUp::Ath, ignores_result: false }
}

/// Engine and modem, wired to each other.
struct World {
    engine: Engine,
    modem: Modem,
    now: Time,
    calls: Vec<CallEntry>,
    parts: usize,
    ended: Option<SendEnd>,
    /// When the modem is pulled out, from the start of the call.
    pulled_at: Option<Duration>,
}

impl World {
    fn new(spec: &str, calling: Calling) -> World {
        let spec: Spec = format!("sim:{spec}").parse().expect("a simulated modem");
        let started = Timestamp::from_unix_millis(1_763_985_600_000);
        World {
            engine: Engine::new(Profile { calling, ..Profile::default() }),
            modem: Modem::new(&spec, 1, started, Time::ZERO),
            now: Time::ZERO,
            calls: Vec::new(),
            parts: 0,
            ended: None,
            pulled_at: None,
        }
    }

    fn call(&mut self, call: &Call) -> Option<SendEnd> {
        let set_up =
            Procedure::Initialise { pin: PinPlan::default(), quiet: Duration::ZERO, resets_sim: false };
        self.engine.start(set_up, self.now).expect("an idle engine");
        self.run(None);
        let attempt = Attempt { epoch: Epoch(1), part: PartNumber::FIRST };
        let place = PlaceCall { attempt, number: "+491721234567".to_owned(), call: call.clone() };
        self.engine.start(Procedure::Call(place), self.now).expect("a configured engine");
        self.run(self.pulled_at.map(|after| self.now + after));
        self.ended
    }

    /// Until the engine is idle; the modem goes at `pulled_at`.
    fn run(&mut self, mut pulled_at: Option<Time>) {
        for _ in 0..STEPS_MAX {
            self.exchange();
            if self.engine.is_idle() {
                return;
            }
            let due = [self.engine.poll_timeout(), self.modem.poll_timeout(), pulled_at]
                .into_iter()
                .flatten()
                .min();
            self.now = self.now.max(due.expect("something is due"));
            if pulled_at.take_if(|at| *at <= self.now).is_some() {
                self.modem.vanish(self.now);
                self.engine.port_lost(self.now);
                continue;
            }
            self.modem.handle_timeout(self.now);
            self.engine.handle_timeout(self.now);
        }
        panic!("the engine does not come to rest");
    }

    fn exchange(&mut self) {
        loop {
            let mut moved = false;
            while let Some(bytes) = self.engine.poll_transmit() {
                self.modem.handle_input(&bytes, self.now);
                moved = true;
            }
            while let Some(event) = self.modem.poll_event() {
                self.note(event);
            }
            self.modem.ledger_written(self.now);
            while let Some(bytes) = self.modem.poll_transmit() {
                self.engine.handle_input(&bytes, self.now);
                moved = true;
            }
            while let Some(event) = self.engine.poll_event() {
                if let Event::SendEnded { end, .. } = event {
                    assert!(self.ended.replace(end).is_none(), "a call ends once");
                }
            }
            if !moved {
                return;
            }
        }
    }

    fn note(&mut self, event: simulator::Event) {
        match event {
            simulator::Event::Ledger(entry) => match entry.call {
                Some(call) => self.calls.push(*call),
                None => self.parts += 1,
            },
            simulator::Event::Violation(_) | simulator::Event::PortClosed | simulator::Event::PortOpened => {}
        }
    }
}
