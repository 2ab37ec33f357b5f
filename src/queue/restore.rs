//! From an image back to the queue.

use std::io::{self, BufRead, BufReader, Read};

use crc32fast::Hasher;
use serde::de::DeserializeOwned;

use super::accept;
use super::arena::{Arena, Misplaced, Slot};
use super::codec::read_body;
use super::image::{FORMAT, Head, Kind, MAGIC};
use super::invariants::{self, Violation};
use super::keys::{Entry, Keys};
use super::lane::Lanes;
use super::record::Record;
use super::records::Records;
use super::state::Queue;

/// Octets read at once.
const BLOCK_OCTETS: usize = 1 << 16;
/// Longest body of a frame: a head with 4,096 modems, or a message with all claims of all its parts, is shorter.
const BODY_OCTETS_MAX: u32 = 1 << 26;
/// Highest number any counter may stand at: no queue counts so far, and none overflows from there.
const COUNTER_MAX: u64 = 1 << 62;

/// Why octets are no image of a queue.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// They cannot be read.
    #[error("the image cannot be read: {0}")]
    Read(#[from] io::Error),
    /// Something else than an image.
    #[error("not an image of a queue: it begins with {found:02x?}")]
    Magic {
        /// The first octets.
        found: [u8; 4],
    },
    /// A form this version does not know.
    #[error("the image has format {found}, known is {FORMAT}")]
    Format {
        /// Format found.
        found: u8,
    },
    /// The image ends too early.
    #[error("the image ends after {at} octets, inside something")]
    Truncated {
        /// Octets there are.
        at: u64,
    },
    /// Damaged, or put together from parts of others.
    #[error("the checksum at octet {at} of the image is wrong")]
    Checksum {
        /// Where the checksum stands.
        at: u64,
    },
    /// A frame that is longer than any can be, of an unknown kind, or not in its place.
    #[error("no frame of kind {kind} and {octets} octets can stand at octet {at} of the image")]
    Frame {
        /// Where it begins.
        at: u64,
        /// Its kind.
        kind: u8,
        /// Its length.
        octets: u32,
    },
    /// A frame whose body is not what its kind says.
    #[error("the frame that ends at octet {at} of the image cannot be read: {fault}")]
    Body {
        /// Where the frame ends.
        at: u64,
        /// What is wrong with it.
        fault: String,
    },
    /// Parts that contradict each other.
    #[error("the image contradicts itself: not true that {rule}")]
    Contradiction {
        /// What should be true.
        rule: &'static str,
    },
    /// Whole, but a state that no queue can be in.
    #[error("the image is of a state that cannot be: {0}")]
    Violated(#[from] Violation),
    /// Octets after the end.
    #[error("octets follow the end of the image at octet {at}")]
    Trailing {
        /// Where the end is.
        at: u64,
    },
}

impl Queue {
    /// Reads an image back: equal to the queue it was taken of, now and after any further commands.
    ///
    /// Memory is that of the queue and one frame. Octets that are no image, or an image of a state that no sequence
    /// of commands leads to, are refused.
    pub fn restore(input: &mut dyn io::Read) -> Result<Queue, ImageError> {
        let queue = Queue::restore_unchecked(input)?;
        invariants::check(&queue)?;
        Ok(queue)
    }

    /// Reads an image back without asking whether its state can be: for those who want to see what a state that
    /// cannot be would do.
    pub fn restore_unchecked(input: &mut dyn io::Read) -> Result<Queue, ImageError> {
        let mut frames = Frames::new(input)?;
        let mut building = Building::new(frames.next(Kind::Head)?.read()?)?;
        let mut least = Kind::EmptyMessages;
        loop {
            let frame = frames.next(least)?;
            least = frame.kind;
            match frame.kind {
                Kind::Head => {}
                Kind::EmptyMessages => read_slots(frame.body, &mut building.empty_messages),
                Kind::Message => building.message(&frame)?,
                Kind::EmptyKeys => read_slots(frame.body, &mut building.empty_keys),
                Kind::Key => building.key(&frame)?,
                Kind::End => {
                    building.end(&frame)?;
                    frames.end()?;
                    return building.finish();
                }
            }
        }
    }
}

/// A queue whose messages come one by one.
struct Building {
    queue: Queue,
    messages: Arena<Record>,
    empty_messages: Vec<Slot>,
    keys: Arena<Entry>,
    empty_keys: Vec<Slot>,
}

impl Building {
    fn new(head: Head) -> Result<Building, ImageError> {
        let counters = [
            head.last_session.0,
            head.last_registration.0,
            head.last_epoch.0,
            head.last_order,
            head.last_armed,
            head.last_lane.0,
        ];
        holds(counters.into_iter().all(|counter| counter <= COUNTER_MAX), "a counter has room to count on")?;
        let lanes = Lanes::from_keys(head.last_lane, head.lanes);
        let mut queue = Queue {
            policy: head.policy,
            now: head.now,
            last_session: head.last_session,
            last_registration: head.last_registration,
            last_epoch: head.last_epoch,
            last_order: head.last_order,
            last_armed: head.last_armed,
            forgotten: head.forgotten,
            nodes: head.nodes,
            blocked: head.blocked,
            faulty: head.faulty,
            sims_gone: head.sims_gone,
            lanes: given(lanes, "a lane has a number and a key of its own")?,
            stalled: head.stalled,
            ..Queue::default()
        };
        for session in head.sessions {
            let alone = queue.sessions.insert(session.id, session).is_none();
            holds(alone, "a session has a number of its own")?;
        }
        for modem in head.registrations {
            let sim = queue.sims.insert(modem.identity.imsi.clone(), modem.id);
            if modem.armed && modem.claim.is_none() && !queue.blocked.contains(&modem.name) {
                queue.free.insert((modem.armed_order, modem.id));
            }
            let alone = sim.is_none() && queue.registrations.insert(modem.id, modem).is_none();
            holds(alone, "a registration has a number and a SIM of its own")?;
        }
        Ok(Building {
            queue,
            messages: Arena::default(),
            empty_messages: Vec::new(),
            keys: Arena::default(),
            empty_keys: Vec::new(),
        })
    }

    fn message(&mut self, frame: &Frame<'_>) -> Result<(), ImageError> {
        let (slot, record) = frame.read_value::<Record>()?;
        let legal = accept::has_legal_parts(&record.content);
        holds(legal, "a message has parts that can be sent")?;
        self.index(slot, &record)?;
        placed(self.messages.fill(slot, record, count(&self.empty_messages)))
    }

    /// What the indexes hold of a message.
    fn index(&mut self, slot: Slot, record: &Record) -> Result<(), ImageError> {
        let queue = &mut self.queue;
        for claim in record.claims() {
            holds(queue.epochs.insert(claim.epoch, slot).is_none(), "an epoch belongs to one claim")?;
        }
        let shown = given(record.indexed.shown, "the state of a message was shown")?;
        *queue.counts.entry(shown).or_insert(0) += 1;
        if let Some(lane) = record.indexed.lane {
            let place = given(record.place, "a message in a lane has a place")?;
            let put = queue.lanes.put(lane, record.priority, place, slot);
            holds(put, "the lane of a message is there, and its place is free")?;
        }
        queue.timers.extend(record.indexed.wake.map(|wake| (wake, slot)));
        queue.shelf.extend(record.indexed.shelf, slot);
        queue.settled.extend(record.ended.map(|ended| (ended, slot)));
        if !record.is_final() {
            *queue.routes.entry(record.route.clone()).or_insert(0) += 1;
        }
        Ok(())
    }

    fn key(&mut self, frame: &Frame<'_>) -> Result<(), ImageError> {
        let (slot, entry) = frame.read_value::<Entry>()?;
        placed(self.keys.fill(slot, entry, count(&self.empty_keys)))
    }

    fn end(&mut self, frame: &Frame<'_>) -> Result<(), ImageError> {
        let mut counts = Vec::new();
        read_slots(frame.body, &mut counts);
        let whole = counts == [Slot(self.messages.len()), Slot(self.keys.len())];
        holds(whole, "there are as many messages and keys as it says")
    }

    fn finish(mut self) -> Result<Queue, ImageError> {
        placed(self.messages.chain(&self.empty_messages))?;
        placed(self.keys.chain(&self.empty_keys))?;
        let messages = Records::from_arena(self.messages);
        self.queue.messages = given(messages, "a message has an id of its own")?;
        let keys = Keys::from_arena(self.keys);
        self.queue.keys = given(keys, "a client has a key once")?;
        Ok(self.queue)
    }
}

/// One frame whose checksum is right.
struct Frame<'a> {
    kind: Kind,
    /// Where it ends.
    at: u64,
    body: &'a [u8],
}

