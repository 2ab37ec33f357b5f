//! Who goes first, who waits, and what happens when there are very many.

use std::time::Duration;

use smsgrid::worker::intake::{Hint, Order};

use crate::cluster::ENDLESS;
use crate::rig::{End, Rig};

#[test]
fn urgent_files_overtake_and_the_oldest_go_first() {
    let mut rig = Rig::new();
    for (name, headers, age) in [("b", "", 10), ("a", "", 20), ("c", "", 10), ("z", "Priority: HIGH\n", 0)] {
        rig.put(name, format!("To: 4917\n{headers}\n{name}"));
        set_age(&rig, name, age);
    }
    rig.settings.live_max = 1;
    rig.settle();

    assert_eq!(rig.cluster.texts(), ["z", "a", "b", "c"]);
}

#[test]
fn in_the_order_of_the_folder_neither_age_nor_priority_counts() {
    let mut rig = Rig::new();
    for (name, age) in [("d", 30), ("a", 60), ("f", 10), ("c", 40), ("e", 20), ("b", 50)] {
        let headers = if name == "c" { "Priority: HIGH\n" } else { "" };
        rig.put(name, format!("To: 4917\n{headers}\n{name}"));
        set_age(&rig, name, age);
    }
    let entries = std::fs::read_dir(rig.path("outgoing")).expect("a folder");
    let stand: Vec<String> =
        entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
    rig.settings.live_max = 1;
    rig.settings.order = Order::Directory;
    rig.settle();

    assert_eq!(rig.cluster.texts(), stand);
    assert_ne!(stand, ["c", "a", "b", "d", "e", "f"], "the folder shows nothing");
}

#[test]
fn locked_and_hidden_files_are_left_alone_until_they_are_free() {
    let mut rig = Rig::new();
    rig.put("locked", "To: 4917\n\nlocked");
    std::fs::write(rig.path("outgoing/locked.LOCK"), "1 me\n").expect("room");
    std::fs::write(rig.path("outgoing/LOCKED-x"), "To: 4917\n\nx").expect("room");
    std::fs::write(rig.path("outgoing/.hidden"), "To: 4917\n\nx").expect("room");
    let mut running = rig.start();
    running.settle();
    assert!(running.rig().cluster.texts().is_empty());

    std::fs::remove_file(running.rig().path("outgoing/locked.LOCK")).expect("a lock");
    running.hint(Hint::Gone, "locked.LOCK");
    running.run_idle();
    running.advance(Duration::from_millis(600));
    running.run_idle();
    assert_eq!(running.rig().cluster.texts(), ["locked"]);
}

#[test]
fn a_long_row_of_files_on_a_slow_disk_is_not_looked_at_again_and_again() {
    const FILES: usize = 300;
    let mut rig = Rig::new();
    let names: Vec<String> = (0..FILES).map(|number| format!("file-{number:03}")).collect();
    let mut running = rig.start();
    running.settle();
    let before = running.effects;
    for name in &names {
        running.rig().put(name, format!("To: 4917\n\n{name}"));
        running.hint(Hint::MovedIn, name);
    }

    while running.run(1) == End::Stopped {
        running.advance(Duration::from_millis(20));
    }

    let each = (running.effects - before) as f64 / FILES as f64;
    assert!(running.rig().cluster.texts().len() == FILES && each < 25.0, "{each} effects for each file");
}

#[test]
fn a_file_is_locked_while_it_is_live() {
    let mut rig = Rig::new();
    rig.put("live", format!("To: {ENDLESS}\n\nlive"));
    rig.settle();

    assert_eq!(rig.names("checked"), ["live", "live.LOCK"]);
    let lock = rig.read("checked/live.LOCK");
    assert_eq!(lock, format!("{} smsd\n", std::process::id()));
}

