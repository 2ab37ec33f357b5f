//! The way of a file's message into the log: whose it is, what it may ask for, and what the configuration adds.

use smsgrid::model::{Name, Origin, Priority, Timestamp};
use smsgrid::queue::{IdempotencyKey, Route};
use smsgrid::worker::intake::SubmitReply;
use tracing::info;

use crate::clock::Clock;
use crate::config::{Config, Messages};
use crate::spool::{SpoolMessage, Submitter};
use crate::submit::{self, Request, SubmitError};

/// Brings messages of files into the log.
pub(super) struct Door {
    node: Name,
    messages: Messages,
    submitter: submit::Submitter,
    clock: Clock,
}

impl Door {
    /// The door of the node that `config` describes.
    pub(super) fn new(config: &Config, submitter: submit::Submitter, clock: Clock) -> Door {
        Door { node: config.node.name.clone(), messages: config.messages.clone(), submitter, clock }
    }
}

impl Submitter for Door {
    async fn submit(&self, message: SpoolMessage) -> SubmitReply {
        let Some(request) = request(message, &self.node, &self.messages, self.clock.utc()) else {
            return SubmitReply::Refused("Wrong provider queue".to_owned());
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

/// What is asked of the log for a file taken at `now`; none when the provider queue it names cannot exist.
fn request(message: SpoolMessage, node: &Name, messages: &Messages, now: Timestamp) -> Option<Request> {
    let submission = message.submission;
    let tag = submission.queue.as_deref().map(Name::new).transpose().ok()?;
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
        attempts_max: submission.retries.map(attempts_max),
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

        assert!(of_file("Queue: no name at all\n", &defaults()).is_none());
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
    fn of_file(headers: &str, messages: &Messages) -> Option<Request> {
        let file = format!("To: 491700000001\n{headers}\nhello");
        let document = Document::read(file.as_bytes()).expect("a message file");
        let submission =
            submission::prepare(&document, &sms_file::Settings::default(), 1).expect("a message");
        let message = SpoolMessage { key: "spool:a:b".to_owned(), submission, owner: 1003 };
        request(message, &name("gw-a"), messages, Timestamp::from_unix_millis(1_000_000))
    }

    fn defaults() -> Messages {
        Messages {
            priority: Priority::Normal,
            uncertain: UncertainPolicy::Resend,
            validity: None,
            report: false,
        }
    }

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }
}
