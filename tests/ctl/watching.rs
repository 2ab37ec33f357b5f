//! Following: without gap and without repeat, whatever becomes of the servers.

use smsgrid_proto::v1;
use v1::MessageState::{Claimed, Queued, Sending, Sent, Uncertain};

use super::fake::{End, Fake, Plan};
use super::smsctl::{Answer, smsctl};
use super::world::{World, event, moment, progress, step};

/// The id of the first message.
const ID: &str = "01KAVX9C0Y0000000000000000";
const SEND: [&str; 5] = ["send", "+49151", "-m", "x", "--watch"];

/// The words of the states that were told, in order.
fn states(answer: &Answer) -> Vec<String> {
    let known = ["queued", "claimed", "sending", "sent", "delivered", "uncertain", "failed"];
    let word = |line: &str| line.split_whitespace().find(|word| known.contains(word)).map(str::to_owned);
    answer.out.lines().filter_map(word).collect()
}

#[test]
fn a_message_is_followed_to_its_end() {
    let world = World::default();
    let items = vec![
        progress("r01"),
        event("r02", ID, 2, Claimed),
        event("r03", ID, 3, Sending),
        event("r04", ID, 4, Sent),
    ];
    let server = Fake::start("gw-a", &world, Plan::default().tell(items, End::Silence));

    let answer = smsctl(&[server.address()], &SEND);

    assert_eq!(answer.exit, 0, "{answer:?}");
    assert_eq!(states(&answer), ["queued", "claimed", "sending", "sent"]);
    assert!(answer.out.starts_with(&format!("{ID}  queued      accepted,")), "{answer:?}");
    assert!(answer.out.ends_with("Sent in 3.0 s.\n"), "{answer:?}");
    assert_eq!(world.asked("watch"), [("gw-a".to_owned(), "r01".to_owned())]);
}

#[test]
fn a_watch_goes_on_at_the_next_server_without_gap_and_without_repeat() {
    let world = World::default();
    let first = vec![event("r02", ID, 2, Claimed), event("r03", ID, 3, Sending)];
    let first = Fake::start("gw-a", &world, Plan::default().tell(first, End::Death));
    // It tells more than it was asked for, as a server might that rounds down.
    let second = vec![event("r03", ID, 3, Sending), event("r04", ID, 4, Sent)];
    let second = Fake::start("gw-b", &world, Plan::default().tell(second, End::Silence));

    let answer = smsctl(&[first.address(), second.address()], &SEND);

    assert_eq!(answer.exit, 0, "{answer:?}");
    assert_eq!(states(&answer), ["queued", "claimed", "sending", "sent"]);
    let watched: Vec<(String, String)> = [("gw-a", "r01"), ("gw-b", "r03")]
        .map(|(server, from)| (server.to_owned(), from.to_owned()))
        .to_vec();
    assert_eq!(world.asked("watch"), watched);
}

#[test]
fn a_watch_that_a_stopping_server_ends_goes_on_after_the_revision_it_names() {
    let world = World::default();
    let plan = Plan::default().tell(vec![event("r02", ID, 2, Claimed)], End::Ended("r07"));
    let first = Fake::start("gw-a", &world, plan);
    let second =
        Fake::start("gw-b", &world, Plan::default().tell(vec![event("r08", ID, 4, Sent)], End::Silence));

    let answer = smsctl(&[first.address(), second.address()], &SEND);

    assert_eq!(answer.exit, 0, "{answer:?}");
    assert_eq!(world.asked("watch")[1], ("gw-b".to_owned(), "r07".to_owned()));
}

#[test]
fn after_a_resync_only_steps_that_were_missed_are_told() {
    let world = World::default();
    let message = v1::Message {
        id: ID.into(),
        state: Sent.into(),
        events: vec![
            step(1, Queued, ""),
            step(2, Claimed, "GSM1"),
            step(3, Sending, "GSM1"),
            step(4, Sent, "GSM1"),
        ],
        revision: "r09".into(),
        ..v1::Message::default()
    };
    let resync = v1::Resync { revision: "r09".into(), oldest: "r05".into(), messages: vec![message] };
    let resync = v1::WatchItem { item: Some(v1::watch_item::Item::Resync(resync)) };
    let items = vec![event("r02", ID, 2, Claimed), resync];
    let server = Fake::start("gw-a", &world, Plan::default().tell(items, End::Silence));

    let answer = smsctl(&[server.address()], &SEND);

    assert_eq!(answer.exit, 0, "{answer:?}");
    assert_eq!(states(&answer), ["queued", "claimed", "sending", "sent"]);
}

