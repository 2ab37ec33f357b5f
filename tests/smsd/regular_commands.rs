//! Commands that a modem is asked regularly, by smsd's own settings.

use std::fs;

use smsgrid_tests::smsd::PATIENCE;
use smsgrid_tests::wait;

use super::with_modem;

#[test]
fn the_commands_of_a_modem_are_asked_between_its_messages_and_their_answers_stand_where_smsd_writes_them() {
    let place = with_modem("fast", "");
    let [cmdfile, statfile, logfile] =
        ["commands", "stat", "answers"].map(|name| place.path(name).display().to_string());
    fs::write(place.path("commands"), "# once\nAT+CIMI\n").expect("ours");
    let settings = format!(
        "regular_run_interval = 1\nregular_run_cmd = AT+CSQ\nregular_run_cmd = [\\+CREG: [0-9],[15]]AT+CREG?\n\
         regular_run_cmdfile = {cmdfile}\nregular_run_statfile = {statfile}\n#logfile\n"
    );
    fs::write(place.conf(), place.read("smsd.conf") + &settings).expect("ours");
    let mut process = place.foreground(&[]);
    let line = place.wait_for_log("GSM1: CMD: [\\+CREG: [0-9],[15]]AT+CREG?: +CREG: 0,1");
    assert!(line.contains(",5, GSM1: "), "{line}");
    place.drop_file("hello", "hello");
    place.wait_for_sent("hello");
    let once = place.wait_for_log("GSM1: CMD: AT+CIMI: ");
    assert!(once.ends_with(" OK"), "{once}");
    assert!(!place.path("commands").exists());
    // The file was there for one run: the next one's answers are those of the commands alone.
    let is_of_next = || {
        let stat = place.read("stat");
        stat.contains(",5, GSM1: CMD: AT+CSQ: +CSQ: ") && !stat.contains("AT+CIMI")
    };
    wait::until_true("the statistics file of the next run", PATIENCE, is_of_next);

    let with_log = format!("regular_run_logfile = {logfile}\nregular_run_loglevel = 7");
    fs::write(place.conf(), place.read("smsd.conf").replace("#logfile", &with_log)).expect("ours");
    process.signal(rustix::process::Signal::HUP);
    let is_logged =
        || place.read("answers").lines().any(|line| line.contains(",7, GSM1: CMD: AT+CSQ: +CSQ: "));
    wait::until_true("the log of the answers", PATIENCE, is_logged);
    assert!(process.terminate(PATIENCE).success());
    assert_eq!(place.simulator().ledger().entries().len(), 1);
}
