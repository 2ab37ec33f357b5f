//! The files of `outgoing` that could be taken next, in order, and those that cannot.
//!
//! ```text
//! offered --moved in, trusted--> ready --choose--> (machine)
//!    |                             ^
//!    +--> settling --same for a while--+
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::model::Time;

use super::{FileName, Identity, Inspection, Irregularity, Order};

/// How old a look at a ready file may be when it is taken.
const LOOK_AGE_MAX: Duration = Duration::from_millis(100);
/// Most files known at once; the rest is found by a later scan.
pub(super) const CANDIDATES_MAX: usize = 65_536;
/// Most files remembered as left alone.
const LEFT_ALONE_MAX: usize = 4_096;

/// The files known in `outgoing`.
#[derive(Debug)]
pub(super) struct Candidates {
    /// How long a file must look the same.
    settle: Duration,
    order: Order,
    /// Files that were met so far.
    met: u64,
    known: BTreeMap<FileName, Candidate>,
    ready: BTreeSet<Rank>,
    settling: BTreeSet<(Time, FileName)>,
    irregular: BTreeMap<FileName, (u64, Irregularity, u32)>,
    conflicts: BTreeMap<FileName, u32>,
    /// Counts scans; what a complete one did not see is gone.
    scan: u32,
    /// Some files did not fit; another scan is needed.
    pub(super) overflowed: bool,
    told_many: bool,
}

#[derive(Debug)]
struct Candidate {
    identity: Identity,
    urgent: bool,
    /// How many files were met before it.
    met: u64,
    /// Since when it looks like this.
    since: Time,
    looked: Time,
    /// Nobody is writing it.
    complete: bool,
    place: Place,
    scan: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Ready,
    Settling,
    /// A look at it is on its way.
    Looking,
}

/// Urgent files first, then the oldest or the first met, then by name.
type Rank = (bool, u64, FileName);

/// What to do next with the best file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Choice {
    /// Take it.
    Take(FileName, Identity),
    /// Look again first.
    Look(FileName),
}

/// What is to be told about a file that is left alone.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Telling {
    News,
    NewsOfMany,
    Old,
}

impl Candidates {
    /// Knows nothing yet; a file that is not known to be complete must look the same for `settle`.
    pub(super) fn new(settle: Duration, order: Order) -> Candidates {
        Candidates {
            settle,
            order,
            met: 0,
            known: BTreeMap::new(),
            ready: BTreeSet::new(),
            settling: BTreeSet::new(),
            irregular: BTreeMap::new(),
            conflicts: BTreeMap::new(),
            scan: 0,
            overflowed: false,
            told_many: false,
        }
    }

    /// Takes note of a file that may be taken; `complete` when nobody is writing it.
    pub(super) fn offer(&mut self, inspection: &Inspection, complete: bool, now: Time) {
        let name = &inspection.observation.name;
        let identity = inspection.observation.identity;
        self.touch(name);
        self.conflicts.remove(name);
        let before = self.remove(name);
        let met = before.as_ref().map_or(self.met, |before| before.met);
        self.met = self.met.max(met + 1);
        let before = before.filter(|before| before.identity == identity);
        let complete = complete || before.as_ref().is_some_and(|before| before.complete);
        let since = before.map_or(now, |before| before.since);
        let urgent = match self.order {
            Order::Age => inspection.urgent,
            Order::Directory => false,
        };
        if self.known.len() >= CANDIDATES_MAX && !self.make_room(urgent) {
            self.overflowed = true;
            return;
        }
        let settled = complete || now.since(since) >= self.settle;
        let place = if settled { Place::Ready } else { Place::Settling };
        let scan = self.scan;
        let candidate = Candidate { identity, urgent, met, since, looked: now, complete, place, scan };
        match place {
            Place::Ready => {
                self.ready.insert(self.rank(name, &candidate));
            }
            Place::Settling | Place::Looking => {
                self.settling.insert((since + self.settle, name.clone()));
            }
        }
        self.known.insert(name.clone(), candidate);
    }

