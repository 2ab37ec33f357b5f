//! Files in the folders of smsd's queues: left there by smsd, or put there by a check handler.

use std::fs::{self, OpenOptions};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::{CWD, Mode, mkfifoat};
use smsgrid::worker::handlers::Verdict;
use smsgrid::worker::intake::Hint;
use smsgrid_node::spool::QueueFolder;

use crate::rig::{End, Rig};

/// At least as far as two passes over the folders of queues lie apart.
const APART: Duration = Duration::from_millis(600);

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
    rig.settings.queues = true;
    rig
}

/// Stops after so many effects, or when nothing is left to do; gives how many there were.
fn stopped_after(rig: &mut Rig, allowed: usize) -> usize {
    let mut running = rig.start();
    for _ in 0..12 {
        while running.effects < allowed && running.run(1) != End::Idle {}
        running.advance(APART);
    }
    running.effects
}

/// The folder for files on their way.
fn claimed(rig: &Rig) -> PathBuf {
    let path = rig.path("FAST/.smsgrid-claimed");
    fs::DirBuilder::new().mode(0o700).create(&path).expect("a folder");
    path
}

fn fifo(path: &Path) {
    mkfifoat(CWD, path, Mode::from_raw_mode(0o666)).expect("a FIFO");
}

#[test]
fn files_left_in_the_folder_of_a_queue_are_sent_by_it_once_wherever_the_spool_was_stopped() {
    let whole = stopped_after(&mut with_queue(&FILES), usize::MAX);
    assert!(whole > 10, "only {whole} effects");
    for allowed in 0..=whole {
        let mut rig = with_queue(&FILES);
        stopped_after(&mut rig, allowed);
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

#[test]
fn what_a_check_handler_copies_into_a_queue_includes_nothing_for_nobody_knows_whom() {
    let mut rig = with_queue(&[]);
    rig.settings.checks = true;
    let text = rig.path("text");
    fs::write(&text, "\nincluded ").expect("room");
    rig.put("copied", format!("To: 4917\nInclude: {}\n\nown", text.display()));
    let mut running = rig.start();
    running.hint(Hint::MovedIn, "copied");
    running.checks = |rig, folder, name| {
        let from = rig.path(&format!("{folder}/{name}"));
        fs::copy(from, rig.path(&format!("FAST/{name}"))).expect("room");
        Verdict::Spooled
    };
    running.settle();
    drop(running);

    assert_eq!(rig.cluster.texts(), <[&str; 0]>::default());
    assert_eq!((rig.names("failed"), rig.names("FAST").len()), (vec!["copied".to_owned()], 0));
}

#[test]
fn a_file_that_grows_in_the_folder_of_a_queue_is_sent_when_it_is_whole() {
    let mut rig = with_queue(&[("grows", "To: 4917\n\nfirst")]);
    let mut writer = OpenOptions::new().append(true).open(rig.path("FAST/grows")).expect("ours");
    let mut running = rig.start();
    running.goes_on_writing(&mut writer);
    drop(running);

    assert_eq!(rig.cluster.texts(), ["first second third fourth"]);
    assert_eq!(rig.cluster.queues(), [Some("FAST".to_owned())]);
}

#[test]
fn a_file_that_was_on_its_way_at_a_stop_goes_on_and_so_does_a_later_one_of_its_name() {
    let mut rig = with_queue(&[("same", "To: 4917\n\nlater")]);
    fs::write(claimed(&rig).join("same"), "To: 4917\n\nearlier").expect("room");
    fs::write(rig.path("FAST/.smsgrid-claimed/.draft"), "To: 4917\n\nhal").expect("room");
    for _ in 0..4 {
        rig.settle();
    }

    let mut texts = rig.cluster.texts();
    texts.sort();
    assert_eq!(texts, ["earlier", "later"]);
    assert!(rig.names("FAST").is_empty() && rig.hidden("FAST").is_empty());
}

#[test]
fn what_stands_under_the_name_of_a_draft_is_neither_waited_for_nor_written_to() {
    type Trap = fn(&Path, &Path);
    let traps: [Trap; 3] = [
        |draft, victim| fs::hard_link(victim, draft).expect("one file system"),
        |draft, victim| std::os::unix::fs::symlink(victim, draft).expect("room"),
        |draft, _| fifo(draft),
    ];
    for trap in traps {
        let mut rig = with_queue(&[("file", "To: 4917\n\ntext")]);
        let victim = rig.path("victim");
        fs::write(&victim, "of somebody else").expect("room");
        let mut running = rig.start();
        running.advance(APART);
        running.run_idle();
        // The next pass writes a draft.
        trap(&claimed(running.rig()).join(".draft"), &victim);
        running.settle();
        drop(running);

        assert_eq!(rig.cluster.texts(), ["text"]);
        assert_eq!(rig.read("victim"), "of somebody else");
        assert!(rig.hidden("FAST").is_empty());
    }
}

#[test]
fn a_folder_for_files_on_their_way_that_others_made_is_not_used_and_that_is_told_once() {
    type Trap = fn(&Path, &Path);
    let traps: [Trap; 3] = [
        |path, other| std::os::unix::fs::symlink(other, path).expect("room"),
        |path, _| fifo(path),
        |path, _| {
            fs::create_dir(path).expect("room");
            fs::set_permissions(path, fs::Permissions::from_mode(0o777)).expect("ours");
        },
    ];
    for trap in traps {
        let mut rig = with_queue(&[("file", "To: 4917\n\ntext")]);
        let other = rig.path("other");
        fs::create_dir(&other).expect("room");
        trap(&rig.path("FAST/.smsgrid-claimed"), &other);
        let mut running = rig.start();
        running.settle();
        running.settle();
        drop(running);

        assert!(rig.cluster.texts().is_empty() && rig.names("other").is_empty());
        assert_eq!(rig.read("FAST/file"), "To: 4917\n\ntext");
        assert_eq!(rig.cluster.alarms().len(), 1, "{:?}", rig.cluster.alarms());
    }
}

#[test]
fn what_stays_is_told_once_and_taken_as_soon_as_nothing_is_in_its_way() {
    let mut rig = with_queue(&[("locked", "To: 4917\n\nlocked"), ("locked.LOCK", "1 smsd")]);
    let mut running = rig.start();
    running.settle();
    running.settle();
    let alarms = running.rig().cluster.alarms();
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert!(alarms[0].contains("FAST/locked` stays") && alarms[0].contains(".LOCK"), "{alarms:?}");
    fs::remove_file(running.rig().path("FAST/locked.LOCK")).expect("it stands there");
    fs::write(running.rig().path("FAST/later"), "To: 4917\n\nput there later").expect("room");
    running.settle();
    running.settle();
    drop(running);

    let mut texts = rig.cluster.texts();
    texts.sort();
    assert_eq!(texts, ["locked", "put there later"]);
}

#[test]
fn thousands_of_files_are_brought_in_slices_beside_others_until_none_is_left() {
    const FILES: usize = 2_100;
    let mut rig = with_queue(&[("taken", "To: 4917\n\nstays")]);
    fs::write(rig.path("checked/taken.LOCK"), "1 smsd").expect("room");
    fs::write(rig.path("checked/taken"), "").expect("room");
    for number in 0..FILES {
        fs::write(rig.path(&format!("FAST/{number}")), "To: 4917\n\nmany").expect("room");
    }
    let mut running = rig.start();
    for _ in 0..20 {
        running.run_idle();
        running.advance(APART);
    }
    let (first, others) = (running.rig().cluster.texts().len(), running.rig().names("FAST").len());
    assert!(first < FILES && others > 0, "{first} at once");
    for _ in 0..100 {
        running.run_idle();
        running.advance(APART);
    }
    drop(running);

    assert_eq!(rig.cluster.texts().len(), FILES);
    assert_eq!(rig.names("FAST"), ["taken"]);
}
