//! A cluster that accepts messages, remembers their keys and says what became of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use smsgrid::model::{MessageId, MessageState, Payload, Timestamp};
use smsgrid::sms_file::Device;
use smsgrid::worker::handlers::{SpoolPaths, Verdict, of_spool};
use smsgrid::worker::intake::{Alarm, FileName, Filed, Folder, Outcome, PartResult, SubmitReply};
use smsgrid_node::spool::{Listener, Outcomes, SpoolMessage, Submitter};
use tokio_util::sync::CancellationToken;

/// Messages to this destination fail.
pub(crate) const FAILING: &str = "666";
/// Messages to this destination are refused when they are submitted.
pub(crate) const REFUSED: &str = "999";
/// Messages to this destination never end.
pub(crate) const ENDLESS: &str = "888";
/// Submitting a message to this destination panics.
pub(crate) const PANICKING: &str = "777";
/// Telling the result of a file of this name panics.
pub(crate) const UNTOLD: &str = "untold";
/// The second of two parts to this destination was sent again after a doubt.
pub(crate) const DOUBTFUL: &str = "444";
/// Following a message to this destination fails once.
pub(crate) const LOST_ONCE: &str = "555";

/// One cluster; clones are the same.
#[derive(Clone, Default)]
pub(crate) struct Cluster(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    messages: BTreeMap<String, (MessageId, SpoolMessage)>,
    alarms: Vec<String>,
    smsd_alarms: Vec<Option<String>>,
    filed: Vec<Filed>,
    asked: Vec<Folder>,
    unavailable: bool,
    deaf: bool,
    submits: usize,
    follows: usize,
    lost: BTreeSet<MessageId>,
}

impl Cluster {
    /// Accepts a message, or finds the one its key became.
    pub(crate) fn accept(&self, message: SpoolMessage) -> SubmitReply {
        let mut state = self.0.lock().expect("no test panicked");
        state.submits += 1;
        if state.unavailable {
            return SubmitReply::Later;
        }
        if message.submission.content.destination.reveal() == REFUSED {
            return SubmitReply::Refused("Destination is blacklisted".to_owned());
        }
        let next = MessageId::from_bytes((state.messages.len() as u128 + 1).to_be_bytes());
        let (id, _) = state.messages.entry(message.key.clone()).or_insert((next, message));
        SubmitReply::Accepted(*id)
    }

    /// What became of a message; none when it never ends.
    pub(crate) fn outcome_of(&self, message: MessageId) -> Option<Outcome> {
        let state = self.0.lock().expect("no test panicked");
        let (_, sent) = state.messages.values().find(|(id, _)| *id == message)?;
        let to = sent.submission.content.destination.reveal();
        if to == ENDLESS {
            return None;
        }
        let failed = to == FAILING;
        Some(Outcome {
            state: if failed { MessageState::Failed } else { MessageState::Sent },
            device: Device { modem: Some("GSM1".to_owned()), ..Device::default() },
            parts: self::parts(to == DOUBTFUL),
            possible_duplicate: to == DOUBTFUL,
            is_reported: sent.submission.content.options.status_report,
            started: Some(Timestamp::from_unix_millis(1_795_338_506_000)),
            ended: Timestamp::from_unix_millis(1_795_338_509_000),
            given_up: None,
            reason: if failed { "+CMS ERROR: 38 (Network out of order)".to_owned() } else { String::new() },
        })
    }

    /// Whether following the message fails this time.
    pub(crate) fn loses(&self, message: MessageId) -> bool {
        let mut state = self.0.lock().expect("no test panicked");
        let found = state.messages.values().find(|(id, _)| *id == message);
        let to = found.map(|(_, sent)| sent.submission.content.destination.reveal().to_owned());
        to.as_deref() == Some(LOST_ONCE) && state.lost.insert(message)
    }

    /// Makes the cluster accept nothing, or again everything.
    pub(crate) fn set_unavailable(&self, unavailable: bool) {
        self.0.lock().expect("no test panicked").unavailable = unavailable;
    }

    /// Makes the cluster tell no outcome by itself.
    pub(crate) fn set_deaf(&self, deaf: bool) {
        self.0.lock().expect("no test panicked").deaf = deaf;
    }

    pub(crate) fn submits(&self) -> usize {
        self.0.lock().expect("no test panicked").submits
    }

    /// How often anybody began to wait for the end of a message.
    pub(crate) fn follows(&self) -> usize {
        self.0.lock().expect("no test panicked").follows
    }

    /// Texts of the messages accepted, in the order of their ids.
    pub(crate) fn texts(&self) -> Vec<String> {
        let state = self.0.lock().expect("no test panicked");
        let mut messages: Vec<_> = state.messages.values().collect();
        messages.sort_by_key(|(id, _)| *id);
        messages.into_iter().map(|(_, message)| text(message)).collect()
    }

