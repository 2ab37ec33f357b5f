//! The API: gRPC for programs, and over HTTP whether the node lives, is ready and what it counts; all on one port.
//!
//! ```text
//!                                  ┌ MessageService ── request ──▶ Submitter, Proposer ──▶ log
//! listener ─▶ bounds ─▶ router ────┤ ModemService ─┐
//!                 │                │ ClusterService ┴─ read ─────▶ Consensus::read_index, View, History
//!                 │                │ health, reflection
//!                 │                └ /livez /readyz /healthz /metrics
//!                 └─▶ anything else: 404 as a problem document, or UNIMPLEMENTED to a caller of gRPC
//! ```
//!
//! A request is read whole and refused by the name of its first wrong field before anything happens. A refusal says
//! what is certain: nothing was accepted, or nobody knows. A read waits for a majority unless it asks for less. This
//! module decides nothing about messages; it knows no modem, no disk and no other node.

mod cluster;
mod cluster_service;
mod connection;
mod context;
mod dead_letters;
mod events;
mod find;
mod health;
mod http;
mod limits;
mod list;
mod message;
mod message_service;
mod metrics;
mod modem_service;
mod modems;
mod names;
mod operate;

mod read;
mod refusal;
mod request;
mod revision;
mod server;
mod submit;
mod undecoded;
mod watch;
mod words;

use std::ops::Deref;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use smsgrid::model::Name;
use tokio::sync::{Notify, Semaphore};
use tokio_util::task::TaskTracker;
use tonic::{Response, Status};

pub use context::{Context, ModemCondition, ModemNews, Modems, Network, NoModems};
pub use metrics::{Metrics, ModemCounts};
pub use server::{ServeError, serve};

use limits::WATCHES_MAX;
use metrics::Method;
use names::Names;
use read::AsOf;
use refusal::Refusal;

/// The client of everything that comes in through the API.
const CLIENT: &str = "api";

/// A node's API at work: what it works on, and what it keeps itself.
pub(crate) struct Api {
    context: Context,
    /// Who asks: nobody signs in, so all programs are one client and share its keys.
    client: Name,
    /// The last moment a majority confirmed what is applied here.
    confirmed: Mutex<Option<AsOf>>,
    /// Somebody reads what is applied here without asking a majority, and wants to know how old it is.
    asked: Notify,
    watches: Arc<Semaphore>,
    tellers: TaskTracker,
}

impl Api {
    fn new(context: Context) -> Api {
        Api {
            context,
            client: Name::new(CLIENT).expect("letters make a name"),
            confirmed: Mutex::new(None),
            asked: Notify::new(),
            watches: Arc::new(Semaphore::new(WATCHES_MAX)),
            tellers: TaskTracker::new(),
        }
    }

    fn names(&self) -> Names {
        Names::of(&self.consensus.members())
    }

    /// How many watches are served.
    fn watching(&self) -> usize {
        WATCHES_MAX.saturating_sub(self.watches.available_permits())
    }

    /// Answers one call and counts it.
    async fn answer<T>(
        &self,
        method: Method,
        work: impl Future<Output = Result<T, Refusal>>,
    ) -> Result<Response<T>, Status> {
        let begun = Instant::now();
        let answer = work.await;
        let code = answer.as_ref().map_or_else(Refusal::code, |_| tonic::Code::Ok);
        self.metrics.called(method, code, begun.elapsed());
        Ok(Response::new(answer?))
    }
}

impl Deref for Api {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.context
    }
}
