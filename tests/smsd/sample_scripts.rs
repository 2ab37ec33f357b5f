//! The scripts of Debian's package, as they are, around a whole daemon: they know their folders by fixed paths, so the
//! daemon and the scripts have a mount namespace in which the spool of the test is there.

use std::ffi::OsString;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use smsgrid_tests::process::Process;
use smsgrid_tests::sim;
use smsgrid_tests::smsd::{FOLDERS, PATIENCE, Place, text};
use smsgrid_tests::wait::until_true;

use super::SMSNODE;

/// Where the package has its scripts.
const SCRIPTS: &str = "/usr/share/doc/smstools/examples/scripts";
/// Puts the first word where scripts and daemon expect the spool, and becomes the others.
const AT_THE_USUAL_PLACE: &str = "mount --bind \"$0\" /var/spool/sms && exec \"$@\"";
/// The tests that a fate may name.
const TESTS: [&str; 2] = [include_str!("sample_scripts.rs"), include_str!("../node/handlers.rs")];
/// Short message transfer rejected: a network that refuses for good.
const REJECTED: u16 = 21;

/// What becomes of a script.
enum Fate {
    /// This test shows its effect.
    Runs(&'static str),
    /// Everything it does begins with a received message, a report or a call.
    NeedsReceiving,
    /// It is not run, for this reason.
    Left(&'static str),
}

use Fate::{Left, NeedsReceiving, Runs};

/// Every file among the scripts, and the one that starts smsd.
const FATES: [(&str, Fate); 24] = [
    ("README", Left("a text")),
    ("callhandler", NeedsReceiving),
    ("checkhandler-utf-8", Runs("a_check_handler_that_recodes_the_file_is_followed")),
    ("email2sms", Runs("what_the_submitting_scripts_write_is_sent")),
    ("eventhandler-utf-8", Runs("an_event_handler_recodes_the_result")),
    ("eventhandler_report", NeedsReceiving),
    ("forwardsms", NeedsReceiving),
    ("hex2bin", Left("reads and writes no file of the daemon")),
    ("hex2dec", Left("reads and writes no file of the daemon")),
    ("load_balancing.sh", Runs("load_is_balanced_over_three_modems")),
    ("mysmsd", Left("needs a database server")),
    ("pkill", Left("ends every process of a name; reads and writes no file of the daemon")),
    ("regular_run", Runs("the_regular_run_script_of_smsd_sends_to_the_alternate_number")),
    ("sendsms", Runs("what_the_submitting_scripts_write_is_sent")),
    ("sms2html", Runs("the_converters_read_a_result")),
    ("sms2unicode", Runs("the_converters_read_a_result")),
    ("sms2xml", NeedsReceiving),
    ("sms3", Left("starts /usr/local/bin/smsd and ends processes by name; deploy/sms3 takes its place")),
    ("smsevent", NeedsReceiving),
    ("smsresend", Runs("a_regular_run_resends_what_failed_until_the_script_gives_up")),
    ("smstest.php", Left("needs a web server")),
    ("smstools", Left("the system's start of /usr/sbin/smsd; deploy/sms3 takes its place")),
    ("sql_demo", Left("needs a database server")),
    ("unicode2sms", Runs("what_the_submitting_scripts_write_is_sent")),
];

/// A host with the spool's folders by their usual names, and with these settings.
fn place(modems: usize, settings: &str) -> Place {
    let place = Place::with_modems(SMSNODE, modems, "fast", "");
    for folder in ["stats", "Q1", "Q2", "Q3"] {
        fs::create_dir(place.path(folder)).expect("room");
    }
    let names: Vec<String> = (1..=modems).map(|number| format!("GSM{number}")).collect();
    let mut conf = format!("devices = {}\nloglevel = 6\n", names.join(","));
    for folder in FOLDERS {
        conf.push_str(&format!("{folder} = /var/spool/sms/{folder}\n"));
    }
    for file in ["pidfile", "infofile", "logfile"] {
        conf.push_str(&format!("{file} = {}\n", place.path(file).display()));
    }
    conf.push_str(settings);
    for (number, (name, port)) in (1..).zip(names.iter().zip(place.simulator().ports())) {
        conf.push_str(&format!("\n[{name}]\ndevice = {}\nqueues = Q{number}\n", port.display()));
    }
    if modems == 1 {
        conf = conf.replace("queues = Q1\n", "");
    }
    fs::write(place.conf(), conf).expect("room");
    place
}

/// The words that run `command` where the spool of `place` is at the usual place.
fn usual(place: &Place, command: &Command) -> Vec<OsString> {
    let mut words: Vec<OsString> = ["--mount", "sh", "-c", AT_THE_USUAL_PLACE].map(OsString::from).into();
    words.extend([place.path("").into(), "env".into()]);
    for (name, value) in command.get_envs() {
        let mut variable = name.to_owned();
        variable.push("=");
        variable.push(value.unwrap_or_default());
        words.push(variable);
    }
    words.push(command.get_program().to_owned());
    words.extend(command.get_args().map(OsString::from));
    words
}

/// The daemon on the spool at the usual place.
fn daemon(place: &Place) -> Process {
    let conf = format!("-c{}", place.conf().display());
    let command = place.command(&["smsd", "-t"], &[&conf]);
    Process::start(Path::new("unshare"), &usual(place, &command))
}

/// Runs a script as somebody on the host does, and gives what it says.
fn run(place: &Place, script: &str, words: &[&str], input: &[u8]) -> Vec<u8> {
    let mut command = Command::new(Path::new(SCRIPTS).join(script));
    command.args(words).env("LC_ALL", "C.UTF-8");
    let mut child = Command::new("unshare")
        .args(usual(place, &command))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("this test runs as root");
    // One that asks nothing may have ended before.
    let _ = child.stdin.take().expect("a pipe").write_all(input);
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{script}: {}{}", text(&output.stdout), text(&output.stderr));
    output.stdout
}

/// Moves a file into `outgoing` by rename.
fn put(place: &Place, name: &str, octets: &[u8]) {
    let draft = place.path(&format!(".{name}"));
    fs::write(&draft, octets).expect("room");
    fs::rename(&draft, place.path("outgoing").join(name)).expect("same file system");
}

/// Destination and text of all that the network took, sorted.
fn taken(place: &Place) -> Vec<(String, String)> {
    let entries = place.simulator().ledger().entries();
    let mut taken: Vec<_> =
        entries.into_iter().map(|entry| (entry.destination, entry.text.unwrap_or_default())).collect();
    taken.sort();
    taken
}

#[test]
fn every_script_of_the_package_is_run_or_has_its_reason() {
    let output = Command::new("dpkg").args(["-L", "smstools"]).output().expect("dpkg runs");
    let listed = text(&output.stdout);
    let paths = listed.lines().map(Path::new).filter(|path| {
        path.parent().is_some_and(|folder| folder == Path::new(SCRIPTS) || folder == Path::new("/etc/init.d"))
    });
    let mut shipped: Vec<&str> = paths.filter_map(|path| path.file_name()?.to_str()).collect();
    shipped.sort();
    let known: Vec<&str> = FATES.iter().map(|(name, _)| *name).collect();
    assert_eq!(shipped, known);

    for (name, fate) in FATES {
        match fate {
            Runs(test) => {
                let is_there = TESTS.iter().any(|file| file.contains(&format!("#[test]\nfn {test}()")));
                assert!(is_there, "{name}: no test {test}");
            }
            NeedsReceiving => {
                let script = fs::read_to_string(Path::new(SCRIPTS).join(name)).expect("a script");
                assert!(!script.contains("\"SENT\"") && !script.contains("\"FAILED\""), "{name}");
            }
            Left(reason) => assert!(!reason.is_empty(), "{name}"),
        }
    }
}

#[test]
fn a_check_handler_that_recodes_the_file_is_followed() {
    let place = place(1, &format!("checkhandler = {SCRIPTS}/checkhandler-utf-8\n"));
    let mut process = daemon(&place);

    put(&place, "hello", "To: 491700000001\n\nGrüße".as_bytes());
    place.wait_for_sent("hello");
    assert!(process.terminate(PATIENCE).success());

    let result = fs::read(place.path("sent/hello")).expect("a result");
    assert!(result.ends_with(b"\n\nGr\xFC\xDFe"), "{}", text(&result));
    assert_eq!(taken(&place), [("491700000001".to_owned(), "Grüße".to_owned())]);
}

#[test]
fn an_event_handler_recodes_the_result() {
    let place = place(1, &format!("eventhandler = {SCRIPTS}/eventhandler-utf-8\n"));
    let mut process = daemon(&place);

    put(&place, "hello", b"To: 491700000001\n\nGr\xFC\xDFe");
    let recoded = || fs::read(place.path("sent/hello")).is_ok_and(|it| it.ends_with("\n\nGrüße".as_bytes()));
    until_true("the recoded result", PATIENCE, recoded);
    assert!(process.terminate(PATIENCE).success());

    assert_eq!(taken(&place), [("491700000001".to_owned(), "Grüße".to_owned())]);
}

#[test]
fn load_is_balanced_over_three_modems() {
    let settings = format!(
        "checkhandler = {SCRIPTS}/load_balancing.sh\nstats = /var/spool/sms/stats\nstats_interval = 0\n\n[queues]\nQ1 = /var/spool/sms/Q1\nQ2 = /var/spool/sms/Q2\nQ3 = /var/spool/sms/Q3\n"
    );
    let place = place(3, &settings);
    let mut process = daemon(&place);

    for round in 1..=2 {
        for modem in ["GSM1", "GSM2", "GSM3"] {
            let name = format!("{modem}-{round}");
            put(&place, &name, b"To: 491700000001\n\nhello");
            place.wait_for_sent(&name);
            let counted =
                || place.read(&format!("stats/{modem}.counter")).contains(&format!("{modem}: {round}"));
            until_true(&format!("the counter of {modem}"), PATIENCE, counted);
        }
    }
    assert!(process.terminate(PATIENCE).success());

    for modem in 1..=3 {
        let result = place.read(&format!("sent/GSM{modem}-2"));
        assert!(result.contains(&format!("Queue: Q{modem}\n")), "{result}");
        assert!(result.contains(&format!("Modem: GSM{modem}\n")), "{result}");
    }
}

#[test]
fn what_the_submitting_scripts_write_is_sent() {
    let place = place(1, "");
    let mut process = daemon(&place);

    run(&place, "sendsms", &["491700000001", "491700000002", "hello $(x)"], b"");
    run(&place, "sendsms", &[], "491700000003\n日本\n".as_bytes());
    run(
        &place,
        "email2sms",
        &[],
        b"From: a@b.c\nTo: \"Bob +491700000004\" <sms@localhost>\nSubject: no\n\nmail\n",
    );
    let draft = place.path("draft");
    let utf_16: Vec<u8> =
        "\u{feff}To: 491700000005\nAlphabet: UCS\n\nдом".encode_utf16().flat_map(u16::to_be_bytes).collect();
    fs::write(&draft, utf_16).expect("room");
    put(&place, "unicode", &run(&place, "unicode2sms", &[&draft.display().to_string()], b""));
    until_true("all results", PATIENCE, || fs::read_dir(place.path("sent")).expect("ours").count() == 5);
    assert!(process.terminate(PATIENCE).success());

    let texts = [("1", "hello $(x)"), ("2", "hello $(x)"), ("3", "日本"), ("4", "mail"), ("5", "дом")];
    let expected = texts.map(|(digit, text)| (format!("49170000000{digit}"), text.to_owned()));
    assert_eq!(taken(&place), expected);
}

#[test]
fn the_converters_read_a_result() {
    let place = place(1, "");
    let mut process = daemon(&place);
    put(&place, "hello", b"To: 491700000001\n\nhello there");
    place.wait_for_sent("hello");
    assert!(process.terminate(PATIENCE).success());

    let path = place.path("sent/hello").display().to_string();
    let page = text(&run(&place, "sms2html", &[&path], b""));
    let octets = run(&place, "sms2unicode", &[&path], b"");

    assert!(page.contains("To: 491700000001<br>\n") && page.contains("hello there\n"), "{page}");
    let units: Vec<u16> = octets.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
    let plain = String::from_utf16(&units).expect("UTF-16");
    assert!(plain.starts_with("\u{feff}To: 491700000001\r\n"), "{plain}");
    assert!(plain.contains("\r\n\r\nhello there"), "{plain}");
}

#[test]
fn a_regular_run_resends_what_failed_until_the_script_gives_up() {
    let settings = format!("regular_run = {SCRIPTS}/smsresend\nregular_run_interval = 1\n");
    let place = place(1, &settings);
    sim::order(&place.path(""), &format!("refuse 0 100 {REJECTED}"));
    let mut process = daemon(&place);

    put(&place, "hello", b"To: 491700000001\n\nhello");
    until_true("the last try", PATIENCE, || place.read("failed/hello").contains("Retry: 5\n"));
    place.wait_for_log("1 messages ignored because of to many retries");
    assert!(process.terminate(PATIENCE).success());

    assert!(place.read("failed/hello").contains("Fail_reason: "), "{}", place.read("failed/hello"));
    assert_eq!(taken(&place), []);
}
