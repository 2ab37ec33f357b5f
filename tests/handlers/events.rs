//! The event handler: what it is told, how often, and how many at once.

use std::time::Duration;

use smsgrid::worker::handlers::{Event, Occasion};
use smsgrid_tests::wait::until_true;
use tokio_util::sync::CancellationToken;

use crate::rig::{PATIENCE, Rig, sent};

#[test]
fn each_event_reaches_the_handler_with_its_arguments_and_its_id() {
    for mut rig in Rig::both() {
        rig.settings.eventhandler = Some(
            rig.script("on-event", r#"printf '%s|' "$SMSGRID_EVENT_ID" "$@" >>$D/told; echo >>$D/told"#),
        );
        let handlers = rig.handlers();
        let occasions = [
            Occasion::Sent(vec![7, 8]),
            Occasion::Failed(vec![]),
            Occasion::Received,
            Occasion::Report,
            Occasion::Call,
        ];
        for (number, occasion) in occasions.into_iter().enumerate() {
            let event = Event { occasion, ..sent(&format!("id-{number}"), "/spool/it") };
            assert!(rig.runtime.block_on(handlers.event(&event, &CancellationToken::new())));
        }

        let told = "id-0|SENT|/spool/it|8|\nid-1|FAILED|/spool/it|\nid-2|RECEIVED|/spool/it|\nid-3|REPORT|/spool/it|\nid-4|CALL|/spool/it|\n";
        assert_eq!(rig.read("told"), told);
    }
}

#[test]
fn the_handler_of_a_modem_goes_before_that_of_the_gateway() {
    for mut rig in Rig::both() {
        rig.settings.eventhandler = Some(rig.script("all", "echo all >>$D/told"));
        let of_modem = rig.script("one", r#"echo "one $2" >>$D/told"#);
        rig.settings.eventhandlers.insert("GSM1".to_owned(), of_modem);
        let handlers = rig.handlers();
        for modem in [Some("GSM1"), Some("GSM2"), None] {
            let event = Event { modem: modem.map(str::to_owned), ..sent("id", "/f") };
            assert!(rig.runtime.block_on(handlers.event(&event, &CancellationToken::new())));
        }

        assert_eq!(rig.read("told"), "one /f\nall\nall\n");
    }
}

#[test]
fn no_name_of_a_file_is_a_command_or_more_than_one_argument() {
    let names: [&[u8]; 9] = [
        b"/sent/two words",
        b"/sent/$(touch $D/owned)",
        b"/sent/`touch owned`; touch owned & | > owned",
        b"/sent/it's 'quoted' \"twice\" \\",
        b"-rf",
        b"/sent/new\nline",
        b"/sent/\xff\xfe\x1b[2J",
        b"",
        b"/sent/*?[a-z]~ #!%${IFS}",
    ];
    for mut rig in Rig::both() {
        rig.settings.eventhandler = Some(rig.script("on-event", r#"printf '%s\n%s\n' "$#" "$2" >>$D/told"#));
        let handlers = rig.handlers();
        let mut expected = Vec::new();
        for name in names {
            assert!(rig.runtime.block_on(handlers.event(&sent("id", name), &CancellationToken::new())));
            expected.extend([b"3\n", name, b"\n"].concat());
        }

        assert_eq!(std::fs::read(rig.path("told")).expect("it ran"), expected);
        assert!(!rig.path("owned").exists() && !rig.path("home/owned").exists());
    }
}

#[test]
fn a_failing_handler_is_told_again_with_growing_waits_and_the_same_id() {
    let mut rig = Rig::strict();
    rig.settings.attempts = 20;
    rig.settings.eventhandler =
        Some(rig.script("on-event", "echo $SMSGRID_EVENT_ID >>$D/told; test $(wc -l <$D/told) -ge 4"));
    let (handlers, hand) = rig.handlers_by_hand();
    let event = sent("01ABC", "/f");
    let told = rig.runtime.spawn(async move { handlers.event(&event, &CancellationToken::new()).await });
    for (times, wait) in [(1, 1), (2, 2), (3, 4)] {
        until_true("a try", PATIENCE, || rig.read("told").lines().count() == times);
        // The wait begins after the program was reaped: moved until the next try shows.
        until_true("the next try", PATIENCE, || {
            hand.advance(Duration::from_millis(wait * 100));
            rig.read("told").lines().count() > times
        });
    }

    assert!(rig.runtime.block_on(told).expect("no panic"));
    assert_eq!(rig.read("told"), "01ABC\n".repeat(4));
}

#[test]
fn a_handler_that_always_fails_is_given_up_and_one_of_smsd_is_told_once() {
    let mut rig = Rig::as_smsd();
    rig.settings.eventhandler = Some(rig.script("on-event", "echo x >>$D/told; exit 3"));
    assert!(rig.runtime.block_on(rig.handlers().event(&sent("id", "/f"), &CancellationToken::new())));
    assert_eq!(rig.read("told"), "x\n");

    rig.settings.attempts = 3;
    let (handlers, hand) = rig.handlers_by_hand();
    let event = sent("id", "/f");
    let told = rig.runtime.spawn(async move { handlers.event(&event, &CancellationToken::new()).await });
    until_true("the end", PATIENCE, || {
        hand.advance(Duration::from_secs(1));
        told.is_finished()
    });
    assert!(rig.runtime.block_on(told).expect("no panic"));
    assert_eq!(rig.read("told"), "x\n".repeat(4));
}

#[test]
fn at_a_stop_a_running_handler_is_waited_for_and_a_waiting_event_is_not_told() {
    let mut rig = Rig::strict();
    rig.settings.events = 1;
    rig.settings.eventhandler = Some(rig.script(
        "on-event",
        "echo $2 >>$D/begun; while ! test -e $D/go; do sleep 0.02; done; echo $2 >>$D/ended",
    ));
    let (handlers, stop) = (rig.handlers(), CancellationToken::new());
    let tell = |file: &'static str| {
        let (handlers, stop) = (handlers.clone(), stop.clone());
        rig.runtime.spawn(async move { handlers.event(&sent("id", file), &stop).await })
    };
    let running = tell("/first");
    until_true("the first", PATIENCE, || rig.read("begun") == "/first\n");
    let waiting = tell("/second");
    stop.cancel();

    assert!(!rig.runtime.block_on(waiting).expect("no panic"));
    assert!(!running.is_finished());
    std::fs::write(rig.path("go"), "").expect("room");
    assert!(rig.runtime.block_on(running).expect("no panic"));
    assert_eq!((rig.read("begun"), rig.read("ended")), ("/first\n".to_owned(), "/first\n".to_owned()));
}

#[test]
fn a_thousand_events_at_once_are_all_told_and_only_a_few_at_a_time() {
    const EVENTS: usize = 1_000;
    let mut rig = Rig::strict();
    rig.settings.eventhandler = Some(rig.script("on-event", "echo + $2 >>$D/told; echo - $2 >>$D/told"));
    let handlers = rig.handlers();
    let told: Vec<_> = (0..EVENTS)
        .map(|number| {
            let handlers = handlers.clone();
            let event = sent("id", format!("/{number}"));
            rig.runtime.spawn(async move { handlers.event(&event, &CancellationToken::new()).await })
        })
        .collect();
    for done in told {
        assert!(rig.runtime.block_on(done).expect("no panic"));
    }

    let told = rig.read("told");
    let (mut running, mut most) = (0_i32, 0);
    for line in told.lines() {
        running += if line.starts_with('+') { 1 } else { -1 };
        most = most.max(running);
    }
    let mut files: Vec<&str> = told.lines().filter_map(|line| line.strip_prefix("- ")).collect();
    files.sort_unstable();
    files.dedup();
    assert_eq!(files.len(), EVENTS);
    assert!((2..=4).contains(&most), "{most} at once");
}
