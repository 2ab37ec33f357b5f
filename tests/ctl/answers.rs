//! What each command asks for, and how it is answered.

use smsgrid_proto::v1;

use super::fake::Fake;
use super::smsctl::smsctl;
use super::world::World;

/// A world with two messages and three modems.
fn world() -> World {
    let world = World::default();
    for key in ["k", "l"] {
        world.accept(&v1::SubmitRequest { key: key.into(), ..v1::SubmitRequest::default() });
    }
    let modem = |name: &str| v1::Modem { name: name.into(), node: "gw-a".into(), ..v1::Modem::default() };
    world.facts().modems = ["GSM1", "GSM2", "SIM1"].map(modem).to_vec();
    world
}

#[test]
fn every_option_of_send_reaches_the_server() {
    let world = World::default();
    let server = Fake::good("gw-a", &world);
    let words = [
        "send",
        "+49151",
        "-m",
        "-5 degrees",
        "--key",
        "K",
        "--report",
        "--priority",
        "emergency",
        "--modem",
        "GSM1",
        "--uncertain",
        "hold",
        "--validity",
        "10m",
        "--at",
        "2030-01-01T00:00:00Z",
        "--flash",
        "--max-parts",
        "3",
        "--plain",
        "--dry-run",
    ];

    let tried = smsctl(&[server.address()], &words);
    let sent = smsctl(&[server.address()], &words[..words.len() - 1]);

    assert_eq!((tried.exit, sent.exit), (0, 0), "{tried:?} {sent:?}");
    let request = world.facts().submitted.first().cloned().expect("a request");
    let expected = v1::SubmitRequest {
        to: "+49151".into(),
        text: "-5 degrees".into(),
        key: "K".into(),
        report: true,
        priority: v1::Priority::Emergency.into(),
        modem: "GSM1".into(),
        uncertain: v1::UncertainPolicy::Hold.into(),
        validity: Some(prost_types::Duration { seconds: 600, nanos: 0 }),
        at: Some(prost_types::Timestamp { seconds: 1_893_456_000, nanos: 0 }),
        flash: true,
        max_parts: 3,
        plain: true,
        ..v1::SubmitRequest::default()
    };
    assert_eq!(request, expected);
}

#[test]
fn an_ambiguous_id_lists_what_it_may_stand_for() {
    let world = world();
    let server = Fake::good("gw-a", &world);

    let answer = smsctl(&[server.address()], &["msg", "show", "01KAVX"]);

    assert_eq!(answer.exit, 2, "{answer:?}");
    assert!(answer.talk.contains("[AMBIGUOUS]"), "{answer:?}");
    let both = "write one of: 01KAVX9C0Y0000000000000000, 01KAVX9C0Y0000000000000001";
    assert!(answer.talk.contains(both), "{answer:?}");
}

#[test]
fn a_modem_is_found_by_its_beginning_and_an_ambiguous_one_lists_the_candidates() {
    let world = world();
    let server = Fake::good("gw-a", &world);

    let blocked = smsctl(&[server.address()], &["modem", "block", "sim"]);
    let ambiguous = smsctl(&[server.address()], &["modem", "block", "GSM"]);
    let wrong = smsctl(&[server.address()], &["modem", "unblock", "GMS1"]);

    assert_eq!(blocked.exit, 0, "{blocked:?}");
    assert!(blocked.talk.contains("SIM1 is blocked.   Undo: smsctl modem unblock SIM1"), "{blocked:?}");
    assert_eq!(ambiguous.exit, 2, "{ambiguous:?}");
    assert!(ambiguous.talk.contains("GSM1, GSM2"), "{ambiguous:?}");
    assert_eq!(wrong.exit, 3, "{wrong:?}");
    assert!(wrong.talk.contains("did you mean GSM1?"), "{wrong:?}");
    assert_eq!(world.asked("block"), [("gw-a".to_owned(), "SIM1".to_owned())]);
    assert!(world.asked("unblock").is_empty());
}