#[test]
fn a_second_file_of_a_live_name_waits_for_the_first_one() {
    let mut rig = Rig::new();
    rig.put("same", "To: 4917\n\nfirst");
    rig.cluster.set_unavailable(true);
    let mut running = rig.start();
    running.settle();
    running.rig().put("same", "To: 4917\n\nsecond");
    running.hint(Hint::MovedIn, "same");
    running.settle();
    assert_eq!(running.rig().names("outgoing"), ["same"]);
    assert_eq!(running.rig().cluster.alarms().len(), 1, "{:?}", running.rig().cluster.alarms());

    running.rig().cluster.set_unavailable(false);
    running.settle();
    running.settle();
    drop(running);

    assert_eq!(rig.cluster.texts(), ["first", "second"]);
    let sent = rig.names("sent");
    assert_eq!(sent.len(), 2);
    assert!(
        rig.read("sent/same").ends_with("first")
            && rig.read(&format!("sent/{}", sent[1])).ends_with("second")
    );
}

#[test]
fn a_foreign_file_in_checked_is_never_overwritten() {
    let mut rig = Rig::new();
    std::fs::create_dir(rig.path("checked/name")).expect("a folder");
    rig.put("name", "To: 4917\n\nmine");
    let mut running = rig.start();
    running.settle();
    running.settle();
    assert_eq!(running.rig().names("outgoing"), ["name"]);
    assert_eq!(running.rig().cluster.alarms().len(), 1);
    assert!(running.rig().cluster.texts().is_empty());

    std::fs::remove_dir(running.rig().path("checked/name")).expect("a folder");
    running.settle();
    drop(running);
    assert_eq!(rig.cluster.texts(), ["mine"]);
}

#[test]
fn a_conflict_that_appears_at_the_last_moment_keeps_both_files() {
    for stop in 0..40 {
        let mut rig = Rig::new();
        rig.put("name", "To: 4917\n\nmine");
        let mut running = rig.start();
        running.hint(Hint::MovedIn, "name");
        if running.run(stop) == End::Idle {
            break;
        }
        let theirs = running.rig().path("checked/name");
        if theirs.exists() || !running.rig().path("outgoing/name").exists() {
            continue;
        }
        std::fs::write(&theirs, "theirs").expect("room");
        running.settle();
        assert_eq!(running.rig().read("checked/name"), "theirs");
        std::fs::remove_file(&theirs).expect("a file");
        running.settle();
        drop(running);
        assert_eq!(rig.cluster.texts(), ["mine"], "after effect {stop}");
    }
}

#[test]
fn a_hundred_thousand_files_are_taken_in_order_and_in_bounded_memory() {
    const FILES: usize = 100_000;
    const LIVE_MAX: usize = 200;
    let mut rig = Rig::new();
    for number in 0..FILES {
        std::fs::write(rig.path(&format!("outgoing/{number:06}")), format!("To: {ENDLESS}\n\n{number:06}"))
            .expect("room");
    }
    set_age(&rig, "099999", 1000);
    rig.settings.live_max = LIVE_MAX;
    rig.settings.trust_outgoing = true;
    let mut running = rig.start();
    running.run_idle();

    assert_eq!(running.intake.live(), LIVE_MAX);
    assert!(running.intake.waiting() <= 65_536, "{} known", running.intake.waiting());
    // A look at each file that is remembered, a scan of all, and some steps for those that are taken.
    assert!(running.effects < 110_000, "{} effects", running.effects);
    running.rig().put("urgent", format!("To: {ENDLESS}\nPriority: yes\n\nurgent"));
    running.hint(Hint::MovedIn, "urgent");
    let before = running.effects;
    running.run_idle();
    let effects = running.effects - before;
    assert!(effects < 50, "{effects} effects for one urgent file");
    assert_eq!(running.intake.live(), LIVE_MAX + 1);
}

fn set_age(rig: &Rig, name: &str, seconds: u64) {
    let file =
        std::fs::File::options().write(true).open(rig.path(&format!("outgoing/{name}"))).expect("a file");
    let then = std::time::SystemTime::now() - Duration::from_secs(seconds);
    file.set_modified(then).expect("a time");
}
