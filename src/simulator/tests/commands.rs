//! Tests of the commands that do not touch messages.

use std::time::Duration;

use super::*;

#[test]
fn a_modem_just_started_echoes_and_knows_no_error_codes() {
    let mut bench = Bench::raw("fast");

    assert_eq!(bench.write(b"AT\r"), "AT\r\r\nOK\r\n");
    assert_eq!(bench.ask("AT+NONSENSE"), "AT+NONSENSE|ERROR");
    assert_eq!(bench.ask("ATE0"), "ATE0|OK");
    assert_eq!(bench.write(b"AT\r"), "\r\nOK\r\n");
}

#[test]
fn unknown_commands_are_refused_in_the_words_of_cmee() {
    let mut bench = Bench::ready("fast");

    assert_eq!(bench.ask("AT+NONSENSE"), "+CME ERROR: 4");
    assert_eq!(bench.ask("AT+CMEE=2;+CMEE?"), "+CMEE: 2|OK");
    assert_eq!(bench.ask("AT^NONSENSE=1"), "+CME ERROR: operation not supported");
    assert_eq!(bench.ask("AT+CMEE=0"), "OK");
    assert_eq!(bench.ask("ATD123"), "ERROR");
    assert_eq!(bench.ask("AT+CMEE=3"), "ERROR");
    assert_eq!(bench.ask("AT+CMEE=?"), "+CMEE: (0-2)|OK");
}

#[test]
fn numeric_and_quiet_answers_are_given_when_chosen() {
    let mut bench = Bench::ready("fast");

    assert_eq!(bench.write(b"ATV0\r"), "0\r");
    assert_eq!(bench.write(b"AT+CSQ\r"), "+CSQ: 20,99\r\n0\r");
    assert_eq!(bench.write(b"AT+CMEE=0;+X\r"), "4\r");
    assert_eq!(bench.write(b"ATV1Q1\r"), "");
    assert_eq!(bench.write(b"AT+CSQ\r"), "\r\n+CSQ: 20,99\r\n");
    assert_eq!(bench.write(b"ATQ0\r"), "\r\nOK\r\n");
    assert_eq!(bench.write(b"ATV2\r"), "\r\nERROR\r\n");
}

#[test]
fn commands_on_one_line_run_until_one_fails() {
    let mut bench = Bench::ready("fast");

    assert_eq!(bench.ask("AT+CREG=2;+CSQ;+NONSENSE;+CLIP=1"), "+CSQ: 20,99|+CME ERROR: 4");
    assert_eq!(bench.ask("AT+CREG?;+CLIP?"), "+CREG: 2,1,\"1A2B\",\"0000C3D4\"|+CLIP: 0,1|OK");
    assert_eq!(bench.ask("AT+CREG=\"1\""), "+CME ERROR: 50");
    assert_eq!(bench.ask("AT+CPIN=\"12"), "ERROR");
}

#[test]
fn the_factory_profile_brings_echo_and_text_mode_back() {
    for reset in ["ATZ", "AT&F"] {
        let mut bench = Bench::ready("fast");
        assert_eq!(bench.ask(reset), "OK");
        assert_eq!(bench.ask("AT+CMGF?"), "AT+CMGF?|+CMGF: 1|OK");
        assert_eq!(bench.ask("AT+CNMI?"), "AT+CNMI?|+CNMI: 0,0,0,0,0|OK");
    }
}

#[test]
fn a_modem_says_who_it_is() {
    let mut bench = Bench::ready("fast?imei=359900000000008&imsi=001010000000001");

    assert_eq!(bench.ask("AT+CGSN"), "359900000000008|OK");
    assert_eq!(bench.ask("AT+CIMI"), "001010000000001|OK");
    assert_eq!(bench.ask("AT+CCID"), "+CCID: 8900001010000000001|OK");
    assert_eq!(bench.ask("AT+CGMI;+CGMM;+CGMR"), "Smsgrid|Simulated modem|1.0|OK");
    assert_eq!(bench.ask("ATI"), "Smsgrid|Simulated modem|1.0|OK");
    assert_eq!(bench.ask("AT+CGSN=?"), "OK");
}