#[test]
fn a_message_that_waits_for_a_person_ends_the_watch_with_eight() {
    let world = World::default();
    let server =
        Fake::start("gw-a", &world, Plan::default().tell(vec![event("r02", ID, 2, Uncertain)], End::Silence));
    let words = [&SEND[..], &["--uncertain", "hold"]].concat();

    let answer = smsctl(&[server.address()], &words);

    assert_eq!(answer.exit, 8, "{answer:?}");
    assert!(answer.out.ends_with(&format!("Decide: smsctl uncertain show {ID}\n")), "{answer:?}");
}

#[test]
fn a_watch_that_no_server_takes_says_that_the_message_goes_on() {
    let world = World::default();
    let server = Fake::start("gw-a", &world, Plan::default().tell(Vec::new(), End::Death));
    let words = [&["--timeout", "1s"][..], &SEND].concat();

    let answer = smsctl(&[server.address()], &words);

    assert_eq!(answer.exit, 5, "{answer:?}");
    assert!(answer.talk.contains(&format!("goes on: smsctl msg watch {ID}")), "{answer:?}");
}

#[test]
fn each_step_is_a_line_of_ndjson() {
    let world = World::default();
    let server =
        Fake::start("gw-a", &world, Plan::default().tell(vec![event("r02", ID, 4, Sent)], End::Silence));
    let words = [&SEND[..], &["-o", "ndjson"]].concat();

    let lines = smsctl(&[server.address()], &words).lines();

    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!(
        (&lines[1]["v"], &lines[1]["id"], &lines[1]["state"]),
        (&1.into(), &ID.into(), &"sent".into())
    );
    assert_eq!((&lines[1]["modem"], &lines[1]["revision"]), (&"GSM1".into(), &"r02".into()));
    assert_eq!(lines[1]["time"], "2026-11-18T11:06:44.000Z");
}

#[test]
fn a_message_that_has_ended_is_told_whole_and_not_watched() {
    let world = World::default();
    world.accept(&v1::SubmitRequest { key: "k".into(), ..v1::SubmitRequest::default() });
    world.change(|message| {
        message.state = Sent.into();
        message.events.push(step(4, Sent, "GSM1"));
    });
    let server = Fake::good("gw-a", &world);

    let answer = smsctl(&[server.address()], &["msg", "watch", "01kavx9c0y"]);

    assert_eq!(answer.exit, 0, "{answer:?}");
    assert_eq!(states(&answer), ["queued", "sent"]);
    assert!(world.asked("watch").is_empty());
}

#[test]
fn events_so_far_end_by_themselves() {
    let world = World::default();
    let lost = v1::Event {
        revision: "r04".into(),
        time: Some(moment(4)),
        kind: v1::EventKind::NodeLost.into(),
        node: "gw-c".into(),
        ..v1::Event::default()
    };
    let lost = v1::WatchItem { item: Some(v1::watch_item::Item::Event(lost)) };
    let resync = v1::Resync { revision: "r05".into(), oldest: "r02".into(), messages: Vec::new() };
    let resync = v1::WatchItem { item: Some(v1::watch_item::Item::Resync(resync)) };
    let plan = Plan::default()
        .tell(vec![progress("000"), resync], End::Silence)
        .tell(vec![progress("r02"), event("r03", ID, 3, Sent), lost, progress("r05")], End::Silence);
    let server = Fake::start("gw-a", &world, plan);

    let answer = smsctl(&[server.address()], &["events", "-o", "ndjson"]);

    assert_eq!(answer.exit, 0, "{answer:?}");
    let lines = answer.lines();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert_eq!((&lines[1]["kind"], &lines[1]["node"]), (&"node_lost".into(), &"gw-c".into()));
    assert_eq!(world.asked("watch")[1].1, "r02");
}
