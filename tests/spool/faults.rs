//! A system that refuses: one file, one folder, or a pass over it. Nothing is forgotten, and nothing else waits for it.

use std::time::Duration;

use smsgrid::worker::intake::{Effect, Fault, FileName, Hint, Input, Reach};

use crate::rig::{Refusal, Rig};

/// More than are in hand at once.
const STUCK: usize = 40;

#[test]
fn files_the_system_refuses_to_move_lock_or_read_do_not_stop_the_others() {
    for (step, refusal) in
        [("move", refuse_move as Refusal), ("lock", refuse_lock as Refusal), ("read", refuse_read as Refusal)]
    {
        let mut rig = Rig::new();
        for number in 0..STUCK {
            rig.put(&format!("stuck-{number:02}"), format!("To: 4917\n\nstuck {number:02}"));
        }
        rig.put("young", "To: 4917\n\nyoung");
        let mut running = rig.start();
        running.refusal = refusal;
        running.settle();
        assert_eq!(running.rig().cluster.texts(), ["young"], "{step}");

        let alarms = running.rig().cluster.alarms();
        let named =
            |number| alarms.iter().filter(|alarm| alarm.contains(&format!("/stuck-{number:02}`"))).count();
        assert!((0..STUCK).all(|number| named(number) == 1), "{step}: {alarms:?}");
        assert!(alarms.iter().all(|alarm| alarm.contains("Operation not permitted")), "{step}: {alarms:?}");

        running.refusal = |_| None;
        running.advance(Duration::from_secs(600));
        running.settle();
        drop(running);
        assert_eq!(rig.cluster.texts().len(), STUCK + 1, "{step}");
        assert!(rig.names("outgoing").is_empty() && rig.names("checked").is_empty(), "{step}");
    }
}

#[test]
fn more_refused_files_than_can_be_remembered_do_not_stop_the_others() {
    const MANY: usize = 4_200;
    let mut rig = Rig::new();
    rig.settings.live_max = 100;
    for number in 0..MANY {
        std::fs::write(rig.path(&format!("outgoing/stuck-{number:04}")), "To: 4917\n\nx").expect("room");
    }
    rig.put("young", "To: 4917\n\nyoung");
    let mut running = rig.start();
    running.refusal = refuse_move;
    running.settle();

    assert!(running.intake.live() <= 4_096, "{} files are remembered", running.intake.live());
    assert_eq!(running.rig().cluster.texts(), ["young"]);
}

#[test]
fn a_refused_file_is_tried_ever_more_rarely() {
    let mut rig = Rig::new();
    rig.put("stuck", "To: 4917\n\nstuck");
    let mut running = rig.start();
    running.refusal = refuse_move;
    let mut moves = Vec::new();
    for _ in 0..4 {
        let before = running.effects;
        for _ in 0..30 {
            running.run_idle();
            running.advance(Duration::from_secs(10));
        }
        moves.push(running.effects - before);
    }

    assert!(moves[3] < moves[0], "{moves:?}");
    assert_eq!(running.rig().cluster.alarms().len(), 1);
}

#[test]
fn a_pass_that_fails_forgets_nothing_and_is_told_once() {
    let mut rig = Rig::new();
    rig.settings.live_max = 0;
    rig.put("waiting", "To: 4917\n\nwaiting");
    let mut running = rig.start();
    running.settle();
    assert_eq!(running.intake.waiting(), 1);

    running.refusal = break_scan;
    for turn in 0..2 {
        let before = running.effects;
        for _ in 0..5 {
            running.settle();
        }
        assert_eq!(running.intake.waiting(), 1);
        assert_eq!(running.rig().cluster.alarms().len(), turn + 1, "{:?}", running.rig().cluster.alarms());
        assert!(running.effects - before < 200, "a folder that fails is not asked all the time");

        running.refusal = |_| None;
        running.settle();
        running.refusal = break_scan;
    }
    let alarm = "spool folder `outgoing` cannot be used: Input/output error. Files wait until it can be used";
    assert_eq!(running.rig().cluster.alarms()[0], alarm);
}

#[test]
fn a_folder_that_is_gone_is_told_and_not_taken_for_an_empty_one() {
    let mut rig = Rig::new();
    let mut running = rig.start();
    running.settle();
    std::fs::remove_dir(running.rig().path("outgoing")).expect("it is empty");
    for _ in 0..3 {
        running.settle();
    }

    let alarms = running.rig().cluster.alarms();
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert!(alarms[0].starts_with("spool folder `outgoing` cannot be used: "), "{alarms:?}");
}

