//! Tests of `AT+CMGS`, from the prompt to the ledger.

use std::time::Duration;

use super::super::Event;
use super::*;

#[test]
fn a_part_is_in_the_ledger_before_the_driver_hears_of_it() {
    let mut bench = Bench::ready("fast");
    bench.ask("AT+CMGS=23");

    bench.modem.handle_input(format!("{HELLO}\x1a").as_bytes(), bench.now);

    bench.modem.ledger_written(bench.now);
    assert_eq!(bench.modem.poll_transmit(), None, "an entry nobody took cannot be written");
    let Some(Event::Ledger(entry)) = bench.modem.poll_event() else { panic!("no ledger entry") };
    assert_eq!((entry.destination.as_str(), entry.message_reference), ("46708251358", 0));
    assert_eq!((entry.text.as_deref(), entry.pdu.as_str()), (Some("hellohello"), HELLO));
    assert_eq!((entry.part, entry.parts, entry.time.as_str()), (1, 1, "2024-02-29T23:59:59.000Z"));
    assert_eq!(bench.modem.poll_transmit(), None, "polling the entry does not write it");
    bench.modem.ledger_written(bench.now);
    assert_eq!(bench.modem.poll_transmit().as_deref(), Some(&b"\r\n+CMGS: 0\r\n\r\nOK\r\n"[..]));
}

#[test]
fn the_card_counts_references_whatever_the_driver_writes() {
    let mut bench = Bench::ready("fast");
    bench.modem.set_next_reference(254);

    let answers: Vec<String> = (0..3).map(|_| bench.send(HELLO, HELLO_OCTETS)).collect();

    assert_eq!(answers, ["+CMGS: 254|OK", "+CMGS: 255|OK", "+CMGS: 0|OK"]);
    assert_eq!(bench.ledger.iter().map(|entry| entry.message_reference).collect::<Vec<_>>(), [254, 255, 0]);
}

#[test]
fn a_part_takes_as_long_as_its_personality_says() {
    let mut bench = Bench::ready("steady");
    let begun = bench.now;

    bench.ask("AT+CMGS=23");
    let answer = bench.ask_pdu(HELLO);

    assert_eq!(answer, "+CMGS: 0|OK");
    assert_eq!(bench.now.since(begun), Duration::from_millis(300));
}

#[test]
fn a_drawn_latency_stays_within_its_span() {
    let mut bench = Bench::ready("normal");
    for _ in 0..50 {
        let begun = bench.now;
        bench.ask("AT+CMGS=23");
        bench.ask_pdu(HELLO);
        let taken = bench.now.since(begun).as_millis();
        assert!((2000..=5000).contains(&taken), "{taken} ms");
    }
}

#[test]
fn escape_gives_the_pdu_up_and_nothing_is_sent() {
    let mut bench = Bench::ready("fast");
    bench.ask("AT+CMGS=23");

    let answer = bench.write(b"0011000B91\x1b");

    assert_eq!(shown(&answer), "OK");
    assert!(bench.ledger.is_empty());
    assert_eq!(bench.ask("AT"), "OK");
}

#[test]
fn what_is_no_pdu_of_the_announced_length_is_answered_304_and_counted() {
    let mut bench = Bench::ready("fast");
    let cases = [
        (HELLO, 22),
        (HELLO, 24),
        ("", 23),
        ("0011", 23),
        ("0011000B916407281553F80000AA0AE8329BFD4697D9EC3", 23),
        ("0011000B916407281553F80000AA0AE8329BFD4697D9EC3X", 23),
        ("0011000B916407281553F80000AA0AE8329BFD4697D9EC37\r", 23),
        ("0010000B916407281553F80000AA0AE8329BFD4697D9EC37", 23),
    ];

    for (pdu, octets) in cases {
        assert_eq!(bench.send(pdu, octets), "+CMS ERROR: 304", "{pdu:?} as {octets}");
    }

    assert_eq!(bench.violations, vec![Violation::MalformedPdu; cases.len()]);
    assert!(bench.ledger.is_empty());
    assert_eq!(bench.send(&"0".repeat(100_000), 23), "+CMS ERROR: 304");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMGS: 0|OK");
}

#[test]
fn a_length_no_tpdu_has_gets_no_prompt() {
    let mut bench = Bench::ready("fast");

    for length in ["0", "165", "99999999"] {
        let answer = bench.ask(&format!("AT+CMGS={length}"));
        assert!(answer.contains("ERROR"), "{length}: {answer}");
    }
    assert_eq!(bench.ask("AT+CMGS"), "+CMS ERROR: 302");
    assert_eq!(bench.ask("AT+CMGS=23;+CSQ"), "ERROR");
}

