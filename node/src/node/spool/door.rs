//! The way of a file's message into the log: whose it is, whether and by which modems it may leave, what it may ask for
//! and what the configuration adds.

use std::sync::Arc;

use smsgrid::model::{Name, Origin, Priority, Timestamp};
use smsgrid::queue::{IdempotencyKey, Route};
use smsgrid::worker::intake::SubmitReply;
use smsgrid::worker::routing::{self, Routing};
use smsgrid::worker::submission::Submission;
use tracing::info;

use super::lists::{Current, Lists};
use crate::clock::Clock;
use crate::config::{Config, Messages, Spool};
use crate::spool::{SpoolMessage, Submitter};
use crate::submit::{self, Request, SubmitError};

/// Brings messages of files into the log.
pub(super) struct Door {
    node: Name,
    messages: Messages,
    routing: Routing,
    lists: Arc<Lists>,
    submitter: submit::Submitter,
    clock: Clock,
}

impl Door {
    /// The door of the node that `config` describes, for the files of its `spool`.
    pub(super) fn new(
        config: &Config,
        spool: &Spool,
        lists: Lists,
        submitter: submit::Submitter,
        clock: Clock,
    ) -> Door {
        Door {
            node: config.node.name.clone(),
            messages: config.messages.clone(),
            routing: spool.routing.clone(),
            lists: Arc::new(lists),
            submitter,
            clock,
        }
    }

    /// The lists of numbers as they are now; none while one of them cannot be read.
    async fn lists(&self) -> Option<Current> {
        if self.lists.is_empty() {
            return Some(Current::default());
        }
        let lists = Arc::clone(&self.lists);
        tokio::task::spawn_blocking(move || lists.current()).await.ok().flatten()
    }
}

impl Submitter for Door {
    async fn submit(&self, message: SpoolMessage) -> SubmitReply {
        let Some(lists) = self.lists().await else { return SubmitReply::Later };
        let tag = match tag(&message.submission, &self.routing, &lists) {
            Ok(tag) => tag,
            Err(refusal) => return SubmitReply::Refused(refusal.to_string()),
        };
        let Some(request) = request(message, tag, &self.node, &self.messages, self.clock.utc()) else {
            return SubmitReply::Refused("The owner of the file cannot be told".to_owned());
        };
        match self.submitter.submit(request).await {
            Ok(accepted) => {
                info!(event = "message.accepted", message_id = %accepted.id, replayed = accepted.replayed, "file accepted");
                SubmitReply::Accepted(accepted.id)
            }
            Err(SubmitError::KeyReused { id }) => SubmitReply::Accepted(id),
            Err(SubmitError::Rejected { reason }) => SubmitReply::Refused(format!("Rejected: {reason}")),
            Err(SubmitError::TooLong { parts, parts_max }) => SubmitReply::Refused(format!(
                "Too long text: it needs {parts} parts, the limit is {parts_max}"
            )),
            Err(SubmitError::Full | SubmitError::Propose(_)) => SubmitReply::Later,
        }
    }
}

/// The tag of the modems that may carry a file; none when any of them may.
fn tag(
    submission: &Submission,
    routing: &Routing,
    lists: &Current,
) -> Result<Option<Name>, routing::Refusal> {
    let lists =
        routing::Lists { blacklist: lists.blacklist.as_deref(), whitelist: lists.whitelist.as_deref() };
    routing.decide(&submission.number, submission.queue.as_deref(), &lists)
}

/// What is asked of the log for a file taken at `now`; none when its owner or its key cannot be written down.
fn request(
    message: SpoolMessage,
    tag: Option<Name>,
    node: &Name,
    messages: &Messages,
    now: Timestamp,
) -> Option<Request> {
    let submission = message.submission;
    Some(Request {
        // Who put the file there counts, whatever the file says.
        client: Name::new(&format!("uid-{}", message.owner)).ok()?,
        key: Some(IdempotencyKey::new(&message.key).ok()?),
        content: submission.content,
        origin: Origin::Spool { node: node.clone(), intake: message.key },
        priority: priority(submission.priority, messages.priority),
        uncertain: messages.uncertain,
        not_before: None,
        deadline: messages.validity.map(|validity| now + validity),
        route: Route { modem: None, tags: tag.into_iter().collect() },
        attempts_max: submission.retries.or(messages.retries.map(u32::from)).map(attempts_max),
    })
}

/// A file can ask for high priority; one that asks for nothing gets the default.
fn priority(asked: Priority, default: Priority) -> Priority {
    match asked {
        Priority::High | Priority::Emergency => asked,
        Priority::Normal | Priority::Bulk => default,
    }
}

