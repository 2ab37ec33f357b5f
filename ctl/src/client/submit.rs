//! Submissions: each has a key, so that one of which nobody knows whether it was accepted is simply asked again.

use std::time::Duration;

use smsgrid_proto::v1;
use tokio::time::{Instant, sleep};
use v1::message_service_client::MessageServiceClient;

use super::refusal::{Meaning, Refusal};
use super::told;
use super::{Client, Failed, Kind, PATIENCE, ROUND_PAUSE};
use crate::args::{Priority, Uncertain};
use crate::view::{Accepted, Moment};

/// Most messages handed over at once.
const BATCH_MAX: usize = 500;
/// Most octets of texts handed over at once; the server takes 256 KiB with everything around them.
const BATCH_TEXT_OCTETS_MAX: usize = 128 * 1024;

/// A message somebody wants sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Submission {
    pub(crate) to: String,
    pub(crate) text: String,
    pub(crate) key: String,
    pub(crate) report: bool,
    pub(crate) priority: Option<Priority>,
    pub(crate) modem: String,
    pub(crate) uncertain: Option<Uncertain>,
    pub(crate) validity: Option<Duration>,
    pub(crate) at: Option<Moment>,
    pub(crate) flash: bool,
    /// 0 leaves it to the node.
    pub(crate) max_parts: u32,
    pub(crate) plain: bool,
}

/// What became of one submission.
pub(crate) type Submitted = Result<Accepted, Failed>;

impl Client {
    /// Hands messages over; one result for each, in order. Each is asked again under its key until it is accepted, it
    /// is refused, or patience ends.
    pub(crate) async fn submit(&mut self, submissions: &[Submission]) -> Vec<Submitted> {
        if let [one] = submissions {
            return vec![self.submit_one(one).await];
        }
        let mut results: Vec<Option<Submitted>> = submissions.iter().map(|_| None).collect();
        let over = Instant::now() + self.timeout.unwrap_or(PATIENCE);
        loop {
            let pending: Vec<usize> =
                (0..submissions.len()).filter(|at| !is_settled(results.get(*at))).collect();
            let mut answered = false;
            for batch in batches(&pending, submissions) {
                answered |= self.submit_batch(batch, submissions, &mut results).await;
            }
            let settled = results.iter().all(|result| is_settled(Some(result)));
            // A whole batch that failed was asked again as long as patience lasts; single items were not.
            if settled || !answered || Instant::now() + ROUND_PAUSE >= over {
                return results.into_iter().map(|result| result.unwrap_or_else(no_answer)).collect();
            }
            // The server that answered could not take them now; perhaps the next one can.
            self.good = (self.good + 1) % self.servers.len();
            sleep(ROUND_PAUSE).await;
        }
    }

    async fn submit_one(&mut self, submission: &Submission) -> Submitted {
        let request = wire(submission);
        let answer = self
            .ask(Kind::Keyed, async |channel| {
                Ok(MessageServiceClient::new(channel).submit(request.clone()).await?.into_inner())
            })
            .await?;
        Ok(told::accepted(answer))
    }

    /// Hands the messages at these places over; whether a server looked at them.
    async fn submit_batch(
        &mut self,
        places: &[usize],
        submissions: &[Submission],
        results: &mut [Option<Submitted>],
    ) -> bool {
        let messages = places.iter().filter_map(|at| submissions.get(*at)).map(wire).collect();
        let request = v1::SubmitBatchRequest { messages };
        let answer = self
            .ask(Kind::Keyed, async |channel| {
                Ok(MessageServiceClient::new(channel).submit_batch(request.clone()).await?.into_inner())
            })
            .await;
        let mut items = answer.map(|answer| answer.messages.into_iter());
        for place in places {
            let told = match &mut items {
                Ok(items) => items.next().map_or_else(no_answer, item),
                Err(failed) => Err(failed.clone()),
            };
            if let Some(result) = results.get_mut(*place) {
                let doubted = matches!(result, Some(Err(Failed::Unknown(_))));
                let refused = matches!(&told, Err(Failed::Refused(refusal)) if refusal.is_elsewhere());
                // An item once in doubt stays so until it is accepted or refused for what it is.
                if !(doubted && (refused || matches!(told, Err(Failed::Unreachable(_))))) {
                    *result = Some(told);
                }
            }
        }
        items.is_ok()
    }
}

