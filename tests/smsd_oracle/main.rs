//! Debian's smsd is asked the same as smsnode: both run on one smsd.conf, each with a simulated modem of the same kind,
//! and get the same files one after the other. What their networks took, where the files came to rest and what stands in
//! them must be the same, but for what `differences.txt` lists with its reason.
//!
//! Needs the package `smstools`; without it every test here fails and says so.

mod case;
mod compare;
mod diff;
mod migration;
mod outcome;
mod samples;
mod station;

use std::path::Path;

use case::Group;

/// The group of the settings smsd has by itself.
const PLAIN: &str = "plain";

/// The daemon under test.
fn smsnode() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_smsnode-under-test"))
}

#[test]
fn files_of_every_form_fare_alike() {
    compare::alike(&[Group::read(PLAIN)]);
}

#[test]
fn files_under_other_settings_fare_alike() {
    let groups: Vec<Group> = Group::all().into_iter().filter(|group| group.name != PLAIN).collect();
    compare::alike(&groups);
}

#[test]
fn there_are_at_least_a_hundred_files() {
    case::census();
}

#[test]
fn every_listed_difference_names_files_that_are_there() {
    compare::listed_cases_exist();
}
