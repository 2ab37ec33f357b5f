//! Leaders that keep leases for another time than this node's file says: each is told once.

use std::collections::BTreeMap;
use std::time::Duration;

use smsgrid::model::{Name, NodeId};
use smsgrid::worker::LeaseTerms;
use tracing::warn;

/// What leaders say of their leases, beside this node's own terms.
pub struct Differing {
    own: LeaseTerms,
    /// What each that differs said last; as large as the cluster has members.
    said: BTreeMap<NodeId, Duration>,
    name_of: Box<NameOf>,
}

/// How a member is called.
type NameOf = dyn Fn(NodeId) -> Option<Name> + Send;

impl Differing {
    /// Compares with `own`; `name_of` names a leader.
    pub fn new(own: LeaseTerms, name_of: impl Fn(NodeId) -> Option<Name> + Send + 'static) -> Differing {
        Differing { own, said: BTreeMap::new(), name_of: Box::new(name_of) }
    }

    /// This node's own terms.
    pub fn own(&self) -> LeaseTerms {
        self.own
    }

    /// The terms under `leader`, as far as it has said how long it keeps leases.
    pub fn under(&self, leader: NodeId) -> LeaseTerms {
        self.said.get(&leader).map_or(self.own, |kept| self.own.under(*kept))
    }

    /// Tells once that `leader` keeps leases for another time than this node's file says, and again when it says
    /// something else.
    pub fn tell(&mut self, leader: NodeId, said: Option<Duration>) {
        let Some(length) = self.news(leader, said) else { return };
        let name = (self.name_of)(leader).map_or_else(|| leader.to_string(), |name| name.to_string());
        warn!(
            event = "lease.differs",
            leader = name,
            leaders = ?length,
            own = ?self.own.length,
            fix = fix(said),
            "the leader keeps leases for another time than `length` of [lease] in this node's file: {}",
            effect(self.own, length)
        );
    }

    /// The leader's length, when it differs and was not told.
    fn news(&mut self, leader: NodeId, said: Option<Duration>) -> Option<Duration> {
        let length = LeaseTerms::kept(said);
        if length == self.own.length {
            self.said.remove(&leader);
            return None;
        }
        (self.said.insert(leader, length) != Some(length)).then_some(length)
    }
}

/// What to do about a leader that `said` so much.
fn fix(said: Option<Duration>) -> &'static str {
    match said {
        Some(_) => {
            "Write the same [lease] in the file of every node, and restart those whose file changes, one at a time, \
             the leader's last."
        }
        None => {
            "Bring the leader to the version of this node: its own has no [lease] and keeps leases for the default."
        }
    }
}

/// What follows for the messages of this node.
fn effect(own: LeaseTerms, length: Duration) -> &'static str {
    let under = own.under(length);
    if length > own.length {
        "this node sends as its file says; should it die, its work goes to others when the leader's time is over"
    } else if under.writable() < under.renewal {
        "the leader's is shorter, and `guard` leaves less of it than lies between two renewals, so little or nothing is sent \
         here as long as that node leads"
    } else {
        "the leader's is shorter and counts here; messages are sent as before, and a hiccup stops this node sooner"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: NodeId = NodeId(1);
    const TWO: NodeId = NodeId(2);

    fn seconds(seconds: u64) -> Option<Duration> {
        Some(Duration::from_secs(seconds))
    }

    #[test]
    fn each_leader_that_differs_is_told_once_and_again_when_it_says_something_else() {
        let mut differing = Differing::new(LeaseTerms::default(), |_| None);
        let mut said = [(ONE, 1), (ONE, 1), (TWO, 1), (ONE, 1), (TWO, 3), (TWO, 3)].into_iter();

        let mut news = || said.next().map(|(leader, length)| differing.news(leader, seconds(length)));
        assert_eq!(news(), Some(seconds(1)));
        assert_eq!(news(), Some(None));
        assert_eq!(news(), Some(seconds(1)), "another leader");
        assert_eq!(news(), Some(None));
        assert_eq!(news(), Some(seconds(3)));
        assert_eq!(news(), Some(None));
    }

    #[test]
    fn a_leader_that_says_nothing_keeps_the_default_and_is_told_when_the_own_is_another() {
        let own = LeaseTerms { length: Duration::from_secs(20), ..LeaseTerms::default() };
        let mut differing = Differing::new(own, |_| None);

        assert_eq!(differing.news(ONE, None), Some(LeaseTerms::default().length));
        assert_eq!(differing.news(ONE, None), None, "told");
        assert!(fix(None).contains("to the version of this node"), "its file cannot say it");
        assert!(fix(seconds(1)).contains("the same [lease]"));
        assert!(
            fix(seconds(1)).ends_with("the leader's last."),
            "its successor would wait for less than it gave"
        );
    }

    #[test]
    fn a_leader_that_says_the_same_or_nothing_is_not_told_and_what_it_said_before_is_forgotten() {
        let mut differing = Differing::new(LeaseTerms::default(), |_| None);
        let own = Some(LeaseTerms::default().length);

        assert_eq!(differing.news(ONE, own), None);
        assert_eq!(differing.news(ONE, None), None);
        assert_eq!(differing.news(ONE, seconds(1)), seconds(1));
        assert_eq!(differing.news(ONE, own), None, "its file was changed");
        assert_eq!(differing.news(ONE, seconds(1)), seconds(1), "and back");
    }

    #[test]
    fn what_is_told_says_whether_anything_is_sent() {
        let said = |ms| effect(LeaseTerms::default(), Duration::from_millis(ms));

        assert!(said(9000).contains("sends as its file says"));
        assert!(said(1000).contains("messages are sent as before"));
        assert!(said(962).contains("messages are sent as before"));
        assert!(said(961).contains("little or nothing is sent here"), "less than lies between two renewals");
        assert!(said(766).contains("little or nothing is sent here"));
        assert!(said(500).contains("little or nothing is sent here"));
    }
}