/// The first attempt and its repetitions; a file may ask for any number, the log counts to 255.
fn attempts_max(retries: u32) -> u8 {
    u8::try_from(retries).unwrap_or(u8::MAX).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use smsgrid::model::UncertainPolicy;
    use smsgrid::sms_file::{self, Document};
    use smsgrid::worker::submission;

    use super::*;

    #[test]
    fn a_file_that_asks_for_four_billion_retries_gets_as_many_as_the_log_counts() {
        for (header, expected) in [
            ("", None),
            ("Retries: 0\n", Some(1)),
            ("Retries: 4\n", Some(5)),
            ("Retries: 254\n", Some(255)),
            ("Retries: 255\n", Some(255)),
            ("Retries: 4294967295\n", Some(255)),
        ] {
            let asked = of_file(header, &defaults()).expect("a request");
            assert_eq!(asked.attempts_max, expected, "{header}");
        }
        let configured = Messages { retries: Some(1), ..defaults() };
        let attempts = |header| of_file(header, &configured).expect("a request").attempts_max;
        assert_eq!((attempts(""), attempts("Retries: 7\n")), (Some(2), Some(8)));
    }

    #[test]
    fn only_high_priority_is_the_choice_of_the_file() {
        for default in [Priority::Bulk, Priority::Normal, Priority::High] {
            let messages = Messages { priority: default, ..defaults() };
            let priority = |header| of_file(header, &messages).expect("a request").priority;

            assert_eq!(priority(""), default);
            assert_eq!(priority("Priority: HIGH\n"), Priority::High);
        }
        assert_eq!(super::priority(Priority::Emergency, Priority::Bulk), Priority::Emergency);
        assert_eq!(super::priority(Priority::Bulk, Priority::Normal), Priority::Normal);
    }

    #[test]
    fn the_deadline_is_the_validity_of_the_configuration_from_now_on() {
        let messages = Messages { validity: Some(Duration::from_secs(600)), ..defaults() };

        let limited = of_file("", &messages).expect("a request");
        assert_eq!(limited.deadline, Some(Timestamp::from_unix_millis(1_600_000)));
        assert_eq!(limited.not_before, None);
        assert_eq!(of_file("", &defaults()).expect("a request").deadline, None);
    }

    #[test]
    fn the_queue_of_a_file_is_the_tag_its_modem_must_have() {
        let routed = of_file("Queue: prepaid\n", &defaults()).expect("a request").route;
        assert_eq!(routed.modem, None);
        assert_eq!(routed.tags.iter().map(ToString::to_string).collect::<Vec<_>>(), ["prepaid"]);
        assert!(of_file("", &defaults()).expect("a request").route.tags.is_empty());

        let refused = of_file("Queue: no name at all\n", &defaults());
        assert_eq!(refused.err(), Some(routing::Refusal::WrongQueue));
    }

    #[test]
    fn the_owner_of_the_file_is_its_client_whatever_the_file_says() {
        let asked = of_file("From: root\n", &Messages { uncertain: UncertainPolicy::Hold, ..defaults() });
        let asked = asked.expect("a request");

        assert_eq!(asked.client.to_string(), "uid-1003");
        assert_eq!(asked.key, IdempotencyKey::new("spool:a:b").ok());
        assert_eq!(asked.uncertain, UncertainPolicy::Hold);
        let origin = Origin::Spool { node: name("gw-a"), intake: "spool:a:b".to_owned() };
        assert_eq!(asked.origin, origin);
    }

    /// What becomes of a file with these headers, taken at second 1000.
    fn of_file(headers: &str, messages: &Messages) -> Result<Request, routing::Refusal> {
        let file = format!("To: 491700000001\n{headers}\nhello");
        let document = Document::read(file.as_bytes()).expect("a message file");
        let submission =
            submission::prepare(&document, &sms_file::Settings::default(), 1).expect("a message");
        let tag = super::tag(&submission, &Routing::default(), &Current::default())?;
        let message = SpoolMessage { key: "spool:a:b".to_owned(), submission, owner: 1003 };
        let now = Timestamp::from_unix_millis(1_000_000);
        Ok(request(message, tag, &name("gw-a"), messages, now).expect("a request"))
    }

    fn defaults() -> Messages {
        Messages {
            priority: Priority::Normal,
            uncertain: UncertainPolicy::Resend,
            validity: None,
            report: false,
            retries: None,
        }
    }

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }
}
