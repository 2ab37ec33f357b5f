//! The power of one node, of a majority, and of all nodes goes, while messages are accepted and sent. Needs root.

use std::path::Path;
use std::time::Duration;

use super::{ACCEPT, FIND, Verdict};
use crate::chance::Chance;
use crate::cluster::{Cluster, Setup};
use crate::load::{Load, Settings};
use crate::power::Disk;
use crate::{verdict, wait};

/// Octets of a disk: several segments of each log; the file behind it is sparse.
pub const DISK_OCTETS: u64 = 1 << 30;
/// Longest time between the find of a node at work and the cut.
const WORK_MAX: Duration = Duration::from_millis(700);

/// A disk below `dir` for each node of `setup`, which keeps its data there.
pub fn on_disks(setup: Setup, dir: &Path) -> (Setup, Vec<Disk>) {
    let disks: Vec<Disk> =
        (0..setup.nodes).map(|node| Disk::create(dir, &format!("disk{node}"), DISK_OCTETS)).collect();
    let data = disks.iter().map(|disk| disk.path().join("data")).collect();
    (Setup { data: Some(data), ..setup }, disks)
}

/// Cuts the power as often as `sizes` says, each time of the leader and as many others as make the size.
pub fn power_cuts(smsnode: &Path, setup: Setup, sizes: &[usize], seed: u64) -> Verdict {
    let dir = tempfile::tempdir().expect("a folder");
    let (setup, disks) = on_disks(setup, dir.path());
    let mut cluster = Cluster::start(smsnode, setup);
    let settings = Settings { submitters: 6, pace: Duration::from_millis(40), seed, ..Settings::default() };
    let load = Load::start(&cluster.apis(), cluster.begun(), settings);
    let mut chance = Chance::new(seed);

    for size in sizes {
        cluster.owner_at_work(FIND);
        wait::pause_for(chance.up_to(WORK_MAX));
        let leader = cluster.leader(FIND);
        let victims: Vec<usize> = (0..*size).map(|step| (leader + step) % cluster.size()).collect();
        cut(&mut cluster, &disks, &victims);
        let restored = cluster.now();
        cluster.until("a submission accepted afterwards", ACCEPT, || load.accepted_since(restored));
    }
    let history = load.finish();
    verdict::resolve_by_truth(&cluster);
    let verdict = verdict::judge(&cluster, history);
    // The nodes end before the disks they stand on.
    drop(cluster);
    verdict
}

/// Cuts the power of `victims` at once, brings it back, and starts their nodes.
fn cut(cluster: &mut Cluster, disks: &[Disk], victims: &[usize]) {
    // The disks first, all of them, while their nodes are at work: that is what a cut looks like.
    for victim in victims {
        disks[*victim].cut();
    }
    for victim in victims {
        cluster.note_fault(&format!("power cut {victim}"), 0);
        cluster.kill(*victim);
    }
    for victim in victims {
        disks[*victim].restore();
    }
    cluster.start_all();
}
