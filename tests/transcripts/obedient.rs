//! A modem that does as it is told, for conversations that begin after the configuration.

use std::time::Duration;

use smsgrid::at::{Engine, Event, PinPlan, Procedure};
use smsgrid::model::Time;

use crate::script;

/// Initialises the engine against it. The time that passes is a second at most.
pub(crate) fn initialise(engine: &mut Engine, now: &mut Time) {
    let procedure =
        Procedure::Initialise { pin: PinPlan::default(), quiet: Duration::ZERO, resets_sim: false };
    engine.start(procedure, *now).expect("an idle engine");
    let mut line = Vec::new();
    while !engine.is_idle() {
        let Some(octets) = engine.poll_transmit() else {
            *now = engine.poll_timeout().expect("a deadline while something runs");
            engine.handle_timeout(*now);
            continue;
        };
        line.extend(octets);
        if !line.ends_with(b"\r") {
            continue;
        }
        let command = String::from_utf8(std::mem::take(&mut line)).expect("a command");
        engine.handle_input(answer(command.trim_end()).as_bytes(), *now);
    }
    let events = script::events(engine);
    assert!(matches!(events.last(), Some(Event::Initialised(_))), "{events:?}");
    *now = Time::ZERO;
}

/// What it answers to a command.
pub(crate) fn answer(command: &str) -> String {
    let line = match command {
        "AT+CGMI" => "Obedient",
        "AT+CGMM" => "M1",
        "AT+CGMR" => "1.0",
        "AT+CPIN?" => "+CPIN: READY",
        "AT+CPMS?" => "+CPMS: \"SM\",0,10,\"SM\",0,10,\"SM\",0,10",
        "AT+CGSN" => "356938035643809",
        "AT+CIMI" => "262011234567890",
        "AT+CSCA?" => "+CSCA: \"+491710760000\",145",
        "AT+CSQ" => "+CSQ: 20,0",
        "AT+CREG?" => "+CREG: 0,1",
        "AT+COPS?" => "+COPS: 0,0,\"Netz\",2",
        "AT+CGSMS?" => "+CGSMS: 1",
        _ => return "\r\nOK\r\n".to_owned(),
    };
    format!("\r\n{line}\r\n\r\nOK\r\n")
}
