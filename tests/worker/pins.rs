//! What a worker does with the PIN of a SIM when its modem falls over in the middle of it.

use std::time::Duration;

use smsgrid::at::{InitialiseFailure, Pin, PinPlan};
use smsgrid::model::{Name, Time};
use smsgrid::queue::{Policy, Queue};
use smsgrid::worker::modem::{Context, Effect, ModemWorker, Notice, Settings};
use smsgrid::worker::{Lease, LeaseTerms};

/// Long enough for every reset a worker tries, and for its looks at a modem that waits for a person.
const LONG: Duration = Duration::from_secs(3600);

#[test]
fn a_pin_whose_answer_a_restart_hid_is_not_tried_again() {
    let mut bench = Bench::new(AtPin::Restarts);

    bench.run(LONG);

    assert_eq!(bench.uses(), 1);
    assert!(bench.is_down_for_a_tried_pin(), "{:?}", bench.notices);
    assert!(bench.marked);
}

#[test]
fn a_pin_on_its_way_when_the_port_was_lost_is_not_tried_again() {
    let mut bench = Bench::new(AtPin::Vanishes);

    bench.run(LONG);

    assert_eq!(bench.uses(), 1);
    assert!(bench.is_down_for_a_tried_pin(), "{:?}", bench.notices);
}

#[test]
fn a_mark_for_which_nobody_waits_any_more_is_taken_back_and_the_pin_is_used_later() {
    let mut bench = Bench::new(AtPin::Takes);
    bench.mark_takes = Duration::from_secs(3);

    bench.run(Duration::from_secs(1));
    bench.tell(ModemWorker::handle_port_failed);
    bench.run(Duration::from_secs(3));

    assert_eq!((bench.marks, bench.uses(), bench.marked), (1, 0, false));

    bench.run(LONG);

    assert_eq!((bench.uses(), bench.marked), (1, false), "{:?}", bench.notices);
    assert!(bench.is_up());
}

#[test]
fn a_disk_slower_than_the_question_delays_a_pin_and_does_not_ban_it() {
    let mut bench = Bench::new(AtPin::Takes);
    bench.mark_takes = Duration::from_secs(7);

    bench.run(LONG);

    assert_eq!((bench.uses(), bench.marked), (1, false), "{:?}", bench.notices);
    assert!(bench.is_up());
}

#[test]
fn a_right_pin_stays_usable_when_the_modem_falls_silent_as_soon_as_the_sim_is_ready() {
    let mut bench = Bench::new(AtPin::Takes);
    bench.deaf_to = Some("AT+CMGF=0");

    bench.run(Duration::from_secs(5));

    assert_eq!((bench.uses(), bench.marked), (1, false), "{:?}", bench.notices);

    bench.deaf_to = None;
    bench.cut_the_power();
    bench.run(LONG);

    assert_eq!((bench.uses(), bench.marked), (2, false), "{:?}", bench.notices);
    assert!(bench.is_up());
}

#[test]
fn a_right_pin_stays_usable_when_the_modem_tells_only_in_the_next_set_up_that_the_sim_is_ready() {
    let mut bench = Bench::new(AtPin::TakesUnheard);

    bench.run(LONG);

    assert_eq!((bench.uses(), bench.marked), (1, false), "{:?}", bench.notices);
    assert!(bench.is_up());
}

#[test]
fn a_sim_found_ready_after_the_port_was_lost_proves_no_pin() {
    let mut bench = Bench::new(AtPin::Vanishes);

    bench.run(Duration::from_secs(1));
    bench.sim_is_open = true;
    bench.run(LONG);

    assert!(bench.is_up() && bench.marked, "{:?}", bench.notices);

    bench.cut_the_power();
    bench.run(LONG);

    assert_eq!(bench.uses(), 1);
    assert!(bench.is_down_for_a_tried_pin(), "{:?}", bench.notices);
}

/// What the modem does with `AT+CPIN="..."`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum AtPin {
    /// It takes the PIN.
    Takes,
    /// It takes the PIN and hears nothing more, until it is brought back in step.
    TakesUnheard,
    /// It says nothing and starts anew; the SIM stays locked.
    Restarts,
    /// It is pulled out; the SIM stays locked.
    Vanishes,
}

/// A worker with a modem that has a locked SIM, on a port that can always be opened.
struct Bench {
    worker: ModemWorker,
    queue: Queue,
    lease: Lease,
    now: Time,
    at_pin: AtPin,
    sim_is_open: bool,
    /// A command that is not answered, nor any other one then.
    deaf_to: Option<&'static str>,
    deaf: bool,
    written: Vec<String>,
    notices: Vec<Notice>,
    /// How often the mark became durable, and whether it is there now.
    marks: usize,
    marked: bool,
    mark_takes: Duration,
    marking_until: Option<Time>,
}

