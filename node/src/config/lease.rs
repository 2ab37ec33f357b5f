//! `[lease]`: how long a node may be silent until what it had claimed goes to the modems of others.

use std::time::Duration;

use smsgrid::worker::{LeaseTerms, RENEWAL_MIN};
use smsgrid_proto::Reason;

use super::section::Section;
use super::value::Value;

/// Times of the lease a node sends under, and that it keeps for the others while it leads. They should be the same on
/// all nodes: where they differ a node trusts the shorter of its own `length` and its leader's, and says so. A new leader
/// goes by its own file, whatever the one before it gave: where that was longer, a node cut off then may still begin a
/// part when its session has ended, which is in doubt as if it had begun before. So of files that change the leader's is
/// the last.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// How long a node may send after a renewal, and how long a leader waits for the next before it gives the node's work
    /// to others. Default 2.5 s, 500 ms to 20 s. Shorter frees the work of a dead node sooner, and every hiccup of the
    /// network then ends a session, with a doubt for each part in flight; longer spares both.
    pub length: Duration,
    /// How often it is renewed, by a call to the leader. Default 0.5 s, 50 ms to 5 s. Shorter costs packets.
    pub renewal: Duration,
    /// What must be left of the lease when a part begins, and once more before it is given to the modem: as long as
    /// writing it takes. Default 0.75 s, 50 ms to 10 s. With three renewals it must fit into 98 % of `length`, the part that
    /// a node trusts, or it could not write for want of one that came late.
    pub guard: Duration,
}

impl Default for Lease {
    fn default() -> Lease {
        let LeaseTerms { length, renewal, guard } = LeaseTerms::default();
        Lease { length, renewal, guard }
    }
}

impl Lease {
    /// The same, as the lease itself takes it.
    pub fn terms(&self) -> LeaseTerms {
        let Lease { length, renewal, guard } = *self;
        LeaseTerms { length, renewal, guard }
    }

    /// What has to fit into the part of the lease that is trusted.
    fn needed(&self) -> Duration {
        self.guard + self.renewal * RENEWALS_MIN
    }
}

/// Fewest renewals that fit beside the guard: one may get lost and the next come late.
const RENEWALS_MIN: u32 = 3;
/// Longest lease. The minute before a session ended, in which the events of a dead node are looked for, has room for
/// two: that of a leader that died too, and its successor's.
const LENGTH_MAX: Duration = seconds(20);

/// Reads `[lease]`.
pub(super) fn read(section: &mut Section<'_, '_>) -> Lease {
    let default = Lease::default();
    let lease = Lease {
        length: section.within("length", default.length, ms(500)..=LENGTH_MAX),
        renewal: section.within("renewal", default.renewal, RENEWAL_MIN..=seconds(5)),
        guard: section.within("guard", default.guard, ms(50)..=seconds(10)),
    };
    if lease.needed() > lease.terms().trusted() {
        refuse(section, &lease);
    }
    lease
}

/// Says that the times contradict each other.
fn refuse(section: &mut Section<'_, '_>, lease: &Lease) {
    let (needed, terms) = (lease.needed(), lease.terms());
    let what = "`guard` and three times `renewal` of [lease] do not fit into 98 % of `length`";
    let why = format!(
        "together they are {needed:?}, and 98 % of {:?} are {:?}: with one renewal lost nothing could be sent",
        lease.length,
        terms.trusted(),
    );
    let length = LeaseTerms::length_to_trust(needed).show();
    let fix = format!("write `length = {length}` or more, or lower guard or renewal; the same on all nodes");
    section.fault(section.at(), Reason::ConfigConflict, what, Some(&why), Some(&fix));
}

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}
