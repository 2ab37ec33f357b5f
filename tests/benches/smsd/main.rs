//! Debian's smsd and a node beside each other, on the same smsd.conf and the same kind of modems, one after the other in
//! one run: how fast files leave `outgoing`, how many SMS a second eight modems of 300 ms send, and how long a file on an
//! idle gateway takes to the network. smsd gets its notifier and the shortest delays it has, so that it does not wait for
//! the next look at the folder. It prints figures and ratios and asserts nothing about time.
//!
//! `cargo bench -p smsgrid-tests --bench smsd [-- NAME]...`; the names are `files`, `rate` and `latency`. Without smsd
//! (Debian's `smstools`) the node is measured alone.

#![allow(clippy::print_stdout)] // the figures are what it is for

mod gateway;
mod measure;

use std::path::Path;

use smsgrid_tests::oracle::Side;

fn main() {
    let chosen: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let runs = |name: &str| chosen.is_empty() || chosen.iter().any(|chosen| chosen == name);
    let sides: Vec<Side> = Side::ALL.into_iter().filter(|side| side.is_installed()).collect();
    if sides.len() < Side::ALL.len() {
        println!("smsd is not installed (package smstools): the node is measured alone");
    }
    if runs("files") {
        let figures = each(&sides, measure::files);
        told("files a second out of `outgoing`", &figures, |node, smsd| node / smsd);
    }
    if runs("rate") {
        let figures = each(&sides, measure::rate);
        told("SMS a second with 8 modems of 300 ms, 26.7 are ideal", &figures, |node, smsd| node / smsd);
    }
    if runs("latency") {
        let figures = each(&sides, measure::latency);
        told("ms from a file to the network, median", &figures, |node, smsd| smsd / node);
    }
}

fn each(sides: &[Side], measure: fn(&Path, Side) -> f64) -> Vec<(Side, f64)> {
    let figure = |side: &Side| {
        let folder = tempfile::tempdir().expect("a temporary folder");
        (*side, measure(folder.path(), *side))
    };
    sides.iter().map(figure).collect()
}

/// The figures, and how many times better the node is.
fn told(what: &str, figures: &[(Side, f64)], better: fn(f64, f64) -> f64) {
    println!("\n{what}:");
    for (side, figure) in figures {
        println!("  {:<8} {figure:8.1}", side.word());
    }
    if let [(_, smsd), (_, node)] = figures {
        println!("  {:.2} times as good", better(*node, *smsd));
    }
}