impl Bench {
    fn new(at_pin: AtPin) -> Bench {
        let pin = PinPlan { pin: Pin::new("4711"), ..PinPlan::default() };
        let settings = Settings { pin, ..Settings::new(Name::new("GSM1").expect("a name")) };
        Bench {
            worker: ModemWorker::new(settings),
            queue: Queue::new(Policy::default()),
            lease: Lease::new(LeaseTerms::default()),
            now: Time::ZERO,
            at_pin,
            sim_is_open: false,
            deaf_to: None,
            deaf: false,
            written: Vec::new(),
            notices: Vec::new(),
            marks: 0,
            marked: false,
            mark_takes: Duration::ZERO,
            marking_until: None,
        }
    }

    fn uses(&self) -> usize {
        self.written.iter().filter(|line| line.starts_with("AT+CPIN=")).count()
    }

    fn is_up(&self) -> bool {
        self.notices.iter().any(|notice| matches!(notice, Notice::Surveyed(_)))
    }

    fn is_down_for_a_tried_pin(&self) -> bool {
        let tried =
            |failure: &InitialiseFailure| matches!(failure, InitialiseFailure::PinAlreadyTried { .. });
        self.notices
            .iter()
            .any(|notice| matches!(notice, Notice::SetUpFailed { failure, .. } if tried(failure)))
    }

    fn cut_the_power(&mut self) {
        self.sim_is_open = false;
        self.deaf = false;
        self.tell(ModemWorker::handle_port_failed);
    }

    fn run(&mut self, span: Duration) {
        let end = self.now + span;
        self.tell(ModemWorker::handle_wake);
        loop {
            while let Some(effect) = self.worker.poll_effect() {
                self.carry_out(effect);
            }
            let due = [self.worker.poll_timeout(), self.marking_until].into_iter().flatten().min();
            let Some(due) = due.filter(|due| *due <= end) else { break };
            self.now = self.now.max(due);
            if self.marking_until.take_if(|until| *until <= due).is_some() {
                self.marks += 1;
                self.marked = true;
                self.tell(ModemWorker::handle_pin_marked);
            }
            self.tell(ModemWorker::handle_wake);
        }
        self.now = end;
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::LookUp => unreachable!("the port is not shared"),
            Effect::OpenPort => self.tell(ModemWorker::handle_opened),
            Effect::Write(bytes) => self.answer(String::from_utf8_lossy(&bytes).trim()),
            Effect::MarkPin => self.marking_until = self.marking_until.or(Some(self.now + self.mark_takes)),
            Effect::UnmarkPin => self.marked = false,
            Effect::Notify(notice) => self.notices.push(notice),
            Effect::ClosePort | Effect::LeavePort | Effect::Answer(_) | Effect::Trace(_) => {}
            Effect::Propose(_) | Effect::Record { .. } | Effect::Forget { .. } => {
                unreachable!("without a session there is nothing to say")
            }
        }
    }

    fn answer(&mut self, line: &str) {
        self.written.push(line.to_owned());
        self.deaf |= self.deaf_to == Some(line);
        if line.contains('\x1b') && self.deaf_to.is_none() {
            self.deaf = false;
        }
        if self.deaf {
            return;
        }
        match (line, self.at_pin) {
            ("AT+CPIN?", _) if self.sim_is_open => self.say("+CPIN: READY\r\n\r\nOK"),
            ("AT+CPIN?", _) => self.say("+CPIN: SIM PIN\r\n\r\nOK"),
            ("AT+CPIN=\"4711\"", AtPin::Takes) => {
                self.sim_is_open = true;
                self.say("OK");
            }
            ("AT+CPIN=\"4711\"", AtPin::TakesUnheard) => {
                self.sim_is_open = true;
                self.deaf = true;
            }
            ("AT+CPIN=\"4711\"", AtPin::Restarts) => self.say("RDY"),
            ("AT+CPIN=\"4711\"", AtPin::Vanishes) => self.tell(ModemWorker::handle_port_failed),
            ("AT+CGSN", _) => self.say("356938035643809\r\n\r\nOK"),
            ("AT+CIMI", _) => self.say("262011234567890\r\n\r\nOK"),
            ("AT+CPMS?", _) => self.say("+CPMS: \"SM\",2,10,\"SM\",2,10,\"SM\",2,10\r\n\r\nOK"),
            ("AT+CREG?", _) => self.say("+CREG: 0,1\r\n\r\nOK"),
            ("AT+CGMI" | "AT+CGMM", _) => self.say("Obedient Inc\r\n\r\nOK"),
            _ => self.say("OK"),
        }
    }

    fn say(&mut self, text: &str) {
        let bytes = format!("\r\n{text}\r\n").into_bytes();
        self.tell(|worker, context| worker.handle_input(&bytes, context));
    }

    fn tell(&mut self, input: impl FnOnce(&mut ModemWorker, &Context<'_>)) {
        let context = Context { queue: &self.queue, session: None, lease: &self.lease, now: self.now };
        input(&mut self.worker, &context);
    }
}
