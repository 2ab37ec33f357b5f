//! Every exit code, as a script meets it.

use smsgrid_proto::v1;
use smsgrid_tests::wait;
use tonic::Code;

use super::fake::{Fake, Plan};
use super::smsctl::{smsctl, start};
use super::world::{Deed, World};

/// An address where nobody listens: the discard port of this host.
pub(crate) const NOBODY: &str = "127.0.0.1:9";

fn send(plan: Plan) -> super::smsctl::Answer {
    let world = World::default();
    let server = Fake::start("gw-a", &world, plan);
    smsctl(&[server.address()], &["--timeout", "1s", "send", "+4915112345678", "-m", "hello"])
}

#[test]
fn zero_when_it_is_done() {
    let answer = send(Plan::default());

    assert_eq!(answer.exit, 0, "{answer:?}");
    assert!(answer.out.contains("01KAVX9C0Y0000000000000000") && answer.out.contains("queued"), "{answer:?}");
    assert!(answer.talk.is_empty(), "{answer:?}");
}

#[test]
fn one_when_something_else_than_a_node_answers() {
    let answer = send(Plan::of("submit", Deed::Fail(Code::Unimplemented)));

    assert_eq!(answer.exit, 1, "{answer:?}");
}

#[test]
fn two_when_the_command_is_wrong() {
    let commands: [&[&str]; 12] = [
        &["sned", "+49", "-m", "x"],
        &["send", "-m", "x"],
        &["send", "+49", "+49", "-m", "x"],
        &["send", "+49", "-m", "x", "--at", "tomorrow"],
        &["send", "+49", "-m", "x", "--priority", "urgent"],
        &["msg", "list", "staet:failed"],
        &["msg", "list", "--columns", "nmae"],
        &["msg", "list", "-o", "json", "--columns", "id"],
        &["events", "--kind", "message_chagned"],
        &["status", "--server", "ftp://x"],
        &["dlq", "discard", "--all", "01KAVX"],
        &["-o", "yaml", "status"],
    ];
    let world = World::default();
    world.accept(&v1::SubmitRequest::default());
    let server = Fake::good("gw-a", &world);
    for words in commands {
        let answer = smsctl(&[server.address()], words);

        assert_eq!(answer.exit, 2, "{words:?} {answer:?}");
        assert!(answer.out.is_empty() && !answer.talk.is_empty(), "{words:?} {answer:?}");
    }
}

#[test]
fn two_when_somebody_would_have_to_agree_and_nobody_can_be_asked() {
    let world = World::default();
    world.accept(&v1::SubmitRequest::default());
    let server = Fake::good("gw-a", &world);

    let refused = smsctl(&[server.address()], &["dlq", "discard", "--all"]);
    let agreed = smsctl(&[server.address()], &["dlq", "discard", "--all", "--yes"]);

    assert_eq!(refused.exit, 2, "{refused:?}");
    assert!(refused.talk.contains("--yes"), "{refused:?}");
    assert_eq!(agreed.exit, 0, "{agreed:?}");
    assert_eq!(world.asked("discard").len(), 1);
}

#[test]
fn three_when_there_is_no_such_thing() {
    let world = World::default();
    let server = Fake::good("gw-a", &world);
    for words in [
        &["msg", "show", "01KAVX"][..],
        &["modem", "show", "GSM1"],
        &["node", "show", "gw-x"],
        &["errors", "NOPE"],
    ] {
        let answer = smsctl(&[server.address()], words);

        assert_eq!(answer.exit, 3, "{words:?} {answer:?}");
    }
}

#[test]
fn four_when_the_caller_may_not() {
    let answer = send(Plan::of("submit", Deed::Refuse(Code::PermissionDenied, "NOT_ALLOWED")));

    assert_eq!(answer.exit, 4, "{answer:?}");
}

#[test]
fn five_at_once_when_no_server_is_reached() {
    let answer = smsctl(&[NOBODY, "127.0.0.1:1"], &["send", "+49151", "-m", "x"]);

    assert_eq!(answer.exit, 5, "{answer:?}");
    assert!(answer.talk.contains("127.0.0.1:9: ") && answer.talk.contains("127.0.0.1:1: "), "{answer:?}");
    assert!(
        answer.talk.contains("[UNREACHABLE]") && answer.talk.contains("Nothing was accepted."),
        "{answer:?}"
    );
}

