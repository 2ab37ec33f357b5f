//! A modem that says anything at any time: the engine stays calm, small and punctual.

use std::time::Duration;

use proptest::collection::vec;
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof, proptest};
use proptest::sample::select;
use smsgrid::at::{Engine, Event, Memory, PinPlan, Procedure, Profile, Rung, SendEnd, SendPart, Slot, Urc};
use smsgrid::model::{Attempt, Epoch, NotWrittenReason, PartNumber, PartOutcome, Time, UncertainPolicy};

use crate::obedient;
use crate::script::PDU;

/// Longer than any procedure may take, quiet time and recovery included.
const PROCEDURE_MAX: Duration = Duration::from_secs(1200);

#[derive(Clone, Debug)]
enum Move {
    Say(Vec<u8>),
    Pass(u64),
    Take,
    Start(Procedure),
    Confirm,
    Abort,
    Lose,
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn whatever_a_modem_says_every_procedure_ends_in_time(moves in vec(a_move(), 1..120)) {
        let mut world = World::new();

        for one in moves {
            world.make(one);
        }

        world.run_out();
    }
}

#[test]
fn a_flood_that_nobody_reads_is_bounded() {
    let mut engine = Engine::new(Profile::default());

    for _ in 0..100_000 {
        engine.handle_input(b"^RSSI: 20\r\n", Time::ZERO);
    }
    for _ in 0..20_000 {
        engine.handle_input(b"+CMTI: \"SM\",1\r\n", Time::ZERO);
    }

    let events: Vec<Event> = std::iter::from_fn(|| engine.poll_event()).collect();
    assert!(events.len() < 10_000, "{}", events.len());
    assert!(events.iter().any(|event| matches!(event, Event::Unsolicited(Urc::MessageStored(_)))));
}

/// Octets that never end a line, lines that answer nothing, and answers that are never whole.
#[test]
fn a_modem_that_gives_an_octet_now_and_then_for_ever_ends_every_procedure_in_time() {
    let part = SendPart {
        attempt: Attempt { epoch: Epoch(1), part: PartNumber::FIRST },
        pdu_hex: PDU.to_owned(),
        tpdu_length: 15,
        policy: UncertainPolicy::Resend,
        resend: false,
    };
    for said in [&b"x"[..], b"x\r\n", b"OK ", b"\0\r\n", b"+CSQ: 20\r\n"] {
        for procedure in [
            Procedure::Survey,
            Procedure::Stop,
            Procedure::Resynchronise,
            Procedure::Reset(Rung::Restart),
            Procedure::SendPart(part.clone()),
        ] {
            let mut world = World::new();
            let begun = world.now;
            world.make(Move::Start(procedure.clone()));

            let mut octets = said.iter().cycle();
            while !world.engine.is_idle() {
                let octet = octets.next().copied().into_iter().collect();
                // `World` holds that no procedure takes longer than it may.
                for one in [Move::Take, Move::Say(octet), Move::Confirm, Move::Pass(900)] {
                    world.make(one);
                }
            }
            let is_asked = !world.taken.is_empty();
            assert_eq!(is_asked, world.now > begun, "{procedure:?}, {}", said.escape_ascii());
        }
    }
}

/// The engine, and what has to be true of it.
struct World {
    engine: Engine,
    now: Time,
    ends_by: Option<Time>,
    taken: Vec<Vec<u8>>,
    epoch: u64,
    /// The attempt under way, and whether its Ctrl-Z was taken.
    attempt: Option<(Attempt, bool)>,
}

impl World {
    fn new() -> World {
        let mut engine = Engine::new(Profile::default());
        let mut now = Time::ZERO;
        obedient::initialise(&mut engine, &mut now);
        World { engine, now, ends_by: None, taken: Vec::new(), epoch: 0, attempt: None }
    }

    fn make(&mut self, one: Move) {
        match one {
            Move::Say(octets) => self.engine.handle_input(&octets, self.now),
            Move::Pass(ms) => self.pass(Duration::from_millis(ms)),
            Move::Take => self.take(),
            Move::Start(procedure) => self.start(procedure),
            Move::Confirm => {
                self.engine.confirm_write(self.now);
            }
            Move::Abort => {
                self.engine.abort(NotWrittenReason::Draining, self.now);
            }
            Move::Lose => self.engine.port_lost(self.now),
        }
        self.check();
    }

    fn start(&mut self, procedure: Procedure) {
        let mut procedure = procedure;
        if let Procedure::SendPart(part) = &mut procedure {
            self.epoch += 1;
            part.attempt.epoch = Epoch(self.epoch);
            self.start_part(part.clone());
            return;
        }
        if self.engine.start(procedure, self.now).is_ok() {
            self.ends_by = Some(self.now + PROCEDURE_MAX);
        }
    }

    fn start_part(&mut self, part: SendPart) {
        let attempt = part.attempt;
        if self.engine.start(Procedure::SendPart(part), self.now).is_ok() {
            assert_eq!(self.attempt, None, "an attempt begins before the one before has ended");
            self.attempt = Some((attempt, false));
            self.ends_by = Some(self.now + PROCEDURE_MAX);
        }
    }