#[test]
fn signal_registration_and_operator_are_those_of_the_network() {
    let mut bench = Bench::ready("fast");
    bench.modem.set_signal(7);

    assert_eq!(bench.ask("AT+CSQ"), "+CSQ: 7,99|OK");
    assert_eq!(bench.ask("AT+CREG?;+CGREG?;+CEREG?"), "+CREG: 0,1|+CGREG: 0,1|+CEREG: 0,1|OK");
    assert_eq!(bench.ask("AT+COPS?"), "+COPS: 0,0,\"Simulated network\",7|OK");
    assert_eq!(bench.ask("AT+COPS=3,2;+COPS?"), "+COPS: 0,2,\"00101\",7|OK");
    bench.modem.set_signal(77);
    bench.modem.set_registration(Registration::Searching, bench.now);
    assert_eq!(bench.ask("AT+CSQ;+COPS?;+CREG?"), "+CSQ: 99,99|+COPS: 0|+CREG: 0,2|OK");
}

#[test]
fn a_change_of_registration_is_told_to_who_asked_and_once() {
    let mut bench = Bench::ready("fast");
    bench.ask("AT+CREG=1;+CEREG=2");

    bench.modem.set_registration(Registration::Denied, bench.now);
    bench.modem.set_registration(Registration::Denied, bench.now);

    assert_eq!(shown(&bench.drain()), "+CREG: 3|+CEREG: 3,\"1A2B\",\"0000C3D4\"");
}

#[test]
fn a_locked_card_wants_its_pin_before_anything_else() {
    let mut bench = Bench::ready("normal?pin=1234");

    assert_eq!(bench.ask("AT+CPIN?"), "+CPIN: SIM PIN|OK");
    assert_eq!(bench.ask("AT+CIMI"), "+CME ERROR: 11");
    assert_eq!(bench.ask("AT+CPMS?"), "+CMS ERROR: 311");
    assert_eq!(bench.ask("AT+CMGS=23"), "+CMS ERROR: 311");
    assert_eq!(bench.ask("AT+CREG?"), "+CREG: 0,0|OK");
    assert_eq!(bench.ask("AT+CPIN=\"1234\""), "OK");
    assert_eq!(bench.ask("AT+CPIN?"), "+CPIN: READY|OK");
    assert_eq!(bench.ask("AT+CREG?"), "+CREG: 0,2|OK", "the search takes its time");
    bench.wait(Duration::from_secs(2));
    assert_eq!(bench.ask("AT+CREG?"), "+CREG: 0,1|OK");
    assert_eq!(bench.ask("AT+CPIN=\"1234\""), "+CME ERROR: 3");
}

#[test]
fn makers_tell_each_in_its_way_how_many_tries_of_the_pin_are_left() {
    let cases = [
        ("q02", "AT^CPIN?", "^CPIN: SIM PIN,,10,2,10,3|OK"),
        ("q20", "AT^SPIC", "^SPIC: 2|OK"),
        ("q10", "AT+SPIC", "+SPIC: 2,10,3,10|OK"),
    ];
    for (name, question, answer) in cases {
        let mut bench = Bench::ready(&format!("{name}?pin=1234"));
        bench.ask("AT^CURC=0");
        bench.ask("AT+CPIN=\"0000\"");
        assert_eq!(bench.ask(question), answer, "{name}");
    }
    let mut bench = Bench::ready("fast?pin=1234");
    assert!(bench.ask("AT^CPIN?").contains("ERROR"), "the others do not know the question");
}

#[test]
fn three_wrong_pins_ask_for_the_puk_and_ten_wrong_puks_kill_the_card() {
    let mut bench = Bench::ready("fast?pin=1234");

    for _ in 0..3 {
        assert_eq!(bench.ask("AT+CPIN=\"0000\""), "+CME ERROR: 16");
    }
    assert_eq!(bench.ask("AT+CPIN?"), "+CPIN: SIM PUK|OK");
    assert_eq!(bench.ask("AT+CPIN=\"1234\""), "+CME ERROR: 12");
    assert_eq!(bench.ask("AT+CIMI"), "+CME ERROR: 12");
    assert_eq!(bench.ask("AT+CPMS?"), "+CMS ERROR: 316");
    assert_eq!(bench.ask(&format!("AT+CPIN=\"{PUK}\",\"4321\"")), "OK");
    assert_eq!(bench.ask("AT+CPIN?"), "+CPIN: READY|OK");
    assert_eq!(bench.violations, vec![Violation::WrongPin; 3]);
    assert_eq!(bench.modem.card().map(|card| card.wrong_pins()), Some(3));

    let mut bench = Bench::ready("fast?pin=1234");
    for _ in 0..3 {
        bench.ask("AT+CPIN=\"0000\"");
    }
    for _ in 0..10 {
        assert_eq!(bench.ask("AT+CPIN=\"00000000\",\"4321\""), "+CME ERROR: 16");
    }
    assert_eq!(bench.ask("AT+CPIN?"), "+CME ERROR: 13");
    assert_eq!(bench.ask(&format!("AT+CPIN=\"{PUK}\",\"4321\"")), "+CME ERROR: 13");
}

