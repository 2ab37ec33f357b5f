//! Sessions of nodes and registrations of modems.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Tags;
use crate::model::{
    Epoch, ModemIdentity, Name, NodeId, OpenNumber, ReadyNumber, RegistrationId, SessionId, StartNumber,
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
}

impl Session {
    /// The registrations of the session's modems.
    pub fn registrations(&self) -> impl Iterator<Item = RegistrationId> + '_ {
        self.registrations.iter().copied()
    }
}
