//! The folders of `[queues]`: what smsd left there, and what a check handler puts there.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use smsgrid_tests::smsd::PATIENCE;

use super::with_modem;

#[test]
fn what_lies_in_the_folder_of_a_queue_is_sent_at_the_start_and_what_the_check_handler_puts_there_too() {
    let place = with_modem("fast", "");
    let (queue, handler) = (place.path("FAST"), place.path("check"));
    fs::create_dir(&queue).expect("ours");
    let script = format!("#!/bin/sh\ncase $1 in */moved) mv $1 {} && exit 2;; esac\n", queue.display());
    fs::write(&handler, script).expect("ours");
    fs::set_permissions(&handler, fs::Permissions::from_mode(0o755)).expect("ours");
    // No number of these files is one of the queue.
    let queues = format!(
        "checkhandler = {}\n[queues]\nFAST = {}\n[providers]\nFAST = 44\n[GSM1]\nqueues = FAST\n",
        handler.display(),
        queue.display()
    );
    fs::write(place.conf(), place.read("smsd.conf").replace("[GSM1]\n", &queues)).expect("ours");
    fs::write(queue.join("left"), "To: 491700000001\n\nleft").expect("ours");

    let mut process = place.foreground(&[]);
    place.wait_for_sent("left");
    place.drop_file("moved", "moved");
    place.wait_for_sent("moved");

    for name in ["left", "moved"] {
        assert!(place.read(&format!("sent/{name}")).contains("\nQueue: FAST\n"), "{name}");
        assert!(!queue.join(name).exists(), "{name}");
    }
    assert!(process.terminate(PATIENCE).success());
    assert_eq!(place.simulator().ledger().entries().len(), 2);
}
