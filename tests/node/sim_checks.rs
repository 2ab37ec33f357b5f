//! The operator's look at the SIM (`check_sim`): before the rest of the set-up, again with resets, and given up.

use std::fs;

use smsgrid_tests::wait;

use super::pair::PATIENCE;
use super::remote::Remote;

/// What smsd makes of RADIO_OFF_ON.
const RADIO: &str = "AT+CFUN=0;+CFUN=1";

#[test]
fn a_sim_that_is_not_ready_is_looked_at_again_after_a_reset_until_it_is_there() {
    let settings = "check_sim = \"yes\"\ncheck_sim_retries = \"forever\"\ncheck_sim_wait = \"300ms\"\n\
                    check_sim_reset = \"RADIO_OFF_ON\"\ncheck_sim_keep_open = true\n";
    let mut remote = Remote::prepare(settings, false);
    let imsi = remote.order("status 1")["modems"][0]["status"]["imsi"].as_str().expect("digits").to_owned();
    remote.order("remove-sim 1");
    remote.gateway.start();

    remote.wait_until_said(&["GSM1: its SIM is not ready (try 1); looked at again", "other modems"]);
    remote.wait_until_said(&["GSM1: its SIM is not ready (try 3); looked at again"]);
    assert_eq!(remote.tap.opened(), 1, "the port is kept open meanwhile");
    remote.order(&format!("change-sim 1 {imsi}"));

    remote.wait_until_said(&["modem.up", "GSM1"]);
    remote.sends("hello");
    remote.gateway.stop();
    let lines = remote.tap.lines();
    assert_eq!(lines[..3], ["AT", "ATE0", "AT+CPIN?"], "{lines:?}");
    let resets = lines.iter().filter(|line| *line == RADIO).count();
    let tries = (1..).take_while(|tries| remote.said(&[&format!("(try {tries})")]) == 1).count();
    assert!(tries >= 3 && resets == tries, "{tries} looks failed, {resets} resets: {lines:?}");
}

#[test]
fn a_sim_that_is_never_ready_is_given_up_and_a_resumed_modem_is_looked_at_anew() {
    let settings = "check_sim = \"once\"\ncheck_sim_cmd = \"AT+CCID\"\ncheck_sim_retries = 1\n\
                    check_sim_wait = \"0s\"\ncheck_sim_reset = \"AT^RESET\"\n";
    let mut remote = Remote::prepare(settings, true);
    let suspend = remote.suspend_file();
    let imsi = remote.order("status 1")["modems"][0]["status"]["imsi"].as_str().expect("digits").to_owned();
    remote.order("remove-sim 1");
    remote.gateway.start();

    remote.wait_until_said(&["GSM1: its SIM is not ready (try 2); that was the last retry"]);
    remote.wait_until_said(&["GSM1: its SIM was not ready 2 times and is given up", "put a SIM in"]);
    remote.wait_until_closed();
    assert_eq!((remote.tap.opened(), remote.tap.count("AT^RESET")), (2, 1), "{:?}", remote.tap.lines());
    remote.gateway.drop_file("meanwhile", b"To: 491700000001\nQueue: other\n\nhello");
    assert!(remote.wait_for_sent("meanwhile").contains("Modem: OTHER"));

    fs::write(&suspend, "GSM1: the SIM is put in\n").expect("room");
    remote.wait_until_said(&["GSM1 is suspended"]);
    remote.order(&format!("change-sim 1 {imsi}"));
    fs::remove_file(&suspend).expect("it is there");
    remote.wait_until_said(&["modem.up", "GSM1"]);
    let looks = remote.tap.count("AT+CCID");
    remote.tap.cut();
    wait::until_true("the port to be opened again", PATIENCE, || remote.tap.opened() == 4);
    remote.sends("afterwards");
    assert_eq!(
        (looks, remote.tap.count("AT+CCID")),
        (3, 3),
        "a SIM that was ready once is not looked at again"
    );
    remote.gateway.stop();
}
