//! The spool journal: which files were taken, and how far each got.
//!
//! ```text
//! file   = magic, frames
//! frame  = length u16, floor u32, checksum u32, record (CBOR)      little endian
//! ```
//!
//! The floor is the length of the file that was known to be on disk when the frame was written. Damage above the
//! highest floor is a write that power cut short, and is cut off; damage below it means that the disk lost what it had
//! promised, and is an error.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::MessageId;

use super::{Account, Destination, FileName, Identity};

/// First octets of every journal.
pub const MAGIC: &[u8] = b"smsgrid spool journal 1\n";
/// Octets before the record of a frame.
const FRAME_HEAD_OCTETS: usize = 10;
/// Longest record: a name, that of a modem, and a number for each part.
const RECORD_OCTETS_MAX: usize = 2048;

/// The number under which a file is known from its intake to its filing: a ULID.
pub type IntakeId = MessageId;

/// One fact about a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Record {
    /// The spool's own number, once, first.
    Spool {
        /// Chosen when the journal was created.
        uuid: MessageId,
    },
    /// This file is to be taken under this id.
    Taken {
        /// Its id.
        id: IntakeId,
        /// Its name in `outgoing`.
        name: FileName,
        /// Which file of that name.
        identity: Identity,
        /// Its name in `checked`, where that is another one.
        #[serde(default)]
        place: Option<FileName>,
        /// Who owned it then: what the check handler writes anew has another owner.
        #[serde(default)]
        owner: Option<u32>,
    },
    /// `checked` lies on another file system: this copy of the file gets its name there.
    Copied {
        /// Which file.
        id: IntakeId,
        /// The copy.
        copy: Copy,
    },
    /// The cluster accepted it.
    Accepted {
        /// Which file.
        id: IntakeId,
        /// The message it became.
        message: MessageId,
        /// For which recipient, from 0.
        #[serde(default)]
        recipient: u16,
        /// How many there are.
        #[serde(default = "one")]
        recipients: u16,
    },
    /// Its result is complete under a temporary name and is now given its own.
    Filing {
        /// Which file.
        id: IntakeId,
        /// Where the result goes.
        destination: Destination,
        /// Under which name.
        name: FileName,
        /// Inode of the result.
        inode: u64,
        /// How it was sent.
        #[serde(default)]
        account: Account,
        /// The name of its copy, where one was made.
        #[serde(default)]
        copy: Option<FileName>,
    },
    /// Nothing is left to do.
    Done {
        /// Which file.
        id: IntakeId,
    },
}

/// The recipients of a file whose record does not count them.
fn one() -> u16 {
    1
}

/// What the journal knows of one file that is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pending {
    /// Its name in `outgoing`.
    pub name: FileName,
    /// Its name in `checked`.
    pub place: FileName,
    /// Which file of that name was taken.
    pub identity: Identity,
    /// Who owned it when it was taken, where that was recorded.
    pub owner: Option<u32>,
    /// The copy that stands for it in `checked`, where it was copied.
    pub copy: Option<Copy>,
    /// The messages it became, by recipient, where that was recorded.
    pub messages: BTreeMap<u16, MessageId>,
    /// How many recipients it has; 0 before the first message.
    pub recipients: u16,
    /// Where its result was going.
    pub filing: Option<Filing>,
}

/// The copy of a file on the file system of `checked`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Copy {
    /// Its inode.
    pub inode: u64,
    /// The owner of the original, who sends the message.
    pub owner: u32,
}

/// A result about to get its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filing {
    /// The folder.
    pub destination: Destination,
    /// The name in it.
    pub name: FileName,
    /// The inode of the result.
    pub inode: u64,
    /// How it was sent.
    pub account: Account,
    /// The name of its copy, where one was made.
    pub copy: Option<FileName>,
}

/// What a journal holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// The spool's number; none when the journal is new.
    pub uuid: Option<MessageId>,
    /// The files that are not done.
    pub pending: BTreeMap<IntakeId, Pending>,
    /// Octets that hold whole frames; what follows is to be cut off.
    pub length: usize,
}

/// Why a journal cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JournalError {
    /// The file is something else.
    #[error("the file is not a spool journal")]
    Foreign,
    /// A frame that was on disk is damaged.
    #[error("damaged at octet {at}, below octet {floor} that was on disk")]
    Damaged {
        /// First octet that makes no frame.
        at: usize,
        /// Length known to have been on disk.
        floor: usize,
    },
}

/// The frame of a record; `floor` is the length of the file known to be on disk.
pub fn frame(record: &Record, floor: u32) -> Vec<u8> {
    let record = cbor4ii::serde::to_vec(Vec::new(), record).unwrap_or_default();
    debug_assert!((1..=RECORD_OCTETS_MAX).contains(&record.len()));
    let length = u16::try_from(record.len()).unwrap_or(0);
    let mut octets = Vec::with_capacity(FRAME_HEAD_OCTETS + record.len());
    octets.extend_from_slice(&length.to_le_bytes());
    octets.extend_from_slice(&floor.to_le_bytes());
    octets.extend_from_slice(&checksum(length, floor, &record).to_le_bytes());
    octets.extend_from_slice(&record);
    octets
}

