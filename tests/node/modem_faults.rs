//! A modem that does not answer, hangs, vanishes or loses an answer: what is in doubt is said, what works goes on.

use std::fs;
use std::time::Duration;

use rustix::pty::{OpenptFlags, openpt};
use smsgrid::model::MessageState;
use smsgrid_tests::{replay, wait};

use super::pair::{PATIENCE, Pair};

/// Settings of a modem that is slow at nothing: what it does not answer soon it does not answer.
const IMPATIENT: &str = "command_timeout = \"300ms\"\nsend_timeout = \"1s\"\nquiet_time = \"1s\"\n";
/// Devices that take the number of one that is gone; other tests may have taken it before.
const DEVICES: usize = 4;
/// The evidence window of an uncertain part, the resend behind it, and a busy machine.
const DECIDED: Duration = Duration::from_secs(240);

#[test]
fn a_silent_modem_is_told_once_and_used_when_it_answers() {
    let mut pair = Pair::new("fast", IMPATIENT);
    pair.order("hang 0");
    pair.gateway.start();

    let port = pair.port().display().to_string();
    let words =
        ["GSM1", "does not answer AT", &port, "data port", "speed and cable", "tried again by itself"];
    pair.wait_for_trouble("MODEM_SILENT", &words);
    pair.sends_by_gsm2("meanwhile");
    wait::until_true("another reset", PATIENCE, || pair.events("modem.reset", "GSM1").len() >= 2);
    assert_eq!(pair.troubles("MODEM_SILENT").len(), 1);

    pair.order("return 0");
    pair.wait_until_up(1);
    pair.sends_by_gsm1("afterwards");
    pair.stop();
}

#[test]
fn a_modem_that_vanishes_while_it_sends_leaves_doubt_and_is_used_when_it_comes_back() {
    let mut pair = Pair::new("fast", "quiet_time = \"1s\"\n");
    pair.gateway.start();
    part_without_answer(&mut pair, "doubtful");

    pair.order("vanish 0");

    let port = pair.port().display().to_string();
    let words = ["GSM1", &port, "was lost while it was sending message", "found by itself", "uncertain"];
    pair.wait_for_trouble("PORT_GONE", &words);
    uncertain(&mut pair, "the port was lost");
    pair.sends_by_gsm2("meanwhile");
    pair.stays_quiet("PORT_GONE");

    pair.order("return 0");
    pair.wait_until_up(2);
    pair.sends_by_gsm1("afterwards");
    pair.stop();
    is_left_uncertain(&pair, "doubtful");
}

#[test]
fn a_modem_is_found_by_a_link_that_leads_to_another_device_when_it_comes_back() {
    let mut pair = Pair::new("fast", "");
    pair.gateway.start();
    pair.sends_by_gsm1("before");
    let device = |pair: &Pair| fs::read_link(pair.port()).expect("the port is a link, as those by-id are");
    let before = device(&pair);

    pair.order("vanish 0");
    pair.wait_for_trouble("PORT_GONE", &["GSM1"]);
    // Somebody else is plugged in meanwhile, and gets its device.
    let taken: Vec<_> =
        (0..DEVICES).map(|_| openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pty")).collect();
    pair.order("return 0");
    pair.wait_until_up(2);

    assert_ne!(device(&pair), before);
    pair.sends_by_gsm1("afterwards");
    pair.stop();
    drop(taken);
}

#[test]
fn a_modem_that_hangs_while_it_sends_leaves_doubt_and_is_used_when_it_answers_again() {
    let mut pair = Pair::new("fast", IMPATIENT);
    pair.gateway.start();
    part_without_answer(&mut pair, "doubtful");

    pair.order("hang 0");

    uncertain(&mut pair, "did not answer");
    pair.wait_for_trouble("MODEM_SILENT", &["GSM1", "does not answer AT"]);
    pair.sends_by_gsm2("meanwhile");

    pair.order("return 0");
    pair.wait_until_up(2);
    pair.sends_by_gsm1("afterwards");
    assert_eq!(pair.troubles("MODEM_SILENT").len(), 1);
    pair.stop();
    is_left_uncertain(&pair, "doubtful");
}

/// Two nodes at once, so that the evidence window is waited for only once.
#[test]
fn a_lost_answer_leaves_doubt_that_the_policy_of_the_message_settles() {
    let mut pairs = ["fail", "resend"]
        .map(|policy| Pair::new("fast", &format!("{IMPATIENT}\n[messages]\nuncertain = \"{policy}\"\n")));
    for pair in &mut pairs {
        pair.gateway.start();
        part_without_answer(pair, "doubtful");
        uncertain(pair, "did not answer");
        pair.sends_by_gsm1("next");
    }
    let [mut failing, mut resending] = pairs;

    let failed = failing.wait_for_file("failed", "doubtful", DECIDED);
    let sent = resending.wait_for_file("sent", "doubtful", DECIDED);

    assert!(failed.contains("Fail_reason: Uncertain: it may or may not have been sent\n"), "{failed}");
    assert_eq!(failing.copies("doubtful"), 1);
    assert!(sent.contains("Modem: GSM1\n") && sent.contains("\nNOTICE: Sent again: "), "{sent}");
    assert_eq!(resending.copies("doubtful"), 2);
    failing.stop();
    resending.stop();
}

/// GSM1 has given a part to the network, and its answer will not come.
fn part_without_answer(pair: &mut Pair, name: &str) {
    pair.wait_until_up(1);
    pair.order("lose-answer 0 1");
    pair.drop_file_for_gsm1(name, name);
    wait::until_true("the part in the ledger", PATIENCE, || pair.copies(name) == 1);
}

/// Waits for the one line that says that a part is uncertain, and why.
fn uncertain(pair: &mut Pair, why: &str) {
    let line = wait::until("the doubt", PATIENCE, || pair.events("message.uncertain", "GSM1").pop());
    let text = line.to_string();
    assert!(text.contains(why) && text.contains("may or may not have been sent"), "{text}");
    assert!(line["message_id"].is_string(), "{text}");
    assert_eq!(pair.events("message.uncertain", "GSM1").len(), 1);
}

/// The stopped node keeps the message uncertain, and the network has it once.
fn is_left_uncertain(pair: &Pair, name: &str) {
    assert_eq!(pair.copies(name), 1, "a part in doubt was sent again before its time");
    replay::read(&pair.dir().join("data"), "gw-a", |queue| {
        let uncertain = queue.messages().filter(|record| record.state() == MessageState::Uncertain);
        assert_eq!(uncertain.count(), 1);
    });
}
