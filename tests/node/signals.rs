//! SIGTERM and SIGINT while a node works: what has begun ends, what has not waits; a second signal does not wait.

use std::time::Duration;

use rustix::process::Signal;
use smsgrid::model::MessageState;
use smsgrid_tests::{replay, wait};

use super::pair::{PATIENCE, Pair};

/// A modem that takes so long for each part that a signal comes between two.
const SLOW: &str = "fast?latency=700ms";
/// Parts of the long text.
const PARTS: usize = 4;
/// What a person takes for at once, on a busy machine.
const AT_ONCE: Duration = Duration::from_secs(10);

#[test]
fn a_message_that_has_begun_leaves_whole_after_sigterm_and_the_rest_stays_queued() {
    for signal in [Signal::TERM, Signal::INT] {
        let mut pair = Pair::new(SLOW, "");
        begin_long_message(&mut pair);
        pair.drop_file_for_gsm1("waits", "waits");
        wait::until_true("the second file to be accepted", PATIENCE, || {
            pair.gateway.names("checked").contains(&"waits".to_owned())
        });

        pair.gateway.process().signal(signal);
        let status = pair.gateway.process().wait(PATIENCE);

        assert!(status.success(), "{status}");
        assert_eq!(long_parts(&pair), PARTS, "the started message is on the air, whole");
        assert_eq!(pair.copies("waits"), 0);
        assert_eq!(states(&pair), [MessageState::Sent, MessageState::Queued]);

        pair.gateway.start();
        pair.wait_for_sent("long");
        pair.wait_for_sent("waits");
        assert_eq!((long_parts(&pair), pair.copies("waits")), (PARTS, 1));
        pair.stop();
    }
}

#[test]
fn a_second_signal_ends_at_once_and_what_was_on_the_wire_is_uncertain() {
    let mut pair = Pair::new("fast", "");
    pair.gateway.start();
    pair.wait_until_up(1);
    // The network has the part and its answer never comes, so that the drain would wait for the send to time out.
    pair.order("lose-answer 0 1");
    pair.drop_file_for_gsm1("doubtful", "doubtful");
    wait::until_true("the part on the wire", PATIENCE, || pair.copies("doubtful") == 1);
    pair.gateway.process().signal(Signal::TERM);
    let draining = |line: &str| line.contains("\"node.draining\"");
    pair.gateway.process().wait_for_line("the drain", PATIENCE, draining);

    pair.gateway.process().signal(Signal::TERM);
    let status = pair.gateway.process().wait(AT_ONCE);

    assert_eq!(status.code(), Some(130));
    let output = pair.gateway.process().output();
    let told = output.iter().filter(|line| line.contains("parts on the wire will be uncertain"));
    assert_eq!(told.count(), 1);
    assert_eq!(states(&pair), [MessageState::Sending]);

    pair.gateway.start();
    wait_until_started(&mut pair);
    pair.stop();
    assert_eq!(states(&pair), [MessageState::Uncertain]);
    assert_eq!(pair.copies("doubtful"), 1);
}

#[test]
fn a_modem_that_does_not_answer_does_not_hold_up_the_stop() {
    let mut pair = Pair::new("fast", "");
    pair.order("hang 0");
    pair.gateway.start();
    pair.sends_by_gsm2("before");

    pair.stop();
}

/// The first part of a long message is on the air, the others are not.
fn begin_long_message(pair: &mut Pair) {
    pair.gateway.start();
    pair.wait_until_up(1);
    pair.drop_file_for_gsm1("long", &"x".repeat(153 * PARTS));
    wait::until_true("the first part", PATIENCE, || long_parts(pair) == 1);
}

/// Parts of the long message that the network took.
fn long_parts(pair: &Pair) -> usize {
    let entries = pair.simulator.ledger().entries();
    entries.iter().filter(|entry| usize::from(entry.parts) == PARTS).count()
}

fn wait_until_started(pair: &mut Pair) {
    let started = |line: &str| line.contains("\"node.started\"");
    pair.gateway.process().wait_for_line("the start", PATIENCE, started);
}

/// What the log of the stopped node says of its messages, in the order they were accepted.
fn states(pair: &Pair) -> Vec<MessageState> {
    replay::read(&pair.dir().join("data"), "gw-a", |queue| {
        queue.messages().map(|record| record.state()).collect()
    })
}