#[test]
fn lists_ask_for_what_they_are_called() {
    let world = world();
    let server = Fake::good("gw-a", &world);
    let (failed, uncertain) = (v1::MessageState::Failed as i32, v1::MessageState::Uncertain as i32);

    for words in
        [&["msg", "list", "state:failed", "modem:GSM2"][..], &["uncertain", "list"], &["dlq", "list"]]
    {
        assert_eq!(smsctl(&[server.address()], words).exit, 0, "{words:?}");
    }

    let asked: Vec<String> = world.asked("list").into_iter().map(|(_, what)| what).collect();
    assert_eq!(
        asked,
        [format!("[{failed}] GSM2 false"), format!("[{uncertain}]  false"), "[]  true".to_owned()]
    );
}

#[test]
fn a_verdict_is_given_for_every_uncertain_part_or_for_one() {
    let world = world();
    let server = Fake::good("gw-a", &world);
    let id = "01KAVX9C0Y0000000000000001";

    let all = smsctl(&[server.address()], &["uncertain", "resolve", id, "--as", "sent"]);
    let one = smsctl(&[server.address()], &["uncertain", "resolve", id, "--as", "not-sent", "--part", "2"]);

    assert_eq!((all.exit, one.exit), (0, 0), "{all:?} {one:?}");
    let asked: Vec<String> = world.asked("resolve").into_iter().map(|(_, what)| what).collect();
    assert_eq!(asked, [format!("{id} 0 1"), format!("{id} 2 2")]);
}

#[test]
fn a_change_is_not_made_by_a_dry_run() {
    let world = world();
    let server = Fake::good("gw-a", &world);

    for words in [
        &["msg", "cancel", "01KAVX9C0Y0000000000000001"][..],
        &["modem", "block", "SIM1"],
        &["dlq", "discard", "--all"],
    ] {
        let answer = smsctl(&[server.address()], &[words, &["--dry-run"]].concat());

        assert_eq!((answer.exit, answer.out.as_str()), (0, ""), "{answer:?}");
        assert!(answer.talk.contains("Would "), "{answer:?}");
    }
    for method in ["cancel", "block", "discard"] {
        assert!(world.asked(method).is_empty(), "{method}");
    }
}

#[test]
fn some_of_several_changes_are_partly_done() {
    let world = world();
    let server = Fake::good("gw-a", &world);

    let answer = smsctl(&[server.address()], &["msg", "hold", "01KAVX9C0Y0000000000000001", "01ZZZZ"]);

    assert_eq!(answer.exit, 9, "{answer:?}");
    assert!(answer.talk.contains("Undo: smsctl msg release 01KAVX9C0Y0000000000000001"), "{answer:?}");
    assert!(answer.talk.contains("[NOT_FOUND]"), "{answer:?}");
}

#[test]
fn a_wrong_word_is_answered_with_the_nearest_right_one() {
    for (words, near) in [
        (&["sned"][..], "send"),
        (&["msg", "shwo"], "show"),
        (&["status", "--timeuot", "1s"], "--timeout"),
        (&["msg", "list", "--columns", "stat"], "state"),
        (&["events", "--kind", "node_lots"], "node_lost"),
    ] {
        let world = world();
        let server = Fake::good("gw-a", &world);
        let answer = smsctl(&[server.address()], words);

        assert_eq!(answer.exit, 2, "{words:?}");
        assert!(answer.talk.contains(near), "{words:?} {answer:?}");
    }
}

#[test]
fn every_help_opens_with_examples() {
    let mut commands = vec![vec![]];
    for noun in ["send", "status", "events", "errors", "completion", "version"] {
        commands.push(vec![noun]);
    }
    for (noun, verbs) in [
        ("msg", &["show", "list", "watch", "cancel", "retry", "hold", "release"][..]),
        ("uncertain", &["list", "show", "resolve"]),
        ("dlq", &["list", "show", "retry", "discard"]),
        ("modem", &["list", "show", "block", "unblock"]),
        ("node", &["list", "show"]),
        ("cluster", &["status", "members"]),
        ("context", &["list", "add", "use", "remove"]),
        ("demo", &["kill", "start", "unplug", "plug"]),
    ] {
        commands.extend(verbs.iter().map(|verb| vec![noun, verb]));
    }
    for mut words in commands {
        words.push("--help");
        let answer = smsctl(&[], &words);

        assert_eq!((answer.exit, answer.talk.as_str()), (0, ""), "{words:?}");
        assert!(answer.out.starts_with("Examples:\n  smsctl "), "{words:?} {}", answer.out);
    }
}
