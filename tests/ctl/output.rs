//! Forms of output, as scripts and terminals meet them.

use std::process::Stdio;

use serde_json::{Value, json};
use smsgrid_proto::v1;

use super::fake::Fake;
use super::smsctl::{command, smsctl, smsctl_reading, start_with};
use super::world::World;

/// A world with one message that would steer a terminal.
fn world() -> World {
    let world = World::default();
    world.accept(&v1::SubmitRequest {
        to: "+49151".into(),
        text: "red\u{1b}[31m, \"quoted\"".into(),
        key: "k".into(),
        ..v1::SubmitRequest::default()
    });
    world
}

#[test]
fn the_answer_to_send_has_the_members_scripts_rely_on() {
    let world = World::default();
    let server = Fake::good("gw-a", &world);

    let answer =
        smsctl(&[server.address()], &["send", "+49151", "-m", "hello", "--key", "K", "-o", "json"]).json();

    assert_eq!(answer["v"], 1);
    let message = &answer["messages"][0];
    assert_eq!(message["id"], "01KAVX9C0Y0000000000000000");
    assert_eq!((&message["to"], &message["state"]), (&json!("+49151"), &json!("queued")));
    assert_eq!(
        (&message["parts"], &message["replayed"], &message["key"]),
        (&json!(1), &json!(false), &json!("K"))
    );
}

#[test]
fn a_message_has_the_members_scripts_rely_on() {
    let world = world();
    let server = Fake::good("gw-a", &world);

    let shown = smsctl(&[server.address()], &["msg", "show", "01KAVX", "-o", "json"]).json();
    let listed = smsctl(&[server.address()], &["msg", "list", "-o", "json"]).json();
    let lines = smsctl(&[server.address()], &["msg", "list", "-o", "ndjson"]).lines();

    for object in [&shown, &listed["messages"][0], &lines[0]] {
        for member in [
            "id",
            "to",
            "text",
            "state",
            "parts",
            "attempts",
            "possible_duplicate",
            "waiting_for",
            "reason",
            "events",
            "revision",
        ] {
            assert!(object.get(member).is_some(), "{member}: {object}");
        }
    }
    assert_eq!((&shown["v"], &listed["v"], &lines[0]["v"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(shown["parts"][0]["number"], 1);
    assert_eq!(shown["events"][0]["state"], "queued");
    assert_eq!(shown["waiting_for"], Value::Null);
}

#[test]
fn the_status_has_the_members_scripts_rely_on() {
    let world = World::default();
    world.facts().status = v1::StatusResponse {
        verdict: v1::ClusterVerdict::Degraded.into(),
        can_lose: 0,
        nodes: vec![v1::Node { name: "gw-a".into(), lag: Some(3), ..v1::Node::default() }],
        modems: vec![v1::Modem { name: "GSM1".into(), signal: Some(-71), ..v1::Modem::default() }],
        ..v1::StatusResponse::default()
    };
    let server = Fake::good("gw-a", &world);

    let status = smsctl(&[server.address()], &["status", "-o", "json"]).json();

    assert_eq!(
        (&status["v"], &status["verdict"], &status["can_lose"]),
        (&json!(1), &json!("degraded"), &json!(0))
    );
    assert_eq!(status["nodes"][0]["lag"], 3);
    assert_eq!(
        (&status["modems"][0]["signal"], &status["modems"][0]["operator"]),
        (&json!(-71), &Value::Null)
    );
    for count in ["queued", "claimed", "sending", "uncertain", "failed", "oldest_seconds"] {
        assert_eq!(status["queue"][count], 0, "{count}");
    }
}

#[test]
fn nothing_from_elsewhere_steers_a_terminal_and_a_pipe_has_no_colours() {
    let world = world();
    let server = Fake::good("gw-a", &world);

    for words in [&["msg", "list"][..], &["msg", "show", "01KAVX"], &["msg", "list", "-o", "wide"]] {
        let answer = smsctl(&[server.address()], words);

        assert!(!answer.out.contains('\u{1b}') && answer.out.contains("red\\u{1b}"), "{answer:?}");
    }
    let mut coloured = command(&[server.address()], &["msg", "list", "--color", "always"]);
    coloured.env("NO_COLOR", "1");
    let answer = start_with(coloured, None).wait();
    assert!(answer.out.contains('\u{1b}') && !answer.out.contains("red\u{1b}"), "{answer:?}");
}

#[test]
fn csv_and_columns_are_for_sheets() {
    let world = world();
    let server = Fake::good("gw-a", &world);

    let answer = smsctl(&[server.address()], &["msg", "list", "-o", "csv", "--columns", "to,text,state"]);

    assert_eq!(answer.out, "to,text,state\n+49151,\"red\u{1b}[31m, \"\"quoted\"\"\",queued\n", "{answer:?}");
}

#[test]
fn a_list_that_is_cut_says_so_beside_the_data() {
    let world = world();
    world.accept(&v1::SubmitRequest { key: "l".into(), ..v1::SubmitRequest::default() });
    let server = Fake::good("gw-a", &world);

    let answer = smsctl(&[server.address()], &["msg", "list", "--limit", "1", "-o", "name"]);

    assert_eq!(answer.out.lines().count(), 1);
    assert_eq!(answer.talk, "Showing the newest 1; --all shows the rest.\n");
}

#[test]
fn a_text_is_read_from_standard_input_without_its_last_line_end() {
    let world = World::default();
    let server = Fake::good("gw-a", &world);

    let answer = smsctl_reading(&[server.address()], &["send", "+49151", "-m", "-"], "two\nlines\n");

    assert_eq!(answer.exit, 0, "{answer:?}");
    assert_eq!(world.accepted()[0].text, "two\nlines");
}

#[test]
fn a_dry_run_asks_no_server() {
    let world = World::default();
    let server = Fake::good("gw-a", &world);

    let answer = smsctl(&[server.address()], &["send", "+49151", "-m", "x", "--dry-run"]);

    assert_eq!((answer.exit, answer.out.as_str()), (0, ""), "{answer:?}");
    assert!(answer.talk.contains("Nothing was sent"), "{answer:?}");
    assert!(world.facts().asked.is_empty());
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let world = world();
    let server = Fake::good("gw-a", &world);
    let mut command = command(&[server.address()], &["msg", "show", "01KAVX"]);
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let ended = command.stdin(Stdio::null()).stdout(writer).stderr(Stdio::piped()).output().expect("it runs");

    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    assert!(ended.stderr.is_empty(), "{ended:?}");
}
