//! `smsnode sim` as a process: its signals, its runtime, its exit code.

use std::convert::Infallible;
use std::error::Error;
use std::io::{self, Write};

use smsgrid_proto::Exit;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::{Args, SimError, run};

/// Runs the modems of `args` until SIGTERM or SIGINT; where they are to `out`, a fault to `talk`.
pub(crate) fn carry_out(args: Args, out: &mut dyn Write, talk: &mut dyn Write) -> io::Result<Exit> {
    // One thread serves every modem: they wait far more than they work.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match runtime.block_on(until_signal(args, out)) {
        Ok(()) => Ok(Exit::Done),
        Err(error) => {
            writeln!(talk, "smsnode sim: {}", with_causes(&error))?;
            Ok(if error.is_usage() { Exit::Usage } else { Exit::Unexpected })
        }
    }
}

async fn until_signal(args: Args, out: &mut dyn Write) -> Result<(), SimError> {
    let listen = |kind| signal(kind).map_err(SimError::Signals);
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    let shutdown = CancellationToken::new();
    let canceled = shutdown.clone();
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        canceled.cancel();
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        ended = run(args, out, shutdown) => ended,
        never = stop => match never {},
    }
}

/// An error and its causes in one line.
fn with_causes(error: &(dyn Error + 'static)) -> String {
    let causes = std::iter::successors(Some(error), |error: &&dyn Error| (*error).source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