#[test]
fn what_cannot_be_looked_at_is_told_and_taken_when_it_can() {
    let mut rig = Rig::new();
    rig.put("shy", "To: 4917\n\nshy");
    let mut running = rig.start();
    running.refusal = refuse_look;
    running.settle();
    running.settle();
    assert_eq!(running.rig().cluster.alarms().len(), 1, "{:?}", running.rig().cluster.alarms());

    running.refusal = |_| None;
    running.settle();
    drop(running);
    assert_eq!(rig.cluster.texts(), ["shy"]);
}

#[test]
fn nothing_is_taken_or_forgotten_before_checked_could_be_listed() {
    let mut rig = Rig::new();
    std::fs::write(rig.path("checked/left"), "To: 4917\n\nleft by another program").expect("room");
    rig.put("new", "To: 4917\n\nnew");
    let mut running = rig.start();
    running.refusal = refuse_list;
    for _ in 0..3 {
        running.settle();
    }
    assert!(running.rig().cluster.texts().is_empty());
    let alarms = running.rig().cluster.alarms();
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert!(alarms[0].starts_with("spool folder `checked` cannot be used: "), "{alarms:?}");

    running.refusal = |_| None;
    running.settle();
    drop(running);
    assert_eq!(rig.cluster.texts().len(), 2);
}

#[test]
fn a_folder_checked_that_is_gone_is_told() {
    let mut rig = Rig::new();
    let mut running = rig.start();
    std::fs::remove_dir_all(running.rig().path("checked")).expect("a folder");
    running.settle();
    running.settle();

    let alarms = running.rig().cluster.alarms();
    assert_eq!(alarms.len(), 1, "{alarms:?}");
    assert!(alarms[0].starts_with("spool folder `checked` cannot be used: "), "{alarms:?}");
}

#[test]
fn a_message_nobody_follows_any_more_is_followed_again() {
    let mut rig = Rig::new();
    rig.put("lost", "To: 555\n\nlost");
    let mut running = rig.start();
    running.settle();
    running.settle();
    drop(running);

    assert_eq!(rig.names("sent"), ["lost"]);
    assert!(rig.cluster.alarms()[0].starts_with("`checked/lost` waits: "), "{:?}", rig.cluster.alarms());
}

#[test]
fn a_closed_spool_takes_nothing_new_and_files_what_it_has() {
    let mut rig = Rig::new();
    rig.put("early", "To: 4917\n\nearly");
    let mut running = rig.start();
    running.hint(Hint::MovedIn, "early");
    for _ in 0..100 {
        if running.rig().cluster.texts().is_empty() {
            running.run(1);
        }
    }
    assert_eq!(running.rig().cluster.texts(), ["early"]);
    running.intake.close();
    running.rig().put("late", "To: 4917\n\nlate");
    running.hint(Hint::MovedIn, "late");
    running.settle();
    assert_eq!(running.intake.filing(), 0);
    drop(running);

    assert_eq!((rig.names("sent"), rig.names("outgoing")), (vec!["early".into()], vec!["late".into()]));
}

fn is_stuck(name: &FileName) -> bool {
    name.as_bytes().starts_with(b"stuck")
}

fn refused<T>() -> Result<T, Fault> {
    Err(Fault::Io("Operation not permitted".to_owned()))
}

fn broken() -> Fault {
    Fault::Io("Input/output error".to_owned())
}

fn refuse_move(effect: &Effect) -> Option<Input> {
    let Effect::Move(id, name, _) = effect else { return None };
    is_stuck(name).then(|| Input::Moved(*id, refused()))
}

fn refuse_lock(effect: &Effect) -> Option<Input> {
    let Effect::Lock(id, name) = effect else { return None };
    is_stuck(name).then(|| Input::Locked(*id, refused()))
}

fn refuse_read(effect: &Effect) -> Option<Input> {
    let Effect::Read(id, name, _) = effect else { return None };
    is_stuck(name).then(|| Input::Read(*id, refused()))
}

fn refuse_look(effect: &Effect) -> Option<Input> {
    let Effect::Inspect(name) = effect else { return None };
    Some(Input::Inspected { name: name.clone(), found: Err(broken()) })
}

fn break_scan(effect: &Effect) -> Option<Input> {
    let broken = || Input::Scanned { observations: Vec::new(), reach: Reach::Broken(broken()) };
    matches!(effect, Effect::Scan).then(broken)
}

fn refuse_list(effect: &Effect) -> Option<Input> {
    matches!(effect, Effect::ListChecked).then(|| Input::ListedChecked(Err(broken())))
}