/// Whether asking again would change nothing.
fn is_settled(result: Option<&Option<Submitted>>) -> bool {
    match result {
        Some(Some(Ok(_))) | None => true,
        Some(Some(Err(Failed::Refused(refusal)))) => !refusal.is_elsewhere(),
        Some(Some(Err(Failed::Unreachable(_) | Failed::Unknown(_))) | None) => false,
    }
}

fn no_answer() -> Submitted {
    Err(Failed::Unknown("the server told of fewer messages than it was given".to_owned()))
}

fn item(told: v1::SubmitResult) -> Submitted {
    match told.result {
        Some(v1::submit_result::Result::Message(message)) => Ok(told::accepted(message)),
        Some(v1::submit_result::Result::Problem(problem)) => {
            Err(match Refusal::of_problem(problem).into_meaning() {
                Meaning::Doubt(why) => Failed::Unknown(why),
                Meaning::Refused(refusal) | Meaning::Elsewhere(refusal) => Failed::Refused(refusal),
            })
        }
        None => no_answer(),
    }
}

/// The places in runs that a server takes at once.
fn batches<'a>(places: &'a [usize], submissions: &[Submission]) -> Vec<&'a [usize]> {
    let octets =
        |place: usize| submissions.get(place).map_or(0, |one| one.text.len() + one.key.len() + one.to.len());
    let mut batches = Vec::new();
    let (mut begun, mut size) = (0, 0);
    for (at, place) in places.iter().enumerate() {
        if at > begun && (at - begun >= BATCH_MAX || size + octets(*place) > BATCH_TEXT_OCTETS_MAX) {
            batches.extend(places.get(begun..at));
            (begun, size) = (at, 0);
        }
        size += octets(*place);
    }
    batches.extend(places.get(begun..).filter(|rest| !rest.is_empty()));
    batches
}

fn wire(submission: &Submission) -> v1::SubmitRequest {
    let priority = match submission.priority {
        None => v1::Priority::Unspecified,
        Some(Priority::Bulk) => v1::Priority::Bulk,
        Some(Priority::Normal) => v1::Priority::Normal,
        Some(Priority::High) => v1::Priority::High,
        Some(Priority::Emergency) => v1::Priority::Emergency,
    };
    let uncertain = match submission.uncertain {
        None => v1::UncertainPolicy::Unspecified,
        Some(Uncertain::Resend) => v1::UncertainPolicy::Resend,
        Some(Uncertain::Hold) => v1::UncertainPolicy::Hold,
        Some(Uncertain::Fail) => v1::UncertainPolicy::Fail,
    };
    v1::SubmitRequest {
        to: submission.to.clone(),
        text: submission.text.clone(),
        key: submission.key.clone(),
        report: submission.report,
        priority: priority.into(),
        modem: submission.modem.clone(),
        uncertain: uncertain.into(),
        validity: submission.validity.and_then(|validity| validity.try_into().ok()),
        at: submission.at.map(told::timestamp),
        flash: submission.flash,
        max_parts: submission.max_parts,
        plain: submission.plain,
        ..v1::SubmitRequest::default()
    }
}

#[test]
fn batches_hold_what_a_server_takes_at_once() {
    let submission = |octets| Submission { text: "x".repeat(octets), ..Submission::default() };
    let small: Vec<Submission> = (0..1_100).map(|_| submission(1)).collect();
    let large: Vec<Submission> = (0..5).map(|_| submission(60_000)).collect();
    let places: Vec<usize> = (0..1_100).collect();

    let sizes = |places, submissions| {
        batches(places, submissions).iter().map(|batch| batch.len()).collect::<Vec<_>>()
    };

    assert_eq!(sizes(&places, &small), [500, 500, 100]);
    assert_eq!(sizes(&places[..5], &large), [2, 2, 1]);
    assert_eq!(sizes(&[], &small), [0; 0]);
}
