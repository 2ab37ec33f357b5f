//! Files that include others.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use smsgrid::worker::handlers::Verdict;
use smsgrid::worker::intake::{FileName, Folder, Hint};

use crate::rig::{End, Rig};

/// A rig whose folders everybody may go through, and a file beside them.
fn with_text(mut rig: Rig, mode: u32) -> Rig {
    rig.settings.messages.charset = smsgrid::sms_file::Charset::Gsm;
    let text = rig.path("text");
    fs::set_permissions(text.parent().expect("a folder"), Permissions::from_mode(0o755)).expect("ours");
    fs::write(&text, "\nincluded ").expect("room");
    fs::set_permissions(&text, Permissions::from_mode(mode)).expect("ours");
    rig
}

fn put(rig: &Rig, name: &str, included: &str) {
    let path = rig.path(included);
    rig.put(name, format!("To: 4917\nInclude: {}\n\nown", path.display()));
}

#[test]
fn a_text_is_sent_before_the_file_s_own_and_the_result_is_the_file_as_it_was() {
    let mut rig = with_text(Rig::new(), 0o644);
    put(&rig, "outer", "text");
    put(&rig, "missing", "nothing");
    rig.settle();

    assert_eq!(rig.cluster.texts(), ["included own"]);
    let result = rig.read("sent/outer");
    let named = format!("Include: {}\n", rig.path("text").display());
    assert!(result.contains(&named) && result.ends_with("\n\nown"), "{result}");
    let owner = fs::metadata(rig.path("text")).expect("it is there").uid();
    let refused = rig.read("failed/missing");
    let path = rig.path("nothing").display().to_string();
    let reason =
        format!("Fail_reason: Cannot read included file {path}: there is none that uid {owner} can read\n");
    assert!(refused.contains(&reason), "{refused}");
}

#[test]
fn nobody_sends_what_he_could_not_read_himself() {
    for (across, mode, is_sent) in
        [(false, 0o600, false), (false, 0o644, true), (true, 0o600, false), (true, 0o644, true)]
    {
        let mut rig = with_text(if across { Rig::across() } else { Rig::new() }, mode);
        put(&rig, "stranger", "text");
        let owner = fs::metadata(rig.path("text")).expect("it is there").uid();
        // Only root can give a file away; whoever else runs this owns both, and sends it.
        let given = chown(rig.path("outgoing/stranger"), Some(owner + 61_234), Some(owner + 61_234)).is_ok();
        rig.settle();

        let expected: &[&str] = if is_sent || !given { &["included own"] } else { &[] };
        assert_eq!(rig.cluster.texts(), expected, "across {across}, mode {mode:o}");
        assert_eq!(rig.names("failed").is_empty(), !expected.is_empty(), "across {across}, mode {mode:o}");
    }
}

#[test]
fn a_file_that_is_gone_when_the_result_is_written_changes_nothing_of_the_message() {
    let mut rig = with_text(Rig::new(), 0o644);
    put(&rig, "outer", "text");
    let mut running = rig.start();
    running.hint(Hint::MovedIn, "outer");
    while running.rig().cluster.texts().is_empty() {
        running.run(1);
    }
    fs::remove_file(running.rig().path("text")).expect("ours");
    running.settle();
    drop(running);

    assert_eq!(rig.cluster.texts(), ["included own"]);
    assert_eq!(rig.names("sent"), ["outer"]);
}

/// A rig with a file for two recipients, whose numbers and text come from others.
fn with_two_recipients(rig: Rig) -> Rig {
    let mut rig = with_text(rig, 0o644);
    rig.settings.messages.several_recipients = true;
    fs::write(rig.path("numbers"), "To: 4917,4918\n\n").expect("room");
    fs::set_permissions(rig.path("numbers"), Permissions::from_mode(0o644)).expect("ours");
    let (numbers, text) = (rig.path("numbers"), rig.path("text"));
    rig.put("outer", format!("Include: {}\nInclude: {}\n\nown", numbers.display(), text.display()));
    rig
}

/// Both recipients have the one text, the result names them, and nothing of it is left anywhere.
fn check_two_recipients(rig: &Rig, when: &str) {
    assert_eq!(rig.cluster.texts(), ["included own", "included own"], "{when}");
    assert_eq!(rig.names("failed"), [""; 0], "{when}");
    let result = rig.read("sent/outer");
    for number in ["4917", "4918"] {
        assert!(result.contains(&format!("Recipient: {number}")), "{when}: {result}");
    }
    for folder in ["checked", "outgoing"] {
        assert_eq!(rig.hidden(folder), [""; 0], "{when}, {folder}");
    }
}

