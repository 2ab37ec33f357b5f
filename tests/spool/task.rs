//! The spool as the node runs it: real notifications, a blocking thread for the disk.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use smsgrid::model::{Time, Timestamp};
use smsgrid_node::clock::Clock;
use smsgrid_node::spool::{self, Disk, Folders, Journal, Parts, SpoolError, Strictness};
use smsgrid_tests::wait::until_true;
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::cluster::UNTOLD;
use crate::rig::Rig;

/// How long a test waits for what should take milliseconds.
const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_file_moved_in_is_submitted_and_its_result_filed() {
    let rig = Rig::on_disk();
    let node = Node::start(&rig);
    rig.put("hello", "To: 4917\nReport: yes\n\nHello");
    until_true("the result", PATIENCE, || rig.names("sent") == ["hello"] && rig.names("checked").is_empty());

    let file = rig.read("sent/hello");
    let expected = "To: 4917\nReport: yes\nModem: GSM1\nSent: 26-11-22 09:08:29\nSending_time: 3\nMessage_id: 7\n\nHello";
    assert_eq!(file, expected);
    node.stop();
}

#[test]
fn files_come_in_while_others_are_filed_and_none_is_lost() {
    let rig = Rig::on_disk();
    let node = Node::start(&rig);
    for number in 0..300 {
        rig.put(&format!("{number:03}"), format!("To: 4917\n\n{number:03}"));
    }
    until_true("all results", PATIENCE, || rig.names("sent").len() == 300 && rig.names("checked").is_empty());

    let mut texts = rig.cluster.texts();
    texts.sort();
    texts.dedup();
    assert_eq!(texts.len(), 300);
    node.stop();
}

#[test]
fn a_file_copied_in_place_is_taken_when_it_has_settled() {
    let rig = Rig::on_disk();
    let node = Node::start(&rig);
    let began = Instant::now();
    std::fs::write(rig.path("outgoing/copied"), "To: 4917\n\ncopied").expect("room");
    until_true("the result", PATIENCE, || rig.names("sent") == ["copied"]);

    assert!(began.elapsed() >= Duration::from_millis(500));
    node.stop();
}

#[test]
fn a_node_that_ends_and_starts_again_goes_on_where_it_stopped() {
    let rig = Rig::on_disk();
    rig.cluster.set_unavailable(true);
    let node = Node::start(&rig);
    rig.put("early", "To: 4917\n\nearly");
    until_true("a submission", PATIENCE, || rig.cluster.submits() > 0);
    node.stop();
    assert_eq!(rig.names("checked"), ["early", "early.LOCK"]);

    rig.cluster.set_unavailable(false);
    rig.put("late", "To: 4917\n\nlate");
    let node = Node::start(&rig);
    until_true("both results", PATIENCE, || rig.names("sent") == ["early", "late"]);
    node.stop();
    assert_eq!(rig.cluster.texts().len(), 2);
}

#[test]
fn a_renamed_file_is_taken_without_a_pass_over_the_folder() {
    let mut rig = Rig::on_disk();
    rig.settings.trust_outgoing = true;
    rig.put("warm", "To: 4917\n\nwarm");
    // This clock stands still: the pass that finds the first file is the only one.
    let (clock, _hand) =
        Clock::manual(Time::from_millis(1000), Timestamp::from_unix_millis(1_795_338_506_000));
    let node = Node::start_at(&rig, clock);
    until_true("the first one", PATIENCE, || rig.names("sent") == ["warm"]);
    let mut spans: Vec<Duration> = (0..40).map(|number| span_to_submit(&rig, number)).collect();
    spans.sort();

    assert_eq!(rig.cluster.submits(), 41);
    // A figure for whoever watches; it may go unread.
    let _ =
        writeln!(std::io::stderr(), "rename to submission: median {:?}, longest {:?}", spans[20], spans[39]);
    node.stop();
}

#[test]
fn files_whose_submission_panics_do_not_stop_the_others() {
    const BAD: usize = 40;
    let rig = Rig::on_disk();
    for number in 0..BAD {
        rig.put(&format!("bad-{number:02}"), "To: 777\n\nbad");
    }
    let node = Node::start(&rig);
    rig.put("good", "To: 4917\n\ngood");
    until_true("the good one", PATIENCE, || rig.names("sent") == ["good"]);
    until_true("the bad ones", PATIENCE, || rig.names("failed").len() == BAD);

    let file = rig.read("failed/bad-00");
    assert!(
        file.contains("Fail_reason: Submitting it failed 5 times; it may have been accepted\n"),
        "{file}"
    );
    node.stop();
}

#[test]
fn a_result_whose_telling_panics_does_not_keep_the_spool_from_ending() {
    let mut rig = Rig::on_disk();
    rig.settings.events = true;
    let node = Node::start(&rig);
    for name in [UNTOLD, "told"] {
        rig.put(name, "To: 4917\n\nHello");
        until_true("the result", PATIENCE, || rig.names("sent").iter().any(|sent| sent == name));
    }
    node.stop();
}

#[test]
fn results_that_are_final_at_the_end_are_filed_before_it() {
    let rig = Rig::on_disk();
    rig.cluster.set_deaf(true);
    let node = Node::start(&rig);
    for number in 0..20 {
        rig.put(&format!("{number:02}"), "To: 4917\n\nx");
    }
    // Accepted by the cluster is not yet known to the spool: it has the answer when it waits for the end.
    until_true("all messages followed", PATIENCE, || rig.cluster.follows() == 20);
    node.closing.cancel();
    node.stop();

    assert_eq!(rig.names("sent").len(), 20);
    assert!(rig.names("checked").is_empty());
}

fn span_to_submit(rig: &Rig, number: usize) -> Duration {
    let name = format!("timed-{number}");
    let before = rig.cluster.submits();
    rig.put(&name, format!("To: 4917\n\n{name}"));
    let began = Instant::now();
    while rig.cluster.submits() == before {
        assert!(began.elapsed() < PATIENCE, "{name} is not submitted");
        std::thread::yield_now();
    }
    began.elapsed()
}

/// A running spool task.
struct Node {
    runtime: Runtime,
    task: JoinHandle<Result<(), SpoolError>>,
    closing: CancellationToken,
    cancel: CancellationToken,
}

impl Node {
    fn start(rig: &Rig) -> Node {
        Node::start_at(rig, Clock::system())
    }

    fn start_at(rig: &Rig, clock: Clock) -> Node {
        let folders = Folders::open(&rig.paths(), Strictness::Strict).expect("good folders");
        let (journal, replayed) = Journal::open(&rig.path("journal")).expect("a journal");
        let cluster = Arc::new(rig.cluster.clone());
        let parts = Parts {
            disk: Disk::new(folders, journal, "smsd", Default::default()),
            journal: replayed,
            settings: rig.settings.clone(),
            submitter: cluster.clone(),
            outcomes: cluster.clone(),
            listener: cluster,
            clock,
            utc_offset_seconds: || 0,
        };
        let runtime = Runtime::new().expect("a runtime");
        let (closing, cancel) = (CancellationToken::new(), CancellationToken::new());
        let task = runtime.spawn(spool::run(parts, closing.clone(), cancel.clone()));
        Node { runtime, task, closing, cancel }
    }

    fn stop(self) {
        self.cancel.cancel();
        let ended = self.runtime.block_on(async { tokio::time::timeout(PATIENCE, self.task).await });
        ended.expect("it waits for nothing").expect("no panic").expect("a good end");
    }
}
