//! The check handler: each exit and what it means.

use std::time::Duration;

use smsgrid::worker::handlers::{Command, Otherwise, Verdict};

use smsgrid_node::handlers::Rules;

use smsgrid_tests::wait::until_true;

use crate::rig::{PATIENCE, Rig};

#[test]
fn each_exit_of_the_check_handler_has_its_meaning() {
    for mut rig in Rig::both() {
        rig.settings.time_limit = Duration::from_secs(1);
        // The shell in between ends with a number of its own for a signal.
        let killed = if rig.settings.rules == Rules::Smsd { "returned 137" } else { "was ended by signal 9" };
        let code = rig
            .script("check", r#"case $1 in /kill) kill -9 $$;; /hang) sleep 1000;; *) exit ${1#/};; esac"#);
        rig.settings.checkhandler = Some(code);
        for (otherwise, silent) in
            [(Otherwise::Accept, None), (Otherwise::Reject, Some("Not accepted: the checkhandler "))]
        {
            rig.settings.check_otherwise = otherwise;
            let handlers = rig.handlers();
            let verdict = |file: &str| rig.runtime.block_on(handlers.check(file.as_bytes()));

            assert_eq!(verdict("/0"), Verdict::Accepted);
            assert_eq!(verdict("/1"), Verdict::Rejected { reason: "Rejected by checkhandler".to_owned() });
            assert_eq!(verdict("/2"), Verdict::Spooled);
            for (file, how) in [
                ("/3", "returned 3"),
                ("/255", "returned 255"),
                ("/kill", killed),
                ("/hang", "did not end within 1 s and was ended"),
            ] {
                let expected = silent.map_or(Verdict::Accepted, |before| Verdict::Rejected {
                    reason: format!("{before}{how}"),
                });
                assert_eq!(verdict(file), expected, "{file}");
            }
        }
    }
}

#[test]
fn a_check_handler_that_cannot_be_started_says_nothing() {
    let mut rig = Rig::strict();
    rig.settings.checkhandler = Some(Command::Direct(vec![rig.path("none").display().to_string()]));
    let Verdict::Rejected { reason } = rig.runtime.block_on(rig.handlers().check(b"/f")) else {
        panic!("it was accepted");
    };
    assert!(reason.starts_with("Not accepted: the checkhandler cannot be started: "), "{reason}");

    rig.settings.checkhandler = None;
    assert_eq!(rig.runtime.block_on(rig.handlers().check(b"/f")), Verdict::Accepted);
}

#[test]
fn the_checked_file_is_the_one_argument_and_may_be_changed() {
    for mut rig in Rig::both() {
        rig.settings.checkhandler =
            Some(rig.script("check", r#"echo "$#" >$D/count; echo "Queue: a" >"$1""#));
        let file = rig.path("it's $(a) file");
        std::fs::write(&file, "To: 1\n").expect("room");

        let verdict = rig.runtime.block_on(rig.handlers().check(file.as_os_str().as_encoded_bytes()));

        assert_eq!(verdict, Verdict::Accepted);
        assert_eq!(
            (rig.read("count"), rig.read("it's $(a) file")),
            ("1\n".to_owned(), "Queue: a\n".to_owned())
        );
    }
}

#[test]
fn a_check_that_is_given_up_leaves_not_even_a_zombie() {
    let mut rig = Rig::strict();
    rig.settings.checkhandler = Some(rig.script("check", "echo $$ >$D/pid; exec sleep 1000"));
    let handlers = rig.handlers();
    let check = rig.runtime.spawn(async move { handlers.check(b"/f").await });
    until_true("it to run", PATIENCE, || rig.read("pid").ends_with('\n'));
    check.abort();

    until_true("it to be reaped", PATIENCE, || rig.process("pid").is_reaped());
}