/// Reads a whole journal.
pub fn replay(file: &[u8]) -> Result<Replayed, JournalError> {
    if file.len() < MAGIC.len() && MAGIC.starts_with(file) {
        return Ok(Replayed::default());
    }
    if !file.starts_with(MAGIC) {
        return Err(JournalError::Foreign);
    }
    let mut replayed = Replayed { length: MAGIC.len(), ..Replayed::default() };
    let mut floor = 0;
    while let Some((frame, length)) = next_frame(file, replayed.length) {
        replayed.length += length;
        floor = floor.max(frame.floor);
        replayed.apply(frame.record);
    }
    let at = replayed.length;
    let floor = (at..file.len())
        .filter_map(|start| next_frame(file, start))
        .map(|(frame, _)| frame.floor)
        .fold(floor, usize::max);
    if floor > at { Err(JournalError::Damaged { at, floor }) } else { Ok(replayed) }
}

impl Replayed {
    /// Takes note of one more record.
    pub fn apply(&mut self, record: Record) {
        match record {
            Record::Spool { uuid } => self.uuid = Some(uuid),
            Record::Taken { id, name, identity, place, owner } => {
                let pending = Pending {
                    place: place.unwrap_or_else(|| name.clone()),
                    name,
                    identity,
                    owner,
                    copy: None,
                    messages: BTreeMap::new(),
                    recipients: 0,
                    filing: None,
                };
                self.pending.insert(id, pending);
            }
            Record::Copied { id, copy } => {
                if let Some(pending) = self.pending.get_mut(&id) {
                    pending.copy = Some(copy);
                }
            }
            Record::Accepted { id, message, recipient, recipients } => {
                if let Some(pending) = self.pending.get_mut(&id) {
                    pending.messages.insert(recipient, message);
                    pending.recipients = recipients;
                }
            }
            Record::Filing { id, destination, name, inode, account, copy } => {
                if let Some(pending) = self.pending.get_mut(&id) {
                    pending.filing = Some(Filing { destination, name, inode, account, copy });
                }
            }
            Record::Done { id } => {
                self.pending.remove(&id);
            }
        }
    }

    /// The fewest records that say the same.
    pub fn records(&self) -> Vec<Record> {
        let spool = self.uuid.map(|uuid| Record::Spool { uuid });
        spool.into_iter().chain(self.pending.iter().flat_map(|(id, pending)| pending.records(*id))).collect()
    }
}

impl Record {
    /// A file is taken under an id, and stands in `checked` under the name `place`.
    pub fn taken(
        id: IntakeId,
        name: &FileName,
        place: &FileName,
        identity: Identity,
        owner: Option<u32>,
    ) -> Record {
        let place = (place != name).then(|| place.clone());
        Record::Taken { id, name: name.clone(), identity, place, owner }
    }
}

impl Pending {
    /// The records that lead to this.
    pub fn records(&self, id: IntakeId) -> Vec<Record> {
        let taken = Record::taken(id, &self.name, &self.place, self.identity, self.owner);
        let copied = self.copy.map(|copy| Record::Copied { id, copy });
        let recipients = self.recipients;
        let accepted = self.messages.iter();
        let accepted = accepted.map(|(recipient, message)| Record::Accepted {
            id,
            message: *message,
            recipient: *recipient,
            recipients,
        });
        let filing = self.filing.clone().map(|filing| Record::Filing {
            id,
            destination: filing.destination,
            name: filing.name,
            inode: filing.inode,
            account: filing.account,
            copy: filing.copy,
        });
        [Some(taken), copied].into_iter().flatten().chain(accepted).chain(filing).collect()
    }
}

struct Frame {
    floor: usize,
    record: Record,
}

fn next_frame(file: &[u8], start: usize) -> Option<(Frame, usize)> {
    let (head, rest) = file.get(start..)?.split_at_checked(FRAME_HEAD_OCTETS)?;
    let [l0, l1, f0, f1, f2, f3, c0, c1, c2, c3] = head else { return None };
    let length = u16::from_le_bytes([*l0, *l1]);
    let floor = u32::from_le_bytes([*f0, *f1, *f2, *f3]);
    let record = rest.get(..usize::from(length)).filter(|r| (1..=RECORD_OCTETS_MAX).contains(&r.len()))?;
    if checksum(length, floor, record) != u32::from_le_bytes([*c0, *c1, *c2, *c3]) {
        return None;
    }
    let octets = FRAME_HEAD_OCTETS + record.len();
    let record = cbor4ii::serde::from_slice(record).ok()?;
    Some((Frame { floor: usize::try_from(floor).unwrap_or(usize::MAX), record }, octets))
}