#[test]
fn in_text_mode_there_is_no_prompt() {
    let mut bench = Bench::ready("fast");
    bench.ask("AT+CMGF=1");

    assert_eq!(bench.ask("AT+CMGS=23"), "+CMS ERROR: 302");
    assert_eq!(bench.ask("AT+CMGL=4"), "+CMS ERROR: 302");
}

#[test]
fn without_network_or_service_centre_nothing_is_sent() {
    let mut bench = Bench::ready("fast");
    bench.modem.set_registration(Registration::Denied, bench.now);
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMS ERROR: 331");

    bench.modem.set_registration(Registration::Roaming, bench.now);
    assert_eq!(bench.ask("AT+CSCA=\"\""), "OK");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMS ERROR: 330");

    let own = format!("0791947106004034{}", &HELLO[2..]);
    assert_eq!(bench.send(&own, HELLO_OCTETS), "+CMGS: 0|OK");
    assert_eq!(bench.ledger.len(), 1);
}

#[test]
fn a_report_comes_when_it_was_asked_for() {
    let mut bench = Bench::ready("fast?report=2s");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMGS: 0|OK");
    assert_eq!(bench.wait(Duration::from_secs(10)), "");
    assert_eq!(bench.send(HELLO_WITH_REPORT, HELLO_OCTETS), "+CMGS: 1|OK");
    let sent = bench.now;

    assert_eq!(bench.wait(Duration::from_millis(1999)), "");
    let report = bench.wait(Duration::from_millis(1));

    assert_eq!(bench.now.since(sent), Duration::from_secs(2));
    let (header, pdu) = report.split_once('|').unwrap();
    assert_eq!(header, "+CDS: 25");
    assert!(pdu.starts_with("07910100550501F0"), "{pdu}");
    assert!(pdu.contains("06010B916407281553F8") && pdu.ends_with("00"), "{pdu}");
}

#[test]
fn a_report_carries_the_status_a_person_chose_and_can_be_switched_off() {
    let mut bench = Bench::ready("fast?report=0");
    bench.modem.set_report_status(0x46);
    bench.send(HELLO_WITH_REPORT, HELLO_OCTETS);
    assert!(bench.wait(Duration::ZERO).ends_with("46"));

    let mut bench = Bench::ready("fast?report=off");
    bench.send(HELLO_WITH_REPORT, HELLO_OCTETS);
    assert_eq!(bench.wait(Duration::from_secs(600)), "");
}

#[test]
fn refusals_come_as_often_and_with_the_codes_asked_for() {
    let mut bench = Bench::ready("fast?fail=25%&codes=42,500&seed=3");

    let answers: Vec<String> = (0..400).map(|_| bench.send(HELLO, HELLO_OCTETS)).collect();

    let refused = answers.iter().filter(|answer| answer.contains("ERROR")).count();
    assert!((70..130).contains(&refused), "{refused} of 400");
    assert!(answers.iter().any(|answer| answer == "+CMS ERROR: 42"));
    assert!(answers.iter().any(|answer| answer == "+CMS ERROR: 500"));
    assert_eq!(bench.ledger.len(), 400 - refused, "a part refused is in no ledger");
}

#[test]
fn flaky_is_refused_about_one_part_in_twenty() {
    let mut bench = Bench::ready("flaky");

    let refused = (0..400).filter(|_| bench.send(HELLO, HELLO_OCTETS).contains("ERROR")).count();

    assert!((8..36).contains(&refused), "{refused} of 400");
}

#[test]
fn silent_never_answers_and_half_its_parts_have_left() {
    let mut bench = Bench::ready("silent");
    for _ in 0..100 {
        bench.ask("AT+CMGS=23");
        bench.write(format!("{HELLO}\x1a").as_bytes());
        assert_eq!(bench.wait(Duration::from_secs(30)), "");
        assert_eq!(bench.ask("AT"), "OK", "after a while commands are taken again");
    }

    assert!((35..65).contains(&bench.ledger.len()), "{}", bench.ledger.len());
}

#[test]
fn the_same_seed_gives_the_same_ledger() {
    let run = |seed: u64| {
        let mut bench = Bench::ready(&format!("flaky?seed={seed}"));
        let answers: Vec<String> = (0..50).map(|_| bench.send(HELLO_WITH_REPORT, HELLO_OCTETS)).collect();
        (answers, bench.ledger, bench.now)
    };

    assert_eq!(run(5), run(5));
    assert_ne!(run(5).2, run(6).2);
}
