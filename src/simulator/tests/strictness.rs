//! Tests of what a sloppy driver gets.

use std::time::Duration;

use super::*;

#[test]
fn a_pdu_written_together_with_its_command_is_lost() {
    let mut bench = Bench::ready("fast");

    let words = bench.write(format!("AT+CMGS=23\r{HELLO}\x1a").as_bytes());

    assert_eq!(words, "\r\n> ", "the prompt comes, the PDU is gone");
    assert_eq!(bench.wait(Duration::from_secs(600)), "");
    assert!(bench.ledger.is_empty());
    assert_eq!(bench.violations, [Violation::InputBeforePrompt], "counted once a send");
    assert_eq!(bench.ask_pdu(HELLO), "+CMGS: 0|OK", "the prompt still stands");
}

#[test]
fn a_pdu_written_before_a_late_prompt_is_lost() {
    let mut bench = Bench::ready("steady");

    bench.write(b"AT+CMGS=23\r");
    bench.write(format!("{HELLO}\x1a").as_bytes());

    assert_eq!(bench.wait(Duration::from_secs(600)), ">");
    assert!(bench.ledger.is_empty());
    assert_eq!(bench.violations, [Violation::InputBeforePrompt]);
}

#[test]
fn a_line_feed_after_the_carriage_return_is_forgiven() {
    let mut bench = Bench::ready("fast");

    assert_eq!(bench.write(b"AT\r\n"), "\r\nOK\r\n");
    assert_eq!(bench.write(b"AT+CMGS=23\r\n"), "\r\n> ");
    assert_eq!(bench.ask_pdu(HELLO), "+CMGS: 0|OK");
    assert!(bench.violations.is_empty());
}

#[test]
fn a_line_while_another_is_answered_is_lost_and_counted() {
    let mut bench = Bench::ready("steady");

    let mut words = bench.write(b"AT+CSQ\rAT+CREG?\r");
    words.push_str(&bench.wait(Duration::from_secs(1)));

    assert_eq!(words, "+CSQ: 20,99|OK");
    assert_eq!(bench.violations, [Violation::InputWhileBusy]);
}

#[test]
fn half_a_line_while_another_is_answered_is_lost_too() {
    let mut bench = Bench::ready("steady");

    bench.write(b"AT+CSQ\rAT+C");
    bench.wait(Duration::from_secs(1));

    assert_eq!(bench.violations, [Violation::InputWhileBusy]);
    assert_eq!(bench.write(b"REG?\r"), "", "the rest is no command");
}

#[test]
fn a_message_command_while_a_part_is_sent_is_a_fault_of_its_own() {
    let mut bench = Bench::ready("steady");
    bench.ask("AT+CMGS=23");
    bench.write(format!("{HELLO}\x1a").as_bytes());

    bench.write(b"AT+CSQ\r");
    bench.write(b"AT+CSQ;+CPMS?\r");
    bench.write(b"AT+CIMI\r");

    let faults =
        [Violation::InputWhileBusy, Violation::MessageCommandDuringSend, Violation::MessageCommandDuringSend];
    assert_eq!(bench.violations, faults);
    assert_eq!(bench.modem.violations().get(&Violation::MessageCommandDuringSend), Some(&2));
    assert_eq!(bench.wait(Duration::from_secs(1)), "+CMGS: 0|OK", "the send itself goes on");
}

#[test]
fn escape_and_line_ends_while_busy_are_no_fault() {
    let mut bench = Bench::ready("steady");
    bench.ask("AT+CMGS=23");
    bench.write(format!("{HELLO}\x1a").as_bytes());

    bench.write(b"\x1b\r\r\n\x1a");

    assert!(bench.violations.is_empty());
    assert_eq!(bench.wait(Duration::from_secs(1)), "+CMGS: 0|OK");
}

#[test]
fn an_endless_line_is_refused_and_does_not_grow() {
    let mut bench = Bench::ready("fast");
    let mut line = vec![b'A'; 1 << 20];
    line[1] = b'T';
    line.push(b'\r');

    assert_eq!(bench.write(&line), "\r\nERROR\r\n");
    assert_eq!(bench.violations, [Violation::LineTooLong]);
    assert!(bench.modem.line.capacity() < 4096);
    assert_eq!(bench.ask("AT"), "OK");
}

#[test]
fn noise_gets_no_answer_and_does_not_hide_the_command_behind_it() {
    let mut bench = Bench::ready("fast");

    assert_eq!(bench.write(b"\r\r\nhello\r\xff\xfe\x00\r\x1a\x1b\r"), "");
    assert_eq!(bench.write(b"\xff\xfe~AT+CSQ\r"), "\r\n+CSQ: 20,99\r\n\r\nOK\r\n");
    assert_eq!(
        bench.write(b"ATX\x08I\r").lines().nth(1),
        Some("Smsgrid"),
        "backspace takes a character back"
    );
    assert!(bench.violations.is_empty());
}

#[test]
fn octets_at_random_never_panic_nor_reach_the_ledger() {
    for seed in 0..200 {
        let mut random = super::super::random::Random::new(seed, 0);
        let mut bench = Bench::ready("fast");
        for _ in 0..50 {
            let pieces: [&[u8]; 8] = [
                b"AT",
                b"+CMGS=23\r",
                HELLO.as_bytes(),
                b"\x1a",
                b"\x1b",
                b"\r\n",
                b"+CPMS=\"SM\";",
                b"\xff\x00\"",
            ];
            let piece = random.pick(&pieces).unwrap();
            let cut = usize::try_from(random.below(piece.len() as u64 + 1)).unwrap();
            bench.write(&piece[..cut]);
            bench.write(piece);
            bench.wait(Duration::from_millis(random.below(50)));
        }
        let accepted = bench.modem.status().accepted;
        assert_eq!(bench.ledger.len() as u64, accepted);
        assert!(bench.ledger.iter().all(|entry| entry.pdu == HELLO), "seed {seed}");
    }
}

#[test]
fn a_driver_that_does_not_read_loses_words_and_not_memory() {
    let mut bench = Bench::ready("fast?sim_slots=0");
    bench.ask("AT+CNMI=2,2");

    for _ in 0..5000 {
        bench.modem.deliver("+4911", "a text nobody reads", bench.now);
    }

    assert!(bench.modem.output.len() <= 64 * 1024);
}
