//! The program that runs as long as the node runs.

use smsgrid::worker::handlers::{Alarm, Exit, Severity};
use tokio_util::sync::CancellationToken;

use super::Handlers;

impl Handlers {
    /// Runs the child until it ends or `stop` comes: then it is asked to end, and killed with everything it started when
    /// it does not. One that ends by itself is told and, as with smsd, not started again.
    pub async fn run_child(&self, stop: &CancellationToken) {
        let Some(command) = &self.inner.settings.child else { return };
        let exit = self.run_until("child", command, &[], (None, None), stop.cancelled()).await;
        if !stop.is_cancelled() {
            let text =
                format!("Child ({command}) terminated while mainprocess is still running.{}", ended(&exit));
            self.alarm(Alarm::of_main(Severity::Critical, text.clone()));
            tracing::error!(
                event = "handler.child",
                fix = "see what it said, then restart smsnode",
                "{text}"
            );
        }
    }
}

/// How smsd tells it.
fn ended(exit: &Exit) -> String {
    match exit {
        Exit::Code(code) => format!(" Exited, status {code}."),
        Exit::Signal(signal) => format!(" Killed by signal {signal}."),
        Exit::TimedOut(_) | Exit::NotStarted(_) => format!(" It {exit}."),
    }
}
