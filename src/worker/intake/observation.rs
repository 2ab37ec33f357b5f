//! What is seen of a file without reading it, and what that means for taking it.

use serde::{Deserialize, Serialize};

use crate::model::Address;
use crate::sms_file::{FILE_OCTETS_MAX, FILE_OCTETS_MIN};

use super::FileName;

/// What kind of thing a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A file.
    Regular,
    /// A folder.
    Directory,
    /// A symbolic link, not followed.
    Symlink,
    /// A FIFO, a socket or a device.
    Special,
}

/// What tells one file from another of the same name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Inode number.
    pub inode: u64,
    /// Octets.
    pub size: u64,
    /// Time of the last change, in nanoseconds of the file system's clock.
    pub mtime_ns: u64,
}

/// One entry of the folder `outgoing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// Its name.
    pub name: FileName,
    /// What it is.
    pub kind: Kind,
    /// Which file it is.
    pub identity: Identity,
    /// Names the file has.
    pub links: u64,
    /// Its owner.
    pub owner: u32,
}

/// What a closer look shows: the entry, and what stands beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inspection {
    /// The entry.
    pub observation: Observation,
    /// `NAME.LOCK` stands beside it: somebody else wants it left alone.
    pub locked: bool,
    /// `checked` has a file or a lock of this name.
    pub conflict: bool,
    /// To whom it goes, where `conflict` and its start tells.
    pub recipient: Option<Address>,
    /// Its header asks for high priority.
    pub urgent: bool,
    /// This node may read it.
    pub readable: bool,
}

/// Why a file is not taken as a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, thiserror::Error)]
pub enum Irregularity {
    /// A symbolic link could lead anywhere.
    #[error("it is a symbolic link")]
    Symlink,
    /// A FIFO, socket or device is no message.
    #[error("it is not a regular file")]
    Special,
    /// Somebody could go on changing it under another name.
    #[error("it has another name (hard link)")]
    Hardlink,
    /// Larger than any message.
    #[error("it is larger than {FILE_OCTETS_MAX} octets")]
    TooLarge,
    /// This node may not read it.
    #[error("this node may not read it")]
    Unreadable,
    /// Its owner may not send.
    #[error("its owner (uid {owner}) may not send")]
    Owner {
        /// The owner.
        owner: u32,
    },
}

/// What an observation means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Judgement {
    /// Nothing to take: a folder, an ignored name, too small.
    Ignore,
    /// A message file, as far as can be seen.
    Eligible,
    /// No message file: taken to be refused, unread.
    Unfit(Irregularity),
    /// Left alone with an alarm.
    Irregular(Irregularity),
}

/// Whether a file of this owner is taken.
pub(super) fn may_send(owner: u32, owners: &[u32]) -> bool {
    owners.is_empty() || owners.contains(&owner)
}

/// What an observation means; `owners` are those whose files are taken, an empty list permits everyone.
pub(super) fn judge(observation: &Observation, owners: &[u32]) -> Judgement {
    let Observation { name, kind, identity, links, owner } = observation;
    match kind {
        _ if name.is_ignored() => Judgement::Ignore,
        Kind::Directory => Judgement::Ignore,
        Kind::Regular if identity.size < FILE_OCTETS_MIN => Judgement::Ignore,
        _ if !may_send(*owner, owners) => Judgement::Irregular(Irregularity::Owner { owner: *owner }),
        Kind::Symlink => Judgement::Unfit(Irregularity::Symlink),
        Kind::Special => Judgement::Unfit(Irregularity::Special),
        Kind::Regular if identity.size > FILE_OCTETS_MAX as u64 => Judgement::Unfit(Irregularity::TooLarge),
        Kind::Regular if *links != 1 => Judgement::Unfit(Irregularity::Hardlink),
        Kind::Regular => Judgement::Eligible,
    }
}
