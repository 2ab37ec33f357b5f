//! A SIM that cannot be used: wrong PIN, last attempt, PUK, no PIN, no SIM. No attempt is ever wasted.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use smsgrid_tests::wait;

use super::driver::Driver;
use super::pair::{PATIENCE, Pair};

/// A modem that tells how many attempts are left, with a SIM whose PIN is 1234.
const LOCKED: &str = "q20?latency=0ms&fail=0%&pin=1234";

#[test]
fn a_wrong_pin_is_tried_once_over_three_starts_and_the_right_one_then_works() {
    let mut pair = pair_with_pin("0000");
    pair.gateway.start();
    let words =
        ["GSM1", "the SIM refused the PIN", "2 attempts left", "pin_file, then restart", "not tried again"];
    pair.wait_for_trouble("PIN_WRONG", &words);
    pair.sends_by_gsm2("first");
    pair.stop();

    for name in ["second", "third"] {
        pair.gateway.start();
        let words =
            ["GSM1", "tried before", "not tried again", "2 attempts left", "pin_file", "remove ", "/pins/"];
        pair.wait_for_trouble("PIN_WRONG", &words);
        pair.sends_by_gsm2(name);
        assert_eq!(pair.troubles("PIN_WRONG").len(), 1);
        pair.stop();
    }
    assert_eq!(pair.status("wrong_pins"), 1);

    write_pin(pair.dir(), "1234");
    pair.gateway.start();
    pair.wait_until_up(1);
    pair.sends_by_gsm1("afterwards");
    assert_eq!((pair.status("wrong_pins"), pair.status("locked")), (1.into(), false.into()));
    pair.stop();
}

#[test]
fn the_last_attempt_is_not_used_not_even_for_the_right_pin() {
    let mut pair = pair_with_pin("1234");
    enter_wrong_pins(&pair, 2);
    pair.gateway.start();

    let words = ["GSM1", "one PIN attempt is left and is not used", "phone", "other modems"];
    pair.wait_for_trouble("PIN_LAST_ATTEMPT", &words);
    pair.sends_by_gsm2("meanwhile");

    assert_eq!((pair.status("wrong_pins"), pair.status("locked")), (2.into(), true.into()));
    assert_eq!(pair.troubles("PIN_LAST_ATTEMPT").len(), 1);
    pair.stop();
}

#[test]
fn a_sim_that_wants_its_puk_is_left_to_a_person_and_used_once_it_is_unlocked() {
    let mut pair = pair_with_pin("1234");
    enter_wrong_pins(&pair, 3);
    pair.gateway.start();

    let words = ["GSM1", "wants its PUK", "operator", "phone", "other modems"];
    pair.wait_for_trouble("PUK_LOCKED", &words);
    pair.sends_by_gsm2("meanwhile");
    assert_eq!(pair.status("wrong_pins"), 3);
    assert_eq!(pair.troubles("PUK_LOCKED").len(), 1);
    pair.stop();

    assert!(driver(&pair).ask("AT+CPIN=\"12345678\",\"1234\"").ends_with("OK"));
    pair.gateway.start();
    pair.wait_until_up(1);
    pair.sends_by_gsm1("afterwards");
    pair.stop();
}

#[test]
fn a_sim_that_wants_a_pin_nobody_configured_is_not_guessed_at() {
    let mut pair = Pair::new(LOCKED, "");
    pair.gateway.start();

    pair.wait_for_trouble("PIN_NEEDED", &["GSM1", "wants a PIN", "3 attempts left", "pin_file", "restart"]);
    pair.sends_by_gsm2("meanwhile");

    assert_eq!((pair.status("wrong_pins"), pair.status("locked")), (0.into(), true.into()));
    assert_eq!(pair.troubles("PIN_NEEDED").len(), 1);
    pair.stop();
}

#[test]
fn a_missing_sim_is_told_once_and_used_when_it_is_put_in() {
    let mut pair = Pair::new("fast", "");
    let imsi = pair.status("imsi");
    pair.order("remove-sim 0");
    pair.gateway.start();

    pair.wait_for_trouble("SIM_MISSING", &["GSM1", "there is no SIM", "Put a SIM in", "other modems"]);
    pair.sends_by_gsm2("meanwhile");
    assert_eq!(pair.troubles("SIM_MISSING").len(), 1);
    pair.stop();

    pair.order(&format!("change-sim 0 {}", imsi.as_str().expect("digits")));
    pair.gateway.start();
    pair.wait_until_up(1);
    pair.sends_by_gsm1("afterwards");
    pair.stop();
}

/// GSM1 has a SIM with a PIN, and the node the PIN `pin` for it.
fn pair_with_pin(pin: &str) -> Pair {
    let dir = tempfile::tempdir().expect("a folder");
    write_pin(dir.path(), pin);
    let setting = format!("pin_file = \"{}\"\n", dir.path().join("pin").display());
    Pair::in_folder(dir, LOCKED, &setting)
}

fn write_pin(dir: &Path, pin: &str) {
    let path = dir.join("pin");
    fs::write(&path, format!("{pin}\n")).expect("writable");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
}

/// Somebody tried wrong PINs before the node came.
fn enter_wrong_pins(pair: &Pair, count: usize) {
    let mut driver = driver(pair);
    for _ in 0..count {
        assert!(driver.ask("AT+CPIN=\"0000\"").ends_with("+CME ERROR: 16"));
    }
}

/// A driver of GSM1, which has started.
fn driver(pair: &Pair) -> Driver<fs::File> {
    wait::until_true("GSM1 to run", PATIENCE, || pair.status("power") == "on");
    let mut driver = Driver::open(&pair.port());
    driver.prepare();
    driver
}
