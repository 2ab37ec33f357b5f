//! The check handler before a file is read, the event handler after its result is filed, and stops in between.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::time::Duration;

use smsgrid::worker::handlers::Verdict;
use smsgrid::worker::intake::{Account, Destination, Effect, Fault, FileName, Folder, Input};

use crate::rig::{End, Rig};

#[test]
fn a_result_is_told_with_what_it_was_sent_by() {
    let mut rig = telling();
    rig.put("good", "To: 4917\n\nmarker");
    rig.put("fails", "To: 666\n\nmarker");
    rig.put("broken", "no destination\n\nmarker");
    rig.settle();

    let mut told: Vec<_> = rig.cluster.results();
    told.sort_by(|a, b| a.name.cmp(&b.name));
    let told: Vec<_> =
        told.into_iter().map(|filed| (filed.name.to_string(), filed.destination, filed.account)).collect();
    let by_gsm1 = Account { modem: Some("GSM1".to_owned()), references: vec![7] };
    let expected = [
        ("broken".to_owned(), Destination::Failed, Account::default()),
        ("fails".to_owned(), Destination::Failed, by_gsm1.clone()),
        ("good".to_owned(), Destination::Sent, by_gsm1),
    ];
    assert_eq!(told, expected);
}

#[test]
fn a_result_whose_handler_did_not_return_is_told_again_under_the_same_id_until_it_does() {
    let mut rig = telling();
    rig.put("hello", "To: 4917\n\nmarker");
    let mut running = rig.start();
    running.returns = |_| None;
    running.settle();
    drop(running);
    assert_eq!((rig.names("sent"), rig.names("checked")), (vec!["hello".to_owned()], vec![]));

    // The handler has moved it away: what is told does not depend on it.
    std::fs::remove_file(rig.path("sent/hello")).expect("a result");
    for told in [2, 3] {
        let mut running = rig.start();
        running.returns = if told == 3 { |_| Some(true) } else { |_| Some(false) };
        running.settle();
        drop(running);
        assert_eq!(rig.cluster.results().len(), told);
    }
    rig.settle();

    let told = rig.cluster.results();
    assert_eq!(told.len(), 3, "told again after it returned");
    assert!(told.iter().all(|filed| *filed == told[0]), "{told:?}");
    assert_eq!(rig.cluster.texts(), ["marker"]);
}

#[test]
fn a_name_comes_again_while_the_handler_of_its_first_result_runs() {
    let mut rig = telling();
    rig.put("fixed", "To: 4917\n\nmarker-1");
    let mut running = rig.start();
    running.returns = |_| None;
    running.settle();
    running.rig().put("fixed", "To: 4917\n\nmarker-2");
    running.settle();
    drop(running);
    rig.put("fixed", "To: 4917\n\nmarker-3");
    rig.settle();

    assert_eq!(rig.cluster.texts(), ["marker-1", "marker-2", "marker-3"]);
    assert_eq!((rig.names("sent").len(), rig.names("checked").len()), (3, 0));
    let ids: BTreeSet<_> = rig.cluster.results().into_iter().map(|filed| filed.id).collect();
    assert_eq!((ids.len(), rig.cluster.results().len()), (3, 5));
}

#[test]
fn a_stop_after_any_effect_leaves_no_result_untold_and_none_told_before_it_is_filed() {
    let prepared = || {
        let rig = telling();
        rig.put("good", "To: 4917\n\nmarker");
        rig.put("broken", "no destination\n\nmarker");
        rig
    };
    let whole = effects_of(&mut prepared());
    assert!(whole > 30, "only {whole} effects");
    for allowed in 0..=whole {
        let mut rig = prepared();
        stopped_after(&mut rig, allowed);
        let filed: usize = ["sent", "failed"].iter().map(|folder| rig.names(folder).len()).sum();
        assert!(rig.cluster.results().len() <= filed, "told before it was filed, effect {allowed}");
        rig.settle();

        let names: BTreeSet<_> =
            rig.cluster.results().into_iter().map(|filed| filed.name.to_string()).collect();
        assert_eq!(
            names.into_iter().collect::<Vec<_>>(),
            ["broken", "good"],
            "stopped after effect {allowed}"
        );
        let told = rig.cluster.results().len();
        rig.settle();
        assert_eq!(rig.cluster.results().len(), told, "stopped after effect {allowed}");
    }
}

