//! The three figures of one side.

use std::path::Path;
use std::time::{Duration, Instant};

use smsgrid_tests::oracle::Side;
use smsgrid_tests::wait::pause_for;

use crate::gateway::Gateway;

/// Modems of 300 ms a part.
const MODEMS: usize = 8;
const STEADY: &str = "steady";
/// Files of each figure.
const FILES: usize = 1000;
const SENT: usize = 240;
const SINGLE: usize = 40;
/// Between two single files both sides fall idle.
const IDLE: Duration = Duration::from_millis(400);

/// Files a second out of `outgoing`, from the first rename on.
pub(crate) fn files(dir: &Path, side: Side) -> f64 {
    let gateway = Gateway::start(dir, side, 1, STEADY);
    let begun = Instant::now();
    for number in 0..FILES {
        gateway.drop_file(&format!("file-{number}"));
    }
    gateway.wait_until_taken();
    let elapsed = begun.elapsed();
    gateway.stop();
    FILES as f64 / elapsed.as_secs_f64()
}

/// SMS a second while all modems have something to send.
pub(crate) fn rate(dir: &Path, side: Side) -> f64 {
    let gateway = Gateway::start(dir, side, MODEMS, STEADY);
    for number in 0..SENT {
        gateway.drop_file(&format!("file-{number}"));
    }
    // The first round of the modems is the start, and the last would not keep all of them busy.
    gateway.wait_for_parts(2 * MODEMS);
    let (begun, from) = (Instant::now(), gateway.parts());
    gateway.wait_for_parts(SENT);
    let (elapsed, sent) = (begun.elapsed(), gateway.parts() - from);
    gateway.stop();
    sent as f64 / elapsed.as_secs_f64()
}

/// The median of the time from a file to the network, in milliseconds.
pub(crate) fn latency(dir: &Path, side: Side) -> f64 {
    let gateway = Gateway::start(dir, side, 1, "fast");
    let mut spans: Vec<Duration> = (0..SINGLE).map(|number| one(&gateway, number)).collect();
    gateway.stop();
    spans.sort();
    spans[SINGLE / 2].as_secs_f64() * 1e3
}

fn one(gateway: &Gateway, number: usize) -> Duration {
    pause_for(IDLE);
    let known = gateway.parts();
    let begun = Instant::now();
    gateway.drop_file(&format!("single-{number}"));
    gateway.wait_for_parts(known + 1);
    begun.elapsed()
}
