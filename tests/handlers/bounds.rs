//! Programs that hang, fork, ignore signals or never stop talking.

use std::time::{Duration, Instant};

use smsgrid_tests::wait::until_true;
use tokio_util::sync::CancellationToken;

use crate::rig::{PATIENCE, Rig, sent};

#[test]
fn a_hanging_handler_is_ended_with_all_it_started() {
    for mut rig in Rig::both() {
        rig.settings.time_limit = Duration::from_secs(1);
        rig.settings.eventhandler =
            Some(rig.script("on-event", "echo $$ >$D/pid; sleep 1000 & echo $! >$D/left; wait"));
        let began = Instant::now();
        assert!(rig.runtime.block_on(rig.handlers().event(&sent("id", "/f"), &CancellationToken::new())));

        assert!(began.elapsed() >= Duration::from_secs(1) && began.elapsed() < Duration::from_secs(30));
        until_true("both to be gone", PATIENCE, || !rig.process("pid").runs() && !rig.process("left").runs());
    }
}

#[test]
fn a_handler_that_ignores_the_signal_is_killed() {
    for mut rig in Rig::both() {
        rig.settings.time_limit = Duration::from_secs(3);
        rig.settings.eventhandler = Some(rig.script(
            "on-event",
            "trap 'echo asked >$D/asked' TERM; echo $$ >$D/pid; while :; do sleep 0.05; done",
        ));
        assert!(rig.runtime.block_on(rig.handlers().event(&sent("id", "/f"), &CancellationToken::new())));

        assert_eq!(rig.read("asked"), "asked\n");
        until_true("it to be gone", PATIENCE, || !rig.process("pid").runs());
    }
}

#[test]
fn what_a_handler_leaves_running_ends_with_it_under_the_strict_rules() {
    let mut rig = Rig::strict();
    rig.settings.eventhandler = Some(rig.script("on-event", "sleep 1000 & echo $! >$D/left"));
    let began = Instant::now();
    assert!(rig.runtime.block_on(rig.handlers().event(&sent("id", "/f"), &CancellationToken::new())));

    assert!(began.elapsed() < PATIENCE / 2, "it waited for what was left");
    until_true("it to be gone", PATIENCE, || !rig.process("left").runs());
}

#[test]
fn what_a_handler_leaves_running_stays_as_with_smsd_and_may_go_on_talking() {
    let mut rig = Rig::as_smsd();
    let left = "(while ! test -e $D/go; do sleep 0.02; done; head -c 300000 /dev/zero && echo ok >$D/talked) & echo $! >$D/left";
    rig.settings.eventhandler = Some(rig.script("on-event", left));
    let handlers = rig.handlers();
    let began = Instant::now();
    assert!(rig.runtime.block_on(handlers.event(&sent("id", "/f"), &CancellationToken::new())));

    assert!(began.elapsed() < PATIENCE / 2, "it waited for what was left");
    assert!(rig.process("left").runs());
    std::fs::write(rig.path("go"), "").expect("room");
    until_true("it to have talked", PATIENCE, || rig.read("talked") == "ok\n");
}

#[test]
fn a_hundred_megabytes_of_output_hold_up_nobody() {
    for mut rig in Rig::both() {
        let flood = "head -c 100000000 /dev/zero; head -c 1000000 /dev/zero >&2; echo done >$D/done";
        rig.settings.eventhandler = Some(rig.script("on-event", flood));
        assert!(rig.runtime.block_on(rig.handlers().event(&sent("id", "/f"), &CancellationToken::new())));

        assert_eq!(rig.read("done"), "done\n");
    }
}

#[test]
fn a_run_that_is_given_up_leaves_no_process_behind() {
    let mut rig = Rig::strict();
    rig.settings.eventhandler =
        Some(rig.script("on-event", "sleep 1000 & echo $! >$D/left; echo $$ >$D/pid; wait"));
    let handlers = rig.handlers();
    let told =
        rig.runtime.spawn(async move { handlers.event(&sent("id", "/f"), &CancellationToken::new()).await });
    until_true("it to run", PATIENCE, || !rig.read("pid").is_empty());
    told.abort();

    until_true("both to be gone", PATIENCE, || !rig.process("pid").runs() && !rig.process("left").runs());
}