#[test]
fn what_was_submitted_keeps_its_text_though_the_included_files_change_or_go() {
    let gone: fn(&Rig) = |rig| {
        ["numbers", "text"].iter().for_each(|name| fs::remove_file(rig.path(name)).expect("ours"));
    };
    let changed: fn(&Rig) = |rig| {
        fs::write(rig.path("numbers"), "To: 4917,4918,4919\n\n").expect("room");
        fs::write(rig.path("text"), "\nchanged ").expect("room");
    };
    for (rig, change) in [(Rig::new as fn() -> Rig, gone), (Rig::new, changed), (Rig::across, gone)] {
        let whole = with_two_recipients(rig()).stopped_after(["outer"], usize::MAX);
        let mut begun = 0;
        for allowed in 0..=whole {
            let mut rig = with_two_recipients(rig());
            rig.stopped_after(["outer"], allowed);
            if rig.cluster.submits() == 0 {
                continue;
            }
            begun += 1;
            change(&rig);
            rig.settle();
            check_two_recipients(&rig, &format!("stopped after effect {allowed}"));
        }
        assert!(begun > 10, "only {begun} stops after the first submission");
    }
}

#[test]
fn a_file_the_cluster_takes_only_later_keeps_what_it_included() {
    for is_stopped in [false, true] {
        let mut rig = with_two_recipients(Rig::new());
        rig.cluster.set_unavailable(true);
        let mut running = rig.start();
        running.hint(Hint::MovedIn, "outer");
        running.run_idle();
        assert!(running.rig().cluster.submits() > 0 && running.rig().cluster.texts().is_empty());
        ["numbers", "text"].iter().for_each(|name| fs::remove_file(running.rig().path(name)).expect("ours"));
        running.rig().cluster.set_unavailable(false);
        if !is_stopped {
            running.settle();
        }
        drop(running);
        rig.settle();
        check_two_recipients(&rig, &format!("stopped: {is_stopped}"));
    }
}

/// A check handler that writes the file anew under another name and gives it its own.
fn written_anew(rig: &Rig, folder: Folder, name: &FileName) -> Verdict {
    let path = rig.path(&format!("{folder}/{name}"));
    let draft = rig.path(&format!("{folder}/.draft"));
    fs::write(&draft, fs::read(&path).expect("it is there")).expect("room");
    fs::rename(draft, path).expect("ours");
    Verdict::Accepted
}

#[test]
fn a_check_handler_that_writes_a_file_anew_makes_nobody_somebody_else() {
    let stranger = 61_234;
    for (across, mode, is_sent) in
        [(false, 0o600, false), (false, 0o644, true), (true, 0o600, false), (true, 0o644, true)]
    {
        // A stop after the handler was asked, at each effect, and none.
        for allowed in 0..40 {
            let mut rig = with_text(if across { Rig::across() } else { Rig::new() }, mode);
            rig.settings.checks = true;
            put(&rig, "stranger", "text");
            // Only root can give a file away; whoever else runs this owns both, and sends it.
            let given = chown(rig.path("outgoing/stranger"), Some(stranger), Some(stranger)).is_ok();
            let owner = fs::metadata(rig.path("outgoing/stranger")).expect("it is there").uid();
            let is_sent = is_sent || !given;
            let mut running = rig.start();
            running.checks = written_anew;
            running.hint(Hint::MovedIn, "stranger");
            // The journal learns with the next sync which file the handler left: a stop before that is another matter.
            while running.rig().cluster.asked().is_empty() && running.run(1) != End::Idle {}
            running.run(3 + allowed);
            drop(running);
            let mut running = rig.start();
            running.checks = written_anew;
            running.settle();
            drop(running);

            let expected: &[&str] = if is_sent { &["included own"] } else { &[] };
            let when = format!("across {across}, mode {mode:o}, stopped {allowed} effects after the handler");
            assert_eq!(rig.cluster.texts(), expected, "{when}");
            assert!(rig.cluster.owners().iter().all(|sender| *sender == owner), "{when}");
            assert_eq!(rig.names("failed").is_empty(), is_sent, "{when}");
        }
    }
}