impl Frame<'_> {
    fn read<T: DeserializeOwned>(&self) -> Result<T, ImageError> {
        read_body(self.body).map_err(|fault| ImageError::Body { at: self.at, fault })
    }

    /// A value after its slot.
    fn read_value<T: DeserializeOwned>(&self) -> Result<(Slot, T), ImageError> {
        let slot = self.body.split_first_chunk().map(|(slot, rest)| (Slot(u32::from_be_bytes(*slot)), rest));
        let (slot, rest) = given(slot, "a value has a slot")?;
        let frame = Frame { body: rest, ..*self };
        Ok((slot, frame.read()?))
    }
}

struct Frames<'a> {
    input: BufReader<&'a mut dyn io::Read>,
    body: Vec<u8>,
    /// Octets read so far.
    at: u64,
    crc: Hasher,
}

impl<'a> Frames<'a> {
    fn new(input: &'a mut dyn io::Read) -> Result<Frames<'a>, ImageError> {
        let input = BufReader::with_capacity(BLOCK_OCTETS, input);
        let mut frames = Frames { input, body: Vec::new(), at: 0, crc: Hasher::new() };
        match frames.array()? {
            MAGIC => {}
            found => return Err(ImageError::Magic { found }),
        }
        match frames.array()? {
            [FORMAT] => Ok(frames),
            [found] => Err(ImageError::Format { found }),
        }
    }

    /// The next frame, which is of this kind or a later one.
    fn next(&mut self, least: Kind) -> Result<Frame<'_>, ImageError> {
        let begin = self.at;
        let [number] = self.array()?;
        let octets = u32::from_be_bytes(self.array()?);
        let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == number && *kind >= least);
        let Some(kind) = kind.filter(|_| octets <= BODY_OCTETS_MAX) else {
            return Err(ImageError::Frame { at: begin, kind: number, octets });
        };
        self.fill(octets)?;
        self.crc.update(&self.body);
        let (expected, at) = (self.crc.clone().finalize(), self.at);
        if self.raw::<4>()? != expected.to_be_bytes() {
            return Err(ImageError::Checksum { at });
        }
        Ok(Frame { kind, at: self.at, body: &self.body })
    }

    /// Nothing follows.
    fn end(&mut self) -> Result<(), ImageError> {
        match self.input.fill_buf()? {
            [] => Ok(()),
            _ => Err(ImageError::Trailing { at: self.at }),
        }
    }

    /// The body grows with what is there, not with what is promised.
    fn fill(&mut self, octets: u32) -> Result<(), ImageError> {
        self.body.clear();
        let read = self.input.by_ref().take(u64::from(octets)).read_to_end(&mut self.body)?;
        self.at += read as u64;
        match read == octets as usize {
            true => Ok(()),
            false => Err(ImageError::Truncated { at: self.at }),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ImageError> {
        let octets = self.raw()?;
        self.crc.update(&octets);
        Ok(octets)
    }

    /// Octets that are no part of the checksum.
    fn raw<const N: usize>(&mut self) -> Result<[u8; N], ImageError> {
        let mut octets = [0; N];
        self.input.read_exact(&mut octets).map_err(|fault| {
            let ends = fault.kind() == io::ErrorKind::UnexpectedEof;
            if ends { ImageError::Truncated { at: self.at } } else { ImageError::Read(fault) }
        })?;
        self.at += N as u64;
        Ok(octets)
    }
}

fn read_slots(body: &[u8], slots: &mut Vec<Slot>) {
    let (numbers, _) = body.as_chunks();
    slots.extend(numbers.iter().map(|number| Slot(u32::from_be_bytes(*number))));
}

/// More are refused when they are chained.
fn count(slots: &[Slot]) -> u32 {
    u32::try_from(slots.len()).unwrap_or(u32::MAX)
}

fn placed(placed: Result<(), Misplaced>) -> Result<(), ImageError> {
    placed.map_err(|misplaced| ImageError::Contradiction {
        rule: match misplaced {
            Misplaced::Order => "slots come in order, each once",
            Misplaced::Beyond => "every slot up to the last is filled or empty",
        },
    })
}

fn holds(fact: bool, rule: &'static str) -> Result<(), ImageError> {
    if fact { Ok(()) } else { Err(ImageError::Contradiction { rule }) }
}

fn given<T>(found: Option<T>, rule: &'static str) -> Result<T, ImageError> {
    found.ok_or(ImageError::Contradiction { rule })
}
