//! Conversations with the modem, one file a subject. The driver here is the one of the tests, by hand.

mod calling;
mod commands;
mod control;
mod quirks;
mod receiving;
mod sending;
mod strictness;

use std::time::Duration;

use crate::model::{Time, Timestamp};

use super::{Entry, Event, Modem, PUK, Registration, Spec, Violation};

/// hellohello to +46708251358, and the octets of its TPDU.
const HELLO: &str = "0011000B916407281553F80000AA0AE8329BFD4697D9EC37";
const HELLO_OCTETS: usize = 23;
/// The same, asking for a status report.
const HELLO_WITH_REPORT: &str = "0031000B916407281553F80000AA0AE8329BFD4697D9EC37";

/// What a leap of virtual time may not pass without coming to rest.
const STEPS_MAX: usize = 10_000;

/// A modem, its clock, and everything it ever said.
struct Bench {
    modem: Modem,
    now: Time,
    ledger: Vec<Entry>,
    violations: Vec<Violation>,
    port: Vec<Event>,
}

impl Bench {
    /// A modem just switched on: echo, text mode, nothing set.
    fn raw(spec: &str) -> Bench {
        let spec: Spec = spec.parse().expect("a modem of the tests");
        let modem = Modem::new(&spec, 0, Timestamp::from_unix_millis(1_709_251_199_000), Time::ZERO);
        Bench { modem, now: Time::ZERO, ledger: vec![], violations: vec![], port: vec![] }
    }

    /// A modem set as a driver sets it.
    fn ready(spec: &str) -> Bench {
        let mut bench = Bench::raw(spec);
        bench.ask("ATE0");
        assert!(bench.ask("AT+CMEE=1;+CMGF=0;+CNMI=2,1,0,1,0").ends_with("OK"));
        bench
    }

    /// Writes bytes and returns what comes back without waiting.
    fn write(&mut self, bytes: &[u8]) -> String {
        self.modem.handle_input(bytes, self.now);
        self.drain()
    }

    /// Writes a line and waits up to five minutes for its final result code or prompt; line ends become `|`.
    fn ask(&mut self, line: &str) -> String {
        self.converse(format!("{line}\r").as_bytes())
    }

    fn converse(&mut self, bytes: &[u8]) -> String {
        let mut words = self.write(bytes);
        let until = self.now + Duration::from_secs(300);
        while !is_final(&words) && self.step(until) {
            words.push_str(&self.drain());
        }
        shown(&words)
    }

    /// Sends a PDU as a patient driver does: 100 ms behind the prompt. Returns what came for it.
    fn send(&mut self, pdu: &str, octets: usize) -> String {
        let mut words = self.ask(&format!("AT+CMGS={octets}"));
        words.push_str(&self.wait(Duration::from_millis(100)));
        if !words.ends_with('>') {
            return words;
        }
        self.ask_pdu(pdu)
    }

    /// Writes a PDU with its Ctrl-Z and waits for the answer.
    fn ask_pdu(&mut self, pdu: &str) -> String {
        self.converse(format!("{pdu}\x1a").as_bytes())
    }

    /// Lets time pass; returns what was said meanwhile.
    fn wait(&mut self, time: Duration) -> String {
        let until = self.now + time;
        let mut words = self.drain();
        for _ in 0..STEPS_MAX {
            if !self.step(until) {
                self.now = until;
                return shown(&words);
            }
            words.push_str(&self.drain());
        }
        panic!("the modem does not come to rest");
    }

    /// Goes to the next thing that happens by itself, unless that is after `until`.
    fn step(&mut self, until: Time) -> bool {
        let Some(at) = self.modem.poll_timeout().filter(|at| *at <= until) else { return false };
        self.now = self.now.max(at);
        self.modem.handle_timeout(self.now);
        true
    }

    /// What a host does after each call.
    fn drain(&mut self) -> String {
        self.take_events();
        self.modem.ledger_written(self.now);
        let mut words = Vec::new();
        while let Some(bytes) = self.modem.poll_transmit() {
            words.extend(bytes);
        }
        self.take_events();
        String::from_utf8(words).expect("a modem speaks ASCII")
    }

    fn take_events(&mut self) {
        while let Some(event) = self.modem.poll_event() {
            match event {
                Event::Ledger(entry) => self.ledger.push(entry),
                Event::Violation(violation) => self.violations.push(violation),
                Event::PortClosed | Event::PortOpened => self.port.push(event),
            }
        }
    }
}

/// Words in one line: `\r\n+CSQ: 20,99\r\n\r\nOK\r\n` is `+CSQ: 20,99|OK`.
fn shown(words: &str) -> String {
    words.split(['\r', '\n']).map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("|")
}

/// Whether words end with a final result code or a prompt.
fn is_final(words: &str) -> bool {
    let last = words.trim_end_matches(['\r', '\n']).rsplit('\n').next().unwrap_or_default();
    last == "OK" || last == "> " || last.contains("ERROR")
}
