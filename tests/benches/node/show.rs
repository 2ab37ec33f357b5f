//! Figures that several measurements print.

use std::time::Duration;

use smsgrid_tests::cost::Cost;

/// What `messages` cost the process `who` calls by its name.
pub(crate) fn cost(who: &str, cost: Cost, messages: usize, elapsed: Duration) {
    let each = |count: u64| count as f64 / messages as f64;
    println!(
        "  {who}: {:.3} ms of processor a message, {:.0} % of one; {:.1} reads, {:.1} writes, {:.1} waits a message",
        cost.cpu.as_secs_f64() * 1e3 / messages as f64,
        cost.cpu.as_secs_f64() / elapsed.as_secs_f64() * 100.0,
        each(cost.reads),
        each(cost.writes),
        each(cost.waits),
    );
}