#[test]
fn a_file_whose_result_is_not_kept_goes_when_the_handler_has_seen_it() {
    let mut rig = telling();
    rig.settings.keep_sent = false;
    rig.put("hello", "To: 4917\n\nmarker");
    let mut running = rig.start();
    running.returns = |_| None;
    running.settle();
    drop(running);
    assert_eq!(rig.names("checked"), ["hello", "hello.LOCK"]);
    rig.settle();

    let told = rig.cluster.results();
    assert_eq!((told.len(), told[0].folder, told[0].destination), (2, Folder::Checked, Destination::Sent));
    assert_eq!(told[0], told[1]);
    assert!(rig.names("checked").is_empty() && rig.names("sent").is_empty());
    assert_eq!(rig.cluster.texts(), ["marker"]);
}

/// Decides by the name of the file, and changes it as handlers do.
fn check(rig: &Rig, folder: Folder, name: &FileName) -> Verdict {
    let path = rig.path(&format!("{folder}/{name}"));
    match name.as_bytes() {
        b"rejected" => return Verdict::Rejected { reason: "Rejected by checkhandler".to_owned() },
        b"moved" => {
            std::fs::rename(&path, rig.path("elsewhere")).expect("a file");
            return Verdict::Spooled;
        }
        b"left" => return Verdict::Spooled,
        b"written" => std::fs::write(&path, "To: 4917\n\nmarker-in-place").expect("room"),
        b"replaced" => {
            std::fs::write(rig.path("new"), "To: 4917\n\nmarker-replaced").expect("room");
            std::fs::rename(rig.path("new"), &path).expect("room");
        }
        _ => {}
    }
    Verdict::Accepted
}

fn checked() -> Rig {
    let mut rig = Rig::new();
    rig.settings.checks = true;
    for name in ["accepted", "rejected", "moved", "left", "written", "replaced"] {
        rig.put(name, format!("To: 4917\n\nmarker-{name}"));
    }
    rig
}

#[test]
fn the_check_handler_decides_and_may_change_the_file() {
    let mut rig = checked();
    let mut running = rig.start();
    running.checks = check;
    running.settle();
    drop(running);
    assert_checked(&rig, "without a stop");
    let folders = BTreeSet::from_iter(rig.cluster.asked());
    assert_eq!(folders, BTreeSet::from([Folder::Outgoing]));
}

#[test]
fn a_stop_after_any_effect_sends_nothing_that_was_not_accepted_and_that_once() {
    let mut rig = checked();
    let mut running = rig.start();
    running.checks = check;
    running.settle();
    let whole = running.effects;
    drop(running);
    for allowed in 0..=whole {
        let mut rig = checked();
        let mut running = rig.start();
        running.checks = check;
        if running.run(allowed) == End::Idle {
            running.settle();
        }
        drop(running);
        let mut running = rig.start();
        running.checks = check;
        running.settle();
        drop(running);
        assert_checked(&rig, &format!("stopped after effect {allowed}"));
    }
}

fn assert_checked(rig: &Rig, when: &str) {
    let mut texts = rig.cluster.texts();
    texts.sort();
    assert_eq!(texts, ["marker-accepted", "marker-in-place", "marker-replaced"], "{when}");
    assert_eq!(rig.names("sent"), ["accepted", "replaced", "written"], "{when}");
    assert_eq!(rig.names("failed"), ["rejected"], "{when}");
    assert!(rig.read("failed/rejected").contains("Fail_reason: Rejected by checkhandler\n"), "{when}");
    assert!(rig.names("checked").is_empty() && rig.names("outgoing").is_empty(), "{when}");
}

