//! Tests of the quirk table: each personality does what its row says, and nothing worse.

use std::time::Duration;

use super::*;

#[test]
fn q02_chatters_inside_answers_and_before_the_prompt_until_told_to_stop() {
    let mut bench = Bench::ready("q02");

    assert!(bench.wait(Duration::from_secs(60)).split('|').count() > 20);
    let answer = bench.ask("AT+CSQ");
    let lines: Vec<&str> = answer.split('|').collect();
    assert_eq!((lines[lines.len() - 3], lines[lines.len() - 1]), ("+CSQ: 20,99", "OK"), "{answer}");
    assert!(lines[lines.len() - 2].starts_with('^'), "{answer}");
    assert!(bench.ask("AT+CMGS=23").starts_with('^'));
    assert!(bench.ask_pdu(HELLO).contains("+CMGS: 0|"));

    bench.ask("AT^CURC=0");
    assert_eq!(bench.wait(Duration::from_secs(60)), "");
    assert_eq!(bench.ask("AT+CSQ"), "+CSQ: 20,99|OK");
    bench.modem.reset(bench.now);
    assert!(bench.wait(Duration::from_secs(60)).split('|').count() > 20, "a restart forgets it");
}

#[test]
fn q10_restarts_in_the_middle_of_a_send_with_or_without_a_warning() {
    let mut bench = Bench::ready("q10");
    let (mut warned, mut unwarned, mut left) = (0, 0, 0);
    for _ in 0..200 {
        let before = bench.ledger.len();
        let answer = bench.send(HELLO, HELLO_OCTETS);
        if answer.contains("+CMGS") {
            continue;
        }
        assert!(answer.contains("RDY|"), "{answer}");
        if answer.contains("UNDER-VOLTAGE") {
            warned += 1
        } else {
            unwarned += 1
        }
        left += bench.ledger.len() - before;
        assert_eq!(bench.ask("ATE0"), "ATE0|OK", "nothing is set after the restart");
        bench.ask("AT+CMEE=1;+CMGF=0");
        bench.wait(Duration::from_secs(5));
    }

    assert!(warned > 5 && unwarned > 5, "{warned} and {unwarned}");
    assert!((1..warned + unwarned).contains(&left), "{left} of {}", warned + unwarned);
}

#[test]
fn q11_takes_up_to_a_minute() {
    let mut bench = Bench::ready("q11");
    let longest = (0..50)
        .map(|_| {
            let begun = bench.now;
            assert!(bench.send(HELLO, HELLO_OCTETS).contains("+CMGS: "));
            bench.now.since(begun)
        })
        .max();

    assert!((45..=61).contains(&longest.unwrap().as_secs()), "{longest:?}");
}

#[test]
fn q20_says_ok_to_a_failed_send_until_told_otherwise() {
    let mut bench = Bench::ready("q20?fail=100%&codes=500");

    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "OK");
    assert_eq!(bench.ask("AT^SM20=0,0"), "OK");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMS ERROR: 500");
    bench.ask("AT&F");
    bench.ask("ATE0");
    bench.ask("AT+CMGF=0");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "OK", "the factory profile brings it back");
    assert!(bench.ledger.is_empty());
    let mut usual = Bench::ready("q20");
    assert!((0..50).any(|_| usual.send(HELLO, HELLO_OCTETS) == "OK"));
}

#[test]
fn q21_takes_a_line_feed_for_the_pdu() {
    let mut bench = Bench::ready("q21");
    bench.write(b"AT+CMGS=23\r\n");
    bench.wait(Duration::from_millis(100));

    assert_eq!(bench.ask_pdu(HELLO), "+CMS ERROR: 304");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMGS: 0|OK", "a carriage return alone is right");
}

#[test]
fn q22_answers_515_when_a_message_comes_in_while_sending() {
    let mut bench = Bench::ready("q22");
    let collided = (0..100).map(|_| bench.send(HELLO, HELLO_OCTETS)).find(|answer| answer.contains("515"));
    let sent = bench.ledger.len();

    assert_eq!(collided.as_deref(), Some("+CMTI: \"SM\",1|+CME ERROR: 515"));
    assert_eq!(bench.ask("AT+CMGS=23"), "+CME ERROR: 515");
    assert_eq!(bench.ask("AT+CSQ"), "+CSQ: 20,99|OK");
    bench.wait(Duration::from_secs(3));
    bench.ask("AT+CMGD=1,4");
    assert_eq!(bench.ask("AT+CMGS=23"), ">", "the same command works after a while");
    assert_eq!(bench.ledger.len(), sent, "nothing was sent");
    bench.modem.deliver("1", "while the prompt is open", bench.now);
    assert!(bench.ask_pdu(HELLO).ends_with("+CME ERROR: 515"));
}

