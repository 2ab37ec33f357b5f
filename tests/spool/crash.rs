//! Stopped after any effect and started again: each file becomes one message and has one result.

use smsgrid::model::MessageId;
use smsgrid::worker::intake::Hint;
use smsgrid_node::spool::Journal;

use crate::cluster::{FAILING, REFUSED};
use crate::rig::{End, Rig};

/// Files with a marker in their text, and the folder their result belongs into.
const FILES: [(&str, &str, &str); 6] = [
    ("plain", "To: 4917\n\nmarker-plain", "sent"),
    ("urgent", "To: 4917\nPriority: HIGH\n\nmarker-urgent", "sent"),
    ("fails", "To: 666\n\nmarker-fails", "failed"),
    ("refused", "To: 999\n\nmarker-refused", "failed"),
    ("broken", "no destination\n\nmarker-broken", "failed"),
    ("known", "To: 4917\n\nmarker-known", "sent"),
];

#[test]
fn a_stop_after_any_effect_loses_and_doubles_nothing() {
    let whole = effects_of_a_whole_run();
    assert!(whole > 60, "only {whole} effects");

    for allowed in 0..=whole {
        let mut rig = prepared();
        stopped_after(&mut rig, allowed);
        rig.settle();
        check(&rig, &format!("stopped after effect {allowed}"));
    }
}

#[test]
fn a_stop_after_any_effect_between_two_file_systems_loses_and_doubles_nothing() {
    let rig = Rig::across();
    let mut rig = filled(rig);
    let mut running = rig.start();
    hint_all(&mut running);
    running.settle();
    let whole = running.effects;
    drop(running);
    check(&rig, "never stopped");

    for allowed in 0..=whole {
        let mut rig = filled(Rig::across());
        stopped_after(&mut rig, allowed);
        rig.settle();
        check(&rig, &format!("stopped after effect {allowed}"));
    }
}

#[test]
fn two_stops_in_a_row_lose_and_double_nothing() {
    let whole = effects_of_a_whole_run();
    for first in (0..=whole).step_by(7) {
        for second in (0..=whole).step_by(11) {
            let mut rig = prepared();
            stopped_after(&mut rig, first);
            stopped_after(&mut rig, second);
            rig.settle();
            check(&rig, &format!("stopped after effects {first} and {second}"));
        }
    }
}

#[test]
fn a_stop_while_the_cluster_accepts_nothing_keeps_the_key() {
    let mut rig = prepared();
    rig.cluster.set_unavailable(true);
    stopped_after(&mut rig, 1_000);
    assert!(rig.cluster.submits() > 0 && rig.cluster.texts().is_empty());

    rig.cluster.set_unavailable(false);
    rig.settle();
    check(&rig, "unavailable at first");
}

#[test]
fn a_lock_and_a_half_written_result_of_a_stopped_run_are_no_obstacle() {
    let whole = effects_of_a_whole_run();
    for allowed in (0..=whole).step_by(5) {
        let mut rig = prepared();
        stopped_after(&mut rig, allowed);
        for name in rig.names("outgoing") {
            // What a stop inside the creation of a lock leaves behind.
            std::fs::write(rig.path(&format!("checked/{name}.LOCK")), "").expect("room");
        }
        halve_unrecorded_results(&rig);
        rig.settle();
        check_messages(&rig, &format!("cut after effect {allowed}"));
    }
}

#[test]
fn a_result_fetched_between_two_runs_is_not_filed_again() {
    let whole = effects_of_a_whole_run();
    for allowed in 0..=whole {
        let mut rig = prepared();
        stopped_after(&mut rig, allowed);
        let fetched: Vec<String> = rig.names("sent").into_iter().filter(|name| name != "known").collect();
        for name in &fetched {
            std::fs::remove_file(rig.path(&format!("sent/{name}"))).expect("a result");
        }
        rig.settle();
        for name in fetched {
            assert!(!rig.names("sent").contains(&name), "{name} twice, stopped after effect {allowed}");
        }
    }
}

#[test]
fn a_file_removed_from_checked_by_hand_ends_with_an_alarm() {
    let mut rig = Rig::new();
    rig.put("gone", "To: 888\n\nmarker-gone");
    stopped_after(&mut rig, 1_000);
    assert_eq!(rig.names("checked"), ["gone", "gone.LOCK"]);

    std::fs::remove_file(rig.path("checked/gone")).expect("a file");
    rig.settle();
    rig.settle();

    assert_eq!(rig.cluster.texts(), ["marker-gone"]);
    assert_eq!(rig.cluster.alarms().len(), 1);
    assert!(rig.names("checked").is_empty() && rig.names("failed").is_empty());
}