#[test]
fn the_radio_goes_off_and_on_and_the_modem_restarts() {
    let mut bench = Bench::ready("normal");

    assert_eq!(bench.ask("AT+CFUN=0;+CFUN?;+CREG?"), "+CFUN: 0|+CREG: 0,0|OK");
    assert_eq!(bench.ask("AT+CFUN=1;+CREG?"), "+CREG: 0,2|OK");
    bench.wait(Duration::from_secs(2));
    assert_eq!(bench.ask("AT+CREG?"), "+CREG: 0,1|OK");
    assert_eq!(bench.ask("AT+CFUN=7"), "+CME ERROR: 50");
    assert_eq!(bench.ask("AT+CFUN=1,1"), "OK");
    assert_eq!(bench.write(b"AT\r"), "", "a modem that starts does not listen");
    assert_eq!(bench.wait(Duration::from_secs(3)), "RDY");
    assert_eq!(bench.ask("AT+CFUN?"), "AT+CFUN?|+CFUN: 1|OK", "a restart forgets the settings");
}

#[test]
fn the_service_centre_and_the_services_are_kept() {
    let mut bench = Bench::ready("fast");

    assert_eq!(bench.ask("AT+CSCA?"), "+CSCA: \"+10005550100\",145|OK");
    assert_eq!(bench.ask("AT+CSCA=\"491760000443\",145;+CSCA?"), "+CSCA: \"+491760000443\",145|OK");
    assert_eq!(bench.ask("AT+CSCA=\"0176\";+CSCA?"), "+CSCA: \"0176\",129|OK");
    for wrong in ["AT+CSCA=\"12x\"", "AT+CSCA=123", "AT+CSCA=\"123456789012345678901\"", "AT+CSCA"] {
        assert_eq!(bench.ask(wrong), "+CMS ERROR: 304", "{wrong}");
    }
    assert_eq!(bench.ask("AT+CSMS=1;+CSMS?"), "+CSMS: 1,1,0|+CSMS: 1,1,1,0|OK");
    assert_eq!(bench.ask("AT+CSMS=2"), "+CMS ERROR: 303");
    assert_eq!(bench.ask("AT+CMMS=2;+CMMS?;+CGSMS=3;+CGSMS?"), "+CMMS: 2|+CGSMS: 3|OK");
    assert_eq!(bench.ask("AT+CMGF=2"), "+CME ERROR: 50");
}

#[test]
fn the_makers_own_commands_are_known_to_their_modems_only() {
    let mut huawei = Bench::ready("q02");
    let mut cinterion = Bench::ready("q20");

    assert!(huawei.ask("AT^CURC=0").ends_with("OK"));
    assert_eq!(huawei.ask("AT^CURC?"), "^CURC: 0|OK");
    assert_eq!(huawei.ask("AT^SM20=0,0"), "+CME ERROR: 4");
    assert_eq!(cinterion.ask("AT^SM20=0,0;^SM20?"), "^SM20: 0,1|OK");
    assert_eq!(cinterion.ask("AT^CURC=0"), "+CME ERROR: 4");
}

#[test]
fn registers_that_are_fixed_take_only_their_value() {
    let mut bench = Bench::ready("fast");

    assert_eq!(bench.ask("ATS3=13S3?"), "013|OK");
    assert_eq!(bench.ask("ATS3=10"), "ERROR");
    assert_eq!(bench.ask("ATS0=1"), "OK");
    assert_eq!(bench.ask("ATS7=256"), "ERROR");
}
