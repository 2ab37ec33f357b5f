//! Sessions of nodes and registrations of modems.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::model::{
    Epoch, ModemIdentity, Name, NodeId, OpenNumber, Position, ReadyNumber, RegistrationId, SessionId,
    StartNumber, Timestamp,
};

/// One live session of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Session {
    /// Its number.
    pub id: SessionId,
    /// Its node.
    pub node: NodeId,
    /// The start number that made it.
    pub start: StartNumber,
    /// The highest open number seen of each modem.
    pub(super) opens: BTreeMap<ModemIdentity, OpenNumber>,
    /// Its registrations.
    pub(super) registrations: BTreeSet<RegistrationId>,
}

/// One modem under one live session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Its number.
    pub id: RegistrationId,
    /// The session of its node.
    pub session: SessionId,
    /// Device and SIM.
    pub identity: ModemIdentity,
    /// Which opening of the modem.
    pub open: OpenNumber,
    /// The modem's name.
    pub name: Name,
    /// What it may carry.
    pub carries: Tags,
    /// Tags whose messages it takes before those of other tags, whatever their priority; the first before the second.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub prefers: Vec<Name>,
    /// Whether it has a standing claim.
    pub armed: bool,
    /// The highest number of `Ready`, `Withdraw` or a re-arming.
    pub ready_seq: ReadyNumber,
    /// Its open claim.
    pub claim: Option<Epoch>,
    /// When it was armed, as a count of all armings: the longest idle modem is matched first.
    pub(super) armed_order: u64,
}

/// What is remembered of a node beyond its sessions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// The highest start number applied.
    pub last_start: StartNumber,
    /// Its live session.
    pub session: Option<SessionId>,
    /// When its last session ended; none while it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lost: Option<Timestamp>,
    /// Up to here another node has told, in its place, what became of the files it took.
    #[serde(default, skip_serializing_if = "is_nothing")]
    pub told: Position,
}

fn is_nothing(position: &Position) -> bool {
    *position == Position::default()
}

impl Session {
    /// The highest number under which a modem was opened in it.
    pub fn last_open(&self) -> OpenNumber {
        self.opens.values().copied().max().unwrap_or_default()
    }

    /// The registrations of the session's modems.
    pub fn registrations(&self) -> impl Iterator<Item = RegistrationId> + '_ {
        self.registrations.iter().copied()
    }
}
