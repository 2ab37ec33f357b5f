//! Things in `outgoing` that are no message files: each is refused unread with a reason, kept, and never in the way.

use std::fs::File;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{CWD, FallocateFlags, Mode, fallocate, mkfifoat};
use smsgrid::worker::intake::Hint;

use crate::rig::{End, Rig};

/// Octets of a file that is far too large.
const GIB: u64 = 1 << 30;

/// The name of the thing that was set aside for this name.
fn aside(rig: &Rig, name: &str) -> String {
    let start = format!("LOCKED.{name}.");
    let names = rig.names("checked");
    names.into_iter().find(|found| found.starts_with(&start)).expect("it is kept")
}

fn refused(rig: &Rig, name: &str, why: &str) {
    let aside = aside(rig, name);
    let file = rig.read(&format!("failed/{name}"));
    let reason = format!(
        "Fail_reason: Not a message file: {why}. It was not sent; it is `{aside}` in the folder `checked`\nFailed: 26-"
    );
    assert!(file.contains(&reason), "{name}: {file}");
    let mode = std::fs::metadata(rig.path(&format!("failed/{name}"))).expect("a result").permissions().mode();
    assert_eq!(mode & 0o022, 0, "{name} can be changed by others");
    let alarms = rig.cluster.alarms();
    assert_eq!(alarms.iter().filter(|alarm| alarm.contains(&aside)).count(), 1, "{alarms:?}");
}

/// Runs, restarts and runs again with a good file beside the thing, which is refused once.
fn goes_on(rig: &mut Rig, name: &str, why: &str) {
    rig.put("good", "To: 4917\n\ngood");
    rig.settle();
    rig.settle();
    assert_eq!(rig.cluster.texts(), ["good"]);
    assert!(rig.names("outgoing").is_empty(), "{:?}", rig.names("outgoing"));
    refused(rig, name, why);
    assert_eq!(rig.names("failed"), [name]);
}

#[test]
fn a_symbolic_link_is_refused_and_where_it_leads_is_not_read() {
    let mut rig = Rig::new();
    std::fs::write(rig.path("secret"), "To: 4917\n\nsecret").expect("room");
    symlink(rig.path("secret"), rig.path("outgoing/link")).expect("a link");
    symlink("/etc/shadow", rig.path("outgoing/shadow")).expect("a link");
    symlink("/nowhere", rig.path("outgoing/broken")).expect("a link");
    rig.settle();
    rig.settle();

    assert!(rig.cluster.texts().is_empty());
    for name in ["link", "shadow", "broken"] {
        refused(&rig, name, "it is a symbolic link");
        let file = rig.read(&format!("failed/{name}"));
        assert!(file.starts_with("Fail_reason: ") && file.ends_with("\n\n"), "{file}");
        let kept = rig.path(&format!("checked/{}", aside(&rig, name)));
        assert!(kept.symlink_metadata().expect("a link").is_symlink());
    }
    assert_eq!(rig.read("secret"), "To: 4917\n\nsecret");
}

#[test]
fn a_hard_link_is_refused_and_its_other_name_keeps_the_file() {
    let mut rig = Rig::new();
    std::fs::write(rig.path("secret"), "To: 4917\n\nsecret").expect("room");
    std::fs::hard_link(rig.path("secret"), rig.path("outgoing/link")).expect("a link");
    rig.put("good", "To: 4917\n\ngood");
    rig.settle();

    assert_eq!(rig.cluster.texts(), ["good"]);
    let file = rig.read("failed/link");
    assert!(file.contains("Fail_reason: Not a message file: it has another name (hard link)."), "{file}");
    assert!(!file.contains("secret"));
    assert_eq!(rig.read("secret"), "To: 4917\n\nsecret");
}

#[test]
fn a_fifo_and_a_socket_are_refused_and_nobody_waits_for_them() {
    let mut rig = Rig::new();
    mkfifoat(CWD, rig.path("outgoing/fifo"), Mode::from_raw_mode(0o666)).expect("a FIFO");
    goes_on(&mut rig, "fifo", "it is not a regular file");

    let mut rig = Rig::new();
    let listener = UnixListener::bind(rig.path("outgoing/socket")).expect("a socket");
    goes_on(&mut rig, "socket", "it is not a regular file");
    let kept = rig.path(&format!("checked/{}", aside(&rig, "socket")));
    assert!(kept.symlink_metadata().expect("a socket").file_type().is_socket());
    drop(listener);
}