#[test]
fn six_when_there_is_no_majority() {
    let answer = send(Plan::of("submit", Deed::Refuse(Code::Unavailable, "NO_QUORUM")));

    assert_eq!(answer.exit, 6, "{answer:?}");
    assert!(answer.talk.contains("Nothing was accepted."), "{answer:?}");
}

#[test]
fn seven_when_the_message_is_refused() {
    let answer = send(Plan::of("submit", Deed::Refuse(Code::InvalidArgument, "BAD_NUMBER")));

    assert_eq!(answer.exit, 7, "{answer:?}");
    assert!(
        answer.talk.starts_with("error: no: BAD_NUMBER [BAD_NUMBER]\n  fix: do this\n  Nothing was sent.\n"),
        "{answer:?}"
    );
    assert!(answer.talk.ends_with("  exit 7, smsctl errors BAD_NUMBER\n"), "{answer:?}");
}

#[test]
fn eight_when_the_wait_is_over_and_it_goes_on() {
    let world = World::default();
    let server = Fake::good("gw-a", &world);

    let answer = smsctl(&[server.address()], &["send", "+49151", "-m", "x", "--wait=1s", "-o", "json"]);

    assert_eq!(answer.exit, 8, "{answer:?}");
    assert_eq!(answer.json()["messages"][0]["state"], "queued");
}

#[test]
fn nine_when_some_are_accepted() {
    let world = World::default();
    let plan = Plan::of("batch", Deed::RefuseNumber("112", Code::InvalidArgument, "BAD_NUMBER"));
    let server = Fake::start("gw-a", &world, plan);

    let answer = smsctl(&[server.address()], &["send", "+49151", "112", "+49152", "-m", "x", "-o", "name"]);

    assert_eq!(answer.exit, 9, "{answer:?}");
    assert_eq!(answer.out.lines().count(), 2);
    assert!(answer.talk.contains("to '112':\nerror: no: BAD_NUMBER"), "{answer:?}");
}

#[test]
fn ten_when_nobody_can_say_whether_it_was_accepted() {
    let answer = send(Plan::of("submit", Deed::DoAndDie));

    assert_eq!(answer.exit, 10, "{answer:?}");
    assert!(
        answer.talk.contains("smsctl --server 127.0.0.1:") && answer.talk.contains("--key="),
        "{answer:?}"
    );
}

#[test]
fn eleven_when_it_is_refused_for_safety() {
    let world = World::default();
    world.facts().modems = vec![v1::Modem { name: "GSM1".into(), ..v1::Modem::default() }];
    let plan = Plan::of("block", Deed::Refuse(Code::FailedPrecondition, "PIN_LAST_ATTEMPT"));
    let server = Fake::start("gw-a", &world, plan);

    let answer = smsctl(&[server.address()], &["modem", "block", "GSM1"]);

    assert_eq!(answer.exit, 11, "{answer:?}");
}

#[test]
fn twelve_for_warnings_and_thirteen_for_problems() {
    let world = World::default();
    let server = Fake::good("gw-a", &world);
    let status = |verdict: v1::ClusterVerdict, problem: bool| {
        let need = v1::Need { what: "GSM6 blocked".into(), problem, ..v1::Need::default() };
        world.facts().status = v1::StatusResponse {
            verdict: verdict.into(),
            needs: vec![need],
            ..v1::StatusResponse::default()
        };
        smsctl(&[server.address()], &["status"]).exit
    };

    assert_eq!(status(v1::ClusterVerdict::Healthy, false), 12);
    assert_eq!(status(v1::ClusterVerdict::Healthy, true), 13);
    assert_eq!(status(v1::ClusterVerdict::NoQuorum, false), 13);
}

#[test]
fn one_hundred_and_thirty_at_ctrl_c_and_the_message_goes_on() {
    let world = World::default();
    let server = Fake::good("gw-a", &world);
    let run = start(&[server.address()], &["send", "+49151", "-m", "x", "--watch"]);
    wait::until_true("the watch", std::time::Duration::from_secs(30), || !world.asked("watch").is_empty());

    run.interrupt();
    let answer = run.wait();

    assert_eq!(answer.exit, 130, "{answer:?}");
    assert!(answer.out.contains("queued"), "{answer:?}");
    let words = "Stopped watching. The message goes on: smsctl msg watch 01KAVX9C0Y0000000000000000";
    assert!(answer.talk.contains(words), "{answer:?}");
}
