//! From records to steps: when a group opens, when a segment is full, what may be unlinked.

use super::header::{FORMAT, HEADER_OCTETS, Header};
use super::record::{ALIGNMENT, encode, size};
use super::{
    Committed, ENTRY_OCTETS, Index, LogId, PAYLOAD_OCTETS_MAX, Place, Record, Refused, Seed, State, Step,
};

/// Size of a segment unless configured otherwise: 64 MiB.
pub const SEGMENT_OCTETS: u32 = 64 << 20;

/// The smallest segment: a header and something to write in.
const SEGMENT_OCTETS_MIN: u32 = 4096;
/// The largest segment.
const SEGMENT_OCTETS_MAX: u32 = 1 << 30;
/// What a floor takes.
const FLOOR_OCTETS: u32 = 32;
/// What takes it to say what is agreed on.
const COMMITTED_OCTETS: u32 = 40;
/// What a seal takes; every segment keeps this much room.
const SEAL_OCTETS: u32 = 16;
/// A second mark of the floor stands in the next page, so that no damaged page takes the last group and its mark.
const PAGE_OCTETS: u32 = 4096;

/// Whose log it is; opaque to the log, and the same in every segment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Owner {
    /// The cluster.
    pub cluster: [u8; 16],
    /// The node.
    pub node: [u8; 8],
}

/// Owner and size of the segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    owner: Owner,
    segment_octets: u32,
}

/// Turns records into steps, and knows what the log says.
///
/// One group is under way at a time: push its records, [`flush`](Writer::flush), carry the steps out, tell
/// whoever waits, then [`obsolete`](Writer::obsolete). When a step fails the writer is ahead of the disk and must
/// not be used again.
#[derive(Debug)]
pub struct Writer {
    layout: Layout,
    salt: u64,
    state: State,
    index: Index,
    committed: Committed,
    /// What of it the records and the header say.
    said: Committed,
    /// What of it is said at all, beside the mark included: the next group is written over that.
    told: Committed,
    /// The segment written to, and where its next record goes.
    seed: Seed,
    end: u32,
    /// Whether the segment may say what is agreed on.
    says_committed: bool,
    /// Up to where a mark or what stands beside it was written; the next group covers it.
    beside: u32,
    /// The oldest segment that has a file.
    oldest: u64,
    steps: Vec<Step>,
    open: Vec<u8>,
    /// The group under way has said its floor.
    is_floored: bool,
    /// Nothing was written since the floor was last said.
    is_marked: bool,
}

impl Layout {
    /// Segments of about this size, from 4 KiB to 1 GiB.
    pub fn new(owner: Owner, segment_octets: u32) -> Layout {
        let clamped = segment_octets.clamp(SEGMENT_OCTETS_MIN, SEGMENT_OCTETS_MAX);
        Layout { owner, segment_octets: clamped / ALIGNMENT as u32 * ALIGNMENT as u32 }
    }

    /// Whose log it is.
    pub fn owner(&self) -> Owner {
        self.owner
    }

    /// Size of a new segment.
    pub fn segment_octets(&self) -> u32 {
        self.segment_octets
    }

    /// Most octets of a payload: [`PAYLOAD_OCTETS_MAX`], or what a small segment holds.
    pub fn payload_octets_max(&self) -> usize {
        let taken = HEADER_OCTETS + FLOOR_OCTETS as usize + SEAL_OCTETS as usize + ENTRY_OCTETS + ALIGNMENT;
        PAYLOAD_OCTETS_MAX.min((self.segment_octets as usize).saturating_sub(taken))
    }
}

/// What recovery found, for the writer to go on with.
pub(super) struct Found {
    pub(super) state: State,
    pub(super) index: Index,
    pub(super) committed: Committed,
    pub(super) header: Header,
    pub(super) end: u32,
    /// Up to where a mark or what stands beside it was found.
    pub(super) beside: u32,
    pub(super) oldest: u64,
    pub(super) is_marked: bool,
}

