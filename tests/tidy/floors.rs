//! Who may know whom: engines of the core only what lies below them, libraries only their room.

use std::collections::BTreeSet;
use std::ops::Range;

use crate::fault::Fault;
use crate::source::Source;
use crate::tree::Tree;

/// The modules of the core, each with the others it may name.
const ENGINES: [(&str, &[&str]); 10] = [
    ("model", &[]),
    ("text", &["model"]),
    ("pdu", &["model", "text"]),
    ("at", &["model"]),
    ("queue", &["model"]),
    ("log", &["model"]),
    ("sms_file", &["model", "text"]),
    ("simulator", &["model"]),
    ("smsd_conf", &["model", "pdu", "at", "sms_file"]),
    ("worker", &["model", "text", "pdu", "at", "queue", "log", "sms_file"]),
];

/// Modules and types of the standard library that act or ask the clock.
const ACTING_STD: [&str; 5] = ["fs", "net", "process", "thread", "env"];
const ACTING_WORDS: [&str; 3] = ["tokio", "SystemTime", "Instant"];

/// Libraries and the rooms that may name them, as beginnings of paths.
const LIBRARIES: [(&str, &[&str]); 4] = [
    ("openraft", &["node/src/raft/"]),
    ("sled", &["node/src/store/"]),
    ("tokio_serial", &["node/src/modem/"]),
    (
        "tonic",
        &[
            "proto/",
            "node/src/api/",
            "node/src/raft/network",
            "node/src/raft/service",
            "node/src/peer/",
            "ctl/src/client/",
        ],
    ),
];

/// Where the command line converts an smsd.conf.
const CONVERSION: &str = "ctl/src/commands/config.rs";
/// Where a node converts one.
const CONVERSION_OF_NODE: &str = "node/src/config/smsd.rs";

/// A module of the core names only modules below it.
pub(crate) fn engines(source: &Source) -> Vec<Fault> {
    let Some((_, allowed)) = ENGINES.into_iter().find(|(name, _)| engine_of(source) == Some(name)) else {
        return unknown_engine(source).into_iter().collect();
    };
    let forbidden = |(_, name): &(usize, String)| {
        let known = ENGINES.iter().any(|(engine, _)| engine == name);
        known && engine_of(source) != Some(name.as_str()) && !allowed.contains(&name.as_str())
    };
    let fault = |(line, name)| Fault::new(&source.path, line, format!("`{name}` is not below this module"));
    names_from_the_root(source).into_iter().filter(forbidden).map(fault).collect()
}

/// The core does not act: no files, sockets, threads, environment, clock or runtime.
pub(crate) fn purity(source: &Source) -> Vec<Fault> {
    if !source.path.starts_with("src/") {
        return Vec::new();
    }
    let words = source.tokens.iter().filter(|token| ACTING_WORDS.contains(&token.text.as_str()));
    let words = words.map(|token| (token.line, token.text.clone()));
    let modules =
        names_after(source, &["std"]).into_iter().filter(|(_, name)| ACTING_STD.contains(&name.as_str()));
    let fault =
        |(line, name)| Fault::new(&source.path, line, format!("`{name}` acts; the core only decides"));
    words.chain(modules).map(fault).collect()
}

/// A library whose choice may change is named in one room.
pub(crate) fn libraries(source: &Source) -> Vec<Fault> {
    let named = |(library, rooms): (&str, &[&str])| {
        let at_home =
            rooms.iter().any(|room| source.path.starts_with(room)) || source.path.starts_with("tests/");
        let first = (0..source.tokens.len()).find(|at| names_crate(source, *at, library))?;
        let what = format!("`{library}` is named only in {}", rooms.join(", "));
        (!at_home).then(|| Fault::new(&source.path, source.tokens[first].line, what))
    };
    LIBRARIES.into_iter().filter_map(named).collect()
}

/// The command line names the core in one file and for one thing, which asks no server: the conversion of an smsd.conf.
pub(crate) fn core_in_ctl(source: &Source) -> Vec<Fault> {
    if !source.path.starts_with("ctl/") {
        return Vec::new();
    }
    let is_right =
        |at: usize| source.path == CONVERSION && source.reads(at, &["smsgrid", ":", ":", "smsd_conf"]);
    let wrong = (0..source.tokens.len()).filter(|at| names_crate(source, *at, "smsgrid") && !is_right(*at));
    let what = format!("`smsgrid` is named only in {CONVERSION}, and only its `smsd_conf`");
    wrong.map(|at| Fault::new(&source.path, source.tokens[at].line, what.clone())).collect()
}

