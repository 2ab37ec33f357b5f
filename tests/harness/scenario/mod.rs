//! What is done to a cluster, where more than one target does it: the faults of a run and its verdict.

mod cuts;
mod kills;
mod unplugged;

use std::time::Duration;

use crate::checker::Evidence;
use crate::verdict::Broken;

pub use cuts::{DISK_OCTETS, on_disks, power_cuts};
pub use kills::{Kills, leaders_and_owners_are_killed};
pub use unplugged::owners_are_unplugged_and_killed;

/// How a run ends: with the evidence that it kept every promise, or with those it broke.
pub type Verdict = Result<Evidence, Broken>;

/// How long a leader, or a modem at work, may take to be found.
pub const FIND: Duration = Duration::from_secs(30);
/// How long the cluster may take to accept again after a fault. The target is 3 s; this is what no machine may exceed.
pub const ACCEPT: Duration = Duration::from_secs(20);
/// Latency of modems that are slow enough for a kill to meet them at work.
pub const MODEM: &str = "steady?latency=40ms..160ms";
