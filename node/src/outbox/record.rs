//! What the outbox writes into its log.

use smsgrid::model::{Attempt, Epoch, PartNumber};

/// What a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The attempt it belongs to.
    pub attempt: Attempt,
    /// What it says of it.
    pub kind: Kind,
}

/// What a record says of an attempt. The numbers are a disk format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// The first octet is about to go to the modem.
    WriteMark = 1,
    /// What became of it.
    Outcome = 2,
}

/// One entry of the outbox's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Change<'a> {
    /// A record; it replaces the one with the same key.
    Put { number: u64, key: Key, octets: &'a [u8] },
    /// The records with these numbers are settled.
    Remove(Vec<u64>),
}

const PUT: u8 = 1;
const REMOVE: u8 = 2;
/// Octets of a record in the log besides its own.
pub(super) const PUT_OCTETS: usize = 19;

impl Key {
    /// The key of the outcome of `attempt`.
    pub fn outcome(attempt: Attempt) -> Key {
        Key { attempt, kind: Kind::Outcome }
    }

    /// The key of the write mark of `attempt`.
    pub fn write_mark(attempt: Attempt) -> Key {
        Key { attempt, kind: Kind::WriteMark }
    }
}

impl Change<'_> {
    pub(super) fn encode(&self) -> Vec<u8> {
        match self {
            Change::Put { number, key, octets } => {
                let mut out = Vec::with_capacity(PUT_OCTETS + octets.len());
                out.push(PUT);
                out.extend_from_slice(&number.to_le_bytes());
                out.extend_from_slice(&key.attempt.epoch.0.to_le_bytes());
                out.extend_from_slice(&[key.attempt.part.0, key.kind as u8]);
                out.extend_from_slice(octets);
                out
            }
            Change::Remove(numbers) => {
                let numbers = numbers.iter().flat_map(|number| number.to_le_bytes());
                std::iter::once(REMOVE).chain(numbers).collect()
            }
        }
    }

    /// `None` when a newer program wrote it.
    pub(super) fn decode(entry: &[u8]) -> Option<Change<'_>> {
        match entry.split_first()? {
            (&PUT, rest) => {
                let (number, rest) = rest.split_first_chunk()?;
                let (epoch, rest) = rest.split_first_chunk()?;
                let ([part, kind], octets) = rest.split_first_chunk()?;
                let epoch = Epoch(u64::from_le_bytes(*epoch));
                let attempt = Attempt { epoch, part: PartNumber(*part) };
                let key = Key { attempt, kind: kind_of(*kind)? };
                Some(Change::Put { number: u64::from_le_bytes(*number), key, octets })
            }
            (&REMOVE, rest) => {
                let (numbers, left) = rest.as_chunks();
                left.is_empty()
                    .then(|| Change::Remove(numbers.iter().copied().map(u64::from_le_bytes).collect()))
            }
            _ => None,
        }
    }
}

fn kind_of(octet: u8) -> Option<Kind> {
    [Kind::WriteMark, Kind::Outcome].into_iter().find(|kind| *kind as u8 == octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_reads_back_and_an_unknown_one_is_refused() {
        let attempt = Attempt { epoch: Epoch(7), part: PartNumber(3) };
        for change in [
            Change::Put { number: 9, key: Key::outcome(attempt), octets: b"sent" },
            Change::Put { number: 9, key: Key::write_mark(attempt), octets: b"" },
            Change::Remove(vec![]),
            Change::Remove(vec![1, u64::MAX]),
        ] {
            assert_eq!(Change::decode(&change.encode()), Some(change));
        }
        for unknown in [
            &[][..],
            &[0],
            &[3, 1],
            &[REMOVE, 1],
            &[PUT; 18],
            &[PUT, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 9],
        ] {
            assert_eq!(Change::decode(unknown), None, "{unknown:?}");
        }
    }
}
