//! Files that include others.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};

use crate::rig::Rig;

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
    running.hint(smsgrid::worker::intake::Hint::MovedIn, "outer");
    while running.rig().cluster.texts().is_empty() {
        running.run(1);
    }
    fs::remove_file(running.rig().path("text")).expect("ours");
    running.settle();
    drop(running);

    assert_eq!(rig.cluster.texts(), ["included own"]);
    assert_eq!(rig.names("sent"), ["outer"]);
}
