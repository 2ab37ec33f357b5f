//! The events of one dead node, from the list of its messages to the handler.

use std::collections::BTreeMap;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use smsgrid::model::{MessageId, NodeId, Position};
use smsgrid::queue::{Event as Change, Record};
use smsgrid::sms_file::LocalTime;
use smsgrid::worker::handlers::{Event, Occasion};
use smsgrid::worker::intake::{Estate, Inherited, Progress};
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::{Heir, LOOK};
use crate::node::spool::{local_offset, outcome};
use crate::store::{Cursor, Query};

/// Most events that are told at once; the handler has fewer places.
const AT_ONCE_MAX: usize = 64;
/// Most events that wait; those behind them are listed again when these are told.
const OWED_MAX: usize = 100_000;
/// Messages of a page of the list.
const PAGE: usize = 1_000;

/// What is owed, in order: all of it up to the last one here.
#[derive(Default)]
struct Owed {
    events: BTreeMap<Position, MessageId>,
    /// Something behind these is missing: it is listed when they are told, and nothing is added before.
    more: bool,
}

impl Owed {
    /// One of a list, in any order.
    fn list(&mut self, position: Position, message: MessageId) {
        self.events.insert(position, message);
        while self.events.len() > OWED_MAX {
            self.events.pop_last();
            self.more = true;
        }
    }

    /// One that has ended just now.
    fn append(&mut self, position: Position, message: MessageId) {
        if !self.more {
            self.list(position, message);
        }
    }

    /// Something may be missing anywhere: told in another order, it would be taken for told.
    fn miss(&mut self) {
        self.events.clear();
        self.more = true;
    }
}

impl Heir {
    /// Tells what `node` leaves until it lives again; gives the node back.
    pub(super) async fn tell_for(&self, node: NodeId, stop: &CancellationToken) -> NodeId {
        let Some(mut estate) = self.estate(node) else { return node };
        info!(event = "heir.begins", node = %estate.node, "a node stays dead; the events of its files are told here");
        // Before the list is read: what ends meanwhile is told by these.
        let (mut changes, mut installed) = (self.view.events(), self.view.installed());
        let mut owed = self.listed(&estate).await;
        let (mut progress, mut telling) = (Progress::default(), FuturesUnordered::new());
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while telling.len() < AT_ONCE_MAX
                && let Some((position, message)) = owed.events.pop_first()
            {
                if progress.begin(position) {
                    telling.push(self.tell(position, message, stop));
                }
            }
            tokio::select! {
                Some((position, is_done)) = telling.next() => match is_done {
                    true => if let Some(up_to) = progress.end(position) {
                        self.report(node, up_to).await;
                    },
                    false => {
                        progress.give_up(position);
                        owed.more = true;
                    }
                },
                change = changes.recv() => match change {
                    Ok((_, Change::Changed { message, to, .. })) if to.is_final() => {
                        if let Some(position) = self.owed(&estate, message) {
                            owed.append(position, message);
                        }
                    }
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => owed.miss(),
                    Err(RecvError::Closed) => break,
                },
                Ok(()) = installed.changed() => owed.miss(),
                _ = look.tick() => match self.estate(node) {
                    Some(now) => {
                        estate = now;
                        if owed.more && owed.events.is_empty() && telling.is_empty() {
                            owed = self.listed(&estate).await;
                        }
                    }
                    None => break,
                },
                () = stop.cancelled() => break,
            }
        }
        // A handler that runs is waited for, and the next one goes on behind it.
        while let Some((position, is_done)) = telling.next().await {
            if is_done && let Some(up_to) = progress.end(position) {
                self.report(node, up_to).await;
            }
        }
        info!(event = "heir.ends", node = %estate.node, "the events of its files are not told here any more");
        node
    }

    /// What the history and memory know of an estate.
    async fn listed(&self, estate: &Estate) -> Owed {
        let query = Query { after: Some(estate.accepted_after()), ..Query::default() };
        let (mut owed, mut cursor): (Owed, Option<Cursor>) = Default::default();
        let mut is_complete = true;
        loop {
            let page = self.store.list(&query, cursor, PAGE).await;
            for row in page.rows.iter().filter(|row| estate.owes(&row.record)) {
                owed.list(row.record.changed_at, row.record.id);
            }
            is_complete &= page.complete;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        if !is_complete {
            owed.miss();
        }
        owed
    }

    /// Where the end of this message is in the log, if it is one of the estate's.
    fn owed(&self, estate: &Estate, message: MessageId) -> Option<Position> {
        self.view.read(|queue| {
            queue.message(message).filter(|record| estate.owes(record)).map(|record| record.changed_at)
        })
    }

    /// Tells one event. False when it has to be told again.
    async fn tell(
        &self,
        position: Position,
        message: MessageId,
        stop: &CancellationToken,
    ) -> (Position, bool) {
        let Ok(row) = self.store.get(message).await else { return (position, false) };
        // One that is sent again ends once more, and one that is forgotten has nothing to tell.
        let inherited = row.and_then(|row| self.inherited(&row.record));
        let Some(inherited) = inherited else { return (position, true) };
        let path = self.folder.join(inherited.event_id.replace(':', "-"));
        let (folder, kept, octets) = (self.folder.clone(), path.clone(), inherited.octets.clone());
        let written = tokio::task::spawn_blocking(move || write(&folder, &kept, &octets)).await;
        if let Ok(Err(failure)) = written {
            error!(
                event = "heir.failed", event_id = inherited.event_id, file = %path.display(), %failure,
                fix = "make room below `data_dir`, and let the node's user write there",
                "an event of a dead node cannot be told yet: its file cannot be written; nothing is sent again"
            );
            return (position, false);
        }
        let is_done = self.handlers.event(&event(inherited, &path), stop).await;
        if let Err(failure) = std::fs::remove_file(&path) {
            warn!(file = %path.display(), %failure, "the file of an event that was told cannot be removed");
        }
        (position, is_done)
    }

    fn inherited(&self, record: &Record) -> Option<Inherited> {
        let wall = LocalTime { at: self.clock.utc(), offset_seconds: local_offset() };
        record.ended()?;
        Inherited::of(record, outcome(record, &self.own), &self.settings, wall)
    }
}

