//! What a script sees of `smsctl`: data, talk and exit code.

use super::*;

struct Answer {
    exit: Exit,
    out: String,
    talk: String,
}

fn smsctl(words: &[&str]) -> Answer {
    let (mut out, mut talk) = (Vec::new(), Vec::new());
    let args = ["smsctl"].iter().chain(words).map(OsString::from);
    let exit = run_on(args, Environment::default(), &mut out, &mut talk);
    let text = |bytes| String::from_utf8(bytes).expect("answers are text");
    Answer { exit, out: text(out), talk: text(talk) }
}

/// An output whose reader has gone.
struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::from(io::ErrorKind::BrokenPipe))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn the_help_opens_with_examples_and_is_data() {
    let answer = smsctl(&["--help"]);

    assert_eq!(answer.exit, Exit::Done);
    assert!(answer.out.starts_with("Examples:\n  smsctl "), "{}", answer.out);
    assert!(answer.talk.is_empty());
}

#[test]
fn a_wrong_command_line_is_talk_and_ends_with_two() {
    for words in [&["errrors"][..], &[], &["errors", "-o", "yaml"], &["version", "now"]] {
        let answer = smsctl(words);

        assert_eq!(answer.exit.code(), 2, "{words:?}");
        assert!(answer.out.is_empty() && !answer.talk.is_empty(), "{words:?}");
    }
}

#[test]
fn every_reason_is_one_line() {
    let answer = smsctl(&["errors"]);

    assert_eq!(answer.exit, Exit::Done);
    assert_eq!(answer.out.lines().count(), 1 + smsgrid_proto::Reason::ALL.len());
}

#[test]
fn a_reason_is_explained_in_any_case() {
    let answer = smsctl(&["errors", "port_busy"]);

    assert_eq!(answer.exit, Exit::Done);
    assert!(answer.out.starts_with("PORT_BUSY (exit 13)\n"), "{}", answer.out);
    assert!(answer.out.contains("\n  fix: "));
}

#[test]
fn an_unknown_reason_ends_with_three_and_names_the_nearest() {
    let near = smsctl(&["errors", "PORT_BUZY"]);
    let far = smsctl(&["errors", "\u{1b}[31mELEPHANT"]);

    assert_eq!((near.exit.code(), far.exit.code()), (3, 3));
    assert!(near.talk.contains("did you mean PORT_BUSY?"), "{}", near.talk);
    assert!(!far.talk.contains("did you mean") && !far.talk.contains('\u{1b}'), "{}", far.talk);
}

#[test]
fn json_is_one_object_and_ndjson_one_a_line() {
    let whole: serde_json::Value =
        serde_json::from_str(&smsctl(&["errors", "-o", "json"]).out).expect("one object");
    let lines = smsctl(&["errors", "-o", "ndjson"]).out;
    let first: serde_json::Value =
        serde_json::from_str(lines.lines().next().expect("a line")).expect("an object");

    assert_eq!(whole["v"], 1);
    assert_eq!(whole["errors"].as_array().map(Vec::len), Some(lines.lines().count()));
    assert_eq!(first["v"], 1);
    assert_eq!(first["reason"], "CONFIG_UNREADABLE");
    assert_eq!(first["exit"], 2);
}

#[test]
fn every_shell_gets_its_completion() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let answer = smsctl(&["completion", shell]);

        assert_eq!(answer.exit, Exit::Done);
        assert!(answer.out.contains("smsctl") && answer.out.contains("errors"), "{shell}");
    }
}

#[test]
fn the_version_is_for_people_and_programs() {
    assert_eq!(smsctl(&["version"]).out, format!("smsctl {}\n", env!("CARGO_PKG_VERSION")));
    assert!(smsctl(&["version", "-o", "json"]).out.contains("\"v\": 1"));
}

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let args = ["smsctl", "errors"].map(OsString::from);
    let mut talk = Vec::new();

    assert_eq!(run_on(args, Environment::default(), &mut Closed, &mut talk), Exit::Done);
    assert!(talk.is_empty());
}
