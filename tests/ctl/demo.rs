//! `smsctl` with a real cluster: three nodes of a demo, killed, started, without modems and without a majority.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::{Value, json};
use smsgrid_tests::ledger::Ledger;
use smsgrid_tests::process::Process;
use smsgrid_tests::wait;

use super::smsctl::{Answer, command, smsctl, start, start_with};

const SMSNODE: &str = env!("CARGO_BIN_EXE_smsnode-under-test");
/// How long anything of the demo may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long until a message in doubt is decided and sent.
const EVIDENCE: Duration = Duration::from_secs(200);

/// A running demo.
struct Demo {
    process: Process,
    places: Value,
    _folder: tempfile::TempDir,
}

impl Demo {
    fn start() -> Demo {
        let folder = tempfile::tempdir().expect("a folder");
        let keep = folder.path().join("demo").display().to_string();
        let process =
            Process::start(Path::new(SMSNODE), &["demo", "--port=0", "--json", "--quiet", "--keep", &keep]);
        let line = process.wait_for_line("where everything is", PATIENCE, is_beginning);
        let places = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
        Demo { process, places, _folder: folder }
    }

    /// The address of each node.
    fn servers(&self) -> Vec<&str> {
        let nodes = self.places["nodes"].as_array().expect("nodes");
        nodes.iter().map(|node| node["api"].as_str().expect("an address")).collect()
    }

    fn path(&self, key: &str) -> PathBuf {
        PathBuf::from(self.places[key].as_str().expect("a path"))
    }

    /// Runs `smsctl` with all nodes as servers.
    fn ask(&self, words: &[&str]) -> Answer {
        smsctl(&self.servers(), words)
    }

    /// Runs `smsctl demo`.
    fn steer(&self, words: &[&str]) -> Answer {
        let mut command = command(&[], &[&["demo"], words].concat());
        command.env("SMSCTL_DEMO", self.path("control"));
        start_with(command, None).wait()
    }

    /// The same, which must be done.
    fn order(&self, words: &[&str]) -> String {
        let answer = self.steer(words);
        assert_eq!(answer.exit, 0, "{words:?} {answer:?}\n{}", self.process.output().join("\n"));
        answer.out
    }

    /// Waits until every modem can be used.
    fn wait_for_modems(&self, wanted: usize) {
        wait::until_true("the modems", PATIENCE, || {
            let modems = self.ask(&["modem", "list", "-o", "ndjson"]);
            modems.exit == 0
                && modems.lines().iter().filter(|modem| modem["state"] == "idle").count() == wanted
        });
    }

    /// Ends it with Ctrl-C and gives its count.
    fn end(mut self) -> Value {
        self.process.signal(Signal::INT);
        let status = self.process.wait(PATIENCE);
        let output = self.process.output();
        assert!(status.success(), "{}", output.join("\n"));
        let line = output.iter().rfind(|line| line.contains("accepted")).expect("a count at the end");
        serde_json::from_str(line).expect("one line of JSON")
    }
}

#[test]
fn a_message_sent_through_any_node_is_followed_to_its_end() {
    let demo = Demo::start();
    for server in demo.servers() {
        let answer = smsctl(&[server], &["send", "+491700000001", "-m", "hello", "--watch"]);

        assert_eq!(answer.exit, 0, "{answer:?}");
        assert!(answer.out.contains("queued") && answer.out.contains("sent"), "{answer:?}");
        assert!(answer.out.lines().last().is_some_and(|line| line.starts_with("Sent in ")), "{answer:?}");
    }

    let listed = demo.ask(&["msg", "list", "state:sent", "-o", "ndjson"]).lines();
    assert_eq!(listed.len(), 3, "{listed:?}");
    let id = listed[0]["id"].as_str().expect("an id");
    let shown = demo.ask(&["msg", "show", id, "-o", "json"]).json();
    assert_eq!((&shown["text"], &shown["to"]), (&json!("hello"), &json!("+491700000001")));
    assert!(shown["parts"][0]["message_reference"].is_u64(), "{shown}");
    assert!(shown["attempts"][0]["node"].is_string(), "{shown}");
    assert_eq!(Ledger::at(&demo.path("ledger")).entries().len(), 3);
    let count = demo.end();
    assert_eq!((&count["accepted"], &count["sent"], &count["lost"]), (&json!(3), &json!(3), &json!(0)));
}