fn event(inherited: Inherited, path: &Path) -> Event {
    let references = inherited.account.references;
    Event {
        id: inherited.event_id,
        occasion: match inherited.destination.is_sent() {
            true => Occasion::Sent(references),
            false => Occasion::Failed(references),
        },
        file: path.as_os_str().as_bytes().to_vec(),
        modem: inherited.account.modem,
    }
}

/// Writes a file that only the node's user reads.
fn write(folder: &PathBuf, path: &PathBuf, octets: &[u8]) -> io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut file =
        std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    io::Write::write_all(&mut file, octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(index: u64) -> Position {
        Position { index, offset: 0 }
    }

    fn message() -> MessageId {
        MessageId::from_bytes([7; 16])
    }

    #[test]
    fn nothing_is_told_before_what_is_missing() {
        let mut owed = Owed::default();
        owed.list(at(9), message());
        owed.list(at(4), message());
        owed.append(at(12), message());
        assert_eq!(owed.events.keys().copied().collect::<Vec<_>>(), [at(4), at(9), at(12)]);

        owed.miss();
        owed.append(at(15), message());
        assert!(owed.events.is_empty() && owed.more);
    }

    #[test]
    fn what_there_is_no_room_for_is_the_last_and_nothing_comes_behind_it() {
        let mut owed = Owed::default();
        for index in (0..=OWED_MAX as u64).rev() {
            owed.list(at(index), message());
        }
        owed.events.pop_first();
        owed.append(at(1_000_000), message());

        assert!(owed.more);
        assert_eq!(owed.events.last_key_value().map(|(last, _)| *last), Some(at(OWED_MAX as u64 - 1)));
    }
}