impl Writer {
    /// A new log, and the steps that create it. `salt` is random and never used before.
    pub(super) fn create(layout: Layout, salt: u64) -> (Writer, Vec<Step>) {
        let mut writer = Writer {
            layout,
            salt,
            state: State::default(),
            index: Index::default(),
            committed: Committed::default(),
            said: Committed::default(),
            told: Committed::default(),
            seed: Seed { segment: 0, salt: 0 },
            end: 0,
            says_committed: true,
            beside: 0,
            oldest: 1,
            steps: Vec::new(),
            open: Vec::new(),
            is_floored: false,
            is_marked: true,
        };
        writer.open_segment(Place::default());
        let steps = std::mem::take(&mut writer.steps);
        writer.is_floored = false;
        (writer, steps)
    }

    pub(super) fn resume(layout: Layout, salt: u64, found: Found) -> Writer {
        let Found { state, index, committed, header, end, beside, oldest, is_marked } = found;
        Writer {
            layout,
            salt,
            state,
            index,
            committed,
            // Perhaps it stood beside the mark: the next group says it once more.
            said: Committed::default(),
            told: committed,
            seed: header.seed,
            end,
            says_committed: header.says_committed(),
            beside,
            oldest,
            steps: Vec::new(),
            open: Vec::new(),
            is_floored: false,
            is_marked,
        }
    }

    /// What the log says, the group under way included.
    pub fn state(&self) -> State {
        self.state
    }

    /// Where the entries stand, those of the group under way included.
    pub fn index(&self) -> &Index {
        &self.index
    }

    /// What is known to be agreed on.
    pub fn committed(&self) -> Committed {
        self.committed
    }

    /// Takes in that the entry `id` of the log as it is now, and all before it, are agreed on. Written with the next
    /// record or mark, and by itself never.
    pub fn commit(&mut self, id: LogId) {
        self.committed.note(id, self.state);
    }

    /// Where the next record goes.
    pub fn end(&self) -> Place {
        Place { segment: self.seed.segment, octet: self.end }
    }

    /// How many segments have a file, those not yet unlinked included.
    pub fn segments(&self) -> u64 {
        self.seed.segment + 1 - self.oldest
    }

    /// Adds `record` to the group under way, opening a new segment when this one is full.
    pub fn push(&mut self, record: &Record<'_>) -> Result<(), Refused> {
        let state = self.check(record)?;
        let floor_octets = if self.is_floored { 0 } else { FLOOR_OCTETS };
        let committed_octets = if self.news().is_some() { COMMITTED_OCTETS } else { 0 };
        let octets = floor_octets as usize + committed_octets as usize + size(record);
        if !self.has_room(octets) || (self.news().is_some() && !self.says_committed) {
            // The header of the new segment says what is agreed on.
            self.rotate();
        }
        if !self.is_floored {
            self.put(&Record::Floor(self.end()));
            self.is_floored = true;
        }
        if let Some(id) = self.news() {
            self.put(&Record::Committed(id));
            (self.said, self.told) = (self.committed, self.committed);
        }
        let octet = self.put(record);
        self.state = state;
        self.committed.after(record, state);
        self.said.after(record, state);
        self.told.after(record, state);
        self.index.note(record, self.seed, octet);
        Ok(())
    }

    /// Closes the group: the steps that make it durable, empty when there is none.
    pub fn flush(&mut self) -> Vec<Step> {
        self.close_write();
        self.is_floored = false;
        std::mem::take(&mut self.steps)
    }

    /// After a group is durable: unlinks the segments that hold nothing but purged entries.
    pub fn obsolete(&mut self) -> Vec<Step> {
        let needed = self.index.oldest_segment().unwrap_or(self.seed.segment);
        let gone = self.oldest..needed;
        self.oldest = self.oldest.max(needed);
        gone.map(|segment| Step::Unlink { segment }).collect()
    }