    /// The queue each message asks for, in the order they came in.
    pub(crate) fn queues(&self) -> Vec<Option<String>> {
        let state = self.0.lock().expect("no test panicked");
        let mut messages: Vec<_> = state.messages.values().collect();
        messages.sort_by_key(|(id, _)| *id);
        messages.into_iter().map(|(_, message)| message.submission.queue.clone()).collect()
    }

    /// Key and destination of each message, in the order of the keys.
    pub(crate) fn destinations(&self) -> Vec<(String, String)> {
        let state = self.0.lock().expect("no test panicked");
        let messages = state.messages.iter();
        messages
            .map(|(key, (_, message))| {
                (key.clone(), message.submission.content.destination.reveal().to_owned())
            })
            .collect()
    }

    /// Who sends the messages, in any order.
    pub(crate) fn owners(&self) -> Vec<u32> {
        let state = self.0.lock().expect("no test panicked");
        state.messages.values().map(|(_, message)| message.owner).collect()
    }

    pub(crate) fn alarms(&self) -> Vec<String> {
        self.0.lock().expect("no test panicked").alarms.clone()
    }

    /// The alarms with severity and text as smsd has them.
    pub(crate) fn smsd_alarms(&self) -> Vec<Option<String>> {
        self.0.lock().expect("no test panicked").smsd_alarms.clone()
    }

    /// The check handler is asked about a file in this folder.
    pub(crate) fn ask(&self, folder: Folder) {
        self.0.lock().expect("no test panicked").asked.push(folder);
    }

    /// Where the files stood the check handler was asked about.
    pub(crate) fn asked(&self) -> Vec<Folder> {
        self.0.lock().expect("no test panicked").asked.clone()
    }

    pub(crate) fn results(&self) -> Vec<Filed> {
        self.0.lock().expect("no test panicked").filed.clone()
    }
}

impl Submitter for Cluster {
    async fn submit(&self, message: SpoolMessage) -> SubmitReply {
        assert_ne!(message.submission.content.destination.reveal(), PANICKING, "more than it can bear");
        std::future::ready(self.accept(message)).await
    }
}

impl Outcomes for Cluster {
    fn settled(&self, message: MessageId) -> Option<Outcome> {
        self.outcome_of(message)
    }

    async fn outcome(&self, message: MessageId) -> Outcome {
        let deaf = {
            let mut state = self.0.lock().expect("no test panicked");
            state.follows += 1;
            state.deaf
        };
        match self.outcome_of(message) {
            Some(outcome) if !deaf => outcome,
            _ => std::future::pending().await,
        }
    }
}

fn parts(doubtful: bool) -> Vec<PartResult> {
    let part =
        |resent| PartResult { message_reference: Some(7), pdu: Some("00".to_owned()), resent, call: None };
    if doubtful { vec![part(false), part(true)] } else { vec![part(false)] }
}

impl Listener for Cluster {
    fn alarm(&self, alarm: &Alarm) {
        let folder = |folder: Folder| format!("/sms/{folder}").into_bytes();
        let paths = SpoolPaths {
            outgoing: folder(Folder::Outgoing),
            checked: folder(Folder::Checked),
            sent: folder(Folder::Sent),
            failed: folder(Folder::Failed),
            sent_copy: folder(Folder::SentCopy),
            failed_copy: folder(Folder::FailedCopy),
        };
        let told = of_spool(alarm, &paths);
        let mut state = self.0.lock().expect("no test panicked");
        state.alarms.push(alarm.to_string());
        state
            .smsd_alarms
            .push(told.map(|told| format!("{} {}", told.severity as u8, told.text.escape_ascii())));
    }

    async fn handled(&self, alarm: &Alarm) {
        self.alarm(alarm);
        std::future::ready(()).await;
    }

    fn filed(&self, filed: &Filed) {
        self.0.lock().expect("no test panicked").filed.push(filed.clone());
    }

    async fn check(&self, _: Folder, _: &FileName) -> Verdict {
        std::future::ready(Verdict::Accepted).await
    }

    async fn told(&self, filed: &Filed, _: &CancellationToken) -> bool {
        assert_ne!(filed.name.as_bytes(), UNTOLD.as_bytes(), "more than it can bear");
        std::future::ready(true).await
    }

    fn holds(&self, _: usize) {}
}

fn text(message: &SpoolMessage) -> String {
    let parts = message.submission.content.parts.iter();
    let octets = parts.flat_map(|part| match &part.user_data.payload {
        Payload::Septets(units) | Payload::Octets(units) => units.clone(),
    });
    String::from_utf8_lossy(&octets.collect::<Vec<u8>>()).into_owned()
}
