//! The notation of a conversation, and the player.
//!
//! ```text
//! # words for the reader
//! % driver huawei        something about the profile, before anything is said
//! = configured           an obedient modem is initialised; nothing of it is shown
//! * send                 the host does something
//! < +CMTI: "SM",3        the modem says a line; `< >` is its prompt
//! << OK\r\n              the modem says these octets
//! @ +90s                 time passes
//! > AT+CMGF=0            the engine writes a line, ended with CR
//! >> <ESC>               the engine writes octets
//! ! Quiesced             the engine tells the host
//! ```
//!
//! What the engine does stands under what made it do so, and what it does while time passes carries the moment.
//! Bytes are taken from the engine at once, unless the host was told `* write none` or `* write one`.

use std::collections::VecDeque;
use std::time::Duration;

use smsgrid::at::{
    AnswerSign, Calling, CheckSim, Chunking, Driver, Engine, Event, HangUp, ListMethod, Memory, Pin, PinPlan,
    PlaceCall, Procedure, Profile, Question, Rung, SendPart, SimReset, Slot, StartCommand, ToneForm,
};
use smsgrid::model::{Attempt, Call, Epoch, NotWrittenReason, PartNumber, Time, UncertainPolicy};

use crate::obedient;
use crate::render;

/// "Hi" to +49 172 345678.
pub(crate) const PDU: &str = "0001000B919471325476F8000002C834";
const TPDU_LENGTH: u16 = 15;

/// A conversation under way.
pub(crate) struct Player {
    pub(crate) engine: Engine,
    pub(crate) now: Time,
    profile: Profile,
    epoch: u64,
    /// Pieces the host still writes; none: all.
    budget: Option<usize>,
    /// How the modem's octets are cut into reads.
    cut: Box<dyn FnMut() -> usize>,
    output: Vec<String>,
}

/// Plays `script` and gives it back as it really went, with reads as large as they come.
pub(crate) fn play(script: &str) -> String {
    play_in_reads(script, || usize::MAX)
}

/// Plays `script`, cutting what the modem says into reads of the lengths `cut` gives.
pub(crate) fn play_in_reads(script: &str, cut: impl FnMut() -> usize + 'static) -> String {
    let mut player = Player::new(cut);
    let mut played = Vec::new();
    for line in script.lines() {
        if is_output(line) {
            continue;
        }
        player.input(line);
        played.push(line.to_owned());
        played.append(&mut player.output);
    }
    played.join("\n") + "\n"
}

fn is_output(line: &str) -> bool {
    line.starts_with("> ") || line.starts_with(">> ") || line.starts_with("! ")
}

impl Player {
    pub(crate) fn new(cut: impl FnMut() -> usize + 'static) -> Player {
        let profile = Profile::default();
        Player {
            engine: Engine::new(profile.clone()),
            now: Time::ZERO,
            profile,
            epoch: 0,
            budget: None,
            cut: Box::new(cut),
            output: Vec::new(),
        }
    }

    fn input(&mut self, line: &str) {
        let (mark, text) = line.split_once(' ').unwrap_or((line, ""));
        match mark {
            "" | "#" => {}
            "%" => self.configure(text),
            "=" => obedient::initialise(&mut self.engine, &mut self.now),
            "*" => self.host(text),
            "<" if text == ">" => self.say(b"\r\n> "),
            "<" => self.say(format!("\r\n{text}\r\n").as_bytes()),
            "<<" => self.say(&unescaped(text)),
            "@" => self.pass(duration(text.strip_prefix('+').expect("time passes forward"))),
            _ => panic!("no such line: {line}"),
        }
        self.drain(None);
    }

    fn say(&mut self, mut octets: &[u8]) {
        while !octets.is_empty() {
            let length = (self.cut)().clamp(1, octets.len());
            let (read, rest) = octets.split_at(length);
            self.engine.handle_input(read, self.now);
            octets = rest;
        }
    }

    fn pass(&mut self, wait: Duration) {
        let end = self.now + wait;
        while let Some(due) = self.engine.poll_timeout().filter(|due| *due <= end) {
            self.now = self.now.max(due);
            self.engine.handle_timeout(self.now);
            self.drain(Some(self.now));
        }
        self.now = end;
    }

    fn drain(&mut self, at: Option<Time>) {
        let moment = at.map(|at| format!("  @{}", render::seconds(at))).unwrap_or_default();
        loop {
            if let Some(event) = self.engine.poll_event() {
                self.output.extend(render::event(&event).into_iter().map(|line| format!("! {line}{moment}")));
            } else if let Some(octets) = self.written() {
                self.output.push(format!("{}{moment}", render::written(&octets)));
            } else {
                return;
            }
        }
    }

