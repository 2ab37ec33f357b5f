//! Several servers: the next one is asked, nothing is sent twice, and what is not known is said.

use std::net::TcpListener;
use std::process::Command;
use std::time::{Duration, Instant};

use smsgrid_proto::v1;
use tonic::Code;

use super::exits::NOBODY;
use super::fake::{Fake, Plan};
use super::smsctl::{Answer, SMSCTL, smsctl, start_with};
use super::world::{Deed, World};

const SEND: [&str; 5] = ["send", "+4915112345678", "-m", "it's", "--report"];

#[test]
fn a_server_that_is_not_there_is_passed_over() {
    let world = World::default();
    let server = Fake::good("gw-b", &world);

    let answer = smsctl(&[NOBODY, server.address()], &SEND);

    assert_eq!(answer.exit, 0, "{answer:?}");
    assert_eq!(world.accepted().len(), 1);
}

#[test]
fn servers_come_from_the_environment_too() {
    let world = World::default();
    let server = Fake::good("gw-b", &world);
    let mut command = super::smsctl::command(&[], &SEND);
    command.env("SMSCTL_SERVER", format!("{NOBODY},http://{}", server.address()));

    let answer = start_with(command, None).wait();

    assert_eq!(answer.exit, 0, "{answer:?}");
}

#[test]
fn a_server_without_majority_is_passed_over() {
    for word in ["NO_QUORUM", "LEADER_CHANGING", "OVERLOADED", "NODE_STOPPING"] {
        let world = World::default();
        let first = Fake::start("gw-a", &world, Plan::of("submit", Deed::Refuse(Code::Unavailable, word)));
        let second = Fake::good("gw-b", &world);

        let answer = smsctl(&[first.address(), second.address()], &SEND);

        assert_eq!(answer.exit, 0, "{word} {answer:?}");
    }
}

#[test]
fn an_election_is_waited_for() {
    let world = World::default();
    let plan = Plan::of("submit", Deed::Refuse(Code::Unavailable, "LEADER_CHANGING"))
        .then("submit", Deed::Refuse(Code::Unavailable, "NO_QUORUM"))
        .then("submit", Deed::Serve);
    let server = Fake::start("gw-a", &world, plan);

    let answer = smsctl(&[server.address()], &SEND);

    assert_eq!(answer.exit, 0, "{answer:?}");
    assert_eq!(world.asked("submit").len(), 3);
}

#[test]
fn a_submission_whose_server_died_is_repeated_under_its_key_and_is_one_message() {
    let world = World::default();
    let first = Fake::start("gw-a", &world, Plan::of("submit", Deed::DoAndDie));
    let second = Fake::good("gw-b", &world);

    let answer = smsctl(&[first.address(), second.address()], &SEND);

    assert_eq!(answer.exit, 0, "{answer:?}");
    assert_eq!(world.accepted().len(), 1);
    let asked = world.asked("submit");
    assert_eq!(asked.iter().map(|(server, _)| server.as_str()).collect::<Vec<_>>(), ["gw-a", "gw-b"]);
    assert_eq!(asked[0].1, asked[1].1, "one key");
    assert!(!asked[0].1.is_empty());
    assert!(answer.out.contains("accepted before under this key"), "{answer:?}");
}

#[test]
fn a_batch_whose_server_died_is_one_message_for_each_recipient() {
    let world = World::default();
    let first = Fake::start("gw-a", &world, Plan::of("batch", Deed::DoAndDie));
    let second = Fake::good("gw-b", &world);
    let words = ["send", "+49151", "+49152", "+49153", "-m", "x", "--key", "K"];

    let answer = smsctl(&[first.address(), second.address()], &words);

    assert_eq!(answer.exit, 0, "{answer:?}");
    let keys: Vec<String> = world.accepted().into_iter().map(|message| message.key).collect();
    assert_eq!(keys, ["K:+49151", "K:+49152", "K:+49153"]);
}

#[test]
fn items_of_a_batch_that_cannot_be_taken_now_are_asked_again_elsewhere() {
    let world = World::default();
    let plan = Plan::of("batch", Deed::RefuseNumber("+49152", Code::Unavailable, "NO_QUORUM"));
    let first = Fake::start("gw-a", &world, plan);
    let second = Fake::good("gw-b", &world);

    let answer =
        smsctl(&[first.address(), second.address()], &["send", "+49151", "+49152", "-m", "x", "--key", "K"]);

    assert_eq!(answer.exit, 0, "{answer:?}");
    assert_eq!(world.accepted().len(), 2);
    let second_asked = world.asked("batch").into_iter().find(|(server, _)| server == "gw-b");
    assert_eq!(second_asked.map(|(_, keys)| keys).as_deref(), Some("K:+49152"), "only what was left");
}

#[test]
fn a_server_that_never_answers_is_not_waited_for_while_others_could_be_asked() {
    let world = World::default();
    let hanging = Fake::start("gw-a", &world, Plan::of("submit", Deed::Hang));
    let mute = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mute = mute.local_addr().expect("bound").to_string();
    let good = Fake::good("gw-c", &world);
    let begun = Instant::now();

    let answer = smsctl(&[hanging.address(), &mute, good.address()], &SEND);

    assert_eq!(answer.exit, 0, "{answer:?}");
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
}

