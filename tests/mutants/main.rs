//! Nodes that break one rule of reliability each, as real processes: the harness must catch every one of them.
//!
//! A harness that finds nothing proves nothing. The broken rules are edits to a copy of the sources, so that nothing of
//! them is in the product: one build holds them all, and a variable in a node's environment wakes one. Needs root for the
//! power cuts.

mod build;
mod edits;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use smsgrid_tests::checker::Promise;
use smsgrid_tests::cluster::Setup;
use smsgrid_tests::scenario::{self, MODEM, Verdict};

/// Runs a mutant may live through.
const RUNS_MAX: u64 = 4;
/// The variable that wakes a mutant.
const VARIABLE: &str = "SMSGRID_MUTANT";

/// The daemon with all mutants in it, asleep.
fn smsnode() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| build::build(edits::ALL))
}

/// Three nodes that are this mutant; none for nodes that are sound, but built the same.
fn three(mutant: &str) -> Setup {
    let environment = vec![(VARIABLE.to_owned(), mutant.to_owned())];
    Setup { environment, ..Setup::three(2, MODEM) }
}

/// Runs `scenario` with one seed after the other until it is broken; the break must be one of `expected`. A node that
/// refuses to start on what the power cut left, or a cluster that comes to a standstill, is caught as well where
/// `may_stop` says so.
fn caught(mutant: &str, expected: &[Promise], may_stop: bool, scenario: impl Fn(Setup, u64) -> Verdict) {
    // A build that fails is no mutant that is caught.
    smsnode();
    for seed in 1..=RUNS_MAX {
        match catch_unwind(AssertUnwindSafe(|| scenario(three(mutant), seed))) {
            Ok(Ok(_)) => tell(&format!("{mutant} lived through seed {seed}")),
            Ok(Err(broken)) => {
                let first = broken.violations.first().expect("a broken run names what it broke");
                let fits = broken.violations.iter().any(|violation| expected.contains(&violation.promise));
                assert!(fits, "{mutant} broke another promise than {expected:?}:\n{broken}");
                tell(&format!("{mutant} caught by seed {seed}: {first}"));
                return;
            }
            Err(panic) if may_stop && has_stopped(panic.as_ref()) => {
                tell(&format!("{mutant} caught by seed {seed}: the cluster stopped"));
                return;
            }
            Err(panic) => std::panic::resume_unwind(panic),
        }
    }
    panic!("{mutant} lived through {RUNS_MAX} runs");
}

/// Whether the harness gave up because a node refused what it found on its disk, and not for a reason of its own.
fn has_stopped(panic: &(dyn Any + Send)) -> bool {
    let said = panic.downcast_ref::<String>().map(String::as_str).unwrap_or_default();
    said.contains("STORE_DAMAGED") || said.contains("STORE_LOST")
}

#[test]
fn a_write_without_a_committed_start_is_caught() {
    caught("write-without-start", &[Promise::NoSilentDuplicate], false, |setup, seed| {
        scenario::owners_are_unplugged_and_killed(smsnode(), setup, 4, seed)
    });
}

#[test]
fn an_expiry_that_requeues_a_part_in_flight_is_caught() {
    caught("expiry-requeues", &[Promise::NoSilentDuplicate], false, |setup, seed| {
        scenario::leaders_and_owners_are_killed(smsnode(), setup, 3, seed).verdict
    });
}

#[test]
fn a_sync_that_is_left_out_is_caught() {
    caught("no-sync", &[Promise::NothingLost], true, |setup, seed| {
        scenario::power_cuts(smsnode(), setup, &[3, 2], seed)
    });
}

#[test]
fn a_key_that_is_forgotten_by_a_failover_is_caught() {
    caught("key-forgotten", &[Promise::OneIdPerKey], false, |setup, seed| {
        scenario::leaders_and_owners_are_killed(smsnode(), setup, 3, seed).verdict
    });
}

#[test]
fn the_same_build_with_its_mutants_asleep_is_sound() {
    let run = scenario::leaders_and_owners_are_killed(smsnode(), three("none"), 1, 1);

    run.verdict.unwrap_or_else(|broken| panic!("{broken}"));
}

/// A line for whoever watches; it may go unread.
fn tell(line: &str) {
    let _ = std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("{line}\n"));
}
