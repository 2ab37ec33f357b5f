//! How fresh an answer is: linear by a round with a majority, stale from what is applied here.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use smsgrid::model::Position;
use smsgrid_proto::{Reason, v1};

use super::Api;
use super::limits::{READ_TIMEOUT, WORD_OCTETS_MAX};
use super::refusal::Refusal;
use super::request::{known, timestamp};
use super::revision;
use crate::raft::Revision;

/// How often a majority is asked while stale reads want to know their age.
const CONFIRM_AGAIN: Duration = Duration::from_millis(500);

/// What a read found out before it looked.
#[derive(Clone, Debug)]
pub(super) struct Fresh {
    level: v1::ReadLevel,
    as_of: Option<AsOf>,
}

/// A moment up to which the applied state certainly holds everything acknowledged.
#[derive(Clone, Copy, Debug)]
pub(super) struct AsOf {
    pub(super) at: Instant,
    pub(super) utc: smsgrid::model::Timestamp,
}

impl Fresh {
    /// Whether a majority has just answered.
    pub(super) fn is_linear(&self) -> bool {
        self.level == v1::ReadLevel::Linear
    }
}

impl Api {
    /// Waits until the applied state is as fresh as a request wants it.
    pub(super) async fn fresh(&self, read: Option<&v1::Read>) -> Result<Fresh, Refusal> {
        let (level, min_revision) = match read {
            None => (v1::ReadLevel::Linear, ""),
            Some(read) => (known(read.level, "read.level")?, read.min_revision.as_str()),
        };
        if min_revision.len() > WORD_OCTETS_MAX {
            return Err(Refusal::field("read.min_revision", "is no revision of this cluster"));
        }
        let min = match min_revision {
            "" => None,
            word => Some(revision::read(word, "read.min_revision")?),
        };
        let as_of = match level {
            v1::ReadLevel::Stale => self.freshest(),
            v1::ReadLevel::Unspecified | v1::ReadLevel::Linear => Some(self.linear().await?),
        };
        if let Some(min) = min {
            self.reached(min).await?;
        }
        let level = if level == v1::ReadLevel::Stale { level } else { v1::ReadLevel::Linear };
        Ok(Fresh { level, as_of })
    }

    /// What an answer says of its freshness; `revision` is the state that was read.
    pub(super) fn freshness(&self, fresh: &Fresh, revision: Revision) -> v1::Freshness {
        let age = fresh.as_of.map(|as_of| match fresh.level {
            v1::ReadLevel::Stale => as_of.at.elapsed(),
            v1::ReadLevel::Unspecified | v1::ReadLevel::Linear => Duration::ZERO,
        });
        v1::Freshness {
            revision: revision::word(revision),
            as_of: fresh.as_of.map(|as_of| timestamp(as_of.utc)),
            age: age.and_then(|age| prost_types::Duration::try_from(age).ok()),
            level: fresh.level.into(),
            node: self.name.to_string(),
        }
    }

    /// Everything acknowledged before this call is applied here when it returns.
    async fn linear(&self) -> Result<AsOf, Refusal> {
        let as_of = AsOf { at: Instant::now(), utc: self.clock.utc() };
        let position = self.consensus.read_index(READ_TIMEOUT).await.map_err(|_| self.unreadable())?;
        self.applied(position).await?;
        *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner) = Some(as_of);
        Ok(as_of)
    }

    /// The last moment a majority confirmed what is applied here; while this is asked for, it is kept fresh.
    fn freshest(&self) -> Option<AsOf> {
        self.asked.notify_one();
        *self.confirmed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks a majority now and then, as long as somebody reads without asking one. Never ends.
    pub(super) async fn keep_confirming(&self) {
        loop {
            self.asked.notified().await;
            // Without a majority the age of answers grows, which is the truth.
            let _ = self.linear().await;
            tokio::time::sleep(CONFIRM_AGAIN).await;
        }
    }

    async fn reached(&self, min: Revision) -> Result<(), Refusal> {
        // Entries are applied as a whole.
        self.applied(Position { index: min.index, offset: 0 }).await
    }

    async fn applied(&self, position: Position) -> Result<(), Refusal> {
        if self.view.applied() >= position {
            return Ok(());
        }
        self.view.wait_applied(position, READ_TIMEOUT).await.map_err(|_| {
            let title = "this node has not caught up with what the request names";
            Refusal::unavailable(Reason::Behind, title)
        })
    }

    /// Why a linear read is not answered, and what can be read all the same.
    fn unreadable(&self) -> Refusal {
        let refusal = Refusal::no_leader(self.is_electing());
        refusal.fix("ask again a little later, or read with `stale`: what this node has, with its age")
    }
}
