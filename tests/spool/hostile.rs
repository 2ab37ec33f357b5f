//! Files that are broken, half-written, or become something else while they are looked at.

use std::os::unix::fs::{MetadataExt, symlink};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use smsgrid::worker::intake::Hint;

use crate::rig::Rig;

#[test]
fn a_file_published_by_link_and_unlink_is_taken() {
    let mut rig = Rig::new();
    std::fs::write(rig.path("outgoing/.new"), "To: 4917\n\nlinked").expect("room");
    std::fs::hard_link(rig.path("outgoing/.new"), rig.path("outgoing/linked")).expect("a link");
    let mut running = rig.start();
    running.hint(Hint::Appeared, "linked");
    running.run_idle();
    std::fs::remove_file(running.rig().path("outgoing/.new")).expect("a name");
    running.settle();
    drop(running);

    assert_eq!(rig.cluster.texts(), ["linked"]);
    assert_eq!(rig.cluster.alarms(), Vec::<String>::new());
}

#[test]
fn a_broken_file_goes_to_failed_with_its_reason_and_does_not_come_back() {
    let mut rig = Rig::new();
    rig.put("no-to", "Hello there\n\nbody");
    rig.put("letters", "To: none\n\nbody");
    rig.put("nul", b"\0\0\0\0\0\0\0\0\0\0\0\0");
    rig.put("long", [b"To: 1\n\n".as_slice(), &vec![b'x'; 40_000]].concat());
    rig.put("crlf", "To: 4917\r\nFlash: yes\r\n\r\nHello\r\n");
    rig.settle();
    rig.settle();

    assert_eq!(rig.cluster.texts(), ["Hello"]);
    for (name, reason) in [
        ("no-to", "No destination"),
        ("letters", "No destination"),
        ("nul", "No destination"),
        ("long", "Too long text"),
    ] {
        let file = rig.read(&format!("failed/{name}"));
        assert!(file.contains(&format!("Fail_reason: {reason}\nFailed: 26-11-22 ")), "{name}: {file}");
    }
    assert!(rig.read("failed/no-to").starts_with("Hello there\nFail_reason: No destination\nFailed: "));
    assert!(rig.read("failed/no-to").ends_with("\n\nbody"));
    assert!(rig.names("outgoing").is_empty());
    assert_eq!(rig.cluster.alarms().len(), 4);
}

#[test]
fn a_growing_file_is_taken_whole() {
    let mut rig = Rig::new();
    let path = rig.path("outgoing/slow");
    let mut text = "To: 4917\n\nfirst".to_owned();
    std::fs::write(&path, &text).expect("room");
    let mut running = rig.start();
    for piece in [" second", " third", " fourth"] {
        running.hint(Hint::Written, "slow");
        running.run_idle();
        running.advance(Duration::from_millis(300));
        text.push_str(piece);
        std::fs::write(&path, &text).expect("room");
        running.advance(Duration::from_millis(300));
        running.run_idle();
    }
    assert!(running.rig().cluster.texts().is_empty());
    running.settle();
    drop(running);

    assert_eq!(rig.cluster.texts(), ["first second third fourth"]);
}

#[test]
fn a_file_somebody_goes_on_writing_after_it_was_taken_is_sent_whole() {
    let mut rig = Rig::new();
    rig.put("slow", "To: 4917\n\nfirst");
    let path = rig.path("checked/slow");
    let mut running = rig.start();
    running.hint(Hint::MovedIn, "slow");
    while !path.exists() {
        running.run(1);
    }
    let mut writer = std::fs::File::options().append(true).open(&path).expect("the writer has it open");
    running.goes_on_writing(&mut writer);
    drop(running);

    assert_eq!(rig.cluster.texts(), ["first second third fourth"]);
    assert_eq!((rig.names("sent"), rig.names("checked")), (vec!["slow".to_owned()], vec![]));
}

#[test]
fn a_trusted_folder_does_not_wait() {
    let mut rig = Rig::new();
    rig.settings.trust_outgoing = true;
    std::fs::write(rig.path("outgoing/a"), "To: 4917\n\ntrusted").expect("room");
    let mut running = rig.start();
    running.run_idle();
    drop(running);

    assert_eq!(rig.cluster.texts(), ["trusted"]);
}

#[test]
fn files_of_other_owners_are_left_alone() {
    let mut rig = Rig::new();
    rig.put("a", "To: 4917\n\nfrom whom");
    let owner = std::fs::metadata(rig.path("outgoing/a")).expect("a file").uid();
    rig.settings.owners = vec![owner + 1];
    rig.settle();
    assert_eq!((rig.cluster.texts().len(), rig.names("outgoing").len()), (0, 1));

    rig.settings.owners = vec![owner];
    rig.settle();
    assert_eq!(rig.cluster.texts(), ["from whom"]);
}

#[test]
fn a_racing_swapper_never_gets_anything_else_sent() {
    const SWAPS: usize = 20_000;
    let mut rig = Rig::new();
    std::fs::write(rig.path("secret"), "To: 4917\n\nsecret").expect("room");
    let (secret, outgoing) = (rig.path("secret"), rig.path("outgoing"));
    let over = Arc::new(AtomicBool::new(false));
    let ended = over.clone();
    let swapper = std::thread::spawn(move || {
        let (hidden, shown) = (outgoing.join(".swap"), outgoing.join("swap"));
        for turn in 0..SWAPS {
            let _ = std::fs::remove_file(&hidden);
            match turn % 4 {
                0 | 2 => std::fs::write(&hidden, "To: 4917\n\nharmless").expect("room"),
                1 => symlink(&secret, &hidden).expect("a link"),
                _ => std::fs::hard_link(&secret, &hidden).expect("a link"),
            }
            std::fs::rename(&hidden, &shown).expect("a rename");
        }
        ended.store(true, Ordering::Release);
    });
    let mut running = rig.start();
    while !over.load(Ordering::Acquire) {
        running.hint(Hint::MovedIn, "swap");
        running.run_idle();
        running.advance(Duration::from_secs(11));
    }
    swapper.join().expect("a swapper");
    running.settle();
    drop(running);

    let texts = rig.cluster.texts();
    assert!(!texts.is_empty());
    assert!(
        texts.iter().all(|text| text == "harmless"),
        "{:?}",
        texts.iter().find(|text| *text != "harmless")
    );
    assert_eq!(rig.read("secret"), "To: 4917\n\nsecret");
}