#[test]
fn files_smsd_left_in_checked_are_sent() {
    let mut rig = Rig::new();
    std::fs::write(rig.path("checked/old"), "To: 4917\n\nmarker-old").expect("room");
    std::fs::write(rig.path("checked/old.LOCK"), "123 GSM1\n").expect("room");
    std::fs::write(rig.path("checked/stale.LOCK"), "123 GSM1\n").expect("room");

    rig.settle();

    assert_eq!(rig.cluster.texts(), ["marker-old"]);
    assert_eq!((rig.names("sent"), rig.names("checked")), (vec!["old".to_owned()], vec![]));
}

/// A spool with all files, and an older result under the name of one of them.
fn prepared() -> Rig {
    filled(Rig::new())
}

fn filled(rig: Rig) -> Rig {
    for (name, content, _) in FILES {
        rig.put(name, content);
    }
    std::fs::write(rig.path("sent/known"), "older result").expect("room");
    rig
}

fn effects_of_a_whole_run() -> usize {
    let mut rig = prepared();
    let mut running = rig.start();
    hint_all(&mut running);
    running.settle();
    let effects = running.effects;
    drop(running);
    check(&rig, "never stopped");
    effects
}

fn stopped_after(rig: &mut Rig, allowed: usize) {
    let mut running = rig.start();
    hint_all(&mut running);
    let mut left = allowed;
    while running.run(left) == End::Idle {
        left = allowed - running.effects;
        let before = running.effects;
        running.advance(std::time::Duration::from_millis(600));
        if running.run(left) == End::Idle && running.effects == before {
            return;
        }
        left = allowed - running.effects;
    }
}

fn hint_all(running: &mut crate::rig::Running<'_>) {
    for (name, _, _) in FILES {
        running.hint(Hint::MovedIn, name);
    }
}

/// A result is complete before the journal names it; one it does not name may have been cut anywhere.
fn halve_unrecorded_results(rig: &Rig) {
    let (_, journal) = Journal::open(&rig.path("journal")).expect("a journal");
    for folder in ["sent", "failed"] {
        for name in rig.hidden(folder) {
            let id: MessageId = name.trim_matches('.').trim_end_matches(".tmp").parse().expect("an id");
            if journal.pending.get(&id).is_some_and(|pending| pending.filing.is_none()) {
                let path = rig.path(&format!("{folder}/{name}"));
                let octets = std::fs::read(&path).expect("a result");
                std::fs::write(&path, &octets[..octets.len() / 2]).expect("room");
            }
        }
    }
}

fn check(rig: &Rig, when: &str) {
    check_messages(rig, when);
    for folder in ["outgoing", "checked", "sent", "failed"] {
        assert!(rig.hidden(folder).is_empty(), "{when}: {:?} left in {folder}", rig.hidden(folder));
    }
    assert!(rig.names("checked").is_empty(), "{when}: {:?} left in checked", rig.names("checked"));
    assert_eq!(rig.read("sent/known"), "older result", "{when}");
    for (name, _, _) in FILES {
        let told = rig.cluster.results().iter().any(|filed| filed.name.to_string().starts_with(name));
        assert!(told, "{when}: nobody was told of {name}");
    }
}

fn check_messages(rig: &Rig, when: &str) {
    assert!(rig.names("outgoing").is_empty(), "{when}: {:?} left in outgoing", rig.names("outgoing"));
    let texts = rig.cluster.texts();
    for (name, content, folder) in FILES {
        let marker = format!("marker-{name}");
        let accepted = !content.contains(REFUSED) && name != "broken";
        let messages = texts.iter().filter(|text| text.contains(&marker)).count();
        assert_eq!(messages, usize::from(accepted), "{when}: messages of {name}");
        let results = |folder: &str| {
            let names = rig.names(folder);
            names.iter().filter(|file| rig.read(&format!("{folder}/{file}")).contains(&marker)).count()
        };
        let counted = (results("sent"), results("failed"));
        let expected = if folder == "sent" { (1, 0) } else { (0, 1) };
        assert_eq!(counted, expected, "{when}: results of {name}");
    }
    assert!(rig.read("failed/fails").contains("Fail_reason: +CMS ERROR: 38"), "{when}");
    assert!(FILES.iter().any(|(_, content, _)| content.contains(FAILING)));
}
