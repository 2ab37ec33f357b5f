//! The modes of results.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;

use smsgrid_tests::smsd::{PATIENCE, Place};
use smsgrid_tests::wait;

use super::with_modem;

/// Puts a file of this mode into `outgoing`.
fn drop_with_mode(place: &Place, name: &str, mode: u32, text: &str) {
    let draft = place.path(&format!(".{name}"));
    fs::write(&draft, text).expect("the test's folder is writable");
    fs::set_permissions(&draft, Permissions::from_mode(mode)).expect("ours");
    fs::rename(&draft, place.path("outgoing").join(name)).expect("same file system");
}

fn mode(place: &Place, result: &str) -> u32 {
    wait::until_true(result, PATIENCE, || place.path(result).exists());
    fs::metadata(place.path(result)).expect("it is there").permissions().mode() & 0o7777
}

#[test]
fn a_result_has_the_mode_that_the_umask_leaves_whatever_its_file_had() {
    for (umask, expected) in [("027", 0o640), ("0x1b", 0o644 & !0o033), ("7", 0o660)] {
        let place = with_modem("fast", &format!("umask = {umask}"));
        let mut process = place.foreground(&[]);
        for (name, given) in [("private", 0o600), ("open", 0o666)] {
            drop_with_mode(&place, name, given, "To: 491700000001\n\nhello");
            assert_eq!(mode(&place, &format!("sent/{name}")), expected, "umask {umask}, {name}");
        }
        drop_with_mode(&place, "bad", 0o600, "To: nobody\n\nhello");
        assert_eq!(mode(&place, "failed/bad"), expected, "umask {umask}");
        assert!(process.terminate(PATIENCE).success());
    }
}
