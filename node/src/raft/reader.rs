//! Reading entries back, in slices cut by octets.

use std::ops::Range;
use std::sync::Arc;

use smsgrid::log::{ENTRY_OCTETS, LogId, PAYLOAD_OCTETS_MAX, Record, Seed, decode};

use super::segments::Shared;
use super::{Damage, Failure, SegmentLog};

/// What is read at least around an entry: those after it are likely wanted next.
const READ_OCTETS_MIN: usize = 4096;
/// What is read at most at once; every record fits.
const READ_OCTETS_MAX: usize = PAYLOAD_OCTETS_MAX + READ_OCTETS_MIN;

/// An entry as it was appended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub id: LogId,
    /// What it carries.
    pub payload: Arc<[u8]>,
}

/// Why entries cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    /// The entry is purged, or was taken back meanwhile.
    #[error("entry {index} is no longer in the log")]
    Gone {
        /// The entry.
        index: u64,
    },
    /// The log has failed.
    #[error(transparent)]
    Failed(#[from] Failure),
}

impl SegmentLog {
    /// The entries from `range.start` on: up to `range.end`, the end of the log, or the one with which their
    /// payloads reach `octets_max`; at least one, unless the range holds none. Blocks on the disk for entries that
    /// are not among the newest.
    pub fn read(&self, range: Range<u64>, octets_max: usize) -> Result<Vec<Entry>, ReadError> {
        let shared = self.shared();
        shared.check()?;
        let last = shared.staged().state.last.map_or(0, |last| last.index.saturating_add(1));
        let mut reader = Reader { shared, piece: None };
        let mut octets = 0;
        let mut entries = Vec::new();
        for index in range.start..range.end.min(last) {
            let entry = reader.entry(index)?;
            octets += entry.payload.len();
            entries.push(entry);
            if octets >= octets_max {
                break;
            }
        }
        Ok(entries)
    }

    /// Whether the entry is there.
    pub(super) fn holds(&self, index: u64) -> bool {
        let shared = self.shared();
        let is_kept = shared.staged().tail.get(index).is_some();
        is_kept || shared.writer().index().find(index).is_some()
    }

    /// As [`read`](SegmentLog::read), but only if the first entry is among the newest, which memory holds: never blocks.
    pub(super) fn read_kept(
        &self,
        range: Range<u64>,
        octets_max: usize,
    ) -> Result<Option<Vec<Entry>>, Failure> {
        let shared = self.shared();
        shared.check()?;
        let staged = shared.staged();
        let end = range.end.min(staged.state.last.map_or(0, |last| last.index.saturating_add(1)));
        let mut octets = 0;
        let mut entries = Vec::new();
        for index in range.start..end {
            let Some(entry) = staged.tail.get(index) else { return Ok(None) };
            octets += entry.payload.len();
            entries.push(entry);
            if octets >= octets_max {
                break;
            }
        }
        Ok(Some(entries))
    }
}

/// Reads entries one after another from pieces of segments.
struct Reader<'a> {
    shared: &'a Shared,
    piece: Option<Piece>,
}

struct Piece {
    seed: Seed,
    octet: u32,
    bytes: Vec<u8>,
}

impl Reader<'_> {
    fn entry(&mut self, index: u64) -> Result<Entry, ReadError> {
        let kept = self.shared.staged().tail.get(index);
        if let Some(entry) = kept {
            return Ok(entry);
        }
        let (seed, octet) = self.shared.writer().index().find(index).ok_or(ReadError::Gone { index })?;
        if let Some(entry) = self.in_piece(index, seed, octet) {
            return Ok(entry);
        }
        for octets in [READ_OCTETS_MIN * 16, READ_OCTETS_MAX] {
            self.piece = Some(self.load(index, seed, octet, octets)?);
            if let Some(entry) = self.in_piece(index, seed, octet) {
                return Ok(entry);
            }
        }
        let failure = self.damage(index, seed, octet);
        self.shared.fail(failure.clone());
        Err(failure.into())
    }

    /// The entry, if it stands whole and sound in the piece read last.
    fn in_piece(&self, index: u64, seed: Seed, octet: u32) -> Option<Entry> {
        match decode(seed, octet, self.bytes_at(seed, octet)?) {
            Ok((Record::Entry { id, payload }, _)) if id.index == index => {
                Some(Entry { id, payload: Arc::from(payload) })
            }
            Ok(_) | Err(_) => None,
        }
    }

    fn bytes_at(&self, seed: Seed, octet: u32) -> Option<&[u8]> {
        let piece = self.piece.as_ref().filter(|piece| piece.seed == seed)?;
        piece.bytes.get(octet.checked_sub(piece.octet)? as usize..)
    }

    fn load(&self, index: u64, seed: Seed, octet: u32, octets: usize) -> Result<Piece, ReadError> {
        let mut bytes = vec![0; octets];
        let segment = seed.segment;
        match self.shared.disk.read_at(segment, octet, &mut bytes) {
            Ok(read) => {
                bytes.truncate(read);
                Ok(Piece { seed, octet, bytes })
            }
            // A purge that ran meanwhile removed the file.
            Err(_) if self.shared.writer().index().find(index).is_none() => Err(ReadError::Gone { index }),
            Err(error) => {
                let failure = Failure::Read { index, segment, source: Arc::new(error) };
                self.shared.fail(failure.clone());
                Err(failure.into())
            }
        }
    }

    fn damage(&self, index: u64, seed: Seed, octet: u32) -> Failure {
        let bytes = self.bytes_at(seed, octet).unwrap_or_default();
        let reason = decode(seed, octet, bytes).map_or_else(Damage::Record, |_| Damage::Other);
        Failure::Damaged { index, segment: seed.segment, octet, reason }
    }
}

const _: () = assert!(READ_OCTETS_MAX >= ENTRY_OCTETS + PAYLOAD_OCTETS_MAX);
