//! When a port is opened and closed, and what the modem is told then: real sockets over loopback.

use std::fs;

use smsgrid_tests::wait;

use super::pair::PATIENCE;
use super::remote::Remote;

#[test]
fn a_connection_that_closes_is_told_and_made_again() {
    let mut remote = Remote::start("");
    remote.sends("before");

    remote.tap.cut();

    remote.sends("after");
    assert_eq!(remote.tap.opened(), 2);
    assert_eq!(remote.said(&["modem.lost", "the other end closed it"]), 1);
    remote.gateway.stop();
}

#[test]
fn a_modem_is_told_its_start_once_before_all_else_and_its_stop_last() {
    let settings = "start = \"AT+CFUN=1\"\nstart_pause = \"1ms\"\nstop = \"AT+CFUN=0\"\n";
    let mut remote = Remote::start(settings);
    remote.sends("before");
    remote.tap.cut();
    remote.sends("after");
    assert_eq!(remote.tap.count("AT+CFUN=0"), 0);

    remote.gateway.stop();

    remote.wait_until_closed();
    let lines = remote.tap.lines();
    assert_eq!(lines[..3], ["AT", "ATE0", "AT+CFUN=1"], "{lines:?}");
    assert_eq!(remote.tap.count("AT+CFUN=1"), 1, "a port that is lost is no new start: {lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("AT+CFUN=0"), "{lines:?}");
    assert_eq!(remote.tap.count("AT+CFUN=0"), 1);
}

#[test]
fn a_modem_that_refuses_its_start_and_its_stop_is_used_all_the_same() {
    let mut remote = Remote::start("start = \"AT^WAKE=1234\"\nstart_pause = \"0ms\"\nstop = \"AT^SLEEP\"\n");

    remote.sends("hello");
    assert_eq!(remote.said(&["MODEM_REFUSED", "did not accept its `start` command", "used all the same"]), 1);
    remote.gateway.stop();

    assert_eq!(remote.said(&["MODEM_REFUSED", "did not accept its `stop` command"]), 1);
    assert_eq!(remote.said(&["1234"]), 0, "a parameter may be secret");
}

#[test]
fn a_modem_the_suspend_file_names_is_left_alone_until_its_line_is_gone() {
    let commands = "start = \"AT+CFUN=1\"\nstart_pause = \"1ms\"\nstop = \"AT+CFUN=0\"\n";
    let mut remote = Remote::prepare(commands, true);
    let file = remote.suspend_file();
    remote.gateway.start();
    remote.wait_until_said(&["modem.up", "GSM1"]);

    fs::write(&file, "# changed by night\nGSM*: the SIM is changed\n").expect("room");
    remote.wait_until_said(&[
        "MODEM_SUSPENDED",
        "GSM1 is suspended",
        "its port is closed",
        "the SIM is changed",
    ]);
    remote.wait_until_closed();
    assert_eq!(remote.tap.lines().last().map(String::as_str), Some("AT+CFUN=0"));
    remote.gateway.drop_file("meanwhile", b"To: 491700000001\nQueue: other\n\nhello");
    assert!(remote.wait_for_sent("meanwhile").contains("Modem: OTHER"));
    assert_eq!((remote.tap.opened(), remote.tap.is_open()), (1, false));

    fs::write(&file, "GSM2: another one\n").expect("room");
    remote.wait_until_said(&["modem.resumed", "GSM1"]);
    wait::until_true("the start", PATIENCE, || remote.tap.count("AT+CFUN=1") == 2);
    fs::write(&file, "ALL:\n").expect("room");
    remote.wait_until_said(&["MODEM_SUSPENDED", "OTHER is suspended", "the suspend file names it"]);
    remote.wait_until_closed();
    fs::remove_file(&file).expect("it is there");
    remote.sends("afterwards");
    remote.gateway.stop();

    assert_eq!(remote.tap.opened(), 3);
    assert_eq!((remote.said(&["GSM1 is suspended"]), remote.said(&["OTHER is suspended"])), (2, 1));
}

#[test]
fn a_modem_that_is_suspended_when_the_node_starts_is_not_touched() {
    let mut remote = Remote::prepare("", true);
    let file = remote.suspend_file();
    fs::write(&file, "GSM1: at rest\n").expect("room");
    remote.gateway.start();

    remote.wait_until_said(&["GSM1 is suspended", "at rest"]);
    assert!(remote.sends("meanwhile").contains("Modem: OTHER"));
    assert_eq!(remote.tap.opened(), 0);

    fs::remove_file(&file).expect("it is there");
    remote.wait_until_said(&["modem.up", "GSM1"]);
    assert_eq!(remote.tap.opened(), 1);
    remote.gateway.stop();
}

#[test]
fn a_port_that_is_not_kept_open_is_closed_whenever_its_modem_is_idle() {
    let mut remote = Remote::prepare("keep_open = false\nstop = \"AT+CFUN=0\"\n", false);
    remote.gateway.start();
    remote.wait_until_said(&["modem.up", "GSM1"]);
    remote.wait_until_closed();

    for opened in 2..5 {
        let long = format!("To: 491700000001\n\n{}", "x".repeat(400));
        remote.gateway.drop_file(&opened.to_string(), long.as_bytes());
        remote.wait_for_sent(&opened.to_string());
        remote.wait_until_closed();
        assert_eq!(remote.tap.opened(), opened, "a message of three parts leaves in one opening");
    }
    assert_eq!((remote.said(&["modem.up"]), remote.said(&["modem.lost"])), (1, 0), "it stays registered");
    assert_eq!(remote.tap.count("AT+CFUN=0"), 0);
    remote.gateway.stop();

    assert_eq!((remote.tap.opened(), remote.tap.count("AT+CFUN=0")), (5, 1), "opened once more for its stop");
}