    fn take(&mut self) {
        while let Some(octets) = self.engine.poll_transmit() {
            if octets == [0x1A] {
                let (_, handed_over) = self.attempt.as_mut().expect("Ctrl-Z belongs to an attempt");
                assert!(!*handed_over, "an attempt is handed over once");
                *handed_over = true;
            }
            self.taken.push(octets);
        }
    }

    fn pass(&mut self, wait: Duration) {
        let end = self.now + wait;
        while let Some(due) = self.engine.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.engine.handle_timeout(self.now);
            self.check();
        }
        self.now = end;
    }

    fn check(&mut self) {
        while let Some(event) = self.engine.poll_event() {
            self.judge(&event);
        }
        assert_eq!(
            self.engine.is_idle(),
            self.engine.poll_timeout().is_none(),
            "no deadline, or one too many"
        );
        match self.engine.is_idle() {
            true => self.ends_by = None,
            false => assert!(self.ends_by.is_some_and(|by| self.now <= by), "it never ends"),
        }
        if self.engine.is_idle() {
            assert_eq!(self.attempt, None, "an attempt without an end");
        }
    }

    /// What is said about an attempt has to agree with what was written.
    fn judge(&mut self, event: &Event) {
        let Event::SendEnded { attempt, end } = event else { return };
        let (mine, handed_over) = self.attempt.take().expect("an attempt that ends has begun and not ended");
        assert_eq!(*attempt, mine);
        match end {
            SendEnd::NotWritten { .. } => assert!(!handed_over, "it was written"),
            SendEnd::Outcome(
                PartOutcome::Sent { .. } | PartOutcome::Uncertain(_) | PartOutcome::Refused(_),
            )
            | SendEnd::EarlierCopyAccepted => assert!(handed_over, "it was never handed over"),
            SendEnd::Outcome(PartOutcome::Called(end)) => panic!("a part ended like a call: {end}"),
        }
    }

    fn run_out(&mut self) {
        self.take();
        for _ in 0..2000 {
            let Some(due) = self.engine.poll_timeout() else { return };
            self.now = self.now.max(due);
            self.engine.handle_timeout(self.now);
            self.take();
            self.check();
        }
        panic!("it never ends");
    }
}

fn a_move() -> impl Strategy<Value = Move> {
    prop_oneof![
        4 => vec(any::<u8>(), 0..200).prop_map(Move::Say),
        12 => a_line().prop_map(|line| Move::Say(format!("{line}\r\n").into_bytes())),
        4 => Just(Move::Say(b"\r\n> ".to_vec())),
        4 => (0_u64..100_000).prop_map(Move::Pass),
        12 => Just(Move::Take),
        6 => a_procedure().prop_map(Move::Start),
        6 => Just(Move::Confirm),
        1 => Just(Move::Abort),
        1 => Just(Move::Lose),
    ]
}

/// Lines that mean something somewhere, mostly at the wrong moment.
const LINES: &[&str] = &[
    "OK",
    "OK",
    "OK",
    "ERROR",
    "0",
    "RDY",
    "SMS Ready",
    "UNDER-VOLTAGE WARNNING",
    "+CMTI: \"SM\",3",
    "+CDS: 25",
    "+CMT: ,25",
    "0006AB",
    "+CUSD: 0,\"open",
    "+CMGL: 1,1,,3",
    "+CMGR: 1,,3",
    "+CPMS: 3,10,3,10,3,10",
    "+CREG: 0,1",
    "+CREG: 1",
    "+CPIN: SIM PIN",
    "356938035643809",
    "+CMGF: 0",
    "\"\",,(,",
];

fn a_line() -> impl Strategy<Value = String> {
    let known = select(LINES).prop_map(str::to_owned);
    prop_oneof![
        8 => known,
        2 => (0_u16..700).prop_map(|code| format!("+CMS ERROR: {code}")),
        1 => (0_u16..700).prop_map(|code| format!("+CME ERROR: {code}")),
        2 => (0_u16..300).prop_map(|reference| format!("+CMGS: {reference}")),
    ]
}

fn a_procedure() -> impl Strategy<Value = Procedure> {
    let slot = Slot { memory: Memory::SM, index: 1 };
    let part = SendPart {
        attempt: Attempt { epoch: Epoch(0), part: PartNumber::FIRST },
        tpdu_length: 15,
        pdu_hex: PDU.to_owned(),
        policy: UncertainPolicy::Resend,
        resend: false,
    };
    let others = [
        Procedure::Initialise { pin: PinPlan::default(), quiet: Duration::ZERO, resets_sim: false },
        Procedure::Survey,
        Procedure::List { memory: Memory::SM },
        Procedure::Read { slot },
        Procedure::Delete { slot, only_if: Some("0006AB".to_owned()) },
        Procedure::Ask { line: "AT+GCAP".to_owned(), expects: None, patience: Duration::from_secs(20) },
        Procedure::Resynchronise,
        Procedure::Reset(Rung::Restart),
        Procedure::Reset(Rung::RadioCycle),
    ];
    prop_oneof![Just(Procedure::SendPart(part)), select(others.to_vec())]
}