fn checksum(length: u16, floor: u32, record: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&length.to_le_bytes());
    hasher.update(&floor.to_le_bytes());
    hasher.update(record);
    hasher.finalize()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::outcome::REFERENCES_MAX;

    use super::*;

    #[test]
    fn a_journal_replays_to_what_is_not_done() {
        let copied = Record::Copied { id: id(1), copy: Copy { inode: 8, owner: 1003 } };
        let records =
            [taken(1), taken(2), copied.clone(), accepted(1), filing(1), Record::Done { id: id(2) }];
        let file = file(&records, 0);

        let replayed = replay(&file).expect("whole");

        assert_eq!(replayed.length, file.len());
        assert_eq!(replayed.pending.keys().collect::<Vec<_>>(), [&id(1)]);
        assert_eq!(replayed.records(), [taken(1), copied, accepted(1), filing(1)]);
    }

    #[test]
    fn the_longest_filing_is_read_again() {
        let longest = Record::Filing {
            id: id(1),
            destination: Destination::Failed,
            name: FileName::new(&[b'n'; 240]).expect("a name"),
            inode: u64::MAX,
            account: Account { modem: Some("M".repeat(64)), references: vec![255; REFERENCES_MAX] },
            copy: FileName::new(&[255; 250]),
        };

        let replayed = replay(&file(&[taken(1), longest.clone()], 0)).expect("whole");

        assert_eq!(replayed.records(), [taken(1), longest]);
    }

    #[test]
    fn the_messages_of_all_recipients_are_replayed() {
        let accepted = |recipient| Record::Accepted {
            id: id(1),
            message: id(10 + u8::try_from(recipient).expect("small")),
            recipient,
            recipients: 3,
        };
        let replayed = replay(&file(&[taken(1), accepted(2), accepted(0)], 0)).expect("whole");

        let pending = &replayed.pending[&id(1)];
        assert_eq!((pending.recipients, pending.messages.len()), (3, 2));
        assert_eq!(replayed.records(), [taken(1), accepted(0), accepted(2)]);
    }

    #[test]
    fn a_record_that_counts_no_recipients_is_read_as_one() {
        #[derive(Serialize)]
        enum Older {
            Accepted { id: IntakeId, message: MessageId },
        }
        let older = Older::Accepted { id: id(1), message: id(101) };
        let octets = cbor4ii::serde::to_vec(Vec::new(), &older).expect("a record");

        let read: Record = cbor4ii::serde::from_slice(&octets).expect("it is understood");
        assert_eq!(read, accepted(1));
    }

    #[test]
    fn a_torn_tail_is_cut_at_every_octet() {
        let whole = file(&[taken(1)], 0);
        let torn = file(&[taken(1), taken(2)], 0);
        for length in whole.len()..torn.len() {
            let replayed = replay(&torn[..length]).expect("torn");
            assert_eq!((replayed.length, replayed.pending.len()), (whole.len(), 1));
        }
        for length in 0..MAGIC.len() {
            assert_eq!(replay(&torn[..length]), Ok(Replayed::default()));
        }
    }

    #[test]
    fn damage_below_the_floor_stops_and_damage_above_it_is_cut() {
        let first = file(&[taken(1)], 0);
        let floor = u32::try_from(first.len()).expect("small");
        let mut durable = [first.clone(), frame(&taken(2), floor)].concat();
        durable[first.len() - 1] ^= 1;
        let at = MAGIC.len();
        assert_eq!(replay(&durable), Err(JournalError::Damaged { at, floor: first.len() }));

        let mut torn = [first.clone(), frame(&taken(2), floor), frame(&taken(3), floor)].concat();
        torn[first.len() + 12] ^= 1;
        let replayed = replay(&torn).expect("torn above the floor");
        assert_eq!((replayed.length, replayed.pending.len()), (first.len(), 1));
    }

    #[test]
    fn another_file_is_no_journal() {
        assert_eq!(replay(b"To: 4917\n\nHello, this is a message"), Err(JournalError::Foreign));
    }

    proptest! {
        #[test]
        fn no_octets_make_replay_panic(tail in prop::collection::vec(any::<u8>(), 0..600)) {
            let file = [file(&[taken(1)], 0), tail].concat();
            let _ = replay(&file);
        }
    }

    fn file(records: &[Record], floor: u32) -> Vec<u8> {
        let frames = records.iter().flat_map(|record| frame(record, floor));
        MAGIC.iter().copied().chain(frames).collect()
    }

    fn taken(n: u8) -> Record {
        let identity = Identity { inode: u64::from(n), size: 9, mtime_ns: 1_795_338_506_000_000_000 };
        let name = FileName::new(&[b'a' + n]).expect("a name");
        Record::Taken {
            id: id(n),
            name,
            identity,
            place: (n == 2).then(|| FileName::new(b"made").expect("a name")),
            owner: (n == 1).then_some(1003),
        }
    }

    fn accepted(n: u8) -> Record {
        Record::Accepted { id: id(n), message: id(100 + n), recipient: 0, recipients: 1 }
    }

    fn filing(n: u8) -> Record {
        let name = FileName::new(b"result").expect("a name");
        let account = Account { modem: Some("GSM1".to_owned()), references: vec![7, 255] };
        Record::Filing {
            id: id(n),
            destination: Destination::Sent,
            name,
            inode: 7,
            account,
            copy: (n == 2).then(|| FileName::new(b"copy").expect("a name")),
        }
    }

    fn id(n: u8) -> IntakeId {
        MessageId::from_bytes([n; 16])
    }
}
