//! The way to each modem of this node for whoever has something to ask it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use smsgrid::at::Question;
use smsgrid::model::Name;
use smsgrid::worker::modem::Answer;
use tokio::sync::{mpsc, oneshot};

/// The ways. Clones are the same; they hold the modems of the configuration and no more.
#[derive(Clone, Debug, Default)]
pub struct Questions(Arc<Mutex<BTreeMap<Name, mpsc::Sender<Asked>>>>);

/// A question on its way to a modem, and where its answer goes.
#[derive(Debug)]
pub struct Asked {
    /// The question.
    pub question: Question,
    /// Where its answer goes.
    pub answer: oneshot::Sender<Answer>,
}

impl Questions {
    /// Questions for the modem come here from now on.
    pub fn open(&self, modem: &Name) -> mpsc::Receiver<Asked> {
        let (sender, receiver) = mpsc::channel(1);
        let mut ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those of modems that are not configured any more lead nowhere.
        ways.retain(|_, way| !way.is_closed());
        ways.insert(modem.clone(), sender);
        receiver
    }

    /// Asks the modem between two messages. Ends by itself: one that cannot be asked soon is not asked.
    pub async fn ask(&self, modem: &str, question: Question) -> Answer {
        let way = {
            let ways = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            ways.iter().find(|(name, _)| name.as_str() == modem).map(|(_, way)| way.clone())
        };
        let Some(way) = way else { return Answer::NotAsked };
        let (answer, answered) = oneshot::channel();
        if way.send(Asked { question, answer }).await.is_err() {
            return Answer::NotAsked;
        }
        // The modem's task ended with the question in its hands.
        answered.await.unwrap_or(Answer::Lost)
    }
}
