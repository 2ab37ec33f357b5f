//! Tests of what a person or a test makes a modem do.

use std::time::Duration;

use super::super::{Power, SimCard};
use super::*;
use crate::model::Imsi;

#[test]
fn a_modem_that_hangs_answers_late() {
    let mut bench = Bench::ready("steady");
    bench.ask("AT+CMGS=23");
    bench.write(format!("{HELLO}\x1a").as_bytes());

    bench.modem.hang();

    assert_eq!(bench.wait(Duration::from_secs(600)), "");
    assert_eq!(bench.ledger.len(), 1, "the network does not know that the modem hangs");
    assert_eq!(bench.write(b"AT\r"), "", "what is written to it is gone");
    bench.modem.come_back(bench.now);
    assert_eq!(shown(&bench.drain()), "+CMGS: 0|OK");
    assert_eq!(bench.ask("AT"), "OK");
}

#[test]
fn a_modem_that_vanishes_closes_its_port_and_starts_when_it_returns() {
    let mut bench = Bench::ready("normal");

    bench.modem.vanish(bench.now);
    bench.modem.vanish(bench.now);

    assert_eq!(bench.write(b"AT\r"), "");
    assert_eq!(bench.port, [Event::PortClosed]);
    assert_eq!(bench.modem.power(), Power::Gone);
    bench.modem.come_back(bench.now);
    bench.drain();
    assert_eq!(bench.port, [Event::PortClosed, Event::PortOpened]);
    assert_eq!(bench.write(b"AT\r"), "");
    assert_eq!(bench.wait(Duration::from_secs(5)), "RDY");
    assert_eq!(bench.ask("AT"), "AT|OK", "with nothing set");
}

#[test]
fn a_part_on_its_way_when_the_modem_vanishes_has_left_or_not() {
    let left: Vec<usize> = (0..100)
        .map(|seed| {
            let mut bench = Bench::ready(&format!("steady?seed={seed}"));
            bench.ask("AT+CMGS=23");
            bench.write(format!("{HELLO}\x1a").as_bytes());
            bench.modem.vanish(bench.now);
            bench.wait(Duration::from_secs(10));
            bench.ledger.len()
        })
        .collect();

    assert!(left.iter().all(|count| *count <= 1));
    let count: usize = left.iter().sum();
    assert!((30..70).contains(&count), "{count} of 100");
}

#[test]
fn a_vanished_modem_is_not_answered_by_its_ledger() {
    let mut bench = Bench::ready("fast");
    bench.ask("AT+CMGS=23");
    bench.modem.handle_input(format!("{HELLO}\x1a").as_bytes(), bench.now);

    bench.modem.vanish(bench.now);
    bench.modem.come_back(bench.now);

    assert_eq!(bench.wait(Duration::from_secs(1)), "RDY");
    assert_eq!(bench.ledger.len(), 1, "accepted before, and once");
}

#[test]
fn a_reset_shows_its_banner_and_asks_for_the_pin_again() {
    let mut bench = Bench::ready("fast?pin=1234");
    bench.ask("AT+CPIN=\"1234\"");

    bench.modem.reset(bench.now);

    assert_eq!(bench.write(b"AT\r"), "");
    assert_eq!(bench.wait(Duration::from_secs(1)), "RDY");
    assert_eq!(bench.ask("AT+CPIN?"), "AT+CPIN?|+CPIN: SIM PIN|OK");
}

#[test]
fn an_answer_on_its_way_is_lost_with_the_power() {
    let mut bench = Bench::ready("steady");
    bench.write(b"AT+CSQ\r");

    bench.modem.reset(bench.now);

    assert_eq!(bench.wait(Duration::from_secs(10)), "RDY");
    bench.ask("ATE0");
    bench.ask("AT+CMGF=0");
    bench.ask("AT+CMGS=23");
    bench.modem.reset(bench.now);
    assert_eq!(bench.wait(Duration::from_secs(10)), "RDY", "a prompt is forgotten too");
    assert_eq!(bench.ask("AT"), "AT|OK");
}

#[test]
fn the_next_parts_are_refused_as_ordered() {
    let mut bench = Bench::ready("fast");
    bench.modem.refuse(2, 38);

    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMS ERROR: 38");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMS ERROR: 38");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMGS: 0|OK");
    let status = bench.modem.status();
    assert_eq!((status.accepted, status.refused, bench.ledger.len()), (1, 2, 1));
}

#[test]
fn a_lost_answer_leaves_its_part_in_the_ledger() {
    let mut bench = Bench::ready("fast");
    bench.modem.lose_answers(1);
    bench.ask("AT+CMGS=23");

    bench.write(format!("{HELLO}\x1a").as_bytes());

    assert_eq!(bench.wait(Duration::from_secs(600)), "");
    assert_eq!(bench.ledger.len(), 1);
    assert_eq!(bench.ask("AT"), "OK");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMGS: 1|OK");
}

#[test]
fn another_card_has_its_own_identity_messages_and_references() {
    let mut bench = Bench::ready("fast?report=5s");
    bench.send(HELLO_WITH_REPORT, HELLO_OCTETS);
    bench.modem.deliver("1", "on the first card", bench.now);
    bench.drain();
    let second = SimCard::new(Imsi::new("001019999999999").unwrap(), None, 20);

    let first = bench.modem.change_card(Some(second), bench.now);

    assert_eq!(bench.ask("AT+CIMI"), "001019999999999|OK");
    assert!(bench.ask("AT+CPMS?").starts_with("+CPMS: \"SM\",0,20"));
    assert_eq!(bench.wait(Duration::from_secs(60)), "", "the report belongs to the first card");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMGS: 0|OK");
    bench.modem.change_card(first, bench.now);
    assert!(bench.drain().contains("+CDS: 25"), "it comes when the card is back");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMGS: 1|OK");
    assert!(bench.ask("AT+CPMS?").starts_with("+CPMS: \"SM\",1,10"));
}

#[test]
fn without_a_card_every_sim_command_says_so() {
    let mut bench = Bench::ready("fast");
    bench.ask("AT+CREG=1");

    bench.modem.change_card(None, bench.now);

    assert_eq!(shown(&bench.drain()), "+CREG: 0");
    assert_eq!(bench.ask("AT+CPIN?"), "+CME ERROR: 10");
    assert_eq!(bench.ask("AT+CIMI"), "+CME ERROR: 10");
    assert_eq!(bench.ask("AT+CMGL=4"), "+CMS ERROR: 310");
    assert_eq!(bench.ask("AT+CMGS=23"), "+CMS ERROR: 310");
    assert_eq!(bench.modem.status().imsi, None);
}

#[test]
fn a_card_pulled_while_sending_ends_the_send() {
    let mut bench = Bench::ready("steady");
    bench.ask("AT+CMGS=23");
    bench.write(format!("{HELLO}\x1a").as_bytes());

    bench.modem.change_card(None, bench.now);

    assert_eq!(shown(&bench.drain()), "+CMS ERROR: 310");
    assert_eq!(bench.ask("AT"), "OK");
    assert!(bench.ledger.len() <= 1);
}

#[test]
fn a_status_shows_what_went_on() {
    let mut bench = Bench::ready("fast");
    bench.send(HELLO, HELLO_OCTETS);
    bench.write(b"AT\rAT\r");

    let status = bench.modem.status();

    assert_eq!((status.accepted, status.next_reference, status.signal), (1, Some(1), 20));
    assert_eq!((status.personality.as_str(), status.hung, status.locked), ("fast", false, false));
    assert_eq!(status.violations.get(&Violation::InputWhileBusy), Some(&1));
}
