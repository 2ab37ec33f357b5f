//! The logs of modems, and the log of troubles beside each.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{self, PipeReader, PipeWriter, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::process::Child;

use rustix::process::{Pid, Signal, kill_process};
use smsgrid_tests::sim;
use smsgrid_tests::smsd::{PATIENCE, Place};
use smsgrid_tests::wait::{self, until_true};

use super::{bare, with_modem};

/// A network that refuses for good: short message transfer rejected.
const REJECTED: u16 = 21;

/// A host whose modem has these settings too.
fn place(settings: &str, of_modem: &str) -> Place {
    let place = with_modem("fast", settings);
    let mut conf = OpenOptions::new().append(true).open(place.conf()).expect("ours");
    let folder = place.path("");
    writeln!(conf, "{}", of_modem.replace("$D", &folder.display().to_string())).expect("room");
    place
}

fn wait_for(place: &Place, file: &str, text: &str) -> String {
    until_true(&format!("{text} in {file}"), PATIENCE, || place.read(file).contains(text));
    place.read(file)
}

#[test]
fn a_modem_has_a_log_of_its_own_with_its_own_level() {
    let place = place("", "logfile = $D/modemname.log\nloglevel = notice");
    let mut process = place.foreground(&[]);
    place.drop_file("hello", "hello");
    place.wait_for_sent("hello");
    fs::rename(place.path("GSM1.log"), place.path("GSM1.old")).expect("ours");
    process.signal(Signal::HUP);
    place.wait_for_log("the configuration has not changed");
    place.drop_file("again", "again");
    place.wait_for_sent("again");
    assert!(process.terminate(PATIENCE).success());

    let (main, old, new) = (place.read("logfile"), place.read("GSM1.old"), place.read("GSM1.log"));
    assert!(main.contains(",6, smsd: ") && !main.contains("GSM1: "), "{main}");
    assert!(old.contains(",5, GSM1: modem ready"), "{old}");
    assert_eq!((old.matches("part sent").count(), new.matches("part sent").count()), (1, 1), "{old}{new}");
    for line in old.lines().chain(new.lines()) {
        assert!(line.contains(" GSM1: ") && !line.contains(",6, ") && !line.contains(",7, "), "{line}");
    }
    let conf = main.lines().find(|line| line.contains("logfile"));
    assert!(conf.is_none(), "nothing is said to be otherwise: {conf:?}");
}

#[test]
fn the_log_of_troubles_holds_what_went_wrong_and_that_it_is_over() {
    let place = place("smart_logging = yes", "logfile = $D/modemname.log\nloglevel = 4");
    let mut process = place.foreground(&[]);
    place.drop_file("fine", "fine");
    place.wait_for_sent("fine");
    assert_eq!(place.read("GSM1_trouble.log"), "");

    sim::order(&place.path(""), &format!("refuse 0 1 {REJECTED}"));
    place.drop_file("refused", "secret words");
    let trouble = wait_for(&place, "GSM1_trouble.log", "(flush)");
    place.drop_file("fine-again", "fine");
    place.wait_for_sent("fine-again");
    wait_for(&place, "GSM1_trouble.log", ",5, GSM1: Everything ok now. Duration of trouble was ");
    fs::rename(place.path("GSM1_trouble.log"), place.path("before_hup")).expect("ours");
    process.signal(Signal::HUP);
    place.wait_for_log("the configuration has not changed");
    sim::order(&place.path(""), &format!("refuse 0 1 {REJECTED}"));
    place.drop_file("refused-again", "secret words");
    wait_for(&place, "GSM1_trouble.log", "part refused");
    assert!(process.terminate(PATIENCE).success());

    assert!(trouble.contains(" GSM1: Start:\n") && trouble.contains("> AT+CMGS="), "{trouble}");
    assert!(trouble.contains(",4, GSM1: part refused; it was not sent"), "{trouble}");
    assert!(!trouble.contains("secret") && !trouble.contains("modem ready"), "{trouble}");
    assert!(trouble.lines().all(|line| line.contains(" GSM1: ")), "{trouble}");
    // What the log itself holds is not changed by it.
    let log = place.read("GSM1.log");
    assert!(log.lines().all(|line| line.contains(",4, ")), "{log}");
    assert!(place.path("logfile.trouble").exists());
    let whole = place.read("before_hup") + &place.read("GSM1_trouble.log") + &place.read("logfile.trouble");
    assert!(!whole.contains("4917"), "no number of a person: {whole}");
}

/// Names and texts that would begin a line, steer a terminal or turn what is read.
const HOSTILE: [&[u8]; 6] = [
    b"a\n2026-01-01 00:00:00,2, smsd: forged",
    b"b\r\x1b[2J\x1b]0;forged\x07",
    b"c\xe2\x80\xaetxt\xe2\x81\xa6",
    b"d\xc2\x9b31m\xe2\x80\xa8forged",
    b"e\xff\xfe\x7f\x08\x08",
    b"f\"},{\"msg\":\"forged\"}\\n",
];

