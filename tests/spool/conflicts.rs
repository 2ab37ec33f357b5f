//! Fixed names under heavy load: a name that is taken is told, helped with, or stops the spool; nothing is overwritten.

use std::time::Duration;

use smsgrid::worker::intake::{
    Conflicts, Effect, Fault, FileName, Folder, FolderFailures, FolderTrouble, Halt, Hint, Input,
};

use crate::rig::{End, Rig, Running};

/// A spool as smsd runs it, with a file whose name is taken by a lock in `checked`.
fn taken_by_a_lock() -> Rig {
    let mut rig = Rig::new();
    rig.settings.conflicts = Conflicts::Stop;
    std::fs::write(rig.path("checked/test_file"), "theirs").expect("room");
    std::fs::write(rig.path("checked/test_file.LOCK"), "1 GSM1\n").expect("room");
    rig.put("test_file", "To: 491700000001\n\nmine");
    rig
}

fn halted(running: &Running<'_>) -> Option<Halt> {
    running.halted.clone()
}

fn name(text: &str) -> FileName {
    FileName::new(text.as_bytes()).expect("a name")
}

#[test]
fn a_name_that_stays_taken_after_the_alarm_handler_stops_the_spool_and_the_file_stays() {
    let mut rig = taken_by_a_lock();
    let mut running = rig.start();
    running.refusal = keep_listed_apart;
    running.settle();

    assert_eq!(halted(&running), Some(Halt::Conflict(name("test_file"))));
    drop(running);
    let alarms = rig.cluster.alarms();
    assert_eq!(alarms.len(), 2, "{alarms:?}");
    assert!(alarms[0].starts_with("`outgoing/test_file` waits: "), "{alarms:?}");
    assert!(alarms[1].starts_with("`outgoing/test_file` cannot be moved to `checked`"), "{alarms:?}");
    let told = rig.cluster.smsd_alarms();
    let expected = [
        "2 Conflict with .LOCK file in the spooler: /sms/outgoing/test_file /sms/checked",
        "2 Fatal error: SMS To: 491700000001. Cannot move /sms/outgoing/test_file to /sms/checked. \
         Check file and dir permissions.",
    ];
    assert_eq!(told, expected.map(|text| Some(text.to_owned())));
    assert_eq!(rig.names("outgoing"), ["test_file"]);
    assert_eq!(rig.read("checked/test_file"), "theirs");
    assert_eq!(rig.read("outgoing/test_file"), "To: 491700000001\n\nmine");
}

#[test]
fn a_name_the_alarm_handler_frees_is_taken_at_once() {
    let mut rig = taken_by_a_lock();
    let mut running = rig.start();
    running.refusal = keep_listed_apart;
    running.help = |rig| {
        std::fs::remove_file(rig.path("checked/test_file")).expect("a file");
        std::fs::remove_file(rig.path("checked/test_file.LOCK")).expect("a lock");
    };
    running.run_idle();
    running.advance(Duration::from_millis(600));
    running.run_idle();

    assert_eq!((halted(&running), running.rig().cluster.texts()), (None, vec!["mine".to_owned()]));
    let alarms = running.rig().cluster.alarms();
    assert_eq!(alarms.len(), 2, "{alarms:?}");
    assert_eq!(alarms[1], "`outgoing/test_file` can be taken: its name is free in `checked` again");
}

#[test]
fn names_are_helped_with_one_after_the_other_and_other_files_do_not_wait() {
    const NAMES: usize = 40;
    let mut rig = Rig::new();
    rig.settings.conflicts = Conflicts::Stop;
    for number in 0..NAMES {
        std::fs::create_dir(rig.path(&format!("checked/{number:02}"))).expect("a folder");
        rig.put(&format!("{number:02}"), "To: 4917\n\nx");
    }
    rig.put("other", "To: 4917\n\nother");
    let mut running = rig.start();
    let mut handled = Vec::new();
    for _ in 0..NAMES {
        running.hold_handlers();
        running.settle();
        running.settle();
        if handled.is_empty() {
            assert_eq!(running.rig().cluster.texts(), ["other"]);
        }
        let asked = running.handlers();
        assert_eq!(asked.len(), 1, "one handler at a time: {asked:?}");
        std::fs::remove_dir(running.rig().path(&format!("checked/{}", asked[0]))).expect("a folder");
        handled.push(asked[0].to_string());
        running.let_handlers_return();
    }
    running.settle();
    assert_eq!(halted(&running), None);
    assert_eq!(running.rig().cluster.texts().len(), NAMES + 1);
    handled.sort();
    handled.dedup();
    assert_eq!(handled.len(), NAMES);
}

#[test]
fn a_file_that_goes_while_its_handler_runs_ends_the_conflict() {
    let mut rig = taken_by_a_lock();
    let mut running = rig.start();
    running.refusal = keep_listed_apart;
    running.help = |rig| std::fs::remove_file(rig.path("outgoing/test_file")).expect("a file");
    running.settle();

    assert_eq!(halted(&running), None);
    assert_eq!(running.rig().cluster.alarms().len(), 1, "{:?}", running.rig().cluster.alarms());
    std::fs::write(running.rig().path("outgoing/test_file"), "To: 4917\n\nnext").expect("room");
    running.help = |_| ();
    running.settle();
    assert_eq!(halted(&running), Some(Halt::Conflict(name("test_file"))));
}