#[test]
fn a_key_used_again_is_one_message_and_another_text_is_refused() {
    let demo = Demo::start();
    let servers = demo.servers();
    let send = |server: &str, text| {
        smsctl(&[server], &["send", "+491700000001", "-m", text, "--key", "K", "-o", "json"])
    };

    let first = send(servers[0], "hello");
    let second = send(servers[1], "hello");
    let other = send(servers[2], "goodbye");

    assert_eq!((first.exit, second.exit), (0, 0), "{first:?} {second:?}");
    let (first, second) = (&first.json()["messages"][0], &second.json()["messages"][0]);
    assert_eq!((&first["replayed"], &second["replayed"]), (&json!(false), &json!(true)));
    assert_eq!(first["id"], second["id"]);
    assert_eq!(other.exit, 7, "{other:?}");
    assert!(other.talk.contains("[KEY_REUSED]"), "{other:?}");
    assert_eq!(demo.end()["accepted"], 1);
}

#[test]
fn a_watch_goes_on_when_the_node_that_tells_it_is_killed() {
    let demo = Demo::start();
    demo.wait_for_modems(6);
    let modems = ["GSM1", "GSM2", "GSM3", "GSM4", "GSM5", "GSM6"];
    let blocked = demo.ask(&[&["modem", "block"][..], &modems].concat());
    assert_eq!(blocked.exit, 0, "{blocked:?}");
    let words = ["send", "+491700000001", "-m", "hello", "--watch", "-o", "ndjson"];
    let watch = start(&demo.servers(), &words);
    wait::until_true("the message", PATIENCE, || {
        demo.ask(&["msg", "list", "-o", "name"]).out.lines().count() == 1
    });

    demo.order(&["kill", "gw-a"]);
    let unblocked = smsctl(&demo.servers()[1..], &[&["modem", "unblock"][..], &modems[2..]].concat());
    assert_eq!(unblocked.exit, 0, "{unblocked:?}");
    let answer = watch.wait();

    assert_eq!(answer.exit, 0, "{answer:?}");
    let states: Vec<Value> = answer.lines().into_iter().map(|line| line["state"].clone()).collect();
    let once = |state: &str| states.iter().filter(|told| *told == state).count();
    assert_eq!((once("queued"), once("sent")), (1, 1), "{states:?}");
    assert_eq!((states.first(), states.last()), (Some(&json!("queued")), Some(&json!("sent"))));
    assert_eq!(demo.end()["lost"], 0);
}

#[test]
fn ten_kills_and_starts_in_a_row_lose_nothing() {
    let demo = Demo::start();
    for round in 0..10 {
        let node = ["gw-a", "gw-b", "gw-c"][round % 3];
        demo.order(&["kill", node]);
        let sent = demo.ask(&["--timeout", "30s", "send", "+491700000001", "-m", "hello"]);
        assert_eq!(sent.exit, 0, "round {round} {sent:?}");
        demo.order(&["start", node]);
        let sent = demo.ask(&["--timeout", "30s", "send", "+491700000002", "-m", "hello", "--wait=60s"]);
        assert_eq!(sent.exit, 0, "round {round} {sent:?}");
    }

    let twice = demo.steer(&["start", "gw-a"]);
    let wrong = demo.steer(&["kill", "gw-x"]);
    assert_eq!((twice.exit, wrong.exit), (7, 3), "{twice:?} {wrong:?}");
    assert!(wrong.talk.contains("gw-a, gw-b, gw-c"), "{wrong:?}");
    // A kill may leave one in doubt, and that is decided after the evidence window of two minutes.
    wait::until_true("all to be sent", EVIDENCE, || {
        demo.ask(&["msg", "list", "state:sent", "-o", "name"]).out.lines().count() == 20
    });
    let count = demo.end();
    assert_eq!((&count["accepted"], &count["sent"], &count["lost"]), (&json!(20), &json!(20), &json!(0)));
}

