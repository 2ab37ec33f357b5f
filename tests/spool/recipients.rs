//! Several recipients in one file: one message each, one result, wherever a crash was.

use smsgrid::sms_file::TimeFormat;
use smsgrid::worker::intake::{Effect, Hint, Input, SubmitReply};

use crate::cluster::{Cluster, DOUBTFUL, ENDLESS, FAILING, REFUSED};
use crate::memory::{Chance, Memory};
use crate::power::run;
use crate::rig::{End, Rig};

/// Recipients that get the message, that do not, and that are refused.
const FILE: &str = "To: 4917, 4918\nX-Job: 7\nTo: 666\nTo: 999\n\nmarker";

/// Destinations of the messages, sorted.
fn destinations(cluster: &Cluster) -> Vec<String> {
    let mut found: Vec<String> = cluster.destinations().into_iter().map(|(_, to)| to).collect();
    found.sort();
    found
}

#[test]
fn each_recipient_has_a_message_of_its_own_under_a_key_of_its_own() {
    let mut rig = Rig::new();
    rig.put("three", "To: 4917, 4918\nTo: 4919\nReport: yes\n\nHello");
    rig.put("one", "To: 4920\n\nHello");
    rig.settle();

    assert_eq!(destinations(&rig.cluster), ["4917", "4918", "4919", "4920"]);
    let keys = rig.cluster.destinations();
    for (number, to) in (1..).zip(["4917", "4918", "4919"]) {
        let (key, _) = keys.iter().find(|(_, found)| found == to).expect("a message");
        assert!(key.ends_with(&format!(":{number}")) && key.split(':').count() == 4, "{key}");
    }
    let (key, _) = keys.iter().find(|(_, to)| to == "4920").expect("a message");
    assert_eq!(key.split(':').count(), 3, "{key}");
    let expected = "To: 4917, 4918\nTo: 4919\nReport: yes\nRecipient: 4917 sent 26-11-22 09:08:29 GSM1 7\n\
                    Recipient: 4918 sent 26-11-22 09:08:29 GSM1 7\n\
                    Recipient: 4919 sent 26-11-22 09:08:29 GSM1 7\nSent: 26-11-22 09:08:29\n\nHello";
    assert_eq!(rig.read("sent/three"), expected);
}

#[test]
fn the_result_tells_each_end_and_a_file_that_comes_back_goes_to_the_others() {
    let mut rig = Rig::new();
    rig.put("mixed", FILE);
    rig.settle();
    let file = rig.read("failed/mixed");
    for line in [
        "Recipient: 4917 sent 26-11-22 09:08:29 GSM1 7\n",
        "Recipient: 666 failed 26-11-22 09:08:29 GSM1 +CMS ERROR: 38 (Network out of order)\n",
        "Recipient: 999 failed 26-11-22 ",
        "Fail_reason: 2 of 4 recipients failed: +CMS ERROR: 38 (Network out of order)\n",
    ] {
        assert!(file.contains(line), "{line} is not in {file}");
    }
    let alarms = rig.cluster.alarms();
    assert!(alarms[0].contains("1 of 4 recipients were refused: Destination is blacklisted"), "{alarms:?}");

    std::fs::rename(rig.path("failed/mixed"), rig.path("outgoing/mixed")).expect("a rename");
    rig.settle();
    assert_eq!(destinations(&rig.cluster), ["4917", "4918", "666", "666"], "nobody gets it twice");
    assert!(rig.read("failed/mixed").contains("Fail_reason: 2 of 2 recipients failed: "));
}

#[test]
fn a_file_rests_when_all_have_their_end() {
    let mut rig = Rig::new();
    rig.put("waits", format!("To: 4917,{ENDLESS},{FAILING}\n\nx"));
    rig.settle();
    rig.settle();

    assert_eq!(rig.names("checked"), ["waits", "waits.LOCK"]);
    assert!(rig.names("sent").is_empty() && rig.names("failed").is_empty());
    assert_eq!(rig.cluster.destinations().len(), 3);
}

#[test]
fn what_was_not_accepted_is_submitted_again_and_nothing_else() {
    for lost in [false, true] {
        let mut rig = Rig::new();
        rig.put("later", "To: 1,2,3,4\n\nx");
        let mut running = rig.start();
        running.hint(Hint::MovedIn, "later");
        running.refusal = if lost {
            |effect| refuse(effect, SubmitReply::Lost)
        } else {
            |effect| refuse(effect, SubmitReply::Later)
        };
        running.run_idle();
        assert_eq!(destinations(&running.rig().cluster), ["1", "3"], "lost {lost}");
        let before = running.rig().cluster.submits();
        running.refusal = |_| None;
        running.settle();
        drop(running);

        assert_eq!((destinations(&rig.cluster).len(), rig.cluster.submits() - before), (4, 2), "lost {lost}");
        assert_eq!(rig.names("sent"), ["later"], "lost {lost}");
    }
}

