//! The programs of the operator in a running node: what is started with it, and what runs beside it.

use tokio_util::sync::CancellationToken;

use super::StartError;
use super::begin::{self, Begun};
use crate::administrator::{Administrator, Errand};
use crate::clock::Clock;
use crate::config::Config;
use crate::handlers::{Handlers, HandlersError, Settings, unfit};
use crate::submit::Submitter;
use crate::tasks::Tasks;

/// Looks at every program, and runs the one that goes before all else. None when there are no programs.
pub(super) async fn open(
    config: &Config,
    clock: &Clock,
    administrator: &Administrator,
) -> Result<Option<Handlers>, StartError> {
    let settings = Settings::of(config);
    if !settings.runs_any() {
        return Ok(None);
    }
    let faults = unfit(config);
    if !faults.is_empty() {
        return Err(HandlersError::Unfit(faults).into());
    }
    let handlers = Handlers::telling(settings, clock.clone(), administrator.clone())?;
    handlers.start().await?;
    Ok(Some(handlers))
}

/// Starts what runs beside the node: the alarm handler's queue, the child, the regular programs once it has begun.
pub(super) fn start(handlers: Option<&Handlers>, tasks: &Tasks, begun: &Begun) {
    let Some(handlers) = handlers else { return };
    let alarms = handlers.clone();
    tasks.spawn("alarms", |stop: CancellationToken| async move {
        alarms.tell_alarms(&stop).await;
        Ok(())
    });
    let child = handlers.clone();
    tasks.spawn("child", |stop: CancellationToken| async move {
        child.run_child(&stop).await;
        // One that ended by itself was told; the node goes on without it.
        stop.cancelled().await;
        Ok(())
    });
    for regular in handlers.settings().regular.clone() {
        let (handlers, begun) = (handlers.clone(), begun.clone());
        let name = regular
            .modem
            .as_ref()
            .map_or_else(|| "regular run".to_owned(), |modem| format!("regular run of {modem}"));
        tasks.spawn(&name, |stop| async move {
            if begin::wait(begun, &stop).await.is_some() {
                stop.run_until_cancelled(handlers.run_regularly(&regular)).await;
            }
            Ok(())
        });
    }
}

/// Starts what brings messages to the administrator into the log, once the node has begun.
pub(super) fn start_errand(errand: Option<Errand>, submitter: Submitter, tasks: &Tasks, begun: &Begun) {
    let (Some(errand), begun) = (errand, begun.clone()) else { return };
    tasks.spawn("administrator", |stop| async move {
        if begin::wait(begun, &stop).await.is_some() {
            errand.run(submitter, stop.clone()).await;
        }
        stop.cancelled().await;
        Ok(())
    });
}
