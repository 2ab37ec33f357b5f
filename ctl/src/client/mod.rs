//! The connection to the cluster: several servers, one answer. Nothing outside this folder knows how a question travels.
//!
//! ```text
//!              ┌───────────── refused: so would every other ──────────▶ told
//! ask ─▶ server ── answered ──────────────────────────────────────────▶ done, remembered as the good one
//!   ▲          ├── not reached, or: not here, not now ─▶ next server    certainly nothing was done
//!   │          └── broken after it was handed over ────▶ next server    in doubt: the same key makes it safe
//!   └─ after a round in vain, as long as patience lasts
//! ```

mod follow;
mod refusal;
mod requests;
mod server;
mod submit;
mod told;

use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tonic::Status;
use tonic::transport::Channel;

use crate::args::ReadLevel;
use refusal::{Meaning, meaning};

pub(crate) use follow::{Follow, Told, Watched};
pub(crate) use refusal::Refusal;
pub(crate) use requests::{Change, Lacking, Query};
pub(crate) use server::Server;
pub(crate) use submit::{Submission, Submitted};

/// How long a question that changes nothing is tried.
const READ_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a change is tried.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long servers that fail are asked again, within the time above.
const PATIENCE: Duration = Duration::from_secs(10);
/// The longest one server is waited for while others could be asked.
const ATTEMPT_MAX: Duration = Duration::from_secs(5);
/// Between two rounds over all servers.
const ROUND_PAUSE: Duration = Duration::from_millis(250);
/// How long a node may need to be sure that it accepts nothing. No round is begun that could not hear it: what is certain
/// so far would become a doubt.
const REFUSAL_MAX: Duration = Duration::from_secs(3);

/// What a question may do, and so what a broken connection means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// It changes nothing.
    Read,
    /// The same, and no server is asked twice: there is something else to do when all fail.
    Look,
    /// It changes something, and repeating it may be answered in another way.
    Write,
    /// It changes something, and repeating it under its key is answered in the same way.
    Keyed,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Failed {
    /// A server said no, and nothing was done.
    Refused(Box<Refusal>),
    /// No server was reached. Nothing was handed over.
    Unreachable(Unreached),
    /// It may have been done.
    Unknown(String),
}

/// The servers that were asked in vain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unreached {
    /// Each with its reason.
    pub(crate) servers: Vec<(String, String)>,
    /// The context that names them, if one does.
    pub(crate) context: Option<String>,
}

/// The servers, and which of them answered last.
#[derive(Debug)]
pub(crate) struct Client {
    servers: Vec<Server>,
    /// The context that names them, if one does.
    context: Option<String>,
    /// The place of the server that answered last.
    good: usize,
    timeout: Option<Duration>,
    read: Option<ReadLevel>,
}

/// How one server was asked in vain.
enum Attempt<T> {
    Done(T),
    Failed(Meaning),
    Unreachable(String),
}

/// What is known of a question that nobody has answered yet.
#[derive(Default)]
struct Trouble {
    unreachable: Vec<(String, String)>,
    elsewhere: Option<Box<Refusal>>,
    doubt: Option<String>,
    since: Option<Instant>,
}

impl Client {
    /// A client of these servers, of which there is one at least.
    pub(crate) fn new(
        servers: Vec<Server>,
        context: Option<String>,
        timeout: Option<Duration>,
        read: Option<ReadLevel>,
    ) -> Client {
        Client { servers, context, good: 0, timeout, read }
    }

    /// Every server that may be asked, as it is named to people.
    pub(crate) fn servers(&self) -> impl Iterator<Item = &str> {
        self.servers.iter().map(Server::name)
    }

    /// How fresh answers must be, when somebody said so.
    pub(crate) const fn read(&self) -> Option<ReadLevel> {
        self.read
    }

