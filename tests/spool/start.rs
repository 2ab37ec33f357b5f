//! What is checked before a spool starts.

use std::os::unix::fs::PermissionsExt;

use smsgrid_node::spool::{FolderPaths, Folders, Journal, OpenError, Strictness};

use crate::rig::Rig;

#[test]
fn a_folder_that_is_missing_or_no_folder_is_one_clear_line() {
    let rig = Rig::new();
    let missing = FolderPaths { sent: Some(rig.path("nowhere")), ..rig.paths() };
    assert!(refusal(&missing).starts_with("spool folder `sent` is missing. why "));

    std::fs::write(rig.path("file"), "").expect("room");
    let file = FolderPaths { outgoing: rig.path("file"), ..rig.paths() };
    let line = refusal(&file);
    assert!(line.starts_with("spool folder `outgoing` is not a folder. why "), "{line}");
    assert!(!line.contains('\n'));
}

#[test]
fn a_folder_everybody_may_write_to_is_refused_unless_smsd_would_take_it() {
    let rig = Rig::new();
    let open = std::fs::Permissions::from_mode(0o777);
    std::fs::set_permissions(rig.path("outgoing"), open).expect("a mode");

    let line = refusal(&rig.paths());
    assert!(line.starts_with("spool folder `outgoing` is writable by everybody. why owner uid "), "{line}");
    assert!(line.contains("mode 0777"));
    assert!(Folders::open(&rig.paths(), Strictness::Lenient).is_ok());
}

#[test]
fn two_processes_do_not_share_a_spool() {
    let rig = Rig::new();
    let _first = Folders::open(&rig.paths(), Strictness::Strict).expect("good folders");

    assert!(refusal(&rig.paths()).starts_with("spool folder `checked` is in use by another process"));
}

#[test]
fn a_damaged_journal_stops_the_spool_instead_of_sending_twice() {
    let mut rig = Rig::new();
    for name in ["one", "two", "three"] {
        rig.put(name, format!("To: 888\n\n{name}"));
        rig.settle();
    }
    let path = rig.path("journal/journal");
    let mut octets = std::fs::read(&path).expect("a journal");
    octets[80] ^= 1;
    std::fs::write(&path, octets).expect("room");

    assert!(matches!(Journal::open(&rig.path("journal")), Err(OpenError::Damaged { .. })));
}

fn refusal(paths: &FolderPaths) -> String {
    Folders::open(paths, Strictness::Strict).expect_err("a bad folder").to_string()
}