#[test]
fn a_lock_that_appears_at_the_last_moment_is_told_and_helped_with_too() {
    let mut cases = 0;
    for stop in 0..40 {
        let mut rig = Rig::new();
        rig.settings.conflicts = Conflicts::Stop;
        rig.put("name", "To: 4917\n\nmine");
        let mut running = rig.start();
        running.hint(Hint::MovedIn, "name");
        if running.run(stop) == End::Idle {
            break;
        }
        let lock = running.rig().path("checked/name.LOCK");
        if lock.exists() || !running.rig().path("outgoing/name").exists() {
            continue;
        }
        std::fs::write(&lock, "1 other\n").expect("room");
        running.help = |rig| std::fs::remove_file(rig.path("checked/name.LOCK")).expect("a lock");
        running.settle();
        assert_eq!(halted(&running), None, "after effect {stop}");
        let told = running.rig().cluster.alarms();
        drop(running);
        assert_eq!(rig.cluster.texts(), ["mine"], "after effect {stop}");
        cases += usize::from(told.len() == 2);
    }
    assert!(cases > 3, "only {cases} conflicts");
}

#[test]
fn a_parked_file_is_told_once_however_long_it_waits() {
    let mut rig = taken_by_a_lock();
    rig.settings.conflicts = Conflicts::Park;
    let mut running = rig.start();
    running.refusal = keep_listed_apart;
    for _ in 0..10 {
        running.settle();
    }

    assert_eq!(halted(&running), None);
    assert_eq!(running.rig().cluster.alarms().len(), 1, "{:?}", running.rig().cluster.alarms());
    assert_eq!(running.rig().names("outgoing"), ["test_file"]);
}

#[test]
fn results_of_one_name_are_all_kept() {
    let mut rig = Rig::new();
    rig.settings.conflicts = Conflicts::Stop;
    for text in ["first", "second", "third"] {
        rig.put("fixed", format!("To: 4917\n\n{text}"));
        rig.settle();
    }
    for text in ["fourth", "fifth"] {
        rig.put("fixed", format!("To: 666\n\n{text}"));
        rig.settle();
    }

    let texts = |folder: &str| {
        let names = rig.names(folder);
        let mut texts: Vec<String> = names
            .iter()
            .map(|name| rig.read(&format!("{folder}/{name}")).rsplit('\n').next().unwrap_or_default().into())
            .collect();
        texts.sort();
        texts
    };
    assert_eq!(texts("sent"), ["first", "second", "third"]);
    assert_eq!(texts("failed"), ["fifth", "fourth"]);
    assert!(rig.read("sent/fixed").ends_with("first"));
}

#[test]
fn a_folder_that_fails_stops_a_spool_as_smsd_and_a_full_one_waits() {
    for (settings, full, expected) in [
        (FolderFailures::Stop, false, true),
        (FolderFailures::Stop, true, false),
        (FolderFailures::Wait, false, false),
    ] {
        let mut rig = Rig::new();
        rig.settings.folder_failures = settings;
        rig.put("name", "To: 4917\n\nx");
        let mut running = rig.start();
        running.refusal = if full { fill_checked } else { break_checked };
        running.settle();

        assert_eq!(halted(&running).is_some(), expected, "{settings:?}, full {full}");
        assert_eq!(running.rig().cluster.alarms().len(), 1, "{:?}", running.rig().cluster.alarms());
        assert_eq!(running.rig().names("outgoing"), ["name"]);
    }
}

/// What stands in `checked` at the start is somebody else's and is not to be sent.
#[test]
fn a_result_put_back_at_once_has_no_conflict_with_what_is_left_of_its_file() {
    let mut put_back = 0;
    for stop in 0..60 {
        let mut rig = Rig::new();
        rig.settings.conflicts = Conflicts::Stop;
        rig.put("again", "To: 666\n\nx");
        let mut running = rig.start();
        running.hint(Hint::MovedIn, "again");
        let end = running.run(stop);
        let (from, to) = (running.rig().path("failed/again"), running.rig().path("outgoing/again"));
        if end == End::Stopped && from.exists() {
            std::fs::rename(from, to).expect("one file system");
            running.hint(Hint::MovedIn, "again");
            put_back += 1;
        }
        running.settle();

        assert_eq!(halted(&running), None, "after effect {stop}");
        drop(running);
        assert_eq!(rig.names("failed"), ["again"], "after effect {stop}");
        assert!(rig.cluster.alarms().iter().all(|alarm| !alarm.contains(" waits")), "after effect {stop}");
    }
    assert!(put_back > 0, "no effect between the result and the end of its file");
}

fn keep_listed_apart(effect: &Effect) -> Option<Input> {
    matches!(effect, Effect::ListChecked).then(|| Input::ListedChecked(Ok(Vec::new())))
}

fn fill_checked(effect: &Effect) -> Option<Input> {
    let Effect::Lock(id, _) = effect else { return None };
    Some(Input::Locked(*id, Err(Fault::Folder(Folder::Checked, FolderTrouble::Full))))
}

fn break_checked(effect: &Effect) -> Option<Input> {
    let gone = FolderTrouble::System("No such file or directory".to_owned());
    let Effect::Lock(id, _) = effect else { return None };
    Some(Input::Locked(*id, Err(Fault::Folder(Folder::Checked, gone))))
}