/// The node converts an smsd.conf in one file, so that there is one way from it to a configuration.
pub(crate) fn conversion_in_node(source: &Source) -> Vec<Fault> {
    if !source.path.starts_with("node/") || source.path == CONVERSION_OF_NODE {
        return Vec::new();
    }
    let names_it = |at: &usize| source.reads(*at, &["smsgrid", ":", ":", "smsd_conf"]);
    let what = format!("`smsgrid::smsd_conf` is named only in {CONVERSION_OF_NODE}");
    let wrong = (0..source.tokens.len()).filter(names_it);
    wrong.map(|at| Fault::new(&source.path, source.tokens[at].line, what.clone())).collect()
}

/// One file of the modem room names the library of the serial port.
pub(crate) fn serial_port(tree: &Tree) -> Vec<Fault> {
    let names_it =
        |source: &&Source| (0..source.tokens.len()).any(|at| names_crate(source, at, "tokio_serial"));
    let naming: Vec<&Source> = tree.sources().filter(names_it).collect();
    let fault = |source: &&Source| Fault::new(&source.path, 0, "another file names `tokio_serial` already");
    naming.iter().skip(1).map(fault).collect()
}

fn engine_of(source: &Source) -> Option<&str> {
    let inside = source.path.strip_prefix("src/")?;
    let module = inside.split_once('/').map_or(inside.strip_suffix(".rs"), |(module, _)| Some(module))?;
    (module != "lib").then_some(module)
}

fn unknown_engine(source: &Source) -> Option<Fault> {
    let engine = engine_of(source)?;
    Some(Fault::new(&source.path, 0, format!("give `{engine}` its floor in tests/tidy/floors.rs")))
}

fn names_crate(source: &Source, at: usize, library: &str) -> bool {
    source.text_at(at) == library
        && (source.reads(at + 1, &[":", ":"]) || at > 0 && matches!(source.text_at(at - 1), "use" | "crate"))
}

/// Every module named from the root of the crate: by `crate::` and by climbing `super::`.
fn names_from_the_root(source: &Source) -> Vec<(usize, String)> {
    let depth = depth_of(&source.path);
    let modules = inline_modules(source);
    let inline_depth = |at: usize| modules.iter().filter(|module| module.contains(&at)).count();
    let deepest = modules.iter().map(|module| inline_depth(module.start)).max().unwrap_or(0);
    let mut names = names_after(source, &["crate"]);
    for supers in 1..=depth + deepest {
        let path = vec!["super"; supers];
        names.extend(names_at(source, &path, |at| supers == depth + inline_depth(at)));
    }
    names
}

/// Modules between a file and the root of its crate: 1 for `src/at/mod.rs`, 2 for `src/at/line.rs`.
fn depth_of(path: &str) -> usize {
    let inside = path.trim_start_matches("src/").trim_end_matches(".rs").trim_end_matches("/mod");
    if inside == "lib" { 0 } else { inside.split('/').count() }
}

/// The tokens inside each `mod name { … }`.
fn inline_modules(source: &Source) -> Vec<Range<usize>> {
    let opens = |at: &usize| source.text_at(*at) == "mod" && source.text_at(at + 2) == "{";
    (0..source.tokens.len()).filter(opens).map(|at| at + 3..source.closing(at + 2)).collect()
}

fn names_after(source: &Source, path: &[&str]) -> Vec<(usize, String)> {
    names_at(source, path, |_| true)
}

/// The names that follow `path::`, those of a braced group one by one.
fn names_at(source: &Source, path: &[&str], holds: impl Fn(usize) -> bool) -> Vec<(usize, String)> {
    let words: Vec<&str> = path.iter().flat_map(|word| [*word, ":", ":"]).collect();
    let starts = |at: &usize| {
        let continues = at.checked_sub(2).is_some_and(|before| source.reads(before, &[":", ":"]));
        !continues && source.reads(*at, &words) && holds(*at)
    };
    let named = |at: usize| {
        let next = at + words.len();
        let names =
            if source.text_at(next) == "{" { group_names(source, next) } else { BTreeSet::from([next]) };
        names.into_iter().map(move |name| (source.tokens[at].line, source.text_at(name).to_owned()))
    };
    (0..source.tokens.len()).filter(starts).flat_map(named).collect()
}

