//! What is known to be agreed on, through restarts, damage and cuts.

use smsgrid::log::{Header, LogId, Record, Recovered, Step, Vote, Writer};
use smsgrid::model::NodeId;

use crate::disk::{Image, World};
use crate::model::recover;

#[test]
fn it_goes_with_the_next_group_and_costs_no_step() {
    let (mut log, mut without) = (Log::new(), Log::new());
    log.append(1..=5);
    without.append(1..=5);
    log.writer.commit(id(4));
    assert_eq!(log.known(), None, "nothing is written for it");

    let (steps, usual) = (log.append(6..=6), without.append(6..=6));
    assert_eq!(log.known(), Some(id(4)));
    assert_eq!(kinds(&steps), kinds(&usual));
}

#[test]
fn it_stands_beside_the_mark_and_the_group_over_it_says_it_again() {
    let mut log = Log::new();
    log.append(1..=5);
    log.writer.commit(id(5));
    let marks = log.mark();
    assert!(marks.iter().all(|step| matches!(step, Step::Write { .. })), "no sync: {marks:?}");
    assert_eq!(log.known(), Some(id(5)));
    assert!(log.mark().is_empty(), "it is said once");

    // Also by the process after this one.
    let mut next = Log::over(&log.world);
    assert!(next.mark().is_empty(), "an idle log writes nothing");
    for log in [&mut log, &mut next] {
        log.append(6..=6);
        assert_eq!(log.known(), Some(id(5)));
    }
}

#[test]
fn a_group_shorter_than_what_stood_beside_the_mark_leaves_nothing_of_it() {
    let mut log = Log::new();
    log.append(1..=5);
    log.writer.commit(id(2));
    log.mark();
    log.writer.push(&Record::Truncate(None)).expect("nothing is purged");
    log.flush();

    let recovered = recover(&log.world.visible(), 1).expect("intact");
    assert_eq!((recovered.cut, recovered.writer.committed().id()), (None, None));
}

#[test]
fn a_cut_or_damage_anywhere_leaves_less_or_nothing_and_never_what_is_not_there() {
    let mut log = Log::new();
    for entry in 1..=40 {
        log.append(entry..=entry);
        log.writer.commit(id(entry));
    }
    log.mark();
    let image = log.world.visible();
    let (segment, bytes) = image.last_key_value().expect("one segment");
    let mut opened = 0;
    for octet in 512..log.writer.end().octet as usize + 80 {
        for damage in [Damage::Zeros, Damage::Flip] {
            let mut image = image.clone();
            image.insert(*segment, damage.done_to(bytes, octet));
            let Ok(Recovered { writer, .. }) = recover(&image, 1) else { continue };
            let (last, committed) = (writer.state().last, writer.committed().id());
            assert!(committed.map(|id| id.index) <= last.map(|id| id.index), "{octet}: {committed:?}");
            opened += 1;
        }
    }
    assert!(opened > 80, "most opened: {opened}");
}

#[test]
fn a_new_segment_says_it_and_the_old_ones_may_go() {
    let mut log = Log::new();
    log.append(1..=5);
    log.writer.commit(id(3));
    let mut entry = 5;
    while log.writer.end().segment < 3 {
        entry += 1;
        log.append(entry..=entry);
    }
    log.writer.push(&Record::Purge(id(entry - 1))).expect("it is there");
    log.flush();
    let gone = log.writer.obsolete();
    log.take(gone);

    assert!(!log.world.visible().contains_key(&1));
    assert_eq!(log.known(), Some(id(3)));
}

#[test]
fn a_log_of_the_first_format_opens_and_says_it_in_a_new_segment_alone() {
    let mut log = Log::new();
    log.append(1..=5);
    let mut image = log.world.visible();
    let first = image.get_mut(&1).expect("the first segment");
    let header = Header { format: 1, ..Header::decode(first).expect("a header") };
    first.splice(..512, header.encode());

    let mut log = Log::over(&World::durable(&image));
    log.append(6..=6);
    assert_eq!(log.writer.end().segment, 1, "nothing to say, nothing new");
    log.writer.commit(id(6));
    log.append(7..=7);
    assert_eq!((log.writer.end().segment, log.known()), (2, Some(id(6))));
    let image = log.world.visible();
    let formats = image.values().map(|bytes| Header::decode(bytes).expect("a header").format);
    assert_eq!(formats.collect::<Vec<_>>(), [1, 2]);
}

/// A log and its disk.
struct Log {
    writer: Writer,
    world: World,
}

impl Log {
    fn new() -> Log {
        Log::over(&World::durable(&Image::new()))
    }

    fn over(world: &World) -> Log {
        let Recovered { writer, repairs, .. } = recover(&world.visible(), 7).expect("sound");
        let mut log = Log { writer, world: world.clone() };
        log.take(repairs);
        log
    }

    fn append(&mut self, entries: std::ops::RangeInclusive<u64>) -> Vec<Step> {
        for entry in entries {
            let vote = Vote { term: 1, node: NodeId(1), committed: true };
            if entry == 1 {
                self.writer.push(&Record::Vote(vote)).expect("a vote follows anything");
            }
            self.writer.push(&Record::Entry { id: id(entry), payload: &[7; 200] }).expect("it follows");
        }
        self.flush()
    }

    fn flush(&mut self) -> Vec<Step> {
        let steps = self.writer.flush();
        self.take(steps)
    }

    fn mark(&mut self) -> Vec<Step> {
        let steps = self.writer.mark();
        self.take(steps)
    }

    fn take(&mut self, steps: Vec<Step>) -> Vec<Step> {
        steps.iter().for_each(|step| self.world.carry_out(step));
        steps
    }

    /// What the next process knows.
    fn known(&self) -> Option<LogId> {
        recover(&self.world.visible(), 1).expect("sound").writer.committed().id()
    }
}

enum Damage {
    /// Everything from the octet on is lost.
    Zeros,
    /// One bit is another.
    Flip,
}

impl Damage {
    fn done_to(&self, bytes: &[u8], octet: usize) -> Vec<u8> {
        let mut bytes = bytes.to_vec();
        match self {
            Damage::Zeros => bytes[octet..].fill(0),
            Damage::Flip => bytes[octet] ^= 1,
        }
        bytes
    }
}

fn kinds(steps: &[Step]) -> Vec<std::mem::Discriminant<Step>> {
    steps.iter().map(std::mem::discriminant).collect()
}

fn id(index: u64) -> LogId {
    LogId { term: 1, node: NodeId(1), index }
}
