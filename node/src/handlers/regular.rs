//! Programs that run again and again: at once, and then each time their interval is over.

use std::io;
use std::path::Path;
use std::time::Duration;

use smsgrid::worker::handlers::{Alarm, Command, Exit, Run, Severity};
use tokio_util::sync::CancellationToken;
use tracing::warn;

use super::asking::Asking;
use super::{Handlers, Regular};
use crate::modem::Questions;

/// Wait before it is asked again whose a modem is.
const AGAIN: Duration = Duration::from_secs(5);

impl Handlers {
    /// Runs the programs of one part of the configuration until the future is dropped, or `stop` comes: a run under way
    /// ends first then. A run that takes longer than the interval delays the next one; two never run at once. Before
    /// each it is asked whether it `is_ours`: while it is another node's, nothing is run and it is soon asked again. The modem
    /// itself is asked by its `questions`.
    pub async fn run_regularly(
        &self,
        regular: &Regular,
        questions: &Questions,
        is_ours: impl Fn() -> bool,
        stop: &CancellationToken,
    ) {
        while !stop.is_cancelled() {
            let began = self.inner.clock.now();
            let wait = if is_ours() {
                self.run_once(regular, questions).await;
                regular.interval
            } else {
                AGAIN.min(regular.interval)
            };
            stop.run_until_cancelled(self.inner.clock.sleep_until(began + wait)).await;
        }
    }

    async fn run_once(&self, regular: &Regular, questions: &Questions) {
        let asking = Asking::of(regular, questions, &self.inner.clock);
        let statfile = regular.statfile.as_ref().map(|path| path.display().to_string()).unwrap_or_default();
        let before = match &regular.modem {
            None => Run::Regular,
            Some(modem) => Run::Before { statfile: statfile.clone(), modem: modem.clone() },
        };
        self.run_part(regular.before.as_ref(), &before).await;
        if let Some(statfile) = &regular.statfile {
            remove(statfile).await;
        }
        if let Some(asking) = &asking {
            asking.ask_file().await;
        }
        if let Some(modem) = &regular.modem {
            let after = Run::After { statfile, modem: modem.clone() };
            self.run_part(regular.after.as_ref(), &after).await;
        }
        if let Some(asking) = &asking {
            asking.ask_commands().await;
        }
    }

    async fn run_part(&self, command: Option<&Command>, run: &Run) {
        let Some(command) = command else { return };
        let exit = self.run(name(run), command, &run.arguments(), None).await;
        let modem = match run {
            Run::Regular => None,
            Run::Before { modem, .. } | Run::After { modem, .. } => Some(modem),
        };
        self.note_run(name(run), modem.map(String::as_str), &exit);
        if !exit.is_success() {
            let what = run.failed(&command.to_string(), &code(&exit));
            warn!(event = "handler.regular_run", "{what}");
            if let Some(modem) = modem {
                self.alarm(Alarm::of_modem(Severity::Error, modem, what));
            }
        }
    }
}

fn name(run: &Run) -> &'static str {
    match run {
        Run::Regular | Run::Before { .. } => "regular_run",
        Run::After { .. } => "regular_run_post_run",
    }
}

/// The number that smsd tells, or what there is instead of one.
pub(super) fn code(exit: &Exit) -> String {
    match exit {
        Exit::Code(code) => code.to_string(),
        Exit::Signal(_) | Exit::TimedOut(_) | Exit::NotStarted(_) => format!("nothing: it {exit}"),
    }
}

/// The disk it is on may be slow.
async fn remove(statfile: &Path) {
    match tokio::fs::remove_file(statfile).await {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => warn!(file = %statfile.display(), %error, "the statistics file cannot be removed"),
    }
}
