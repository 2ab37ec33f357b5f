//! The cut itself: it loses what was not synced, and nothing that was.

use std::fs::{self, File};
use std::io::Write;

use smsgrid_tests::power::Disk;

const OCTETS: u64 = 64 << 20;

#[test]
fn a_power_cut_takes_what_was_not_synced_and_leaves_what_was() {
    let dir = tempfile::tempdir().expect("a folder");
    let disk = Disk::create(dir.path(), "disk", OCTETS);
    let write = |name: &str| {
        let mut file = File::create(disk.path().join(name)).expect("a sound disk");
        file.write_all(name.as_bytes()).expect("a sound disk");
        file
    };
    let synced = write("synced");
    synced.sync_all().expect("a sound disk");
    File::open(disk.path()).and_then(|folder| folder.sync_all()).expect("a sound disk");
    let lost = write("lost");

    disk.cut();
    assert!(lost.sync_all().is_err(), "a disk without power takes nothing");
    drop((synced, lost));
    disk.restore();

    assert_eq!(fs::read(disk.path().join("synced")).expect("it was synced"), b"synced");
    assert!(!disk.path().join("lost").exists());
}