#[test]
fn no_name_text_or_output_begins_a_line_of_the_log_or_steers_a_terminal() {
    let place = place("", "eventhandler = $D/speaks");
    let speaks =
        "#!/bin/sh\nprintf 'one %s\\n' \"$2\" | tr '\\n' '\\013'; printf '\\ntwo\\033[31m\\r\\n' >&2\n";
    fs::write(place.path("speaks"), speaks).expect("room");
    fs::set_permissions(place.path("speaks"), fs::Permissions::from_mode(0o755)).expect("ours");
    let mut process = place.foreground(&[]);
    for name in HOSTILE {
        let draft = place.path(".draft");
        fs::write(&draft, [b"To: 491700000001\nX-Mine: ", name, b"\n\n", name].concat()).expect("room");
        fs::rename(&draft, place.path("outgoing").join(OsStr::from_bytes(name))).expect("same file system");
    }
    let said =
        |log: &str, word: &str| log.lines().filter(|line| line.contains(&format!("said: {word}"))).count();
    until_true("all handlers", PATIENCE, || said(&log(&place), "two") >= HOSTILE.len());
    assert!(process.terminate(PATIENCE).success());

    let log = log(&place);
    assert_eq!((said(&log, "one"), said(&log, "two")), (HOSTILE.len(), HOSTILE.len()), "{log}");
    for line in log.lines() {
        let (time, rest) = line.split_at_checked(19).unwrap_or_default();
        assert!(
            time.starts_with("20") && rest.starts_with(',') && !rest.starts_with(",2, smsd: forged"),
            "{line:?}"
        );
        let harmful = |c: char| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c) || c == '\u{2066}';
        assert!(!line.contains(harmful), "{line:?}");
    }
}

/// The log as it is, whatever is in it.
fn log(place: &Place) -> String {
    String::from_utf8_lossy(&fs::read(place.path("logfile")).unwrap_or_default()).into_owned()
}

#[test]
fn the_switches_of_the_dialogue_show_times_line_ends_and_octets_but_nothing_that_is_masked() {
    let switches = "loglevel = 7\nlog_response_time = yes\nlog_read_from_modem = yes\nlog_unmodified = yes";
    let place = with_modem("fast?pin=4711", switches);
    let mut conf = OpenOptions::new().append(true).open(place.conf()).expect("ours");
    writeln!(conf, "pin = 4711").expect("room");
    let mut process = place.foreground(&[]);
    place.drop_file("hello", "secret words");
    place.wait_for_sent("hello");
    assert!(process.terminate(PATIENCE).success());

    let log = place.read("logfile");
    for shown in [
        ",7, GSM1: dialogue task=GSM1 line=time 0 ms > AT\n",
        "line=read 0A[.] 0D[.] 0A[.] 4F[O] 4B[K] 0D[.]\n",
        " ms < \\n\\r\\nOK\\r\n",
        "\\r\\n+CMGS: 0\\r\n",
        "> AT+CPIN=****\n",
    ] {
        assert!(log.contains(shown), "{shown}: {log}");
    }
    // Neither the PIN, nor the number, the text or the SIM's identity, nor one of them in octets.
    let log: String = log.lines().filter(|line| line.contains(" GSM1: dialogue ")).collect();
    let octets = |text: &str| {
        text.bytes().map(|octet| format!("{octet:02X}[{}] ", char::from(octet))).collect::<String>()
    };
    for hidden in ["4711", "secret", "4917", "9471", "26201"] {
        assert!(!log.contains(hidden) && !log.contains(octets(hidden).trim_end()), "{hidden}: {log}");
    }
}

#[test]
fn without_a_switch_the_dialogue_stands_in_no_log() {
    let place = place("loglevel = 7", "");
    let mut process = place.foreground(&[]);
    place.drop_file("hello", "hello");
    place.wait_for_sent("hello");
    assert!(process.terminate(PATIENCE).success());

    assert!(!place.read("logfile").contains("dialogue"));
}

/// What a pipe holds that nobody reads.
const PIPE_OCTETS: usize = 64 << 10;

/// A pipe without room for another octet.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (unread, mut full) = io::pipe().expect("a pipe");
    full.write_all(&[b'.'; PIPE_OCTETS]).expect("it has room for these and no more");
    (unread, full)
}

/// The exit of a process, which is killed when it has none in time.
fn exit_of(mut process: Child) -> Option<i32> {
    let status = wait::poll(PATIENCE, || process.try_wait().expect("it is ours"));
    let _ = process.kill();
    let _ = process.wait();
    status.and_then(|status| status.code())
}

#[test]
fn a_log_that_nobody_reads_holds_up_no_stop() {
    for log in ["-l1", "-l2"] {
        let place = with_modem("fast", "");
        let conf = format!("-c{}", place.conf().display());
        let (_unread, full) = full_pipe();
        let mut command = place.command(&["smsd", log], &[&conf]);
        let command = if log == "-l1" { command.stdout(full) } else { command.stderr(full) };
        let process = command.spawn().expect("smsnode starts");
        place.drop_file("hello", "hello");
        place.wait_for_sent("hello");

        kill_process(Pid::from_child(&process), Signal::TERM).expect("it runs");

        assert_eq!(exit_of(process), Some(0), "{log}");
        assert!(!place.path("pidfile").exists(), "{log}");
    }
}

#[test]
fn nobody_has_to_read_why_a_start_is_refused() {
    let place = bare("report = /no/such/report");
    let conf = format!("-c{}", place.conf().display());
    for log in ["-l2", "-l$D/logfile"] {
        let (_unread, full) = full_pipe();
        let log = log.replace("$D", &place.path("").display().to_string());
        let process = place.command(&["smsd", "-t", &log], &[&conf]).stderr(full).spawn();

        assert_eq!(exit_of(process.expect("smsnode starts")), Some(1), "{log}");
    }
}