#[test]
fn the_command_that_an_unknown_outcome_prints_sends_once() {
    let world = World::default();
    let server = Fake::start("gw-a", &world, Plan::of("submit", Deed::DoAndDie));
    let address = server.address().to_owned();
    let words = [
        "--timeout",
        "1s",
        "send",
        "+4915112345678",
        "-m",
        "it's a \"test\"\nwith $HOME",
        "--validity",
        "90m",
    ];

    let unknown = smsctl(&[&address], &words);
    drop(server);
    let _again = Fake::start_at(&address, "gw-a", &world, Plan::default());
    let printed = command_in(&unknown);
    let mut repeated = Command::new("bash");
    repeated.arg("-c").arg(printed.replacen("smsctl", SMSCTL, 1));
    let repeated = start_with(repeated, None).wait();

    assert_eq!(unknown.exit, 10, "{unknown:?}");
    assert_eq!(repeated.exit, 0, "{printed} {repeated:?}");
    let accepted = world.accepted();
    assert_eq!(accepted.len(), 1, "{printed}");
    assert_eq!(accepted[0].text, "it's a \"test\"\nwith $HOME");
    assert!(repeated.out.contains("accepted before"), "{repeated:?}");
}

/// The command an answer tells to run.
fn command_in(answer: &Answer) -> String {
    let line = answer.talk.lines().find(|line| line.contains("run this")).expect("a way out");
    line.split_once("twice: ").expect("a command").1.to_owned()
}

#[test]
fn doubt_stays_when_the_next_server_only_says_not_now() {
    let world = World::default();
    let first = Fake::start("gw-a", &world, Plan::of("submit", Deed::DoAndDie));
    let second =
        Fake::start("gw-b", &world, Plan::of("submit", Deed::Refuse(Code::Unavailable, "NO_QUORUM")));
    let words = [&["--timeout", "2s"][..], &SEND].concat();

    let answer = smsctl(&[first.address(), second.address()], &words);

    assert_eq!(answer.exit, 10, "{answer:?}");
}

#[test]
fn a_change_without_a_key_that_is_refused_after_it_may_have_been_done_is_unknown() {
    let world = World::default();
    let accepted = world.accept(&v1::SubmitRequest { key: "k".into(), ..v1::SubmitRequest::default() });
    let first = Fake::start("gw-a", &world, Plan::of("cancel", Deed::DoAndDie));
    let refused = Plan::of("cancel", Deed::Refuse(Code::FailedPrecondition, "TOO_LATE"));
    let second = Fake::start("gw-b", &world, refused);

    let answer = smsctl(&[first.address(), second.address()], &["msg", "cancel", &accepted.id]);

    assert_eq!(answer.exit, 10, "{answer:?}");
    assert!(answer.talk.contains(&format!("smsctl msg show {}", accepted.id)), "{answer:?}");
}

#[test]
fn the_server_that_answered_is_asked_first_from_then_on() {
    let world = World::default();
    world.accept(&v1::SubmitRequest { key: "k".into(), ..v1::SubmitRequest::default() });
    let first =
        Fake::start("gw-a", &world, Plan::of("get", Deed::Refuse(Code::Unavailable, "NODE_STOPPING")));
    let second = Fake::good("gw-b", &world);

    let answer = smsctl(&[first.address(), second.address()], &["msg", "hold", "01KAVX"]);

    assert_eq!(answer.exit, 0, "{answer:?}");
    assert_eq!(world.asked("hold"), [("gw-b".to_owned(), "01KAVX9C0Y0000000000000000".to_owned())]);
}

#[test]
fn a_look_at_the_cluster_without_majority_is_what_one_node_knows_and_says_so() {
    let world = World::default();
    world.facts().nodes = vec![v1::Node { name: "gw-a".into(), ..v1::Node::default() }];
    let plan = Plan::of("nodes", Deed::Refuse(Code::Unavailable, "NO_QUORUM")).then("nodes", Deed::Serve);
    let server = Fake::start("gw-a", &world, plan);

    let answer = smsctl(&[server.address()], &["node", "list"]);

    assert_eq!(answer.exit, 0, "{answer:?}");
    let levels: Vec<String> = world.asked("nodes").into_iter().map(|(_, level)| level).collect();
    assert_eq!(levels, ["linear", "stale"]);
    assert!(answer.talk.contains("No majority answered: this is what gw-a knew"), "{answer:?}");
}

#[test]
fn a_look_that_must_be_linear_stays_so() {
    let world = World::default();
    let server = Fake::start("gw-a", &world, Plan::of("nodes", Deed::Refuse(Code::Unavailable, "NO_QUORUM")));

    let answer = smsctl(&[server.address()], &["--read", "linear", "--timeout", "1s", "node", "list"]);

    assert_eq!(answer.exit, 6, "{answer:?}");
    assert!(world.asked("nodes").iter().all(|(_, level)| level == "linear"));
}
