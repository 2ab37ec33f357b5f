//! Outcomes on their way to the log: durable in the outbox before they are proposed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use smsgrid::model::{Attempt, PartOutcome};

use crate::outbox::{Key, Kind, Outbox, OutboxError, Receipt};

/// The outbox as the modem workers use it; clones share it.
#[derive(Clone, Debug)]
pub struct Outcomes {
    outbox: Outbox,
    receipts: Arc<Mutex<BTreeMap<Attempt, Receipt>>>,
}

/// Why an outcome is not durable, or cannot be read back.
#[derive(Debug, thiserror::Error)]
pub enum OutcomesError {
    /// The outbox failed; the node must stop.
    #[error(transparent)]
    Outbox(#[from] OutboxError),
    /// A record cannot be read by this program.
    #[error("the outcome of attempt {attempt} in the outbox cannot be read: {why}")]
    Unreadable {
        /// The attempt.
        attempt: Attempt,
        /// What is wrong.
        why: String,
    },
}

impl Outcomes {
    /// Outcomes kept in `outbox`.
    pub fn new(outbox: Outbox) -> Outcomes {
        Outcomes { outbox, receipts: Arc::default() }
    }

    /// What an earlier life of this process left behind, oldest first.
    pub async fn left(&self) -> Result<Vec<(Attempt, PartOutcome)>, OutcomesError> {
        let mut left = Vec::new();
        for record in self.outbox.records().await {
            match record.receipt.key.kind {
                Kind::Outcome => {
                    let attempt = record.receipt.key.attempt;
                    let outcome = cbor4ii::serde::from_slice(&record.octets)
                        .map_err(|error| OutcomesError::Unreadable { attempt, why: error.to_string() })?;
                    self.keep(record.receipt);
                    left.push((attempt, outcome));
                }
                Kind::WriteMark => self.outbox.remove(record.receipt).await,
            }
        }
        Ok(left)
    }

    /// Makes an outcome durable; an earlier one of the same attempt is replaced.
    pub async fn record(&self, attempt: Attempt, outcome: PartOutcome) -> Result<(), OutcomesError> {
        let octets = cbor4ii::serde::to_vec(Vec::new(), &outcome)
            .map_err(|error| OutcomesError::Unreadable { attempt, why: error.to_string() })?;
        let receipt = self.outbox.put(Key::outcome(attempt), &octets).await?;
        self.keep(receipt);
        Ok(())
    }

    /// The log knows the outcome of `attempt`.
    pub async fn forget(&self, attempt: Attempt) {
        let receipt = self.receipts.lock().unwrap_or_else(PoisonError::into_inner).remove(&attempt);
        if let Some(receipt) = receipt {
            self.outbox.remove(receipt).await;
        }
    }

    /// The outbox itself.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    fn keep(&self, receipt: Receipt) {
        self.receipts.lock().unwrap_or_else(PoisonError::into_inner).insert(receipt.key.attempt, receipt);
    }
}
