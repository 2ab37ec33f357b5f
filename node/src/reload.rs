//! SIGHUP: the file is read anew and takes the place of the configuration that runs, or nothing changes and it is told
//! why.

use std::error::Error;
use std::path::Path;

use smsgrid_proto::Problem;
use tracing::{error, info, warn};

use crate::config::{Config, Spool};
use crate::handlers;
use crate::node::{Differences, Node, StartError, Taken, list_faults};

/// Reads the configuration at `path` by `load`, looks at what it names by `look`, and lets `node` take it over. Gives it
/// when it runs now; after an error the node has to stop. Dropped before it returns, all that is left to do is to stop.
pub(crate) async fn carry_out(
    node: &Node,
    path: &Path,
    load: impl FnOnce() -> Result<Config, Vec<Problem>> + Send + 'static,
    look: impl FnOnce(&Config) -> Vec<String> + Send + 'static,
) -> Result<Option<Config>, StartError> {
    let file = path.display();
    // Files are read and programs are run, on disks that may not answer.
    let looked = tokio::task::spawn_blocking(move || {
        let config = load().map_err(|problems| problems.iter().map(told).collect::<Vec<_>>())?;
        let faults = look(&config);
        if faults.is_empty() { Ok(config) } else { Err(faults) }
    });
    let config = match looked.await.map_err(|_| StartError::Abandoned)? {
        Ok(config) => config,
        Err(faults) => {
            for fault in &faults {
                error!(event = "config.reload", %file, "SIGHUP: {fault}");
            }
            let count = faults.len();
            error!(event = "config.reload", %file, count, "SIGHUP: the file cannot be run: nothing was changed, what runs goes on as it was");
            return Ok(None);
        }
    };
    match node.reload(config.clone()).await? {
        Taken::Same => {
            info!(event = "config.reload", %file, "SIGHUP: the configuration has not changed");
            Ok(None)
        }
        Taken::Over(differences) => {
            tell_taken(path, &differences);
            for notice in config.notices() {
                warn!(event = "config.notice", "{notice}");
            }
            Ok(Some(config))
        }
        Taken::Fixed(settings) => {
            let settings = settings.join(", ");
            warn!(
                event = "config.reload", %file, settings,
                "SIGHUP: a restart is needed for {settings}; nothing of the file was taken over, what runs goes on as it was"
            );
            Ok(None)
        }
    }
}

fn tell_taken(path: &Path, Differences { added, changed, removed }: &Differences) {
    let named = |what: &str, names: &[smsgrid::model::Name]| {
        let names: Vec<String> = names.iter().map(ToString::to_string).collect();
        (!names.is_empty()).then(|| format!("; {what}: {}", names.join(", ")))
    };
    let modems = [named("modems added", added), named("changed", changed), named("removed", removed)];
    let modems: String = modems.into_iter().flatten().collect();
    info!(event = "config.reload", file = %path.display(), "SIGHUP: the configuration was taken over{modems}");
}

fn told(problem: &Problem) -> String {
    let why = problem.why.as_deref().map(|why| format!(": {why}")).unwrap_or_default();
    let fix = problem.fix.as_deref().map(|fix| format!("; {fix}")).unwrap_or_default();
    format!("{}{why}{fix}", problem.title)
}

/// Programs and lists of numbers that the configuration names and that cannot be used, a line each.
pub(crate) fn faults(config: &Config) -> Vec<String> {
    let programs = handlers::unfit(config).into_iter().map(|unfit| unfit.to_string());
    programs.chain(config.spool.as_ref().map(lists).unwrap_or_default()).collect()
}

/// The lists that cannot be read, with the reason.
fn lists(spool: &Spool) -> Vec<String> {
    let told = |fault: &dyn Error| {
        let why = fault.source().map(|why| format!(": {why}")).unwrap_or_default();
        format!("{fault}{why}")
    };
    list_faults(spool).iter().map(|fault| told(fault)).collect()
}