#[test]
fn a_directory_stays_where_it_is_as_smsd_leaves_it() {
    let mut rig = Rig::new();
    std::fs::create_dir(rig.path("outgoing/folder")).expect("a folder");
    std::fs::write(rig.path("outgoing/folder/inside"), "To: 4917\n\ninside").expect("room");
    rig.put("good", "To: 4917\n\ngood");
    rig.settle();

    assert_eq!((rig.cluster.texts(), rig.names("outgoing")), (vec!["good".into()], vec!["folder".into()]));
    assert!(rig.cluster.alarms().is_empty());
}

#[test]
fn a_sparse_file_of_a_gibibyte_is_refused_with_its_headers_and_kept() {
    let mut rig = Rig::new();
    rig.put("huge", "To: 4917\nX-Job: 7\n\nbody");
    let file = File::options().write(true).open(rig.path("outgoing/huge")).expect("a file");
    file.set_len(GIB).expect("a sparse file");
    goes_on(&mut rig, "huge", "it is larger than 65536 octets");

    assert!(rig.read("failed/huge").starts_with("To: 4917\nX-Job: 7\nFail_reason: "));
    assert!(rig.read("failed/huge").ends_with("\n\n"), "no body");
    assert_eq!(length(&rig.path(&format!("checked/{}", aside(&rig, "huge")))), GIB);
}

#[test]
fn a_real_file_of_a_gibibyte_is_refused_and_kept() {
    let mut rig = Rig::on_disk();
    let file = File::create(rig.path("outgoing/huge")).expect("a file");
    fallocate(&file, FallocateFlags::empty(), 0, GIB).expect("room for a gibibyte");
    goes_on(&mut rig, "huge", "it is larger than 65536 octets");

    assert!(rig.read("failed/huge").starts_with("Fail_reason: "), "no end of headers in its start");
    assert_eq!(length(&rig.path(&format!("checked/{}", aside(&rig, "huge")))), GIB);
}

#[test]
fn a_file_one_octet_too_large_is_refused_and_one_that_just_fits_is_read() {
    let body = |octets: usize| [b"To: 4917\n\n".as_slice(), &vec![b'x'; octets - 10]].concat();
    let mut rig = Rig::new();
    rig.put("fits", body(65_536));
    rig.put("larger", body(65_537));
    rig.settle();

    assert!(rig.read("failed/fits").contains("Fail_reason: Too long text\n"));
    assert!(rig.read("failed/fits").len() > body(65_536).len(), "with its whole body");
    refused(&rig, "larger", "it is larger than 65536 octets");
}

#[test]
fn what_is_swapped_in_between_two_steps_is_never_read_and_its_place_is_never_lost() {
    let mut swaps = 0;
    for stop in 0..60 {
        for place in ["outgoing/swap", "checked/swap"] {
            let mut rig = Rig::new();
            std::fs::write(rig.path("secret"), "To: 4917\n\nsecret").expect("room");
            rig.put("swap", "To: 4917\n\nharmless");
            let mut running = rig.start();
            running.hint(Hint::MovedIn, "swap");
            let end = running.run(stop);
            let path = running.rig().path(place);
            if end == End::Stopped && path.exists() {
                let link = running.rig().path("link");
                symlink(running.rig().path("secret"), &link).expect("a link");
                std::fs::rename(link, path).expect("a rename");
                swaps += 1;
            }
            running.settle();
            drop(running);
            rig.settle();

            let when = format!("{place} after effect {stop}");
            assert!(rig.cluster.texts().iter().all(|text| text == "harmless"), "{when}");
            for folder in ["sent", "failed"] {
                for name in rig.names(folder) {
                    assert!(
                        !rig.read(&format!("{folder}/{name}")).contains("secret"),
                        "{when}: {folder}/{name}"
                    );
                }
            }
            assert_eq!(rig.read("secret"), "To: 4917\n\nsecret", "{when}");
            assert!(rig.names("outgoing").is_empty(), "{when}: {:?}", rig.names("outgoing"));
            let left = rig.names("checked");
            assert!(left.iter().all(|name| name.starts_with("LOCKED.")), "{when}: {left:?}");
        }
    }
    assert!(swaps > 10, "only {swaps} swaps");
}

#[test]
fn thousands_of_links_and_fifos_do_not_hold_up_a_message() {
    const THINGS: usize = 3_000;
    let mut rig = Rig::new();
    for number in 0..THINGS {
        symlink("/etc/shadow", rig.path(&format!("outgoing/{number:04}"))).expect("a link");
    }
    rig.put("good", "To: 4917\n\ngood");
    let mut running = rig.start();
    running.hint(Hint::MovedIn, "good");
    running.settle();
    drop(running);

    assert_eq!(rig.cluster.texts(), ["good"]);
    assert_eq!(rig.names("failed").len(), THINGS);
    assert!(rig.names("outgoing").is_empty());
}

fn length(path: &Path) -> u64 {
    std::fs::metadata(path).expect("it is kept").len()
}
