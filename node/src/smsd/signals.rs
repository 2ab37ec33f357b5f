//! The signals of the process, and what each means.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::error;

/// What a signal asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// TERM, INT, USR1: stop in order.
    Stop,
    /// HUP: open the log anew and look at the configuration.
    Reload,
    /// USR2: one round of each suspended modem.
    Round,
}

/// The signals that are listened to. CONT needs none: nothing idles here that it could wake.
pub(super) struct Signals([(Option<Signal>, Wanted); 5]);

impl Signals {
    /// Takes all of them from now on, until the process ends.
    pub(super) fn listen() -> Signals {
        let kinds = [
            (SignalKind::terminate(), Wanted::Stop),
            (SignalKind::interrupt(), Wanted::Stop),
            (SignalKind::user_defined1(), Wanted::Stop),
            (SignalKind::hangup(), Wanted::Reload),
            (SignalKind::user_defined2(), Wanted::Round),
        ];
        Signals(kinds.map(|(kind, wanted)| (heard(kind), wanted)))
    }

    /// Waits for the next. Safe to drop.
    pub(super) async fn next(&mut self) -> Wanted {
        let waits = self.0.iter_mut().map(|(signal, wanted)| {
            let wanted = *wanted;
            Box::pin(async move {
                match signal {
                    Some(signal) => signal.recv().await,
                    None => std::future::pending().await,
                };
                wanted
            })
        });
        let (wanted, _, _) = futures_util::future::select_all(waits).await;
        wanted
    }

    /// Waits until a stop is asked for, whatever else comes.
    pub(super) async fn stop(&mut self) {
        while self.next().await != Wanted::Stop {}
    }
}

fn heard(kind: SignalKind) -> Option<Signal> {
    match signal(kind) {
        Ok(signal) => Some(signal),
        Err(failure) => {
            error!(%failure, "a signal cannot be received");
            None
        }
    }
}
