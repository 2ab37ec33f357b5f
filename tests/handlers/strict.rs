//! What a program finds around it: environment, folder, descriptors, rights.

use smsgrid_tests::wait::until_true;
use tokio_util::sync::CancellationToken;

use crate::rig::{PATIENCE, Rig, sent};

/// Tells everything a program can see of where it is.
const LOOK: &str = r#"
env | sort >$D/env
pwd >$D/pwd
ls -l /proc/self/fd | sed -n 's/.* \([0-9]*\) -> \(.*\)/\1 \2/p' | grep -v /proc/ >$D/fds
grep NoNewPrivs /proc/self/status >$D/privileges
wc -c >$D/stdin
ps -o pgid= -p $$ 2>/dev/null | tr -d ' ' >$D/group || cut -d' ' -f5 /proc/$$/stat >$D/group
echo $$ >$D/pid
"#;

#[test]
fn a_strict_program_has_an_environment_of_ours_and_nothing_else() {
    let mut rig = Rig::strict();
    rig.settings.eventhandler = Some(rig.script("on-event", LOOK));
    assert!(rig.runtime.block_on(rig.handlers().event(&sent("01ABC", "/f"), &CancellationToken::new())));

    let home = rig.path("home").canonicalize().expect("a folder");
    let environment = rig.read("env");
    let mut names: Vec<&str> = environment.lines().filter_map(|line| line.split('=').next()).collect();
    // The shell itself sets these.
    names.retain(|name| !["PWD", "OLDPWD", "SHLVL", "_"].contains(name));
    assert_eq!(names, ["HOME", "LANG", "PATH", "SMSGRID_EVENT_ID"]);
    assert!(environment.contains("SMSGRID_EVENT_ID=01ABC\n"));
    assert_eq!(rig.read("pwd").trim(), home.display().to_string());
    assert_eq!(rig.read("privileges"), "NoNewPrivs:\t1\n");
    assert_eq!(rig.read("group"), rig.read("pid"));
    common(&rig);
}

#[test]
fn a_program_of_smsd_has_our_environment_and_the_root_folder() {
    let mut rig = Rig::as_smsd();
    rig.settings.eventhandler = Some(rig.script("on-event", LOOK));
    assert!(rig.runtime.block_on(rig.handlers().event(&sent("01ABC", "/f"), &CancellationToken::new())));

    let path = std::env::var("PATH").expect("a path");
    assert!(rig.read("env").contains(&format!("PATH={path}\n")));
    assert!(rig.read("env").contains("SMSGRID_EVENT_ID=01ABC\n"));
    assert_eq!(rig.read("pwd"), "/\n");
    assert_eq!(rig.read("privileges"), "NoNewPrivs:\t0\n");
    common(&rig);
}

/// What holds for every program: three descriptors, an empty input, a group of its own.
fn common(rig: &Rig) {
    let descriptors = rig.read("fds");
    let numbers: Vec<&str> = descriptors.lines().filter_map(|line| line.split(' ').next()).collect();
    assert!(numbers.iter().all(|number| ["0", "1", "2"].contains(number)), "{descriptors}");
    assert!(descriptors.contains("0 /dev/null\n"), "{descriptors}");
    assert_eq!(rig.read("stdin").trim(), "0");
    assert_ne!(rig.read("group").trim(), rustix::process::getpgrp().as_raw_nonzero().to_string());
}

#[test]
fn the_start_program_decides_whether_the_node_starts() {
    for mut rig in Rig::both() {
        rig.settings.start = Some(rig.script("start", "echo started >$D/told"));
        rig.runtime.block_on(rig.handlers().start()).expect("it returns 0");
        assert_eq!(rig.read("told"), "started\n");

        rig.settings.start = Some(rig.script("start", "exit 3"));
        let failure = rig.runtime.block_on(rig.handlers().start()).expect_err("it returns 3");
        assert_eq!(failure.to_string(), "`handlers.start` returned 3");
    }
}

#[test]
fn the_child_runs_until_it_is_stopped_and_ends_with_its_group() {
    for mut rig in Rig::both() {
        rig.settings.child =
            Some(rig.script("child", "sleep 1000 & echo $! >$D/left; echo $$ >$D/pid; wait"));
        let (handlers, stop) = (rig.handlers(), CancellationToken::new());
        let stopping = stop.clone();
        let child = rig.runtime.spawn(async move { handlers.run_child(&stopping).await });
        until_true("it to run", PATIENCE, || !rig.read("pid").is_empty());
        assert!(rig.process("pid").runs() && !child.is_finished());
        stop.cancel();

        rig.runtime.block_on(child).expect("no panic");
        until_true("both to be gone", PATIENCE, || !rig.process("pid").runs() && !rig.process("left").runs());
    }
}