    /// Forgets a file.
    pub(super) fn forget(&mut self, name: &FileName) {
        self.remove(name);
        self.irregular.remove(name);
        self.conflicts.remove(name);
    }

    /// The best file, if there is one; ordinary ones only when `ordinary`.
    pub(super) fn choose(&mut self, ordinary: bool, now: Time) -> Option<Choice> {
        let best = self.ready.first()?.clone();
        let (is_ordinary, _, name) = &best;
        if *is_ordinary && !ordinary {
            return None;
        }
        let candidate = self.known.get_mut(name)?;
        self.ready.remove(&best);
        if now.since(candidate.looked) > LOOK_AGE_MAX {
            candidate.place = Place::Looking;
            return Some(Choice::Look(best.2));
        }
        let identity = candidate.identity;
        self.forget(&best.2);
        Some(Choice::Take(best.2, identity))
    }

    /// Files that have waited long enough for a second look.
    pub(super) fn due(&mut self, now: Time) -> Vec<FileName> {
        let mut due = Vec::new();
        while let Some((when, _)) = self.settling.first() {
            if *when > now {
                break;
            }
            let Some((_, name)) = self.settling.pop_first() else { break };
            if let Some(candidate) = self.known.get_mut(&name) {
                candidate.place = Place::Looking;
                due.push(name);
            }
        }
        due
    }

    /// When the next file is due for a second look.
    pub(super) fn next_due(&self) -> Option<Time> {
        self.settling.first().map(|(when, _)| *when)
    }

    /// Leaves a file alone for what it is.
    pub(super) fn leave(&mut self, name: &FileName, inode: u64, why: Irregularity) -> Telling {
        self.remove(name);
        if let Some((known, reason, scan)) = self.irregular.get_mut(name)
            && (*known, *reason) == (inode, why)
        {
            *scan = self.scan;
            return Telling::Old;
        }
        if self.irregular.len() >= LEFT_ALONE_MAX {
            return if std::mem::replace(&mut self.told_many, true) {
                Telling::Old
            } else {
                Telling::NewsOfMany
            };
        }
        self.irregular.insert(name.clone(), (inode, why, self.scan));
        Telling::News
    }

    /// Lets a file wait because its name is taken in `checked`.
    pub(super) fn hold(&mut self, name: &FileName) -> Telling {
        self.remove(name);
        let news = self.conflicts.len() < LEFT_ALONE_MAX && !self.conflicts.contains_key(name);
        if news || self.conflicts.contains_key(name) {
            self.conflicts.insert(name.clone(), self.scan);
        }
        if news { Telling::News } else { Telling::Old }
    }

    /// The first file in the order of names that waits for its name.
    pub(super) fn first_held(&self) -> Option<&FileName> {
        self.conflicts.keys().next()
    }

    /// Whether a file waits for this name.
    pub(super) fn is_held(&self, name: &FileName) -> bool {
        self.conflicts.contains_key(name)
    }

    /// Starts a pass over the folder.
    pub(super) fn start_scan(&mut self) {
        self.scan = self.scan.wrapping_add(1);
        self.overflowed = false;
    }

    /// The pass saw the name. Whether the file is known as it is, so that no look is needed.
    pub(super) fn sighted(&mut self, name: &FileName, identity: Identity) -> bool {
        self.touch(name);
        let known = self.known.get(name);
        known.is_some_and(|known| known.place == Place::Looking || known.identity == identity)
    }

    /// Ends a pass: what it did not see is gone.
    pub(super) fn finish_scan(&mut self) {
        let scan = self.scan;
        let gone: Vec<FileName> = self
            .known
            .iter()
            .filter(|(_, candidate)| candidate.scan != scan && candidate.place != Place::Looking)
            .map(|(name, _)| name.clone())
            .collect();
        for name in gone {
            self.remove(&name);
        }
        self.irregular.retain(|_, (_, _, seen)| *seen == scan);
        self.conflicts.retain(|_, seen| *seen == scan);
        self.told_many = self.told_many && self.irregular.len() >= LEFT_ALONE_MAX;
    }

