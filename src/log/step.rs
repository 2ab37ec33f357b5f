//! What is to be done to the disk, in order.

/// One operation on the directory of the log. Steps are carried out one after another; the first that
/// fails ends the log for good, and none is ever tried again: after a failed sync the system may have
/// dropped the bytes and report success the next time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Create the file of `segment`, which must not exist, with `octets` zeros.
    Create {
        /// Number of the segment.
        segment: u64,
        /// Size to preallocate.
        octets: u32,
    },
    /// Write `bytes` at `octet` of the file.
    Write {
        /// Number of the segment.
        segment: u64,
        /// Where.
        octet: u32,
        /// What.
        bytes: Vec<u8>,
    },
    /// Make the content of the file durable (`fdatasync`).
    Sync {
        /// Number of the segment.
        segment: u64,
    },
    /// Make created and unlinked files durable (`fsync` of the directory).
    SyncDirectory,
    /// Remove the file; it may be gone already.
    Unlink {
        /// Number of the segment.
        segment: u64,
    },
}
