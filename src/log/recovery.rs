//! From the bytes of the segments to a writer: what is accepted, what is cut, and what is refused.
//!
//! ```text
//!            wanted() = n                    wanted() = None
//! new ──▶ ┌───────────────┐ ──read(bytes)──▶ finish ──▶ Recovered: writer, repairs
//!         └───────────────┘ ◀──────┘    └──▶ Error: acknowledged bytes are missing or damaged
//! ```
//!
//! Only the end of the newest segment may be other than written, and only beyond the floor: everything older
//! was durable before its successor was created. A successor whose creation was interrupted holds nothing and is
//! removed. Old segments left behind by an interrupted purge are removed as well. Whoever opens the log must
//! carry the repairs out before using it: they also make durable what was read but perhaps never synced.

use std::collections::VecDeque;

use super::scan::{Tail, walk};
use super::writer::Found;
use super::{
    Committed, HEADER_OCTETS, Header, HeaderError, Index, Layout, Place, Refused, State, Step, Writer,
};

/// What is known of the log from elsewhere; nothing by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Everything before this place was durable. Any segment at all means that the log was created.
    pub floor: Place,
    /// An entry with this index was durable, because it was applied.
    pub index: u64,
}

/// Why the log cannot be used. None of these can come from an interrupted write.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Acknowledged bytes cannot be read any more.
    #[error("segment {segment} is damaged at octet {octet}, although everything before {floor} was durable")]
    Damaged {
        /// The segment.
        segment: u64,
        /// First octet that cannot be read.
        octet: u32,
        /// What was durable.
        floor: Place,
    },
    /// The header of a segment that was in use cannot be read.
    #[error("the header of segment {segment} is damaged")]
    Header {
        /// The segment.
        segment: u64,
    },
    /// A segment has no file, or an empty one, although it held acknowledged bytes.
    #[error("segment {segment} is missing")]
    Missing {
        /// The segment.
        segment: u64,
    },
    /// A file is smaller than it was created.
    #[error("segment {segment} ends at octet {found} of {octets}")]
    Short {
        /// The segment.
        segment: u64,
        /// Octets it was created with.
        octets: u32,
        /// Octets it has.
        found: u64,
    },
    /// The log ends before what is known to have been durable.
    #[error("the log ends with entry {last:?}, although entry {known} was applied")]
    Behind {
        /// Index of its last entry.
        last: Option<u64>,
        /// Index of the entry that was applied.
        known: u64,
    },
    /// A record is intact but cannot follow the one before it.
    #[error("the record at octet {octet} of segment {segment} cannot follow")]
    Order {
        /// The segment.
        segment: u64,
        /// Where the record stands.
        octet: u32,
        /// Why not.
        #[source]
        refused: Refused,
    },
    /// A segment does not begin where the one before it ends.
    #[error("segment {segment} does not continue the one before it")]
    Join {
        /// The segment.
        segment: u64,
    },
    /// The last entry is of a later term than the vote.
    #[error("the last entry is of term {term}, the vote of term {vote}")]
    Vote {
        /// Term of the last entry.
        term: u64,
        /// Term of the vote.
        vote: u64,
    },
    /// The segment belongs to another node or another cluster.
    #[error("segment {segment} belongs to another node or cluster")]
    Owner {
        /// The segment.
        segment: u64,
    },
    /// The segment was written by a program that knows another format.
    #[error("segment {segment} cannot be read by this program")]
    Format {
        /// The segment.
        segment: u64,
        /// Which format.
        #[source]
        error: HeaderError,
    },
}

/// What was cut from the end of the log: a group that never became durable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    /// The place where the log ends now.
    pub end: Place,
    /// How many octets after it were not zero.
    pub octets: u32,
}

/// A log that can be used once its repairs are carried out.
#[derive(Debug)]
pub struct Recovered {
    /// Goes on where the log ends.
    pub writer: Writer,
    /// To be carried out first, in order.
    pub repairs: Vec<Step>,
    /// What the repairs cut.
    pub cut: Option<Cut>,
}

/// Reads the segments one after another.
#[derive(Debug)]
pub struct Recovery {
    layout: Layout,
    known: Known,
    leftovers: Vec<u64>,
    wanted: VecDeque<u64>,
    walked: Option<Walked>,
    unborn: Vec<u64>,
}

/// Everything up to and including one segment.
#[derive(Debug)]
struct Walked {
    header: Header,
    oldest: u64,
    state: State,
    index: Index,
    committed: Committed,
    tail: Tail,
}

impl Recovery {
    /// Begins with the segments that have a file, in any order.
    pub fn new(layout: Layout, known: Known, segments: impl IntoIterator<Item = u64>) -> Recovery {
        let mut leftovers: Vec<u64> = segments.into_iter().collect();
        leftovers.sort_unstable();
        leftovers.dedup();
        let mut wanted = VecDeque::new();
        while let Some(segment) =
            leftovers.pop_if(|segment| wanted.front().is_none_or(|newer| *segment + 1 == *newer))
        {
            wanted.push_front(segment);
        }
        Recovery { layout, known, leftovers, wanted, walked: None, unborn: Vec::new() }
    }

    /// The segment to read next.
    pub fn wanted(&self) -> Option<u64> {
        self.wanted.front().copied()
    }

