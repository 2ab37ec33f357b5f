//! Once a second: the letters of the modems for whoever watches, and the files of figures.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Local};
use smsgrid::model::{MessageState, Name, NodeId};
use smsgrid::queue::Event;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::{JoinError, spawn_blocking};
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::states::{States, letters};
use super::statistics::{Figures, Sum};
use super::status;
use super::tongue::Tongue;
use crate::api::Metrics;
use crate::config::smsd::Statistics;
use crate::tasks::TaskResult;

/// How often is looked.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The watch over one process.
pub(super) struct Watch {
    states: States,
    metrics: Metrics,
    /// Whether the letters go to standard output; then `status` is not written, as with smsd.
    monitors: bool,
    files: Option<Files>,
    letters: String,
    /// Messages each modem gave up since the start.
    failed: BTreeMap<Name, u64>,
    tongue: Tongue,
}

/// The files and what they are made with.
struct Files {
    settings: Statistics,
    figures: Figures,
    begun: DateTime<Local>,
    status_written: Option<DateTime<Local>>,
    /// The fault that was told last.
    told: Option<String>,
}

impl Watch {
    /// Nothing is looked at yet.
    pub(super) fn new(
        states: States,
        metrics: Metrics,
        statistics: Option<Statistics>,
        monitors: bool,
        tongue: Tongue,
    ) -> Watch {
        let now = Local::now();
        let files = statistics.map(|settings| Files {
            figures: Figures::open(settings.clone(), states.modems.clone(), now),
            settings,
            begun: now,
            status_written: None,
            told: None,
        });
        let mut watch = Watch {
            states,
            metrics,
            monitors,
            files,
            letters: String::new(),
            failed: BTreeMap::new(),
            tongue,
        };
        let (sums, rejected) = watch.sums();
        if let Some(files) = &mut watch.files {
            files.figures.begin_at(&sums, rejected);
        }
        watch
    }

    /// Looks until it is stopped, and keeps then what the period has.
    pub(super) async fn run(mut self, stop: CancellationToken) -> TaskResult {
        let mut events = self.states.view.events();
        let mut looks = interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                () = stop.cancelled() => break,
                event = events.recv() => match event {
                    Ok((_, event)) => self.count(event),
                    // What was missed is missing from the figures and nowhere else.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => {
                        stop.cancelled().await;
                        break;
                    }
                },
                _ = looks.tick() => self = self.apart(|watch| watch.look(Local::now())).await?,
            }
        }
        self.apart(Watch::keep).await?;
        Ok(())
    }

    /// Does what a disk or a reader can hold up, on a thread that may wait.
    async fn apart(mut self, work: impl FnOnce(&mut Watch) + Send + 'static) -> Result<Watch, JoinError> {
        let done = spawn_blocking(move || {
            work(&mut self);
            self
        });
        done.await
    }

    /// Keeps what the period has for the next process.
    fn keep(&mut self) {
        self.add();
        let Some(files) = &mut self.files else { return };
        let kept = files.figures.keep();
        files.tell(kept, &self.tongue);
    }

    fn count(&mut self, event: Event) {
        if let Some(modem) = given_up(event, self.states.node) {
            *self.failed.entry(modem).or_default() += 1;
        }
    }

    fn look(&mut self, now: DateTime<Local>) {
        let states = self.states.read();
        let line = letters(&states);
        let has_changed = line != self.letters;
        if has_changed && self.monitors {
            // Not through the stream everybody shares: whoever holds that up, as a reader that does not read, holds up
            // the end of the process. That whoever watched has gone stops nothing.
            let _ = rustix::io::write(rustix::stdio::stdout(), format!("{line}\n").as_bytes());
        }
        self.add();
        if let Some(files) = &mut self.files {
            let turned = files.figures.turn(now).and_then(|()| files.figures.write_counters());
            files.tell(turned, &self.tongue);
            if has_changed && !self.monitors {
                if !files.may_write_status(now) {
                    // It is looked at again, and is still a change then.
                    return;
                }
                let text =
                    status::text(&states, &files.figures.counted(), &files.settings, (files.begun, now));
                let written = status::replace(&Path::new(&files.settings.folder).join("status"), &text);
                files.status_written = Some(now);
                files.tell(written, &self.tongue);
            }
        }
        self.letters = line;
    }

    fn add(&mut self) {
        let (sums, rejected) = self.sums();
        if let Some(files) = &mut self.files {
            files.figures.add(&sums, rejected);
        }
    }

    /// What was counted since the node started, and files that were refused.
    fn sums(&self) -> (Vec<Sum>, u64) {
        let tallies = self.states.board.tallies();
        let sum = |modem: &Name| Sum {
            tally: tallies.get(modem).copied().unwrap_or_default(),
            failed: self.failed.get(modem).copied().unwrap_or_default(),
        };
        (self.states.modems.iter().map(sum).collect(), self.metrics.files_rejected())
    }
}

impl Files {
    fn may_write_status(&self, now: DateTime<Local>) -> bool {
        let least = i64::try_from(self.settings.status_interval).unwrap_or(i64::MAX);
        self.status_written.is_none_or(|written| (now - written).num_seconds() >= least)
    }

    /// The same fault is news once.
    fn tell(&mut self, written: io::Result<()>, tongue: &Tongue) {
        let fault = written.err().map(|failure| failure.to_string());
        if let Some(fault) = fault.as_ref().filter(|fault| self.told.as_ref() != Some(fault)) {
            let folder = &self.settings.folder;
            tongue.say(3, &format!("Cannot write statistic file. {folder} {fault}; nothing else is held up"));
        }
        if fault.is_some() {
            self.told = fault;
        }
    }
}

/// The modem of this node with which a message was given up.
fn given_up(event: Event, own: NodeId) -> Option<Name> {
    let Event::Changed { to: MessageState::Failed, node, modem, .. } = event else { return None };
    modem.filter(|_| node == Some(own))
}
