//! Folders on different file systems: a file is copied, and everything else is as it is on one.

use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

use smsgrid::worker::intake::{Conflicts, Effect, Halt, Hint, Input};

use crate::cluster::ENDLESS;
use crate::rig::Rig;

#[test]
fn a_file_is_copied_to_checked_with_its_mode_and_the_original_goes_with_the_result() {
    let mut rig = Rig::across();
    rig.put("plain", "To: 4917\n\nplain");
    rig.put("live", format!("To: {ENDLESS}\n\nlive"));
    let open = std::fs::Permissions::from_mode(0o640);
    std::fs::set_permissions(rig.path("outgoing/live"), open).expect("a mode");
    rig.settle();
    rig.settle();

    assert_eq!(rig.cluster.texts().len(), 2);
    assert_eq!((rig.names("outgoing"), rig.names("sent")), (vec![], vec!["plain".to_owned()]));
    assert_eq!(rig.names("checked"), ["live", "live.LOCK"]);
    let copy = std::fs::metadata(rig.path("checked/live")).expect("a copy");
    assert_eq!(copy.permissions().mode() & 0o777, 0o640);
    assert_eq!(rig.read("checked/live"), format!("To: {ENDLESS}\n\nlive"));
    assert_eq!(rig.hidden("outgoing").len(), 1, "the original of the live one");
    assert_eq!((rig.hidden("checked").len(), rig.cluster.alarms().len()), (0, 0));
}

#[test]
fn who_owned_the_original_sends_the_message() {
    let mut rig = Rig::across();
    rig.put("mine", "To: 4917\n\nmine");
    let path = rig.path("outgoing/mine");
    let owner = std::fs::metadata(&path).expect("a file").uid();
    // Only root can give a file away; whoever else runs this owns it all the same.
    let given = std::os::unix::fs::chown(&path, Some(owner + 7), None).is_ok();
    rig.settle();

    assert_eq!(rig.cluster.owners(), [if given { owner + 7 } else { owner }]);
}

#[test]
fn a_new_file_of_the_name_is_another_one_while_the_first_is_copied() {
    let mut rig = Rig::across();
    rig.put("same", "To: 4917\n\nfirst");
    let mut running = rig.start();
    running.hint(Hint::MovedIn, "same");
    while running.rig().path("outgoing/same").exists() {
        running.run(1);
    }
    running.rig().put("same", "To: 4917\n\nsecond");
    for _ in 0..3 {
        running.settle();
    }
    drop(running);

    assert_eq!(rig.cluster.texts(), ["first", "second"]);
    assert_eq!(rig.names("sent").len(), 2);
    assert!(rig.names("outgoing").is_empty() && rig.hidden("outgoing").is_empty());
}

#[test]
fn a_file_somebody_goes_on_writing_while_it_is_copied_is_sent_whole() {
    let mut rig = Rig::across();
    rig.put("slow", "To: 4917\n\nfirst");
    let mut writer = std::fs::File::options().append(true).open(rig.path("outgoing/slow")).expect("a file");
    let mut running = rig.start();
    running.hint(Hint::MovedIn, "slow");
    while running.rig().path("outgoing/slow").exists() {
        running.run(1);
    }
    running.goes_on_writing(&mut writer);
    drop(running);
    assert_eq!(rig.cluster.texts(), ["first second third fourth"]);
}

#[test]
fn a_link_and_a_file_too_large_are_set_aside_in_outgoing_and_told() {
    let mut rig = Rig::across();
    std::fs::write(rig.path("secret"), "To: 4917\n\nsecret").expect("room");
    symlink(rig.path("secret"), rig.path("outgoing/link")).expect("a link");
    let sparse = std::fs::File::create(rig.path("outgoing/huge")).expect("a file");
    sparse.set_len(1 << 30).expect("a sparse file");
    rig.put("good", "To: 4917\n\ngood");
    rig.settle();
    rig.settle();

    assert_eq!(rig.cluster.texts(), ["good"]);
    let left = rig.names("outgoing");
    assert!(left.len() == 2 && left.iter().all(|name| name.starts_with("LOCKED.")), "{left:?}");
    for name in ["link", "huge"] {
        let file = rig.read(&format!("failed/{name}"));
        assert!(file.starts_with("Fail_reason: Not a message file: it is "), "{file}");
        assert!(file.contains(" in the folder `outgoing`\n") && !file.contains("secret"), "{file}");
    }
    assert!(rig.hidden("outgoing").is_empty() && rig.hidden("checked").is_empty());
}

#[test]
fn a_name_that_is_taken_stops_the_spool_here_too_and_the_original_keeps_the_message() {
    let mut rig = Rig::across();
    rig.settings.conflicts = Conflicts::Stop;
    std::fs::write(rig.path("checked/name"), "theirs").expect("room");
    rig.put("name", "To: 4917\n\nmine");
    let mut running = rig.start();
    running.refusal =
        |effect| matches!(effect, Effect::ListChecked).then(|| Input::ListedChecked(Ok(Vec::new())));
    running.settle();
    assert!(matches!(running.halted, Some(Halt::Conflict(_))), "{:?}", running.halted);
    drop(running);

    assert_eq!((rig.read("checked/name"), rig.names("outgoing")), ("theirs".into(), vec!["name".into()]));
    std::fs::remove_file(rig.path("checked/name")).expect("a file");
    rig.settle();
    assert_eq!(rig.cluster.texts(), ["mine"]);
}
