//! Programs that run again and again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use smsgrid_node::handlers::Regular;
use smsgrid_node::modem::Questions;
use smsgrid_tests::wait::until_true;
use tokio_util::sync::CancellationToken;

use crate::rig::{PATIENCE, Rig};

const INTERVAL: Duration = Duration::from_secs(300);

#[test]
fn the_first_run_is_at_once_and_the_next_after_the_interval() {
    for rig in Rig::both() {
        let before = rig.script("run", r#"echo "$# $*" >>$D/told"#);
        let regular = Regular { before: Some(before), interval: INTERVAL, ..Regular::default() };
        let (handlers, hand) = rig.handlers_by_hand();
        let running = rig.runtime.spawn(async move {
            handlers.run_regularly(&regular, &Questions::default(), || true, &CancellationToken::new()).await
        });
        let runs = |count: usize| until_true("a run", PATIENCE, || rig.read("told").lines().count() == count);
        runs(1);
        hand.advance(INTERVAL - Duration::from_millis(1));
        assert_eq!(rig.read("told").lines().count(), 1);
        hand.advance(Duration::from_millis(1));
        runs(2);
        running.abort();

        assert_eq!(rig.read("told"), "0 \n".repeat(2));
    }
}

#[test]
fn those_of_a_modem_run_in_order_and_the_statistics_file_goes_between_them() {
    for mut rig in Rig::both() {
        rig.settings.alarmhandler = Some(rig.script("on-alarm", r#"echo "$4 $5 $6" >>$D/alarms"#));
        let (told, statfile) = (r#"echo "$*" >>$D/told; ls $D/stat >>$D/told 2>/dev/null"#, rig.path("stat"));
        std::fs::write(&statfile, "of the run before").expect("room");
        let regular = Regular {
            modem: Some("GSM1".to_owned()),
            before: Some(rig.script("before", &format!("{told}; exit 3"))),
            after: Some(rig.script("after", &format!("{told}; exit 4"))),
            statfile: Some(statfile.clone()),
            interval: INTERVAL,
            ..Regular::default()
        };
        let (handlers, _hand) = rig.handlers_by_hand();
        let telling = handlers.clone();
        let (never, questions) = (CancellationToken::new(), Questions::default());
        let running = rig.runtime.spawn(async move {
            tokio::join!(
                handlers.run_regularly(&regular, &questions, || true, &never),
                telling.tell_alarms(&never)
            );
        });
        until_true("both alarms", PATIENCE, || rig.read("alarms").lines().count() == 2);
        running.abort();

        let (stat, before, after) = (statfile.display(), rig.path("before"), rig.path("after"));
        assert_eq!(rig.read("told"), format!("PRE_RUN {stat} GSM1\n{stat}\nPOST_RUN {stat} GSM1\n"));
        let (before, after) = (before.display(), after.display());
        let alarms = format!(
            "3 GSM1 Regular_run {before} PRE_RUN returned 3\n3 GSM1 Regular_run_post_run {after} POST_RUN returned 4\n"
        );
        assert_eq!(rig.read("alarms"), alarms);
    }
}

#[test]
fn a_run_longer_than_its_interval_is_followed_by_the_next_and_never_doubled() {
    let rig = Rig::strict();
    let slow = "echo + >>$D/told; while ! test -e $D/go; do sleep 0.02; done; echo - >>$D/told";
    let before = Some(rig.script("run", slow));
    let regular = Regular { before, interval: Duration::from_secs(1), ..Regular::default() };
    let handlers = rig.handlers();
    let running = rig.runtime.spawn(async move {
        handlers.run_regularly(&regular, &Questions::default(), || true, &CancellationToken::new()).await
    });
    until_true("the first run", PATIENCE, || rig.read("told") == "+\n");
    std::fs::write(rig.path("go"), "").expect("room");
    until_true("the second run", PATIENCE, || rig.read("told").lines().count() >= 4);
    running.abort();

    assert!(rig.read("told").starts_with("+\n-\n+\n-\n"));
}

#[test]
fn nothing_runs_while_the_modem_is_another_nodes() {
    let rig = Rig::strict();
    let before = Some(rig.script("run", r#"echo "$3" >>$D/told"#));
    let modem = Some("GSM1".to_owned());
    let regular = Regular { modem, before, interval: INTERVAL, ..Regular::default() };
    let (handlers, hand) = rig.handlers_by_hand();
    let (is_ours, asked) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let (ours, asks) = (is_ours.clone(), asked.clone());
    let gate = move || {
        asks.fetch_add(1, Ordering::SeqCst);
        ours.load(Ordering::SeqCst)
    };
    let running = rig.runtime.spawn(async move {
        handlers.run_regularly(&regular, &Questions::default(), gate, &CancellationToken::new()).await
    });
    let asked_times =
        |times: u32| until_true("a question", PATIENCE, || asked.load(Ordering::SeqCst) == times);
    asked_times(1);
    hand.advance(Duration::from_secs(5));
    asked_times(2);
    assert_eq!(rig.read("told"), "");

    is_ours.store(true, Ordering::SeqCst);
    hand.advance(Duration::from_secs(5));
    until_true("the run", PATIENCE, || rig.read("told") == "GSM1\n");
    is_ours.store(false, Ordering::SeqCst);
    hand.advance(INTERVAL);
    asked_times(4);
    running.abort();

    assert_eq!(rig.read("told"), "GSM1\n");
}
