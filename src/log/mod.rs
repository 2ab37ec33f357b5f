//! The record format of the segment log and the rules of its recovery, as functions over bytes.
//!
//! The log is a row of segments, numbered from 1. A segment opens with a [`Header`] of one sector and holds
//! records; entries and votes share one stream, in the order they were handed over:
//!
//! ```text
//! segment 7                                              segment 8
//! ┌────────┬───────┬───────┬───────┬───────┬──────┬────┐ ┌────────┬───────┬───────┬──────────
//! │ header │ floor │ entry │ entry │ floor │ vote │seal│ │ header │ floor │ entry │ 0 0 0 0 …
//! └────────┴───────┴───────┴───────┴───────┴──────┴────┘ └────────┴───────┴───────┴──────────
//!          └──── group, one sync ──┘└─ group ───┘   │      └ state so far, and where segment 7 ends
//!                                                   └ segment 8 is durable
//! ```
//!
//! What makes damage and an interrupted write tell each other apart is the **durable floor**. A group is
//! written only after everything before it was synced, and opens by saying so. So at the first record that
//! cannot be decoded, at place X:
//!
//! - something valid that names a floor beyond X: acknowledged bytes have rotted, the log is refused;
//! - nothing does: the last group never became durable, nobody was told it had, and it is cut at X.
//!
//! What is agreed on among the nodes is said in front of a group that is written anyway, and beside the mark of the
//! floor that follows the last group ([`Committed`]): a node that starts alone knows from it what it may show.
//!
//! [`Writer`] turns records into [`Step`]s (write, sync, create, unlink) and [`Recovery`] turns the bytes of
//! segments into a `Writer`. Neither touches a file: the node carries the steps out on one disk, the tests
//! on a simulated one. The log knows nothing of what an entry means.

mod committed;
mod header;
mod id;
mod index;
mod record;
mod recovery;
mod scan;
mod state;
mod step;
mod writer;

pub use committed::Committed;
pub use header::{HEADER_OCTETS, Header, HeaderError};
pub use id::{LogId, Place, Vote};
pub use index::{ENTRIES_MAX, Index};
pub use record::{DecodeError, ENTRY_OCTETS, PAYLOAD_OCTETS_MAX, Record, Seed, decode, encode};
pub use recovery::{Cut, Error, Known, Recovered, Recovery};
pub use state::{Refused, State};
pub use step::Step;
pub use writer::{Layout, Owner, SEGMENT_OCTETS, Writer};

/// The name of the file that holds `segment`; names sort as the segments do.
pub fn file_name(segment: u64) -> String {
    format!("{segment:020}.log")
}

/// The segment whose file has this name, if it is one.
pub fn segment_of(file_name: &str) -> Option<u64> {
    let digits = file_name.strip_suffix(".log")?;
    let is_number = digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit());
    is_number.then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_segment_reads_its_number_back_from_its_file_name() {
        for segment in [1, 42, u64::MAX] {
            assert_eq!(segment_of(&file_name(segment)), Some(segment));
        }
        for other in ["lock", "1.log", "0000000000000000000x.log", "00000000000000000001.tmp"] {
            assert_eq!(segment_of(other), None, "{other}");
        }
    }
}