    /// Takes the whole content of the wanted segment.
    pub fn read(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let Some(segment) = self.wanted.pop_front() else { return Ok(()) };
        let Some(header) = self.header(segment, bytes)? else {
            self.unborn.push(segment);
            return Ok(());
        };
        if let Some(missing) = self.unborn.first() {
            return Err(Error::Missing { segment: *missing });
        }
        let mut walked = match self.walked.take() {
            Some(walked) => walked.join(header)?,
            None => Walked::begin(header),
        };
        let Walked { state, index, committed, .. } = &mut walked;
        walked.tail = walk(header.seed, bytes, state, index, committed)
            .map_err(|(octet, refused)| Error::Order { segment, octet, refused })?;
        self.walked = Some(walked);
        Ok(())
    }

    /// Judges the end of the log. `salt` is random and never used before; new segments are marked with it.
    pub fn finish(self, salt: u64) -> Result<Recovered, Error> {
        let Some(walked) = self.walked else { return self.create(salt) };
        walked.check_end(self.known)?;
        walked.check_view(self.known)?;
        let Walked { header, oldest, state, index, committed, tail } = walked;
        let segment = header.seed.segment;
        let Tail { end, is_marked, dirty: (octet, dirty_end), .. } = tail;
        let dirty = dirty_end - octet;

        let gone = self.unborn.into_iter().chain(self.leftovers);
        let mut repairs: Vec<Step> = gone.map(|segment| Step::Unlink { segment }).collect();
        if dirty > 0 {
            repairs.push(Step::Write { segment, octet, bytes: vec![0; dirty as usize] });
        }
        repairs.extend([Step::Sync { segment }, Step::SyncDirectory]);
        let cut = (dirty > 0).then_some(Cut { end: Place { segment, octet: end }, octets: dirty });
        let found = Found { state, index, committed, header, end, beside: octet, oldest, is_marked };
        Ok(Recovered { writer: Writer::resume(self.layout, salt, found), repairs, cut })
    }

    /// The header, or `None` when the creation of the segment was interrupted.
    fn header(&self, segment: u64, bytes: &[u8]) -> Result<Option<Header>, Error> {
        let is_blank = bytes.get(HEADER_OCTETS..).unwrap_or_default().iter().all(|octet| *octet == 0);
        let header = match Header::decode(bytes) {
            Ok(header) => header,
            Err(HeaderError::Damaged) if is_blank => return Ok(None),
            Err(HeaderError::Damaged) => return Err(Error::Header { segment }),
            Err(error @ HeaderError::Format { .. }) => return Err(Error::Format { segment, error }),
        };
        if header.seed.segment != segment {
            return Err(Error::Join { segment });
        }
        if header.owner != self.layout.owner() {
            return Err(Error::Owner { segment });
        }
        let (octets, found) = (header.octets, bytes.len() as u64);
        match found >= u64::from(octets) {
            true => Ok(Some(header)),
            false if is_blank => Ok(None),
            false => Err(Error::Short { segment, octets, found }),
        }
    }

    fn create(self, salt: u64) -> Result<Recovered, Error> {
        let first = self.unborn.first().copied().unwrap_or(1);
        let is_known = self.known != Known::default();
        if is_known || first != 1 || self.unborn.len() > 1 || !self.leftovers.is_empty() {
            return Err(Error::Missing { segment: self.known.floor.segment.max(first) });
        }
        let (writer, steps) = Writer::create(self.layout, salt);
        let mut repairs: Vec<Step> =
            self.unborn.into_iter().map(|segment| Step::Unlink { segment }).collect();
        repairs.extend(steps);
        Ok(Recovered { writer, repairs, cut: None })
    }
}

impl Walked {
    /// The view before the first record of the oldest segment: its entries are in segments that are gone.
    fn begin(header: Header) -> Walked {
        Walked {
            header,
            oldest: header.seed.segment,
            state: header.state,
            index: Index::continuing(header.state.last.map(|last| last.index)),
            committed: header.committed,
            tail: Tail::at(HEADER_OCTETS as u32),
        }
    }

    /// Goes on with the next segment, whose creation proves that this one was durable to its end.
    fn join(self, next: Header) -> Result<Walked, Error> {
        let segment = self.header.seed.segment;
        let end = self.end();
        if end < next.floor {
            return Err(Error::Damaged { segment, octet: self.tail.dirty.0, floor: next.floor });
        }
        if end > next.floor || self.state != next.state {
            return Err(Error::Join { segment: next.seed.segment });
        }
        let mut committed = self.committed;
        next.committed.id().into_iter().for_each(|id| committed.note(id, next.state));
        Ok(Walked { header: next, committed, ..self })
    }

    fn end(&self) -> Place {
        Place { segment: self.header.seed.segment, octet: self.tail.end }
    }

    /// Nothing durable lies after the end.
    fn check_end(&self, known: Known) -> Result<(), Error> {
        let (segment, octet) = (self.end().segment, self.tail.dirty.0);
        if self.tail.is_sealed {
            return Err(Error::Missing { segment: segment + 1 });
        }
        if known.floor.segment > segment {
            return Err(Error::Missing { segment: known.floor.segment });
        }
        let floor = self.tail.floor.max(known.floor);
        if floor > self.end() {
            return Err(Error::Damaged { segment, octet, floor });
        }
        Ok(())
    }

    /// Everything that must be there is there.
    fn check_view(&self, known: Known) -> Result<(), Error> {
        let State { vote, last, purged } = self.state;
        let reached = last.map_or(0, |last| last.index);
        if reached < known.index {
            return Err(Error::Behind { last: last.map(|last| last.index), known: known.index });
        }
        if self.index.misses_any(purged.map(|purged| purged.index)) {
            return Err(Error::Missing { segment: self.oldest.saturating_sub(1) });
        }
        let (term, vote) = (last.map_or(0, |last| last.term), vote.map_or(0, |vote| vote.term));
        if term > vote {
            return Err(Error::Vote { term, vote });
        }
        Ok(())
    }
}
