//! What a modem is asked in a regular run: in which order, where its answers go, and that nothing is asked twice.

use std::fs;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use smsgrid::at::{AnswerEnd, FinalResult, Question};
use smsgrid::model::{Cause, Name};
use smsgrid::worker::modem::Answer;
use smsgrid_node::handlers::{Asks, Regular};
use smsgrid_node::modem::{Asked, Questions};
use smsgrid_tests::wait::until_true;
use tokio::sync::mpsc::Receiver;
use tokio_util::sync::CancellationToken;

use crate::rig::{PATIENCE, Rig};

const INTERVAL: Duration = Duration::from_secs(300);

/// A modem that notes what it is asked and answers by the command.
fn modem(rig: &Rig, questions: &Questions, answer: fn(&str) -> Answer) -> Arc<Mutex<Vec<String>>> {
    let mut asked: Receiver<Asked> = questions.open(&Name::new("GSM1").expect("a name"));
    let heard = Arc::new(Mutex::new(Vec::new()));
    let notes = heard.clone();
    rig.runtime.spawn(async move {
        while let Some(Asked { question, answer: to }) = asked.recv().await {
            notes.lock().expect("no panic").push(question.line().to_owned());
            let _ = to.send(answer(question.line()));
        }
    });
    heard
}

fn given(lines: &[&str], end: AnswerEnd) -> Answer {
    Answer::Given { lines: lines.iter().map(|line| (*line).to_owned()).collect(), end }
}

fn answers(line: &str) -> Answer {
    match line {
        "AT+CSQ" => given(&["+CSQ:  20,99"], AnswerEnd::Result(FinalResult::Ok)),
        "AT+BAD" => given(&[], AnswerEnd::Result(FinalResult::Error(Some(Cause::Cme(10))))),
        "AT+ODD" => given(&["FINE"], AnswerEnd::Expected),
        "AT+SILENT" => given(&[], AnswerEnd::Silence),
        "AT+HALF" => given(&["+HALF: 1"], AnswerEnd::Silence),
        _ => given(&[], AnswerEnd::Result(FinalResult::Ok)),
    }
}

fn commands(texts: &[&str]) -> Vec<Question> {
    texts.iter().map(|text| Question::read(text).expect("a command")).collect()
}

/// Runs until `is_over`, then no further.
fn run(rig: &Rig, regular: Regular, questions: &Questions, is_over: impl Fn() -> bool) {
    let ((handlers, _hand), questions) = (rig.handlers_by_hand(), questions.clone());
    let running = rig.runtime.spawn(async move {
        handlers.run_regularly(&regular, &questions, || true, &CancellationToken::new()).await;
    });
    until_true("the run", PATIENCE, is_over);
    running.abort();
}

/// The lines without their date and time.
fn untimed(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.get(19..).unwrap_or_default())).collect()
}

#[test]
fn the_file_is_asked_between_the_programs_and_the_commands_after_them_with_answers_as_smsd_writes_them() {
    for rig in Rig::both() {
        let questions = Questions::default();
        let heard = modem(&rig, &questions, answers);
        let cmdfile = rig.path("commands");
        fs::write(&cmdfile, "# a comment\n  AT+CSQ \n\nhello\nAT+CMGS=27\n[FINE]AT+ODD\n").expect("room");
        let tells = r#"echo "$1 $(cat $D/stat 2>/dev/null | wc -l) $(ls $D | grep -c commands)" >>$D/told"#;
        let asks = Asks {
            commands: commands(&["AT+BAD", "AT+SILENT", "AT+HALF", "AT+CPIN=\"4711\""]),
            cmdfile: Some(cmdfile),
            logfile: Some(rig.path("log")),
            loglevel: 6,
        };
        let regular = Regular {
            modem: Some("GSM1".to_owned()),
            before: Some(rig.script("before", tells)),
            after: Some(rig.script("after", tells)),
            statfile: Some(rig.path("stat")),
            interval: INTERVAL,
            asks,
        };
        fs::write(rig.path("stat"), "of the run before\n").expect("room");
        run(&rig, regular, &questions, || rig.read("stat").contains("AT+CPIN"));

        // Before each file of commands it is found out whether the modem can be asked at all.
        let all = ["AT", "AT+CSQ", "AT+ODD", "AT+BAD", "AT+SILENT", "AT+HALF", "AT+CPIN=\"4711\""];
        assert_eq!(*heard.lock().expect("no panic"), all);
        assert_eq!(rig.read("told"), "PRE_RUN 1 1\nPOST_RUN 2 0\n");
        let answers = |level: u8| {
            [
                "AT+CSQ: +CSQ: 20,99 OK",
                "[FINE]AT+ODD: FINE",
                "AT+BAD: +CME ERROR: 10 (SIM not inserted)",
                "AT+HALF: +HALF: 1",
                "AT+CPIN=****: OK",
            ]
            .map(|answer| format!(",{level}, GSM1: CMD: {answer}\n"))
            .concat()
        };
        assert_eq!(untimed(&rig.read("stat")), answers(5));
        assert_eq!(untimed(&rig.read("log")), answers(6));
    }
}