    /// Ends a pass that did not see everything: what is known stays, and the pass to come makes up for this one.
    pub(super) fn abandon_scan(&mut self) {
        self.overflowed = false;
    }

    /// Forgets that the file is known, not what was told of it.
    pub(super) fn let_go(&mut self, name: &FileName) {
        self.remove(name);
    }

    /// How many files are known.
    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    /// What is known of the name outlives this pass.
    fn touch(&mut self, name: &FileName) {
        let scan = self.scan;
        let known = self.known.get_mut(name).map(|known| &mut known.scan);
        let irregular = self.irregular.get_mut(name).map(|(_, _, seen)| seen);
        let held = self.conflicts.get_mut(name);
        for seen in [known, irregular, held].into_iter().flatten() {
            *seen = scan;
        }
    }

    /// Gives up the last ordinary file for an urgent one.
    fn make_room(&mut self, urgent: bool) -> bool {
        let last = self.ready.last().filter(|(is_ordinary, _, _)| urgent && *is_ordinary).cloned();
        let Some((_, _, name)) = last else { return false };
        self.remove(&name);
        self.overflowed = true;
        true
    }

    fn remove(&mut self, name: &FileName) -> Option<Candidate> {
        let candidate = self.known.remove(name)?;
        match candidate.place {
            Place::Ready => {
                self.ready.remove(&self.rank(name, &candidate));
            }
            Place::Settling => {
                self.settling.remove(&(candidate.since + self.settle, name.clone()));
            }
            Place::Looking => {}
        }
        Some(candidate)
    }

