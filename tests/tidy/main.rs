//! Shape of the code: what a reader may rely on in every file, checked instead of promised.
//!
//! `tree` lists the files, `source` reads Rust as tokens, and each other file holds one family of rules.
//! A rule takes a file and gives its faults; below each rule stand the bad examples that it must catch.

mod fault;
mod floors;
mod house;
mod marks;
mod names;
mod shape;
mod source;
mod tree;

use fault::report;
use tree::Tree;

#[test]
fn every_file_opens_with_what_it_is() {
    report(Tree::read().sources().flat_map(shape::opening));
}

#[test]
fn no_file_is_past_five_hundred_lines_of_code() {
    let tree = Tree::read();
    report(tree.sources().filter(|source| !tree.is_test_module(source)).flat_map(shape::length));
}

#[test]
fn no_function_is_past_seventy_lines() {
    report(Tree::read().sources().flat_map(shape::functions));
}

#[test]
fn engines_know_only_the_floors_below_them() {
    report(Tree::read().sources().flat_map(floors::engines));
}

#[test]
fn the_core_names_nothing_that_acts() {
    report(Tree::read().sources().flat_map(floors::purity));
}

#[test]
fn a_library_is_named_only_in_its_room() {
    report(Tree::read().sources().flat_map(floors::libraries));
}

#[test]
fn the_command_line_names_the_core_for_the_conversion_alone() {
    report(Tree::read().sources().flat_map(floors::core_in_ctl));
}

#[test]
fn the_node_converts_an_smsd_conf_in_one_place() {
    report(Tree::read().sources().flat_map(floors::conversion_in_node));
}

#[test]
fn the_serial_port_library_is_named_in_one_file() {
    report(floors::serial_port(Tree::read()));
}

#[test]
fn packages_depend_only_downward_and_share_their_lints() {
    report(house::manifests(Tree::read()));
}

#[test]
fn every_package_says_what_it_is() {
    report(house::notes(Tree::read()));
}

#[test]
fn the_top_level_holds_what_was_ordered() {
    report(house::top_level(Tree::read()));
}

#[test]
fn modules_are_named_for_one_idea() {
    let tree = Tree::read();
    report(names::files(tree).into_iter().chain(tree.sources().flat_map(names::modules)));
}

#[test]
fn nothing_is_left_unfinished_and_no_test_is_ignored() {
    let tree = Tree::read();
    report(tree.files().flat_map(marks::unfinished).chain(tree.sources().flat_map(marks::code)));
}

#[test]
fn no_file_names_a_machine_or_a_registry() {
    let tree = Tree::read();
    report(tree.files().flat_map(|file| marks::places(file, tree)));
}

#[test]
fn people_and_the_log_have_the_same_words_for_a_state() {
    let people: Vec<&str> = smsgrid_proto::State::ALL.iter().map(|state| state.word()).collect();
    let log: Vec<&str> = smsgrid::model::MessageState::ALL.iter().map(|state| state.word()).collect();

    assert_eq!(people, log);
}