    /// Asks one server after the other until one answers.
    async fn ask<T>(
        &mut self,
        kind: Kind,
        request: impl AsyncFn(Channel) -> Result<T, Status>,
    ) -> Result<T, Failed> {
        let writes = matches!(kind, Kind::Write | Kind::Keyed);
        let limit = self.timeout.unwrap_or(if writes { WRITE_TIMEOUT } else { READ_TIMEOUT });
        let deadline = Instant::now() + limit;
        let mut trouble = Trouble::default();
        loop {
            trouble.unreachable.clear();
            for step in 0..self.servers.len() {
                let at = (self.good + step) % self.servers.len();
                let left = deadline.saturating_duration_since(Instant::now());
                match self.attempt(at, left, &request).await {
                    Attempt::Done(answer) => {
                        self.good = at;
                        return Ok(answer);
                    }
                    Attempt::Unreachable(why) => trouble.unreachable(self.name(at), why),
                    Attempt::Failed(Meaning::Elsewhere(refusal)) => trouble.elsewhere = Some(refusal),
                    Attempt::Failed(Meaning::Doubt(why)) if writes => trouble.doubt = Some(why),
                    Attempt::Failed(Meaning::Doubt(why)) => trouble.unreachable(self.name(at), why),
                    Attempt::Failed(Meaning::Refused(refusal)) => {
                        return Err(trouble.refused(kind, refusal));
                    }
                }
            }
            let since = *trouble.since.get_or_insert_with(Instant::now);
            let over = deadline.min(since + PATIENCE);
            let hopeless = trouble.doubt.is_none() && trouble.elsewhere.is_none();
            let room = if trouble.doubt.is_none() { REFUSAL_MAX } else { ROUND_PAUSE };
            if hopeless || kind == Kind::Look || Instant::now() + room >= over {
                return Err(trouble.into_failed(self.context.clone()));
            }
            sleep(ROUND_PAUSE).await;
        }
    }

    async fn attempt<T>(
        &mut self,
        at: usize,
        left: Duration,
        request: &impl AsyncFn(Channel) -> Result<T, Status>,
    ) -> Attempt<T> {
        let within = if self.servers.len() > 1 { left.min(ATTEMPT_MAX) } else { left };
        let Some(server) = self.servers.get_mut(at) else {
            return Attempt::Unreachable("there is no such server".to_owned());
        };
        let channel = match timeout(within, server.channel()).await {
            Ok(Ok(channel)) => channel,
            Ok(Err(why)) => return Attempt::Unreachable(why),
            Err(_) => return Attempt::Unreachable("no connection in time".to_owned()),
        };
        let failed = match timeout(within, request(channel)).await {
            Ok(Ok(answer)) => return Attempt::Done(answer),
            Ok(Err(status)) => meaning(&status),
            Err(_) => Meaning::Doubt("no answer in time".to_owned()),
        };
        if matches!(failed, Meaning::Doubt(_)) {
            server.forget();
        }
        Attempt::Failed(failed)
    }

    fn name(&self, at: usize) -> String {
        self.servers.get(at).map(|server| server.name().to_owned()).unwrap_or_default()
    }
}

impl Trouble {
    fn unreachable(&mut self, server: String, why: String) {
        self.unreachable.push((server, why));
    }

    /// A server said no. Where an earlier server may have done it, that may be why.
    fn refused(self, kind: Kind, refusal: Box<Refusal>) -> Failed {
        match self.doubt {
            Some(why) if kind == Kind::Write => {
                Failed::Unknown(format!("{why}; asked again: {}", refusal.title))
            }
            Some(_) | None => Failed::Refused(refusal),
        }
    }

    fn into_failed(self, context: Option<String>) -> Failed {
        match (self.doubt, self.elsewhere) {
            (Some(why), _) => Failed::Unknown(why),
            (None, Some(refusal)) => Failed::Refused(refusal),
            (None, None) => Failed::Unreachable(Unreached { servers: self.unreachable, context }),
        }
    }
}
