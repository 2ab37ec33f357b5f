//! Copies of results in folders of their own.

use smsgrid::worker::intake::{Folder, Hint};

use crate::rig::{End, Rig};

/// Files with a marker in their text, the folder of their result and that of its copy.
const FILES: [(&str, &str, &str, &str); 3] = [
    ("plain", "To: 4917\n\nmarker-plain", "sent", "sent_copy"),
    ("fails", "To: 666\n\nmarker-fails", "failed", "failed_copy"),
    ("broken", "no destination\n\nmarker-broken", "failed", "failed_copy"),
];

#[test]
fn each_result_has_one_copy_wherever_the_spool_was_stopped() {
    let whole = stopped_after(&mut filled(), usize::MAX);
    for allowed in 0..=whole {
        let mut rig = filled();
        stopped_after(&mut rig, allowed);
        rig.settle();

        let when = format!("stopped after effect {allowed}");
        for (name, _, folder, copies) in FILES {
            let result = rig.read(&format!("{folder}/{name}"));
            assert!(result.contains(&format!("marker-{name}")), "{when}");
            assert_eq!(rig.read(&format!("{copies}/{name}")), result, "{when}: {name}");
        }
        assert_eq!(rig.names("sent_copy"), ["plain"], "{when}");
        assert!(rig.hidden("sent_copy").is_empty() && rig.hidden("failed_copy").is_empty(), "{when}");
        assert_eq!(rig.names("failed_copy"), ["broken", "fails"], "{when}");
    }
}

#[test]
fn the_copy_is_there_before_anybody_is_told_and_can_be_what_is_told() {
    for tell_copies in [false, true] {
        let mut rig = filled();
        rig.settings.events = true;
        rig.settings.tell_copies = tell_copies;
        let mut running = rig.start();
        FILES.iter().for_each(|(name, ..)| running.hint(Hint::MovedIn, name));
        let mut known = 0;
        while running.run(1) == End::Stopped {
            let filed = running.rig().cluster.results();
            for told in filed.iter().skip(known) {
                let copies = if told.destination.is_sent() { "sent_copy" } else { "failed_copy" };
                assert!(running.rig().path(&format!("{copies}/{}", told.name)).exists(), "{told:?}");
                let is_copy = matches!(told.folder, Folder::SentCopy | Folder::FailedCopy);
                assert_eq!(is_copy, tell_copies, "{told:?}");
            }
            known = filed.len();
        }
        assert_eq!(known, FILES.len());
    }
}

#[test]
fn a_copy_never_takes_the_name_of_another_file() {
    let mut rig = filled();
    std::fs::write(rig.path("sent_copy/plain"), "an older copy").expect("room");
    rig.settle();

    let copies = rig.names("sent_copy");
    assert!(copies.len() == 2 && copies[1].starts_with("plain."), "{copies:?}");
    assert_eq!(rig.read("sent_copy/plain"), "an older copy");
    assert_eq!(rig.read(&format!("sent_copy/{}", copies[1])), rig.read("sent/plain"));
}

#[test]
fn a_copy_has_a_made_name_of_its_own_and_no_preview() {
    let mut rig = filled();
    rig.settings.keep_filename = false;
    rig.settings.filename_preview = 6;
    rig.settle();

    let (sent, copy) = (rig.names("sent"), rig.names("sent_copy"));
    assert!(sent[0].ends_with("-marker"), "{sent:?}");
    assert!(copy.len() == 1 && copy[0].starts_with("GSM1.") && copy[0].len() == 11, "{copy:?}");
    assert!(!sent[0].starts_with(&copy[0]), "{sent:?} {copy:?}");
}

#[test]
fn results_wait_while_no_copy_can_be_made() {
    let mut rig = filled();
    let mut running = rig.start();
    std::fs::remove_dir(running.rig().path("sent_copy")).expect("it is empty");
    running.hint(Hint::MovedIn, "plain");
    running.settle();
    assert!(running.rig().names("sent").is_empty());
    assert!(running.rig().cluster.alarms().iter().any(|alarm| alarm.contains("sent_copy")));
    drop(running);

    std::fs::create_dir(rig.path("sent_copy")).expect("room");
    rig.settle();
    assert_eq!(
        (rig.names("sent"), rig.names("sent_copy")),
        (vec!["plain".to_owned()], vec!["plain".to_owned()])
    );
}

fn filled() -> Rig {
    let mut rig = Rig::new();
    rig.settings.sent_copy = true;
    rig.settings.failed_copy = true;
    for (name, content, ..) in FILES {
        rig.put(name, content);
    }
    rig
}

/// Stops among these files; how many effects there were.
fn stopped_after(rig: &mut Rig, allowed: usize) -> usize {
    rig.stopped_after(FILES.map(|(name, ..)| name), allowed)
}
