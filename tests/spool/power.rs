//! Power cuts: what was not brought to disk may be lost, in any part, and still nothing is lost or doubled.

use smsgrid::worker::intake::{Effect, Input, Intake, Settings, replay};
use smsgrid_node::spool::{Listener, SpoolMessage};

use crate::cluster::Cluster;
use crate::memory::{Chance, Memory};
use crate::rig::moment;

/// Files with a marker in their text.
const FILES: [(&str, &str); 5] = [
    ("plain", "To: 4917\n\nmarker-plain"),
    ("urgent", "To: 4917\nPriority: HIGH\n\nmarker-urgent"),
    ("fails", "To: 666\n\nmarker-fails"),
    ("broken", "no destination\n\nmarker-broken"),
    ("known", "To: 4917\n\nmarker-known"),
];
/// Cuts one after the other in a run.
const CUTS_MAX: u64 = 3;
/// Runs, each with cuts at other places and other losses.
const RUNS: u64 = 2_000;
/// Effects of a run that is never cut, and some more.
const EFFECTS_MAX: u64 = 120;

#[test]
fn power_cuts_lose_and_double_nothing_that_was_accepted() {
    cut_again_and_again(Memory::default);
}

#[test]
fn power_cuts_between_two_file_systems_lose_and_double_nothing_that_was_accepted() {
    cut_again_and_again(Memory::with_checked_apart);
}

fn cut_again_and_again(disks: fn() -> Memory) {
    let mut accepted = 0;
    for seed in 0..RUNS {
        let mut chance = Chance::new(seed);
        let (mut memory, cluster) = (disks(), Cluster::default());
        for (name, content) in FILES {
            memory.put(name, content);
        }
        memory.put_older_result("known");
        for _ in 0..=chance.below(CUTS_MAX) {
            run(&mut memory, &cluster, chance.below(EFFECTS_MAX));
            memory.cut_power(&mut chance);
        }
        run(&mut memory, &cluster, u64::MAX);
        accepted += check(&memory, &cluster, seed);
    }
    assert!(accepted > RUNS, "only {accepted} messages in {RUNS} runs");
}

/// Starts the machine on what is there and carries out some of its effects.
pub(crate) fn run(memory: &mut Memory, cluster: &Cluster, allowed: u64) {
    let journal = replay(memory.journal()).expect("a journal that was only cut");
    let uuid = memory.begin_journal(&journal);
    let settings = Settings { trust_outgoing: true, ..Settings::default() };
    let mut now = smsgrid::model::Time::from_millis(1000);
    let mut intake = Intake::new(settings, uuid, journal, moment(now));
    let (mut left, mut rests) = (allowed, 0);
    while left > 0 && rests < 4 {
        let Some(effect) = intake.poll_effect() else {
            rests += 1;
            now = now + std::time::Duration::from_secs(11);
            intake.handle_timeout(moment(now));
            continue;
        };
        left -= 1;
        if let Some(input) = carry_out(memory, cluster, effect) {
            intake.handle(input, moment(now));
        }
    }
}

fn carry_out(memory: &mut Memory, cluster: &Cluster, effect: Effect) -> Option<Input> {
    if let Effect::Submit { id, recipient, key, submission, owner } = effect {
        let reply = cluster.accept(SpoolMessage { key, submission: *submission, owner });
        return Some(Input::Submitted(id, recipient, reply));
    }
    if let Effect::Follow(id, recipient, message) = effect {
        let outcome = cluster.outcome_of(message);
        return outcome.map(|outcome| Input::Settled(id, recipient, Box::new(outcome)));
    }
    if let Effect::Alarm(alarm) = effect {
        cluster.alarm(&alarm);
        return None;
    }
    memory.execute(effect)
}

/// How many messages were accepted; each must have its one result.
fn check(memory: &Memory, cluster: &Cluster, seed: u64) -> u64 {
    let texts = cluster.texts();
    let mut accepted = 0;
    for (name, content) in FILES {
        let marker = format!("marker-{name}");
        let messages = texts.iter().filter(|text| text.contains(&marker)).count();
        assert!(messages <= 1, "run {seed}: {name} was accepted {messages} times");
        if messages == 0 {
            continue;
        }
        accepted += 1;
        let folder = if content.contains("666") { "failed" } else { "sent" };
        let results = (memory.count(folder, &marker), memory.count("", &marker));
        assert_eq!(results, (1, 1), "run {seed}: results of {name} in its folder, and files anywhere");
    }
    assert_eq!(memory.count("checked", ""), 0, "run {seed}: left in checked");
    assert_eq!(memory.count("sent", "older result"), 1, "run {seed}: the older result");
    accepted
}
