//! The events of one dead node, from the list of its messages to the handler.

use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use smsgrid::model::{MessageId, NodeId, Position, Time};
use smsgrid::queue::Record;
use smsgrid::sms_file::LocalTime;
use smsgrid::worker::handlers::{Event, Occasion, wait_before};
use smsgrid::worker::intake::{Estate, Inherited, Progress};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::owed::Owed;
use super::{Heir, LOOK};
use crate::node::spool::{local_offset, outcome};
use crate::store::Incomplete;

/// Most events that are told at once: a few more than the handler has places, so that one that fails and waits does not
/// hold up the rest, and few enough that the events of this node's own files do not wait long behind them.
const AT_ONCE_MAX: usize = 16;

/// What came of telling one event.
struct Told {
    position: Position,
    message: MessageId,
    result: Result<(), Untold>,
}

/// Why an event was not told.
enum Untold {
    /// The node stops; nothing is wrong.
    Stopped,
    /// What became of its message cannot be read now.
    Unread(Incomplete),
    /// The file that tells it cannot be written.
    Unwritten(io::Error),
}

impl Untold {
    /// What is wrong and what to do; none when nothing is.
    fn trouble(&self) -> Option<(String, &'static str)> {
        match self {
            Untold::Stopped => None,
            Untold::Unread(failure) => Some((
                failure.to_string(),
                "wait: the history is completed from memory and from another node",
            )),
            Untold::Unwritten(failure) => {
                Some((failure.to_string(), "make room below `data_dir`, and let the node's user write there"))
            }
        }
    }
}

/// The wait after trouble: one that concerns an event concerns the next one too.
#[derive(Default)]
struct Pause {
    times: u32,
    until: Time,
}

impl Pause {
    fn is_over(&self, now: Time) -> bool {
        now >= self.until
    }

    /// Whether this trouble is the first since the last wait.
    fn begin(&mut self, now: Time) -> bool {
        let is_first = self.is_over(now);
        if is_first {
            self.times = self.times.saturating_add(1);
            self.until = now + wait_before(self.times);
        }
        is_first
    }
}

impl Heir {
    /// Tells what `node` leaves until it lives again; gives the node back.
    pub(super) async fn tell_for(&self, node: NodeId, stop: &CancellationToken) -> NodeId {
        let Some(mut estate) = self.estate(node) else { return node };
        info!(event = "heir.begins", node = %estate.node, "a node stays dead; the events of its files are told here");
        let (mut owed, mut progress, mut pause) = (Owed::default(), Progress::default(), Pause::default());
        let (mut telling, mut saying) = (FuturesUnordered::new(), FuturesUnordered::new());
        let (mut told, mut said) = (estate.told, estate.told);
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            while telling.len() < AT_ONCE_MAX
                && pause.is_over(self.clock.now())
                && let Some((position, message)) = owed.pop_first()
            {
                if progress.begin(position) {
                    telling.push(self.tell(position, message, stop));
                }
            }
            if saying.is_empty() && told > said {
                said = told;
                saying.push(self.report(node, told));
            }
            tokio::select! {
                Some(one) = telling.next() => self.note(one, &mut owed, &mut progress, &mut pause, &mut told),
                Some(()) = saying.next() => {}
                _ = look.tick() => match self.estate(node) {
                    Some(now) => {
                        estate = now;
                        self.look(&estate, &mut owed, telling.is_empty()).await;
                    }
                    None => break,
                },
                () = stop.cancelled() => break,
            }
        }
        // A handler that runs is waited for, and the next one goes on behind it.
        while let Some(one) = telling.next().await {
            self.note(one, &mut owed, &mut progress, &mut pause, &mut told);
        }
        while saying.next().await.is_some() {}
        if told > said {
            self.report(node, told).await;
        }
        info!(event = "heir.ends", node = %estate.node, "the events of its files are not told here any more");
        node
    }

    /// Adds what has ended since; lists everything when something is missing and all else is told.
    async fn look(&self, estate: &Estate, owed: &mut Owed, is_idle: bool) {
        if owed.needs_list() {
            if is_idle {
                owed.list(estate, &self.store, &self.view).await;
            }
        } else {
            owed.follow(estate, &self.store, &self.view).await;
        }
    }

    fn note(
        &self,
        one: Told,
        owed: &mut Owed,
        progress: &mut Progress,
        pause: &mut Pause,
        told: &mut Position,
    ) {
        let Told { position, message, result } = one;
        match result {
            Ok(()) => {
                pause.times = 0;
                *told = progress.end(position).unwrap_or(*told).max(*told);
            }
            Err(untold) => {
                progress.give_up(position);
                let Some((failure, fix)) = untold.trouble() else { return };
                owed.again(position, message);
                if pause.begin(self.clock.now()) {
                    error!(
                        event = "heir.failed", folder = %self.folder.display(), failure, fix,
                        "events of a dead node cannot be told now; they wait, and nothing is sent again"
                    );
                }
            }
        }
    }

    async fn tell(&self, position: Position, message: MessageId, stop: &CancellationToken) -> Told {
        let result = self.try_to_tell(message, stop).await;
        Told { position, message, result }
    }

    async fn try_to_tell(&self, message: MessageId, stop: &CancellationToken) -> Result<(), Untold> {
        let row = self.store.get(message).await.map_err(Untold::Unread)?;
        // One that is sent again ends once more, and one that is forgotten has nothing to tell.
        let Some(inherited) = row.and_then(|row| self.inherited(&row.record)) else { return Ok(()) };
        let path = self.folder.join(inherited.event_id.replace(':', "-"));
        let (folder, kept, octets) = (self.folder.clone(), path.clone(), inherited.octets.clone());
        let written = tokio::task::spawn_blocking(move || write(&folder, &kept, &octets)).await;
        let written = written.map_err(io::Error::other).and_then(|written| written);
        written.map_err(Untold::Unwritten)?;
        let is_done = self.handlers.event(&event(inherited, &path), stop).await;
        if let Err(failure) = tokio::fs::remove_file(&path).await
            // A handler may move or remove what it was told.
            && failure.kind() != io::ErrorKind::NotFound
        {
            warn!(file = %path.display(), %failure, "the file of an event that was told cannot be removed");
        }
        if is_done { Ok(()) } else { Err(Untold::Stopped) }
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
    use std::time::Duration;

    use super::*;

    #[test]
    fn trouble_is_told_once_a_wait_and_the_waits_grow() {
        let mut pause = Pause::default();
        let begin = Time::from_millis(1_000);
        assert!(pause.is_over(begin) && pause.begin(begin));
        assert!(!pause.is_over(begin) && !pause.begin(begin), "others that were under way");
        let first = pause.until;
        assert!(pause.begin(first));
        assert!(pause.until.since(first) > first.since(begin));
        assert!(first.since(begin) >= Duration::from_millis(100));
    }
}