    fn written(&mut self) -> Option<Vec<u8>> {
        match &mut self.budget {
            Some(0) => None,
            Some(left) => {
                let octets = self.engine.poll_transmit()?;
                *left -= 1;
                Some(octets)
            }
            None => self.engine.poll_transmit(),
        }
    }

    fn configure(&mut self, text: &str) {
        let (key, value) = text.split_once(' ').unwrap_or((text, ""));
        let profile = &mut self.profile;
        match key {
            "driver" => profile.driver = Some(Driver::named(value).expect("a driver of this name")),
            "init" => {
                let line = String::from_utf8(unescaped(value)).expect("a command");
                profile.init.push(line);
            }
            "start" => {
                let (rest, line) = value.split_once(' ').expect("a rest and a command");
                profile.start = Some(StartCommand { line: line.to_owned(), rest: duration(rest) });
            }
            "check_sim" => profile.check_sim = Some(check_sim(value)),
            "identity" => profile.identity = Some(value.to_owned()),
            "stop" => profile.stop = Some(value.to_owned()),
            "wakeup" => profile.wakeup = Some(value.to_owned()),
            "command_pause" => profile.command_pause = duration(value),
            "registration_wait" => profile.registration_wait = duration(value),
            "warm_up" => profile.warm_up_max = duration(value),
            "service_centre" => profile.service_centre = Some(value.to_owned()),
            "memories" => {
                profile.memories =
                    value.split(' ').map(|name| Memory::new(name).expect("a memory")).collect();
            }
            "prompt_delay" => profile.prompt_delay = Some(duration(value)),
            "chunks" => {
                let characters = value.parse().expect("a number of characters");
                profile.chunking = Some(Chunking { characters, pause: Duration::from_millis(50) });
            }
            "slots" => profile.list_method = ListMethod::Slots { first: value.parse().expect("a slot") },
            "deletable" => profile.list_method = ListMethod::Deletable,
            "sync_rounds" => profile.sync_rounds = value.parse().expect("a number of rounds"),
            "no_registration" => profile.check_registration = false,
            "verify_pdu" => profile.verify_pdu = true,
            "calling" => profile.calling = calling(value),
            "trace" => profile.trace = true,
            _ => panic!("no such part of a profile: {key}"),
        }
        self.engine = Engine::new(profile.clone());
    }

    fn host(&mut self, text: &str) {
        let mut words: VecDeque<&str> = text.split(' ').collect();
        let verb = words.pop_front().unwrap_or_default();
        let rest = text.strip_prefix(verb).unwrap_or_default().trim();
        let procedure = match verb {
            "initialise" => initialise(&words),
            "survey" => Procedure::Survey,
            "send" => Procedure::SendPart(self.part(&words)),
            "call" => Procedure::Call(self.call(&words)),
            "list" => Procedure::List { memory: Memory::new(rest).expect("a memory") },
            "read" => Procedure::Read { slot: slot(rest) },
            "delete" => {
                Procedure::Delete { slot: slot(words[0]), only_if: words.get(1).map(|hex| (*hex).to_owned()) }
            }
            "ask" => {
                // What is no question is held against the engine as it is.
                let question = Question::read(rest).ok();
                let line = question.as_ref().map_or(rest, Question::line).to_owned();
                let expects = question.and_then(|question| question.expects().cloned());
                Procedure::Ask { line, expects, patience: Duration::from_secs(20) }
            }
            "stop" => Procedure::Stop,
            "resynchronise" => Procedure::Resynchronise,
            "reset" => Procedure::Reset(rung(rest)),
            _ => return self.act(text),
        };
        if let Err(refused) = self.engine.start(procedure, self.now) {
            self.output.push(format!("! refused: {refused}"));
        }
    }

    fn act(&mut self, text: &str) {
        match text {
            "confirm" => {
                self.engine.confirm_write(self.now);
            }
            "port lost" => self.engine.port_lost(self.now),
            "write all" => self.budget = None,
            "write none" => self.budget = Some(0),
            "write one" => self.budget = Some(1),
            "abort" => {
                let aborted = self.engine.abort(NotWrittenReason::LeaseLost, self.now);
                self.output.push(format!("! {}", if aborted { "given up" } else { "too late to give up" }));
            }
            "leave" => self.engine.cut_call_short(self.now),
            "look" => {
                let idle = if self.engine.is_idle() { "idle" } else { "busy" };
                let configured = if self.engine.is_configured() { "configured" } else { "not configured" };
                let driver = self.engine.driver().name();
                self.output.push(format!("! {idle}, {configured}, driver {driver}"));
            }
            _ => panic!("no such deed of a host: {text}"),
        }
    }

