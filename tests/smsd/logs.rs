//! The logs of modems, and the log of troubles beside each.

use std::fs::{self, OpenOptions};
use std::io::Write;

use rustix::process::Signal;
use smsgrid_tests::sim;
use smsgrid_tests::smsd::{PATIENCE, Place};
use smsgrid_tests::wait::until_true;

use super::with_modem;

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