#[test]
fn a_file_changed_after_it_was_checked_is_checked_again() {
    let mut rig = Rig::new();
    rig.settings.checks = true;
    rig.put("evil", "To: 4917\n\nmarker-good");
    let mut running = rig.start();
    running.checks = |rig, folder, name| {
        let text = std::fs::read_to_string(rig.path(&format!("{folder}/{name}"))).expect("a file");
        match text.contains("good") {
            true => Verdict::Accepted,
            false => Verdict::Rejected { reason: "Rejected by checkhandler".to_owned() },
        }
    };
    // Whoever wrote it has it open still, and goes on once it has been moved.
    while !running.rig().names("checked").contains(&"evil".to_owned()) {
        if running.run(1) == End::Idle {
            running.advance(Duration::from_millis(600));
        }
    }
    std::fs::write(running.rig().path("checked/evil"), "To: 4917\n\nmarker-written-later").expect("room");
    running.settle();
    drop(running);

    assert!(rig.cluster.texts().is_empty(), "{:?}", rig.cluster.texts());
    assert_eq!(rig.names("failed"), ["evil"]);
    assert_eq!(rig.cluster.asked().len(), 2);
}

#[test]
fn what_the_check_handler_puts_into_checked_itself_is_sent_unasked() {
    let mut rig = Rig::new();
    rig.settings.checks = true;
    rig.put("spooled", "To: 4917\n\nmarker");
    let mut running = rig.start();
    running.checks = |rig, folder, name| {
        std::fs::rename(rig.path(&format!("{folder}/{name}")), rig.path("checked/other")).expect("a file");
        Verdict::Spooled
    };
    running.settle();
    drop(running);

    assert_eq!(
        (rig.cluster.texts(), rig.names("sent")),
        (vec!["marker".to_owned()], vec!["other".to_owned()])
    );
    assert_eq!(rig.cluster.asked().len(), 1);
}

fn telling() -> Rig {
    let mut rig = Rig::new();
    rig.settings.events = true;
    rig
}

fn effects_of(rig: &mut Rig) -> usize {
    let mut running = rig.start();
    running.settle();
    running.effects
}

fn stopped_after(rig: &mut Rig, allowed: usize) {
    let mut running = rig.start();
    if running.run(allowed) == End::Idle {
        running.settle();
    }
}

#[test]
fn nothing_is_taken_before_every_file_of_the_journal_was_found_whatever_verdicts_say_meanwhile() {
    let mut rig = Rig::new();
    rig.settings.checks = true;
    rig.settings.trust_outgoing = true;
    rig.put("first", "To: 4917\n\nfirst");
    rig.put("second", "To: 4917\n\nsecond");
    let mut running = rig.start();
    while running.rig().cluster.asked().is_empty() {
        assert_eq!(running.run(1), End::Stopped);
    }
    drop(running);

    rig.put("third", "To: 4917\n\nthird");
    let mut running = rig.start();
    running.checks =
        |_, _, name| if name.as_bytes() == b"first" { Verdict::Spooled } else { Verdict::Accepted };
    running.refusal = |effect| {
        let Effect::Examine { id, name, .. } = effect else { return None };
        let failure = || Input::Examined(*id, Err(Fault::Io("Input/output error".to_owned())));
        (name.as_bytes() == b"second").then(failure)
    };
    running.run_idle();
    running.advance(Duration::from_secs(2));
    running.run_idle();
    assert!(running.rig().names("outgoing").contains(&"third".to_owned()), "taken too early");

    running.refusal = |_| None;
    running.settle();
    assert_eq!(running.rig().cluster.texts(), ["second", "third"]);
}

#[test]
fn many_verdicts_share_a_look_into_checked() {
    const FILES: usize = 50;
    thread_local!(static LISTINGS: Cell<usize> = const { Cell::new(0) });
    let mut rig = Rig::new();
    rig.settings.checks = true;
    rig.settings.trust_outgoing = true;
    for number in 0..FILES {
        rig.put(&format!("file-{number}"), "To: 4917\n\nspooled");
    }
    let mut running = rig.start();
    running.checks = |rig, _, name| {
        std::fs::remove_file(rig.path(&format!("outgoing/{name}"))).expect("it stands there");
        if name.as_bytes() == b"file-7" {
            std::fs::write(rig.path("checked/by-hand"), "To: 4917\n\nby hand").expect("room");
        }
        Verdict::Spooled
    };
    running.refusal = |effect| {
        if *effect == Effect::ListChecked {
            LISTINGS.set(LISTINGS.get() + 1);
        }
        None
    };
    running.settle();

    assert_eq!(running.rig().cluster.texts(), ["by hand"]);
    assert!(LISTINGS.get() <= 4, "{} listings for {FILES} verdicts", LISTINGS.get());
}