#[test]
fn more_recipients_than_allowed_are_refused_and_nobody_gets_anything() {
    let list = |count: usize| (0..count).map(|n| format!("49{n:05}")).collect::<Vec<_>>().join(",");
    let mut rig = Rig::new();
    let lines = |count: usize| format!("To: {}\nTo: {}\n\nx", list(60), list(count).replace("49", "48"));
    rig.put("fits", lines(40));
    rig.put("more", lines(41));
    rig.settle();

    assert_eq!(rig.cluster.destinations().len(), 100);
    assert!(rig.read("failed/more").contains("Fail_reason: Too many recipients: 101, the limit is 100\n"));
    assert_eq!(rig.names("sent"), ["fits"]);
}

#[test]
fn a_stop_after_any_effect_loses_and_doubles_no_recipient() {
    let mut whole = 0;
    for allowed in 0..=200 {
        let mut rig = Rig::new();
        rig.put("mixed", FILE);
        let mut running = rig.start();
        running.hint(Hint::MovedIn, "mixed");
        let end = running.run(allowed);
        whole = running.effects;
        drop(running);
        rig.settle();

        assert_eq!(destinations(&rig.cluster), ["4917", "4918", "666"], "after effect {allowed}");
        assert_eq!(rig.names("failed"), ["mixed"], "after effect {allowed}");
        assert!(
            rig.names("checked").is_empty() && rig.names("outgoing").is_empty(),
            "after effect {allowed}"
        );
        assert_eq!(rig.read("failed/mixed").matches("Recipient: ").count(), 4, "after effect {allowed}");
        if end == End::Idle {
            break;
        }
    }
    assert!(whole > 20, "only {whole} effects");
    assert_eq!(REFUSED, "999");
}

#[test]
fn power_cuts_lose_and_double_no_recipient() {
    for seed in 0..1_000 {
        for disks in [Memory::default, Memory::with_checked_apart] {
            let mut chance = Chance::new(seed);
            let (mut memory, cluster) = (disks(), Cluster::default());
            memory.put("mixed", FILE);
            for _ in 0..=chance.below(3) {
                run(&mut memory, &cluster, chance.below(40));
                memory.cut_power(&mut chance);
            }
            run(&mut memory, &cluster, u64::MAX);

            let found = destinations(&cluster);
            assert!(found.is_empty() || found == ["4917", "4918", "666"], "run {seed}: {found:?}");
            let results = memory.count("failed", "marker");
            assert_eq!(results, usize::from(!found.is_empty()), "run {seed}");
            assert_eq!(memory.count("checked", ""), 0, "run {seed}");
        }
    }
}

/// Every second submission does not get through.
fn refuse(effect: &Effect, reply: SubmitReply) -> Option<Input> {
    let Effect::Submit { id, recipient, .. } = effect else { return None };
    (recipient % 2 == 1).then_some(Input::Submitted(*id, *recipient, reply))
}

#[test]
fn a_result_tells_what_may_arrive_twice() {
    let mut rig = Rig::new();
    rig.put("one", format!("To: {DOUBTFUL}\n\nhello"));
    rig.put("two", format!("To: 4917, {DOUBTFUL}\n\nhello"));
    rig.put("sure", "To: 4917\n\nhello");
    rig.settle();

    let why = "the time before had no answer, so it may arrive twice";
    assert!(rig.read("sent/one").contains(&format!("\nNOTICE: Sent again, part 2: {why}\n")));
    assert!(rig.read("sent/two").contains(&format!("\nNOTICE: Recipient 2: Sent again, part 2: {why}\n")));
    assert!(!rig.read("sent/sure").contains("NOTICE"));
}

#[test]
fn results_tell_times_in_the_form_that_is_asked_for() {
    let mut rig = Rig::new();
    rig.settings.messages.times = TimeFormat::new("%d.%m.%Y at %H:%M").expect("a form");
    rig.put("sent", "To: 4917\n\nhello");
    rig.put("failed", format!("To: {FAILING}\n\nhello"));
    rig.put("several", "To: 4917, 4918\n\nhello");
    rig.settle();

    for (file, line) in [
        ("sent/sent", "\nSent: 22.11.2026 at 09:08\n"),
        ("failed/failed", "\nFailed: 22.11.2026 at 09:08\n"),
        ("sent/several", "\nSent: 22.11.2026 at 09:08\n"),
    ] {
        assert!(rig.read(file).contains(line), "{}", rig.read(file));
    }
}
