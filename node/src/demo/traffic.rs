//! The demo's own messages: a few, handed to one running node after the other.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use smsgrid::model::{Address, Content, MessageId, Name, Origin, Part, PartNumber, Priority, SendOptions};
use smsgrid::queue::Route;
use smsgrid::text::{SegmentOptions, segment};
use tokio_util::sync::CancellationToken;
use tracing::debug;

use crate::submit::{Request, Submitter};
use crate::tasks::TaskResult;

/// How often a message is sent.
const INTERVAL: Duration = Duration::from_secs(10);
/// Most ids remembered, for the count at the end.
const IDS_MAX: usize = 1_000_000;

/// Sends messages of the demo's own. Clones are the same traffic.
#[derive(Clone, Default)]
pub(super) struct Traffic(Arc<Mutex<Shared>>);

#[derive(Default)]
struct Shared {
    submitters: Vec<Submitter>,
    accepted: BTreeSet<MessageId>,
}

impl Traffic {
    /// The nodes that may be asked from now on.
    pub(super) fn enter(&self, submitters: Vec<Submitter>) {
        self.shared().submitters = submitters;
    }

    /// What was acknowledged.
    pub(super) fn accepted(&self) -> BTreeSet<MessageId> {
        self.shared().accepted.clone()
    }

    /// Sends until it is cancelled.
    pub(super) async fn run(self, cancel: CancellationToken) -> TaskResult {
        for number in 1_u32.. {
            if cancel.run_until_cancelled(tokio::time::sleep(INTERVAL)).await.is_none() {
                return Ok(());
            }
            self.send(number).await;
        }
        Ok(())
    }

    async fn send(&self, number: u32) {
        let submitter = {
            let shared = self.shared();
            let turn = usize::try_from(number).unwrap_or(0) % shared.submitters.len().max(1);
            shared.submitters.get(turn).cloned()
        };
        let (Some(submitter), Some(request)) = (submitter, message(number)) else { return };
        match submitter.submit(request).await {
            Ok(accepted) => {
                let mut shared = self.shared();
                if shared.accepted.len() < IDS_MAX {
                    shared.accepted.insert(accepted.id);
                }
            }
            Err(failure) => debug!(%failure, "demo message not accepted"),
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        // Nothing that can panic happens under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn message(number: u32) -> Option<Request> {
    let text = format!("demo message {number}: Grüße aus dem Netz");
    let segmented = segment(&text, &SegmentOptions::default()).ok()?;
    let parts = (1..).map(PartNumber).zip(segmented.parts);
    let content = Content {
        destination: Address::international(&format!("4917000{:05}", number % 100_000)).ok()?,
        alphabet: segmented.alphabet,
        parts: parts.map(|(number, user_data)| Part { number, user_data }).collect(),
        options: SendOptions::default(),
        call: None,
    };
    Some(Request {
        client: Name::new("demo").ok()?,
        key: None,
        content,
        origin: Origin::Api,
        priority: Priority::Normal,
        uncertain: Default::default(),
        not_before: None,
        deadline: None,
        route: Route::default(),
        attempts_max: None,
    })
}
