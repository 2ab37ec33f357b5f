//! `[raft]`: how soon the nodes notice that their leader is gone.

use std::time::Duration;

use smsgrid_proto::Reason;

use super::section::Section;

/// Times of the consensus. They should be the same on all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Raft {
    /// How often the leader says that it is there. Default 150 ms, 10 ms to 10 s. Shorter costs packets; longer makes
    /// everybody notice later.
    pub heartbeat: Duration,
    /// Shortest silence after which a node wants to lead. Default 600 ms; at least three heartbeats, or one that comes
    /// late ends a leadership. Slow disks (SD cards sync in 100 ms and more) want more.
    pub election_min: Duration,
    /// Longest such silence; each node draws one between the two. Default 1200 ms; at least `election_min` and a
    /// heartbeat, or two nodes may want to lead at once again and again.
    pub election_max: Duration,
}

impl Default for Raft {
    fn default() -> Raft {
        let ms = Duration::from_millis;
        Raft { heartbeat: ms(150), election_min: ms(600), election_max: ms(1200) }
    }
}

/// Fewest heartbeats that must be missed.
const HEARTBEATS_MISSED_MIN: u32 = 3;

/// Reads `[raft]`.
pub(super) fn read(section: &mut Section<'_, '_>) -> Raft {
    let default = Raft::default();
    let bounds = || Duration::from_millis(10)..=Duration::from_secs(10);
    let elections = || Duration::from_millis(30)..=Duration::from_secs(60);
    let heartbeat = section.within("heartbeat", default.heartbeat, bounds());
    let election_min = section.within("election_min", default.election_min, elections());
    let election_max = section.within("election_max", default.election_max, elections());
    if election_min < heartbeat * HEARTBEATS_MISSED_MIN {
        let what = "`election_min` of [raft] is less than three times `heartbeat`";
        let fix = "raise election_min, or lower heartbeat";
        section.fault(section.at(), Reason::ConfigConflict, what, None, Some(fix));
    }
    if election_max < election_min + heartbeat {
        let what = "`election_max` of [raft] is less than `election_min` and a `heartbeat`";
        let fix = "raise election_max: twice election_min is good";
        section.fault(section.at(), Reason::ConfigConflict, what, None, Some(fix));
    }
    Raft { heartbeat, election_min, election_max }
}
