//! What the log should say, and a load that drives log and model alike.

use std::collections::BTreeMap;
use std::sync::Arc;

use smsgrid::log::{
    Error, Known, Layout, LogId, Owner, Record, Recovered, Recovery, State, Step, Vote, Writer, decode,
};
use smsgrid::model::NodeId;

use crate::disk::{Dice, Image, World};

/// Small segments, so that a short load goes through many.
pub(crate) const SEGMENT_OCTETS: u32 = 12 << 10;

/// Everything a reader can see.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Shown {
    pub(crate) state: State,
    pub(crate) entries: BTreeMap<u64, (LogId, Arc<[u8]>)>,
}

/// A log under load, with everything it ever showed.
pub(crate) struct Run {
    pub(crate) writer: Writer,
    pub(crate) dice: Dice,
    /// What is shown after each record; the first is where the run began.
    pub(crate) shown: Vec<Shown>,
    /// Every step, in order.
    pub(crate) steps: Vec<Step>,
    /// After that many steps, that many records were handed over and acknowledged.
    pub(crate) marks: Vec<Mark>,
    pub(crate) payload_octets_max: u64,
}

/// How far the run was at one moment.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mark {
    pub(crate) steps: usize,
    pub(crate) acknowledged: usize,
    pub(crate) handed_over: usize,
}

/// What the log does next.
enum Deed {
    Append(LogId, Arc<[u8]>),
    Vote(Vote),
    Truncate(Option<LogId>),
    Purge(LogId),
}

pub(crate) fn layout() -> Layout {
    Layout::new(Owner { cluster: [1; 16], node: [2; 8] }, SEGMENT_OCTETS)
}

/// Reads an image as a node does that knows nothing else.
pub(crate) fn recover(image: &Image, salt: u64) -> Result<Recovered, Error> {
    recover_knowing(image, Known::default(), salt)
}

pub(crate) fn recover_knowing(image: &Image, known: Known, salt: u64) -> Result<Recovered, Error> {
    let mut recovery = Recovery::new(layout(), known, image.keys().copied());
    while let Some(segment) = recovery.wanted() {
        recovery.read(&image[&segment])?;
    }
    recovery.finish(salt)
}

/// Everything that can be read of a log whose files are `image`.
pub(crate) fn show(writer: &Writer, image: &Image) -> Shown {
    let state = writer.state();
    let mut entries = BTreeMap::new();
    let first = writer.index().first().unwrap_or(0);
    let end = state.last.map_or(0, |last| last.index + 1);
    for index in first..end {
        let (seed, octet) = writer.index().find(index).expect("every live entry is found");
        let bytes = &image[&seed.segment][octet as usize..];
        match decode(seed, octet, bytes) {
            Ok((Record::Entry { id, payload }, _)) => entries.insert(index, (id, Arc::from(payload))),
            other => panic!("entry {index} is not where the index says: {other:?}"),
        };
    }
    assert_held(writer, &entries);
    Shown { state, entries }
}

/// What is said to be agreed on is an entry of the log as it is, or is purged.
fn assert_held(writer: &Writer, entries: &BTreeMap<u64, (LogId, Arc<[u8]>)>) {
    let Some(committed) = writer.committed().id() else { return };
    let State { last, purged, .. } = writer.state();
    let held = entries.get(&committed.index).map(|(id, _)| *id);
    assert!(held == Some(committed) || purged.is_some_and(|purged| committed.index <= purged.index));
    assert!(last.is_some_and(|last| committed.index <= last.index));
}

impl Run {
    /// Begins on an empty disk.
    pub(crate) fn new(seed: u64) -> Run {
        let recovered = recover(&Image::new(), seed).expect("an empty directory is a new log");
        Run::resume(recovered, Shown::default(), seed)
    }

    /// Goes on with what was recovered.
    pub(crate) fn resume(recovered: Recovered, shown: Shown, seed: u64) -> Run {
        let Recovered { writer, repairs, .. } = recovered;
        let mark = Mark { steps: repairs.len(), ..Mark::default() };
        Run {
            writer,
            dice: Dice(seed),
            shown: vec![shown],
            steps: repairs,
            marks: vec![Mark::default(), mark],
            payload_octets_max: 400,
        }
    }

    /// Writes groups until that many records were acknowledged.
    pub(crate) fn load(&mut self, records: usize) {
        while self.shown.len() <= records {
            let group = 1 + self.dice.below(1 << self.dice.clone().below(5));
            (0..group).for_each(|_| self.deed());
            self.flush();
            if self.dice.below(4) == 0 {
                let mark = self.writer.mark();
                self.take(mark);
            }
        }
    }