/// The first word of each entry of the group opened at `open`.
fn group_names(source: &Source, open: usize) -> BTreeSet<usize> {
    let depth = source.tokens[open].depth + 1;
    let entries = (open..source.closing(open))
        .filter(|at| *at == open || source.text_at(*at) == "," && source.tokens[*at].depth == depth);
    entries.map(|at| at + 1).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::File;

    fn source(path: &str, text: &str) -> Source {
        Source::parse(&File { path: path.to_owned(), text: text.to_owned() })
    }

    fn faults_of_engines(path: &str, text: &str) -> usize {
        engines(&source(path, text)).len()
    }

    #[test]
    fn an_engine_that_names_another_is_caught_however_it_is_written() {
        assert_eq!(faults_of_engines("src/at/line.rs", "use crate::pdu::Submit;"), 1);
        assert_eq!(faults_of_engines("src/at/line.rs", "use crate::{model, queue::{Queue, at}, text};"), 2);
        assert_eq!(faults_of_engines("src/at/line.rs", "fn a() { crate::queue::b() }"), 1);
        assert_eq!(faults_of_engines("src/at/line.rs", "use super::super::pdu;"), 1);
        assert_eq!(faults_of_engines("src/at/mod.rs", "use super::pdu;"), 1);
        assert_eq!(faults_of_engines("src/at/mod.rs", "mod tests { use super::super::{pdu, at}; }"), 1);
        assert_eq!(faults_of_engines("src/simulator/sim.rs", "use crate::text::Gsm7;"), 1);
        assert_eq!(faults_of_engines("src/worker/mod.rs", "use crate::simulator::Modem;"), 1);
    }

    #[test]
    fn what_lies_below_may_be_named() {
        assert_eq!(faults_of_engines("src/pdu/submit.rs", "use crate::{model::Part, text};"), 0);
        assert_eq!(faults_of_engines("src/at/line.rs", "use super::pdu; use crate::at::Engine;"), 0);
        assert_eq!(
            faults_of_engines("src/at/line.rs", "/// As crate::pdu does.\nfn a() { other::crate::pdu() }"),
            0
        );
        assert_eq!(faults_of_engines("src/at/mod.rs", "mod tests { use super::pdu; }"), 0);
        assert_eq!(faults_of_engines("src/lib.rs", "pub mod at;"), 0);
        assert_eq!(faults_of_engines("node/src/lib.rs", "use crate::pdu;"), 0);
    }

    #[test]
    fn a_module_without_a_floor_is_refused() {
        assert_eq!(faults_of_engines("src/routing/mod.rs", "fn a() {}"), 1);
    }

    #[test]
    fn the_core_may_not_act() {
        let faults = |text: &str| purity(&source("src/at/mod.rs", text)).len();

        assert_eq!(faults("use std::fs::File;"), 1);
        assert_eq!(faults("use std::{fmt, net};"), 1);
        assert_eq!(faults("fn a() { std::time::Instant::now(); }"), 1);
        assert_eq!(faults("use tokio::sync;"), 1);
        assert_eq!(faults("//! No tokio, no std::fs, no Instant.\nuse std::fmt;"), 0);
    }

    #[test]
    fn a_library_outside_its_room_is_caught() {
        let faults = |path: &str, text: &str| libraries(&source(path, text)).len();

        assert_eq!(faults("node/src/cluster/mod.rs", "use openraft::Raft;"), 1);
        assert_eq!(faults("node/src/cluster/mod.rs", "use sled; fn a() -> tonic::Status {}"), 2);
        assert_eq!(faults("node/src/raft/mod.rs", "use openraft::Raft;"), 0);
        assert_eq!(faults("node/src/cluster/mod.rs", "fn a(sled: u8) {}"), 0);
    }

    #[test]
    fn the_command_line_knows_nothing_of_the_core_but_the_conversion() {
        let faults = |path: &str, text: &str| core_in_ctl(&source(path, text)).len();

        assert_eq!(faults("ctl/src/desk.rs", "use smsgrid::smsd_conf::Host;"), 1);
        assert_eq!(faults(CONVERSION, "use smsgrid::model::Name; use smsgrid::smsd_conf::Host;"), 1);
        assert_eq!(faults(CONVERSION, "use smsgrid::smsd_conf::{self, Host}; use smsgrid_proto::Exit;"), 0);
        assert_eq!(faults("node/src/lib.rs", "use smsgrid::model::Name;"), 0);
    }

    #[test]
    fn a_second_conversion_in_the_node_is_caught() {
        let faults = |path: &str| conversion_in_node(&source(path, "use smsgrid::smsd_conf::convert;")).len();

        assert_eq!(faults("node/src/run.rs"), 1);
        assert_eq!(faults(CONVERSION_OF_NODE), 0);
        assert_eq!(faults("tests/smsd_conf/files.rs"), 0);
    }

    #[test]
    fn a_second_file_that_opens_serial_ports_is_caught() {
        let open = "fn a() { tokio_serial::new() }";
        let tree = Tree::of_texts(&[("node/src/modem/a.rs", open), ("node/src/modem/b.rs", open)]);

        assert_eq!(serial_port(&tree).len(), 1);
    }
}
