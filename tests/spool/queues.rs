//! Files in the folders of smsd's queues: left there by smsd, or put there by a check handler.

use std::fs;

use smsgrid::worker::handlers::Verdict;
use smsgrid::worker::intake::Hint;
use smsgrid_node::spool::QueueFolder;

use crate::rig::Rig;

/// Files with a marker in their text, of which the folder says the queue, whatever they say.
const FILES: [(&str, &str); 3] = [
    ("plain", "To: 4917\n\nmarker-plain"),
    ("other", "To: 4917\nProvider: OTHER\n\nmarker-other"),
    ("same", "To: 4917\nQueue: FAST\n\nmarker-same"),
];

fn with_queue(files: &[(&str, &str)]) -> Rig {
    let mut rig = Rig::new();
    let path = rig.path("FAST");
    fs::create_dir(&path).expect("a folder");
    for (name, file) in files {
        fs::write(path.join(name), file).expect("room");
    }
    rig.queues = vec![QueueFolder { queue: "FAST".to_owned(), path }];
    rig
}

#[test]
fn files_left_in_the_folder_of_a_queue_are_sent_by_it_once_wherever_the_spool_was_stopped() {
    let whole = with_queue(&FILES).stopped_after([], usize::MAX);
    assert!(whole > 10, "only {whole} effects");
    for allowed in 0..=whole {
        let mut rig = with_queue(&FILES);
        rig.stopped_after([], allowed);
        rig.settle();

        let mut texts = rig.cluster.texts();
        texts.sort();
        let when = format!("stopped after effect {allowed}");
        assert_eq!(texts, ["marker-other", "marker-plain", "marker-same"], "{when}");
        assert_eq!(rig.cluster.queues(), vec![Some("FAST".to_owned()); 3], "{when}");
        assert_eq!(rig.names("sent"), ["other", "plain", "same"], "{when}");
        assert!(rig.names("FAST").is_empty() && rig.hidden("FAST").is_empty(), "{when}");
    }
}

#[test]
fn what_must_not_be_taken_stays_in_the_folder_and_overwrites_nothing() {
    let mut rig = with_queue(&[
        ("taken", "To: 4917\n\nof the queue"),
        ("locked", "To: 4917\n\nlocked"),
        ("locked.LOCK", "1 smsd"),
        ("LOCKED-by-hand", "To: 4917\n\nlocked"),
    ]);
    fs::write(rig.path("checked/taken"), "To: 888\n\nof checked").expect("room");
    fs::create_dir(rig.path("FAST/folder")).expect("room");
    std::os::unix::fs::symlink(rig.path("checked/taken"), rig.path("FAST/link-of-some-length"))
        .expect("room");
    rig.settle();

    assert_eq!(rig.cluster.texts(), ["of checked"]);
    let left = ["LOCKED-by-hand", "folder", "link-of-some-length", "locked", "locked.LOCK", "taken"];
    assert_eq!(rig.names("FAST"), left);
    assert_eq!(rig.read("FAST/taken"), "To: 4917\n\nof the queue");
}

#[test]
fn a_file_that_the_check_handler_put_into_a_queue_is_sent_by_it() {
    let mut rig = with_queue(&[]);
    rig.settings.checks = true;
    rig.put("moved", "To: 4917\n\nmarker");
    let mut running = rig.start();
    running.hint(Hint::MovedIn, "moved");
    running.checks = |rig, folder, name| {
        fs::rename(rig.path(&format!("{folder}/{name}")), rig.path(&format!("FAST/{name}"))).expect("a file");
        Verdict::Spooled
    };
    running.settle();
    drop(running);

    assert_eq!(rig.cluster.texts(), ["marker"]);
    assert_eq!(rig.cluster.queues(), [Some("FAST".to_owned())]);
    assert_eq!((rig.names("sent"), rig.names("FAST").len()), (vec!["moved".to_owned()], 0));
    assert_eq!(rig.cluster.asked().len(), 1, "nobody is asked twice");
}