#[test]
fn a_file_of_commands_waits_while_the_modem_cannot_be_asked_and_nothing_else_is_tried() {
    let rig = Rig::strict();
    let questions = Questions::default();
    let heard = modem(&rig, &questions, |_| Answer::NotAsked);
    let cmdfile = rig.path("commands");
    fs::write(&cmdfile, "AT+CSQ\n").expect("room");
    let asks = Asks { commands: commands(&["AT+BAD", "AT+ODD"]), cmdfile: Some(cmdfile), ..Asks::default() };
    let after = Some(rig.script("after", "touch $D/after"));
    let regular =
        Regular { modem: Some("GSM1".to_owned()), after, interval: INTERVAL, asks, ..Regular::default() };
    run(&rig, regular, &questions, || heard.lock().expect("no panic").len() == 2);

    assert_eq!(*heard.lock().expect("no panic"), ["AT", "AT+BAD"]);
    assert_eq!(rig.read("commands"), "AT+CSQ\n");
    assert!(rig.path("after").exists());
}

#[test]
fn a_file_of_commands_waits_while_the_modem_says_nothing_or_refuses_everything() {
    for mute in [(|_| given(&[], AnswerEnd::Silence)) as fn(&str) -> Answer, |_| {
        given(&[], AnswerEnd::Result(FinalResult::Error(None)))
    }] {
        let rig = Rig::strict();
        let questions = Questions::default();
        let heard = modem(&rig, &questions, mute);
        let cmdfile = rig.path("commands");
        fs::write(&cmdfile, "AT+CSQ\n").expect("room");
        let asks = Asks { commands: commands(&["AT+BAD"]), cmdfile: Some(cmdfile), ..Asks::default() };
        let regular =
            Regular { modem: Some("GSM1".to_owned()), interval: INTERVAL, asks, ..Regular::default() };
        run(&rig, regular, &questions, || heard.lock().expect("no panic").len() == 2);

        assert_eq!(*heard.lock().expect("no panic"), ["AT", "AT+BAD"]);
        assert_eq!(rig.read("commands"), "AT+CSQ\n");
    }
}

#[test]
fn no_command_written_to_the_file_is_lost_whenever_it_is_written() {
    let rig = Rig::strict();
    let questions = Questions::default();
    let cmdfile = rig.path("commands");
    fs::write(&cmdfile, "AT+CSQ\n").expect("room");
    let mut asked: Receiver<Asked> = questions.open(&Name::new("GSM1").expect("a name"));
    let (heard, written) = (Arc::new(Mutex::new(Vec::new())), cmdfile.clone());
    let notes = heard.clone();
    rig.runtime.spawn(async move {
        while let Some(Asked { question, answer: to }) = asked.recv().await {
            match question.line() {
                "AT" => fs::write(&written, "AT+CSQ\nAT+CNUM\n").expect("room"),
                "AT+CNUM" => fs::write(&written, "AT+CIMI\n").expect("room"),
                _ => {}
            }
            notes.lock().expect("no panic").push(question.line().to_owned());
            let _ = to.send(answers(question.line()));
        }
    });
    let asks = Asks { commands: commands(&["AT+BAD"]), cmdfile: Some(cmdfile), ..Asks::default() };
    let regular = Regular { modem: Some("GSM1".to_owned()), interval: INTERVAL, asks, ..Regular::default() };
    run(&rig, regular, &questions, || heard.lock().expect("no panic").contains(&"AT+BAD".to_owned()));

    assert_eq!(*heard.lock().expect("no panic"), ["AT", "AT+CSQ", "AT+CNUM", "AT+BAD"]);
    assert_eq!(rig.read("commands"), "AT+CIMI\n");
}

#[test]
fn a_file_of_commands_that_cannot_be_removed_is_not_asked() {
    let rig = Rig::strict();
    let questions = Questions::default();
    let heard = modem(&rig, &questions, answers);
    // The name of a thread is a file that nobody can remove, and this one reads like a command.
    let (go_on, waits) = std::sync::mpsc::channel::<()>();
    let thread = std::thread::Builder::new().name("AT+EVIL".to_owned());
    let thread = thread.spawn(move || waits.recv().is_err()).expect("a thread");
    let cmdfile = name_of_thread("AT+EVIL\n");
    let asks = Asks { commands: commands(&["AT+BAD"]), cmdfile: Some(cmdfile), ..Asks::default() };
    let regular = Regular { modem: Some("GSM1".to_owned()), interval: INTERVAL, asks, ..Regular::default() };
    run(&rig, regular, &questions, || heard.lock().expect("no panic").contains(&"AT+BAD".to_owned()));

    drop(go_on);
    thread.join().expect("no panic");
    assert_eq!(*heard.lock().expect("no panic"), ["AT", "AT+BAD"]);
}

/// The file that holds the name of the thread of this name.
fn name_of_thread(name: &str) -> PathBuf {
    let is_named = |path: &PathBuf| fs::read_to_string(path).is_ok_and(|found| found == name);
    let find = || {
        let mut threads = fs::read_dir("/proc/self/task").ok()?.filter_map(Result::ok);
        threads.find_map(|thread| Some(thread.path().join("comm")).filter(is_named))
    };
    smsgrid_tests::wait::poll(PATIENCE, find).expect("the thread runs")
}