    /// `number tones rounds [wait]`, `-` for no tones.
    fn call(&mut self, words: &VecDeque<&str>) -> PlaceCall {
        self.epoch += 1;
        let seconds = |text: &&str| u16::try_from(duration(text).as_secs()).expect("a short wait");
        PlaceCall {
            attempt: Attempt { epoch: Epoch(self.epoch), part: PartNumber::FIRST },
            number: words[0].to_owned(),
            call: Call {
                tones: words[1].trim_start_matches('-').to_owned(),
                rounds: words[2].parse().expect("a number of rounds"),
                wait_seconds: words.get(3).map(seconds),
            },
        }
    }

    fn part(&mut self, words: &VecDeque<&str>) -> SendPart {
        self.epoch += 1;
        let policy = match words.front() {
            Some(&"hold") => UncertainPolicy::Hold,
            Some(&"fail") => UncertainPolicy::Fail,
            Some(_) | None => UncertainPolicy::Resend,
        };
        SendPart {
            attempt: Attempt { epoch: Epoch(self.epoch), part: PartNumber::FIRST },
            tpdu_length: TPDU_LENGTH,
            pdu_hex: PDU.to_owned(),
            policy,
            resend: words.contains(&"again"),
        }
    }
}

/// Every event the engine has not told yet.
pub(crate) fn events(engine: &mut Engine) -> Vec<Event> {
    std::iter::from_fn(|| engine.poll_event()).collect()
}

fn initialise(words: &VecDeque<&str>) -> Procedure {
    let value = |key: &str| words.iter().find_map(|word| word.strip_prefix(key)?.strip_prefix('='));
    let pin = PinPlan {
        pin: value("pin").map(|digits| Pin::new(digits).expect("a PIN")),
        puk: value("puk").map(|digits| Pin::new(digits).expect("a PUK")),
        already_tried: words.contains(&"tried"),
        use_last_attempt: words.contains(&"even_the_last"),
        ignore: words.contains(&"ignore"),
    };
    let quiet = value("quiet").map(duration).unwrap_or_default();
    Procedure::Initialise { pin, quiet, resets_sim: words.contains(&"resets_sim") }
}

/// The words of `once COMMAND; RESETS`, of which `once` and the resets may be missing.
fn check_sim(text: &str) -> CheckSim {
    let (once, text) = text.strip_prefix("once ").map_or((false, text), |text| (true, text));
    let (command, reset) = text.split_once("; ").unwrap_or((text, ""));
    CheckSim { command: command.to_owned(), once, reset: SimReset::read(reset).expect("resets") }
}

fn calling(text: &str) -> Calling {
    let said = |word: &str| text.split(' ').any(|said| said == word);
    Calling {
        tones: match (said("list"), said("quoted")) {
            (true, _) => ToneForm::List,
            (false, true) => ToneForm::QuotedChain,
            (false, false) => ToneForm::Chain,
        },
        hang_up: if said("ath") { HangUp::Ath } else { HangUp::Chup },
        answer: match (said("cpas"), said("clcc")) {
            (true, _) => AnswerSign::Activity,
            (false, true) => AnswerSign::CallList,
            (false, false) => AnswerSign::Result,
        },
        ignores_result: said("ignore"),
    }
}

fn slot(text: &str) -> Slot {
    let (memory, index) = text.split_once(':').expect("memory:index");
    Slot { memory: Memory::new(memory).expect("a memory"), index: index.parse().expect("an index") }
}

fn rung(text: &str) -> Rung {
    match text {
        "resynchronise" => Rung::Resynchronise,
        "reopen" => Rung::Reopen,
        "radio cycle" => Rung::RadioCycle,
        "restart" => Rung::Restart,
        "power cycle" => Rung::PowerCycle,
        _ => panic!("no such rung: {text}"),
    }
}

fn duration(text: &str) -> Duration {
    match text.strip_suffix("ms") {
        Some(ms) => Duration::from_millis(ms.parse().expect("milliseconds")),
        None => {
            let seconds: f64 = text.strip_suffix('s').expect("seconds").parse().expect("seconds");
            Duration::from_secs_f64(seconds)
        }
    }
}

fn unescaped(text: &str) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            octets.push(u8::try_from(character).expect("an octet"));
            continue;
        }
        match characters.next().expect("something after a backslash") {
            'r' => octets.push(b'\r'),
            'n' => octets.push(b'\n'),
            's' => octets.push(b' '),
            '0' => octets.push(0),
            '\\' => octets.push(b'\\'),
            'x' => {
                let digits: String = characters.by_ref().take(2).collect();
                octets.push(u8::from_str_radix(&digits, 16).expect("two hex digits"));
            }
            other => panic!("no such escape: {other}"),
        }
    }
    octets
}