    fn rank(&self, name: &FileName, candidate: &Candidate) -> Rank {
        let place = match self.order {
            Order::Age => candidate.identity.mtime_ns,
            Order::Directory => candidate.met,
        };
        (!candidate.urgent, place, name.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::worker::intake::{Kind, Observation};

    #[test]
    fn urgent_files_go_first_then_the_oldest_then_by_name() {
        let mut candidates = of(Order::Age);
        for (name, mtime, urgent) in [("b", 2, false), ("c", 1, false), ("a", 2, false), ("z", 9, true)] {
            candidates.offer(&look(name, mtime, urgent), true, at(0));
        }

        let order: Vec<String> = std::iter::from_fn(|| match candidates.choose(true, at(0))? {
            Choice::Take(name, _) | Choice::Look(name) => Some(name.to_string()),
        })
        .collect();
        assert_eq!(order, ["z", "c", "a", "b"]);
    }

    #[test]
    fn in_the_order_of_the_folder_neither_priority_nor_age_counts() {
        let mut candidates = of(Order::Directory);
        for (name, mtime, urgent) in [("b", 9, false), ("c", 1, false), ("z", 5, true), ("a", 2, false)] {
            candidates.offer(&look(name, mtime, urgent), name != "c", at(0));
        }
        candidates.offer(&look("b", 10, false), true, at(500));
        candidates.offer(&look("c", 1, false), false, at(500));

        let order: Vec<String> = std::iter::from_fn(|| match candidates.choose(true, at(500))? {
            Choice::Take(name, _) | Choice::Look(name) => Some(name.to_string()),
        })
        .collect();
        assert_eq!(order, ["b", "c", "z", "a"]);
        candidates.offer(&look("urgent", 1, true), true, at(500));
        assert_eq!(candidates.choose(false, at(500)), None);
    }

    #[test]
    fn a_file_written_in_place_settles_for_half_a_second_without_a_change() {
        let mut candidates = of(Order::Age);
        candidates.offer(&look("a", 1, false), false, at(0));
        assert_eq!(candidates.choose(true, at(0)), None);
        assert_eq!(candidates.due(at(499)), []);
        assert_eq!(candidates.due(at(500)), [name("a")]);

        candidates.offer(&look("a", 2, false), false, at(500));
        assert_eq!(candidates.choose(true, at(500)), None);
        assert_eq!(candidates.next_due(), Some(at(1000)));
        assert_eq!(candidates.due(at(1000)), [name("a")]);
        candidates.offer(&look("a", 2, false), false, at(1000));
        assert_eq!(candidates.choose(true, at(1000)), Some(Choice::Take(name("a"), identity(2))));
    }

    #[test]
    fn a_look_that_is_old_is_repeated_before_the_file_is_taken() {
        let mut candidates = of(Order::Age);
        candidates.offer(&look("a", 1, false), true, at(0));

        assert_eq!(candidates.choose(true, at(101)), Some(Choice::Look(name("a"))));
        assert_eq!(candidates.choose(true, at(101)), None);
        candidates.offer(&look("a", 1, false), false, at(102));
        assert_eq!(candidates.choose(true, at(102)), Some(Choice::Take(name("a"), identity(1))));
    }

    #[test]
    fn ordinary_files_wait_while_only_urgent_ones_may_go() {
        let mut candidates = of(Order::Age);
        candidates.offer(&look("a", 1, false), true, at(0));
        assert_eq!(candidates.choose(false, at(0)), None);
        candidates.offer(&look("b", 2, true), true, at(0));
        assert_eq!(candidates.choose(false, at(0)), Some(Choice::Take(name("b"), identity(2))));
    }

    #[test]
    fn a_full_list_still_takes_an_urgent_file() {
        let mut candidates = of(Order::Age);
        for number in 0..CANDIDATES_MAX {
            candidates.offer(&look(&format!("{number:06}"), 1, false), true, at(0));
        }
        candidates.offer(&look("late", 1, false), true, at(0));
        assert!(candidates.overflowed);
        candidates.offer(&look("urgent", 9, true), true, at(0));

        assert_eq!(candidates.len(), CANDIDATES_MAX);
        assert_eq!(candidates.choose(false, at(0)), Some(Choice::Take(name("urgent"), identity(9))));
    }

    #[test]
    fn a_file_left_alone_is_told_once_until_it_changes_or_goes() {
        let mut candidates = of(Order::Age);
        let link = Irregularity::Symlink;
        assert_eq!(candidates.leave(&name("a"), 1, link), Telling::News);
        assert_eq!(candidates.leave(&name("a"), 1, link), Telling::Old);
        assert_eq!(candidates.leave(&name("a"), 2, link), Telling::News);
        assert_eq!(candidates.hold(&name("b")), Telling::News);
        assert_eq!(candidates.hold(&name("b")), Telling::Old);

        candidates.start_scan();
        candidates.finish_scan();
        assert_eq!(candidates.leave(&name("a"), 2, link), Telling::News);
        assert!(!candidates.is_held(&name("b")));
    }

    #[test]
    fn what_a_complete_scan_does_not_see_is_gone() {
        let mut candidates = of(Order::Age);
        candidates.offer(&look("a", 1, false), true, at(0));
        candidates.offer(&look("b", 1, false), true, at(0));
        candidates.start_scan();
        assert!(candidates.sighted(&name("b"), identity(1)));
        assert!(!candidates.sighted(&name("b"), identity(2)));
        assert!(!candidates.sighted(&name("c"), identity(1)));
        candidates.finish_scan();

        assert_eq!(candidates.choose(true, at(0)), Some(Choice::Take(name("b"), identity(1))));
        assert_eq!(candidates.choose(true, at(0)), None);
    }

    fn of(order: Order) -> Candidates {
        Candidates::new(Duration::from_millis(500), order)
    }

    fn look(text: &str, mtime_ns: u64, urgent: bool) -> Inspection {
        let observation = Observation {
            name: name(text),
            kind: Kind::Regular,
            identity: identity(mtime_ns),
            links: 1,
            owner: 0,
        };
        Inspection { observation, locked: false, conflict: false, recipient: None, urgent, readable: true }
    }

    fn identity(mtime_ns: u64) -> Identity {
        Identity { inode: 1, size: 10, mtime_ns }
    }

    fn name(text: &str) -> FileName {
        FileName::new(text.as_bytes()).expect("a name")
    }

    fn at(ms: u64) -> Time {
        Time::from_millis(ms)
    }
}
