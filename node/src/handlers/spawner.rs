//! The threads that start programs: what one gives up for itself its children never have.
//!
//! A start waits for the file system the program is on, and that may never answer. So each start has a thread of its
//! own, and each program only some of them: one that hangs holds up no other.

use std::collections::BTreeMap;
use std::process::Child;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{Semaphore, oneshot};

use super::started::Started;

/// Most starts of one program at a time. The configuration bounds the programs.
const STARTS_MAX: usize = 8;

/// Starts programs. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Spawner {
    may_gain: bool,
    places: Arc<Mutex<BTreeMap<Vec<u8>, Arc<Semaphore>>>>,
}

impl Spawner {
    /// `may_gain` lets programs get more rights than this process has, by set-user-id files.
    pub(super) fn new(may_gain: bool) -> Spawner {
        Spawner { may_gain, places: Arc::default() }
    }

    /// Starts `program` the way `start` does it. Dropped before it answers, the program is ended as soon as it has
    /// started.
    pub(super) async fn spawn(
        &self,
        program: &[u8],
        start: impl FnOnce() -> Result<Child, String> + Send + 'static,
    ) -> Result<Started, String> {
        let place = self.places_of(program).acquire_owned().await.map_err(|error| error.to_string())?;
        let (reply, started) = oneshot::channel();
        let may_gain = self.may_gain;
        let thread = std::thread::Builder::new().name("handlers".to_owned()).spawn(move || {
            let begun = give_up(may_gain).and_then(|()| start()).map(Started::new);
            // Who no longer waits for it, here or before he takes it, drops it.
            let _ = reply.send(begun);
            drop(place);
        });
        thread.map_err(|error| error.to_string())?;
        started.await.map_err(|error| error.to_string())?
    }

    fn places_of(&self, program: &[u8]) -> Arc<Semaphore> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let of_it = places.entry(program.to_vec()).or_insert_with(|| Arc::new(Semaphore::new(STARTS_MAX)));
        of_it.clone()
    }
}

fn give_up(may_gain: bool) -> Result<(), String> {
    if may_gain {
        return Ok(());
    }
    rustix::thread::set_no_new_privs(true).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use std::future::ready;
    use std::os::unix::process::CommandExt;
    use std::path::Path;
    use std::process;
    use std::sync::mpsc;
    use std::time::Duration;

    use futures_util::FutureExt;
    use smsgrid::model::{Time, Timestamp};
    use smsgrid::worker::handlers::{Command, Exit};
    use tokio::time::timeout;

    use super::super::launch::{Launch, Rules};
    use super::super::process::run;
    use super::*;
    use crate::clock::Clock;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn start() -> Result<Child, String> {
        process::Command::new("/bin/true").spawn().map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_program_that_hangs_in_its_start_holds_up_no_other_and_is_given_up_in_time() {
        let spawner = Spawner::new(true);
        let hangs: Vec<_> = (0..STARTS_MAX)
            .map(|_| {
                let (answers, answer) = mpsc::channel::<()>();
                let hanging = spawner.clone();
                let task = tokio::spawn(async move {
                    hanging
                        .spawn(b"/mnt/hung", move || {
                            let _ = answer.recv();
                            start()
                        })
                        .await
                });
                (answers, task)
            })
            .collect();
        while spawner.places_of(b"/mnt/hung").available_permits() > 0 {
            tokio::task::yield_now().await;
        }

        let mut other = spawner.spawn(b"/bin/true", start).await.expect("it starts");
        assert!(reaped(&mut other).await.success());

        let launch = Launch {
            command: Command::Direct(vec!["/mnt/hung".to_owned()]),
            shell: String::new(),
            arguments: Vec::new(),
            event: None,
            limit: None,
        };
        let (clock, _hand) = Clock::manual(Time::from_millis(0), Timestamp::from_unix_millis(0));
        let ended = run(&launch, ready(()), &Rules::Smsd, &spawner, &clock).await;
        assert!(matches!(ended.exit, Exit::NotStarted(why) if why.contains("in time")));

        for (answers, task) in hangs {
            drop(answers);
            let mut child = task.await.expect("no panic").expect("it starts after all");
            reaped(&mut child).await;
        }
    }

    #[tokio::test]
    async fn a_program_that_has_started_when_nobody_waits_for_it_any_more_is_ended() {
        let spawner = Spawner::new(true);
        let (go, wait) = mpsc::channel::<()>();
        let (tell, told) = mpsc::channel();
        let start = move || {
            let _ = wait.recv();
            let child = process::Command::new("/bin/sleep").arg("100").process_group(0).spawn();
            child.inspect(|child| tell.send(child.id()).expect("asked")).map_err(|error| error.to_string())
        };
        let mut starting = Box::pin(spawner.spawn(b"/bin/sleep", start));
        assert!(starting.as_mut().now_or_never().is_none(), "it waits");
        drop(go);
        while spawner.places_of(b"/bin/sleep").available_permits() < STARTS_MAX {
            tokio::task::yield_now().await;
        }

        drop(starting);

        let process = format!("/proc/{}", told.recv().expect("it has started"));
        let gone = async {
            while Path::new(&process).exists() {
                tokio::task::yield_now().await;
            }
        };
        timeout(PATIENCE, gone).await.expect("it is ended");
    }

    async fn reaped(started: &mut Started) -> process::ExitStatus {
        loop {
            match started.reap() {
                Some(status) => return status,
                None => tokio::task::yield_now().await,
            }
        }
    }
}