    /// Ends as a node does that is stopped in order.
    pub(crate) fn close(&mut self) {
        let mark = self.writer.mark();
        self.take(mark);
        let segment = self.writer.end().segment;
        self.take(vec![Step::Sync { segment }]);
    }

    /// The disk after the first steps.
    pub(crate) fn world(&self, base: &World, steps: usize) -> World {
        let mut world = base.clone();
        self.steps[..steps].iter().for_each(|step| world.carry_out(step));
        world
    }

    /// How far the run was when that many steps were complete.
    pub(crate) fn mark_at(&self, steps: usize) -> Mark {
        let after = self.marks.partition_point(|mark| mark.steps <= steps);
        let reached = self.marks[after - 1];
        let under_way = self.marks.get(after).unwrap_or(&reached);
        Mark { handed_over: under_way.handed_over, ..reached }
    }

    fn flush(&mut self) {
        let steps = self.writer.flush();
        self.take(steps);
        let reached = self.shown.len() - 1;
        self.marks.push(Mark { steps: self.steps.len(), acknowledged: reached, handed_over: reached });
        let obsolete = self.writer.obsolete();
        self.take(obsolete);
    }

    fn take(&mut self, steps: Vec<Step>) {
        self.steps.extend(steps);
    }

    fn deed(&mut self) {
        let mut shown = self.shown.last().expect("never empty").clone();
        self.commit(&shown);
        let deed = self.choose(&shown);
        self.writer.push(&deed.record()).expect("the load is legal");
        deed.apply(&mut shown);
        self.shown.push(shown);
    }

    /// Now and then the log is told how far it is agreed on. Unlike a real one this load may take that back.
    fn commit(&mut self, shown: &Shown) {
        let (records, last) = (self.shown.len() as u64, shown.state.last.map_or(0, |last| last.index));
        let entry = shown.entries.get(&last.saturating_sub(records % 5));
        if let Some((id, _)) = entry.filter(|_| records.is_multiple_of(3)) {
            self.writer.commit(*id);
        }
    }

    fn choose(&mut self, shown: &Shown) -> Deed {
        let State { vote, last, purged } = shown.state;
        let term = vote.map_or(0, |vote| vote.term);
        let (first, end) = (purged.map_or(0, |purged| purged.index), last.map_or(0, |last| last.index));
        let within = first + self.dice.below(end - first + 1);
        let id_of = |index: u64| shown.entries.get(&index).map(|(id, _)| *id);
        match self.dice.below(40) {
            0..3 => self.vote(term),
            3..5 if within > first => Deed::Truncate(id_of(within).or(purged)),
            5 if within > first && self.dice.below(2) == 0 => Deed::Purge(id_of(within).expect("live")),
            6 if self.dice.below(12) == 0 => Deed::Purge(LogId { term, node: NodeId(1), index: end + 7 }),
            7 if self.dice.below(8) == 0 => Deed::Truncate(purged),
            _ => self.append(term, last),
        }
    }

    fn vote(&mut self, term: u64) -> Deed {
        // Also a vote that is "smaller" in the same term: another node's committed leadership.
        let node = NodeId(1 + self.dice.below(3));
        let committed = self.dice.below(2) == 0;
        Deed::Vote(Vote { term: term + self.dice.below(2), node, committed })
    }

    fn append(&mut self, term: u64, last: Option<LogId>) -> Deed {
        let index = last.map_or(1, |last| last.index + 1);
        let id = LogId { term, node: NodeId(1), index };
        let octets = self.dice.below(self.payload_octets_max) as usize;
        let payload: Vec<u8> = (0..octets).map(|_| self.dice.below(256) as u8).collect();
        Deed::Append(id, payload.into())
    }
}

impl Deed {
    fn record(&self) -> Record<'_> {
        match self {
            Deed::Append(id, payload) => Record::Entry { id: *id, payload },
            Deed::Vote(vote) => Record::Vote(*vote),
            Deed::Truncate(last) => Record::Truncate(*last),
            Deed::Purge(upto) => Record::Purge(*upto),
        }
    }

    fn apply(self, shown: &mut Shown) {
        match self {
            Deed::Append(id, payload) => {
                shown.state.last = Some(id);
                shown.entries.insert(id.index, (id, payload));
            }
            Deed::Vote(vote) => shown.state.vote = Some(vote),
            Deed::Truncate(last) => {
                shown.state.last = last;
                shown.entries.retain(|index, _| last.is_some_and(|last| *index <= last.index));
            }
            Deed::Purge(upto) => {
                shown.state.purged = Some(upto);
                shown.state.last = shown.state.last.filter(|last| last.index > upto.index).or(Some(upto));
                shown.entries.retain(|index, _| *index > upto.index);
            }
        }
    }
}