#[test]
fn without_a_majority_it_says_so_and_accepts_nothing() {
    let demo = Demo::start();
    demo.order(&["kill", "gw-b"]);
    demo.order(&["kill", "gw-c"]);

    let status = demo.ask(&["status"]);
    let sent = demo.ask(&["--timeout", "5s", "send", "+491700000001", "-m", "hello"]);

    assert_eq!(status.exit, 13, "{status:?}");
    assert!(status.out.contains("no-quorum") && status.out.contains("takes no messages"), "{status:?}");
    assert_eq!(sent.exit, 6, "{sent:?}");
    demo.order(&["start", "gw-b"]);
    let sent = demo.ask(&["--timeout", "30s", "send", "+491700000001", "-m", "hello"]);
    assert_eq!(sent.exit, 0, "{sent:?}");
    assert_eq!(demo.end()["accepted"], 1);
}

#[test]
fn a_modem_that_is_unplugged_is_gone_until_it_is_plugged_in() {
    let demo = Demo::start();
    demo.wait_for_modems(6);

    demo.order(&["unplug", "GSM1"]);
    demo.wait_for_modems(5);
    demo.order(&["plug", "GSM1"]);
    demo.wait_for_modems(6);

    let wrong = demo.steer(&["unplug", "GSM7"]);
    assert_eq!(wrong.exit, 3, "{wrong:?}");
}

#[test]
fn a_killed_node_is_told_of_and_every_node_counts_for_itself() {
    let demo = Demo::start();
    demo.wait_for_modems(6);
    let servers: Vec<String> = demo.servers().iter().map(|server| (*server).to_owned()).collect();
    let sent = smsctl(&[&servers[0]], &["send", "+491700000001", "-m", "hello", "--wait=60s"]);
    assert_eq!(sent.exit, 0, "{sent:?}");
    let accepted = |server: &str| {
        let text = get(server, "/metrics");
        let counted = text.lines().filter(|line| line.starts_with("smsgrid_messages_accepted_total"));
        counted.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum::<f64>()
    };
    let counts: Vec<f64> = servers.iter().map(|server| accepted(server)).collect();
    assert_eq!(counts, [1.0, 0.0, 0.0]);

    demo.order(&["kill", "gw-c"]);

    let told = |kind: &str| {
        let events = demo.ask(&["events", "--kind", kind, "-o", "ndjson"]);
        events.exit == 0 && events.lines().iter().any(|event| event["node"] == "gw-c")
    };
    wait::until_true("the loss", PATIENCE, || told("node_lost"));
    let nodes = demo.ask(&["node", "show", "gw-c", "-o", "json"]).json();
    assert_eq!(nodes["state"], "lost", "{nodes}");
    let status = demo.ask(&["status"]);
    assert!(status.exit == 12 || status.exit == 13, "{status:?}");
    assert!(TcpStream::connect(&servers[2]).is_err(), "its port is closed");
}

#[test]
fn a_demo_that_is_run_again_goes_on_with_what_it_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let keep = folder.path().join("demo").display().to_string();
    let mut counts = Vec::new();
    for _ in 0..2 {
        let mut process =
            Process::start(Path::new(SMSNODE), &["demo", "--port=0", "--json", "--quiet", "--keep", &keep]);
        let line = process.wait_for_line("where everything is", PATIENCE, is_beginning);
        let places: Value = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{line}: {error}"));
        let server = places["nodes"][0]["api"].as_str().expect("an address");
        let sent = smsctl(&[server], &["--timeout", "30s", "send", "+491700000001", "-m", "x", "--wait=60s"]);
        assert_eq!(sent.exit, 0, "{sent:?}");
        process.signal(Signal::INT);
        assert!(process.wait(PATIENCE).success(), "{}", process.output().join("\n"));
        let last = process.output().into_iter().rfind(|line| line.contains("accepted")).expect("a count");
        counts.push(serde_json::from_str::<Value>(&last).expect("JSON")["accepted"].clone());
    }

    assert_eq!(counts, [json!(1), json!(2)]);
    assert!(fs::metadata(folder.path().join("demo/gw-a/smsgrid.toml")).is_ok());
}

/// The body of a page.
fn get(server: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(server).expect("it listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket can");
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {server}\r\nConnection: close\r\n\r\n").expect("it reads");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("it answers");
    text
}

/// Whether a line is the one that says where everything is, and none of the log.
fn is_beginning(line: &str) -> bool {
    line.contains("\"ready_ms\"")
}