    /// After a group is durable and nothing follows for a while: says the floor without a group, so that damage
    /// to the last group cannot pass for a write that was interrupted. Empty when it was said already.
    ///
    /// The next group says the same floor in the same octets, so the mark needs no room and no sync. At the very
    /// end of a segment the header of a new one is the mark. What is agreed on is said beside it, if the log does not say
    /// it yet; it is part of no group, and the next one is written over it.
    pub fn mark(&mut self) -> Vec<Step> {
        debug_assert!(self.open.is_empty());
        if std::mem::replace(&mut self.is_marked, true) && self.told == self.committed {
            return Vec::new();
        }
        let news = self.news();
        let next_page = (self.end + FLOOR_OCTETS + COMMITTED_OCTETS).next_multiple_of(PAGE_OCTETS);
        let is_silent = news.is_some() && !self.says_committed;
        if is_silent || next_page + FLOOR_OCTETS > self.layout.segment_octets {
            self.rotate();
            return self.flush();
        }
        self.told = self.committed;
        self.beside = self.end + FLOOR_OCTETS + if news.is_some() { COMMITTED_OCTETS } else { 0 };
        vec![self.mark_at(self.end, news), self.mark_at(next_page, None)]
    }

    fn mark_at(&self, octet: u32, committed: Option<LogId>) -> Step {
        let mut bytes = Vec::new();
        encode(self.seed, octet, &Record::Floor(self.end()), &mut bytes);
        if let Some(id) = committed {
            encode(self.seed, octet + FLOOR_OCTETS, &Record::Committed(id), &mut bytes);
        }
        Step::Write { segment: self.seed.segment, octet, bytes }
    }

    /// What is agreed on, if no record says it yet.
    fn news(&self) -> Option<LogId> {
        self.committed.id().filter(|_| self.committed != self.said)
    }

    fn check(&self, record: &Record<'_>) -> Result<State, Refused> {
        if let Record::Entry { payload, .. } = record {
            let (octets, octets_max) = (payload.len(), self.layout.payload_octets_max());
            if octets > octets_max {
                return Err(Refused::TooLarge { octets, octets_max });
            }
        }
        self.state.after(record)
    }

    fn has_room(&self, octets: usize) -> bool {
        let end = self.end as usize + octets + SEAL_OCTETS as usize;
        end <= self.layout.segment_octets as usize
    }

    fn put(&mut self, record: &Record<'_>) -> u32 {
        let octet = self.end;
        encode(self.seed, octet, record, &mut self.open);
        self.end += size(record) as u32;
        self.is_marked = false;
        octet
    }

    /// The order is what recovery relies on: this segment is durable before its successor exists, and the
    /// successor is durable before the seal says so and before anything is written to it.
    fn rotate(&mut self) {
        self.close_write();
        let closed = self.end();
        let mut seal = Vec::new();
        encode(self.seed, closed.octet, &Record::Seal, &mut seal);
        self.open_segment(closed);
        self.steps.push(Step::Write { segment: closed.segment, octet: closed.octet, bytes: seal });
        self.steps.push(Step::Sync { segment: closed.segment });
    }

    fn open_segment(&mut self, floor: Place) {
        let segment = self.seed.segment + 1;
        let (owner, octets) = (self.layout.owner, self.layout.segment_octets);
        self.seed = Seed { segment, salt: mix(self.salt, segment) };
        let (seed, state, committed) = (self.seed, self.state, self.committed);
        let header = Header { format: FORMAT, owner, seed, octets, state, committed, floor };
        (self.said, self.told) = (committed, committed);
        (self.says_committed, self.beside) = (true, 0);
        self.end = HEADER_OCTETS as u32;
        self.is_floored = true;
        self.steps.extend([
            Step::Create { segment, octets },
            Step::Write { segment, octet: 0, bytes: header.encode() },
            Step::Sync { segment },
            Step::SyncDirectory,
        ]);
    }

    fn close_write(&mut self) {
        if self.open.is_empty() {
            return;
        }
        let segment = self.seed.segment;
        let mut bytes = std::mem::take(&mut self.open);
        let octet = self.end - bytes.len() as u32;
        // A group shorter than what stands beside the mark leaves nothing of it behind itself.
        bytes.resize(bytes.len() + self.beside.saturating_sub(self.end) as usize, 0);
        self.beside = 0;
        self.steps.extend([Step::Write { segment, octet, bytes }, Step::Sync { segment }]);
    }
}

/// One salt for every segment from the one drawn at opening (the finalizer of SplitMix64).
fn mix(salt: u64, segment: u64) -> u64 {
    let mut z = salt.wrapping_add(segment.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}