#[test]
fn q24_answers_512_to_a_collision_and_to_a_weak_signal() {
    let mut bench = Bench::ready("q24");
    let answers: Vec<String> = (0..100).map(|_| bench.send(HELLO, HELLO_OCTETS)).collect();
    let collided = answers.iter().filter(|answer| answer.contains("+CMS ERROR: 512")).count();

    assert!((5..40).contains(&collided), "{collided}");
    assert_eq!(bench.ledger.len(), 100 - collided, "nothing of those was sent");
    bench.modem.set_signal(3);
    assert!((0..20).all(|_| bench.send(HELLO, HELLO_OCTETS).contains("+CMS ERROR: 512")));
}

#[test]
fn q26_breaks_when_it_is_asked_about_messages_while_sending() {
    let mut bench = Bench::ready("q26");
    bench.ask("AT+CMGS=23");
    bench.write(format!("{HELLO}\x1a").as_bytes());
    bench.write(b"AT+CSQ\r");
    assert_eq!(bench.wait(Duration::from_secs(5)), "+CMGS: 0|OK", "other commands do no harm");
    bench.ask("AT+CMGS=23");
    bench.write(format!("{HELLO}\x1a").as_bytes());

    bench.write(b"AT+CPMS?\r");

    assert_eq!(bench.wait(Duration::from_secs(60)), "");
    assert_eq!(bench.ledger.len(), 1, "the broken send never left");
    assert_eq!(bench.ask("AT+CMGS=23"), "+CMS ERROR: 500");
    assert_eq!(bench.ask("AT+CMGL=4"), "+CMS ERROR: 500");
    bench.ask("AT+CFUN=1,1");
    bench.wait(Duration::from_secs(10));
    bench.ask("ATE0");
    bench.ask("AT+CMGF=0");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMGS: 1|OK");
}

#[test]
fn q27_sends_nothing_after_reference_255_until_it_restarts() {
    let mut bench = Bench::ready("q27");
    bench.modem.set_next_reference(254);
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMGS: 254|OK");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMGS: 255|OK");

    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMS ERROR: 1");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMS ERROR: 1");

    bench.modem.reset(bench.now);
    bench.wait(Duration::from_secs(10));
    bench.ask("ATE0");
    bench.ask("AT+CMGF=0");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMGS: 0|OK");
}

#[test]
fn q29_answers_a_hasty_pdu_in_front_of_the_next_command() {
    let mut bench = Bench::ready("q29");
    assert_eq!(bench.send(HELLO, HELLO_OCTETS), "+CMGS: 0|OK", "100 ms behind the prompt all is well");
    let (mut late, mut refused) = (0, 0);
    for _ in 0..50 {
        bench.ask("AT+CMGS=23");
        bench.write(format!("{HELLO}\x1a").as_bytes());
        assert_eq!(bench.wait(Duration::from_secs(60)), "");
        let answer = bench.ask("AT+CSQ");
        assert!(answer.ends_with("|+CSQ: 20,99|OK"), "{answer}");
        if answer.starts_with("+CMGS: ") { late += 1 } else { refused += 1 }
    }

    assert!(late > 10 && refused > 10, "{late} and {refused}");
    assert_eq!(bench.ledger.len(), 1 + late);
}

#[test]
fn q34_is_silent_for_minutes_and_sends_nothing() {
    let mut bench = Bench::ready("q34");
    let (mut unknown, mut nothing) = (0, 0);
    for _ in 0..40 {
        bench.ask("AT+CMGS=23");
        bench.write(format!("{HELLO}\x1a").as_bytes());
        assert_eq!(bench.wait(Duration::from_secs(110)), "");
        match bench.wait(Duration::from_secs(140)).as_str() {
            "+CMS ERROR: 500" => unknown += 1,
            "" => nothing += 1,
            other => panic!("{other}"),
        }
    }

    assert!(unknown > 5 && nothing > 5, "{unknown} and {nothing}");
    assert!(bench.ledger.is_empty());
}
