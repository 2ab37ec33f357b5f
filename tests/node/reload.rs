//! SIGHUP with another `smsgrid.toml`.

use std::fs;

use rustix::process::Signal;
use smsgrid_tests::wait;

use super::pair::{PATIENCE, Pair};

/// Changes the configuration and says so to the node.
fn change(pair: &mut Pair, from: &str, to: &str) {
    let config = pair.gateway.config();
    let text = fs::read_to_string(&config).expect("it is there");
    assert!(text.contains(from), "{from} in {text}");
    fs::write(&config, text.replace(from, to)).expect("ours");
    pair.gateway.process().signal(Signal::HUP);
}

fn wait_for_line(pair: &mut Pair, what: &str) {
    pair.gateway.process().wait_for_line(what, PATIENCE, |line| line.contains(what));
}

#[test]
fn limits_are_taken_over_faults_and_what_needs_a_restart_are_told_and_change_nothing() {
    let mut pair = Pair::new("fast", "");
    pair.gateway.start();
    pair.wait_until_up(1);

    change(&mut pair, "[listen]", "[limits]\nmax_parts = 1\n\n[listen]");
    wait_for_line(&mut pair, "the configuration was taken over");
    pair.gateway.drop_file("long", format!("To: 491700000001\n\n{}", "x".repeat(400)).as_bytes());
    wait::until_true("the refusal", PATIENCE, || pair.gateway.names("failed") == ["long"]);
    assert!(pair.gateway.content("failed", "long").contains("it needs 3 parts, the limit is 1"));

    change(&mut pair, "name = \"gw-a\"", "name = \"gw-b\"");
    wait_for_line(&mut pair, "a restart is needed for `name` of [node]; nothing of the file was taken over");
    change(&mut pair, "name = \"gw-b\"", "nmae = \"gw-a\"");
    wait_for_line(&mut pair, "[node] lacks `name`");
    wait_for_line(&mut pair, "nothing was changed");
    change(&mut pair, "nmae = \"gw-a\"", "name = \"gw-a\"");
    wait_for_line(&mut pair, "the configuration has not changed");

    pair.gateway.drop_file("hello", b"To: 491700000001\n\nhello");
    pair.wait_for_sent("hello");
    assert_eq!(pair.copies("hello"), 1);
    pair.stop();
}

#[test]
fn a_level_that_is_taken_over_counts_for_modems_that_go_on() {
    let mut pair = Pair::new("fast", "");
    pair.gateway.start();
    pair.wait_until_up(1);
    assert!(!pair.gateway.process().output().iter().any(|line| line.contains("AT+")));

    change(&mut pair, "[listen]", "[log]\nlevel = \"trace\"\n\n[listen]");
    wait_for_line(&mut pair, "the configuration was taken over");
    pair.gateway.drop_file("one", b"To: 491700000001\n\none");
    wait_for_line(&mut pair, "> AT+CMGS=");
    pair.wait_for_sent("one");
    pair.stop();
}
