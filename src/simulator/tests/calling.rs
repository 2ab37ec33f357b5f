//! Voice calls.

use std::time::Duration;

use super::Bench;

#[test]
fn a_call_is_answered_hears_tones_and_stands_in_the_ledger_when_it_is_over() {
    let mut bench = Bench::ready("fast");

    assert_eq!(bench.ask("ATD+491721234567;"), "OK");
    assert_eq!(bench.ask("AT+CPAS"), "+CPAS: 4|OK");
    assert_eq!(bench.ask("AT+CLCC"), "+CLCC: 1,0,0,0,0,\"+491721234567\",145|OK");
    assert_eq!(bench.ask("AT+VTS=1;+VTS=\"#\""), "OK");
    assert_eq!(bench.ask("AT+VTS=2,*"), "OK");
    assert!(bench.ledger.is_empty(), "it is not over");
    assert_eq!(bench.ask("AT+CHUP"), "OK");

    assert_eq!(bench.ask("AT+CPAS"), "+CPAS: 0|OK");
    let entry = bench.ledger.first().expect("a call");
    let call = entry.call.as_ref().expect("no part");
    assert_eq!((entry.destination.as_str(), entry.pdu.as_str(), entry.parts), ("491721234567", "", 0));
    assert_eq!(
        (call.answered, call.tones.join(" "), call.ended_by.as_str()),
        (true, "1 # 2*".to_owned(), "us")
    );
}

#[test]
fn what_is_no_voice_call_is_refused() {
    let mut bench = Bench::ready("fast");

    for line in ["ATD123", "ATD;", "ATD12A3;", "ATD1;+CMGS=5", "AT+VTS=1", "AT+CPAS=1"] {
        assert!(bench.ask(line).ends_with("ERROR") || bench.ask(line).contains("+CME ERROR"), "{line}");
    }
    assert_eq!(bench.ask("ATD123;"), "OK");
    for line in ["AT+VTS=A", "AT+VTS=12", "AT+VTS=", "ATD124;"] {
        assert!(bench.ask(line).contains("+CME ERROR"), "{line}");
    }
    assert_eq!(bench.ask("ATH"), "OK");
    assert_eq!(
        bench.ledger.iter().filter_map(|entry| entry.call.as_ref()).map(|c| c.tones.len()).sum::<usize>(),
        0
    );
}

#[test]
fn a_call_that_is_not_answered_says_why_and_is_over() {
    for (callee, word) in [("busy", "BUSY"), ("no_answer", "NO ANSWER"), ("no_carrier", "NO CARRIER")] {
        let mut bench = Bench::ready(&format!("fast?callee={callee}&ringing=2s"));

        bench.write(b"ATD123;\r");
        assert_eq!(bench.wait(Duration::from_secs(3)), word);

        assert_eq!(bench.ask("AT+CPAS"), "+CPAS: 0|OK");
        let call = bench.ledger.first().and_then(|entry| entry.call.clone()).expect("a call");
        assert_eq!((call.answered, call.ended_by.as_str()), (false, "network"));
    }
}

#[test]
fn dialling_that_returns_at_once_rings_until_it_is_answered_and_left() {
    let mut bench = Bench::ready("fast?callee=leaves&ringing=2s&dial=returns");

    assert_eq!(bench.ask("ATD123;"), "OK");
    assert_eq!(bench.ask("AT+CPAS"), "+CPAS: 3|OK");
    assert!(bench.ask("AT+VTS=1").contains("ERROR"), "nobody hears it yet");
    bench.wait(Duration::from_secs(2));
    assert_eq!(bench.ask("AT+VTS=1"), "OK");
    assert_eq!(bench.wait(Duration::from_secs(3)), "NO CARRIER");

    let call = bench.ledger.first().and_then(|entry| entry.call.clone()).expect("a call");
    assert_eq!((call.answered, call.ended_by.as_str()), (true, "callee"));
}

#[test]
fn a_command_gives_up_a_call_that_is_being_dialled() {
    let mut bench = Bench::ready("fast?callee=rings");

    assert_eq!(bench.write(b"ATD123;\r"), "");
    bench.wait(Duration::from_secs(60));
    assert_eq!(bench.ask("AT+CHUP"), "NO CARRIER|OK");
    assert!(bench.violations.is_empty());
}
