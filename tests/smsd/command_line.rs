//! What smsd's options do before anything is started.

use std::io::Write;
use std::process::Stdio;

use smsgrid_tests::smsd::text;

use super::bare;

#[test]
fn help_version_and_words_of_the_script_are_answered_and_start_nothing() {
    let place = bare("");

    for (words, begin) in [
        (&["-h"][..], "smsnode smsd: "),
        (&["-?"], "smsnode smsd: "),
        (&["-x"], "smsnode smsd: "),
        (&["-p"], "smsnode smsd: "),
        (&["-V"], "smsnode "),
        (&["STOP"], "Invalid option for smsnode smsd: STOP. Use the sms3 script"),
        (&["start"], "Invalid option for smsnode smsd: start. Use the sms3 script"),
        (&["-E", "*100#"], "AA180C3602\n"),
        (&["-DAA180C3602"], "*100#\n"),
    ] {
        let output = place.smsd(words);
        assert_eq!(output.status.code(), Some(0), "{words:?}");
        assert!(text(&output.stdout).starts_with(begin), "{words:?}: {}", text(&output.stdout));
    }
    assert!(!place.path("data").exists() && !place.path("logfile").exists());
}

#[test]
fn a_configuration_that_is_not_there_is_told_with_its_path_and_ends_with_one() {
    let output = bare("").smsd(&["-c/no/such/smsd.conf"]);

    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stderr);
    assert!(told.contains("/no/such/smsd.conf") && told.contains("No such file"), "{told}");
}

#[test]
fn every_fault_of_a_configuration_is_told_with_its_line() {
    let place = bare("foo = 1\ntrust_outgoing = maybe\nvalidity = soon");
    let conf = place.conf();

    let output = place.smsd(&["-c", &conf.display().to_string()]);

    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    for line in
        ["smsd.conf line 11: ", "smsd.conf line 12: ", "smsd.conf line 13: ", "3 faults: nothing was started"]
    {
        assert!(told.contains(line), "{line} in {told}");
    }
}

#[test]
fn a_terminal_to_a_modem_is_refused_by_name() {
    let output = bare("").smsd(&["-CGSM1"]);

    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no terminal to a modem"), "{}", text(&output.stderr));
}

#[test]
fn settings_with_several_values_are_asked_for() {
    let place = bare("autosplit = ? 3 | 0");
    let conf = format!("-c{}", place.conf().display());
    let mut child = place
        .command(&["smsd"], &[&conf, "-a", "-t"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("smsnode starts");

    child.stdin.take().expect("a pipe").write_all(b"0\n").expect("it reads");
    let output = child.wait_with_output().expect("it ends");

    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("Value for \"global autosplit\""), "{}", text(&output.stdout));
    assert!(!place.path("data").exists());
}
