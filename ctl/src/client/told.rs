//! From the wire to the views: numbers become words, and what is unknown says so.

use std::time::Duration;

use chrono::DateTime;
use smsgrid_proto::{State, v1};

use crate::view::{
    Accepted, Attempt, Call, Consensus, Event, Freshness, Member, Membership, Message, Modem, ModemState,
    Moment, Need, Node, Part, QueueCounts, Status, Step, Verdict, Waiting,
};

pub(super) fn accepted(told: v1::SubmitResponse) -> Accepted {
    Accepted {
        state: state(told.state),
        id: told.id,
        to: told.to,
        parts: told.parts,
        replayed: told.replayed,
        revision: told.revision,
        key: told.key,
    }
}

pub(super) fn message(told: v1::Message) -> Message {
    Message {
        state: state(told.state),
        parts: told.parts.into_iter().map(part).collect(),
        attempts: told.attempts.into_iter().map(attempt).collect(),
        waiting_for: told.waiting_for.map(waiting),
        steps: told.events.into_iter().map(step).collect(),
        priority: priority(told.priority),
        uncertain: uncertain(told.uncertain),
        alphabet: alphabet(told.alphabet),
        accepted: told.accepted.and_then(moment),
        changed: told.changed.and_then(moment),
        at: told.at.and_then(moment),
        deadline: told.deadline.and_then(moment),
        id: told.id,
        to: told.to,
        text: told.text,
        possible_duplicate: told.possible_duplicate,
        reason: told.reason,
        revision: told.revision,
        client: told.client,
        key: told.key,
        report: told.report,
        flash: told.flash,
        modem: told.modem,
        held: told.held,
        dead_letter: told.dead_letter,
        call: told.call.map(|call| Call {
            tones: call.tones,
            rounds: call.rounds,
            wait_seconds: call.wait_seconds,
        }),
    }
}

fn part(told: v1::Part) -> Part {
    let state = match v1::PartState::try_from(told.state) {
        Ok(v1::PartState::Waiting) => "waiting",
        Ok(v1::PartState::Sending) => "sending",
        Ok(v1::PartState::Sent) => "sent",
        Ok(v1::PartState::NotSent) => "not_sent",
        Ok(v1::PartState::Uncertain) => "uncertain",
        Ok(v1::PartState::Released) => "released",
        Ok(v1::PartState::Unspecified) | Err(_) => "unknown",
    };
    Part {
        number: told.number,
        state,
        message_reference: told.message_reference,
        modem: told.modem,
        node: told.node,
        call_result: told.call_result,
    }
}

fn attempt(told: v1::Attempt) -> Attempt {
    let outcome = match v1::Outcome::try_from(told.outcome) {
        Ok(v1::Outcome::InFlight) => "in_flight",
        Ok(v1::Outcome::Sent) => "sent",
        Ok(v1::Outcome::NotSent) => "not_sent",
        Ok(v1::Outcome::Uncertain) => "uncertain",
        Ok(v1::Outcome::Released) => "released",
        Ok(v1::Outcome::Unspecified) | Err(_) => "unknown",
    };
    Attempt {
        attempt: told.attempt,
        part: told.part,
        node: told.node,
        modem: told.modem,
        outcome,
        cause: told.cause,
        epoch: told.epoch,
        call_result: told.call_result,
        started: told.started.and_then(moment),
        ended: told.ended.and_then(moment),
    }
}

fn waiting(told: v1::WaitingFor) -> Waiting {
    let what = match v1::Waiting::try_from(told.what) {
        Ok(v1::Waiting::Schedule) => "schedule",
        Ok(v1::Waiting::Retry) => "retry",
        Ok(v1::Waiting::Release) => "release",
        Ok(v1::Waiting::Verdict) => "verdict",
        Ok(v1::Waiting::Evidence) => "evidence",
        Ok(v1::Waiting::Sim) => "sim",
        Ok(v1::Waiting::OtherModem) => "other_modem",
        Ok(v1::Waiting::Modem) => "modem",
        Ok(v1::Waiting::Route) => "route",
        Ok(v1::Waiting::Unspecified) | Err(_) => "unknown",
    };
    Waiting { what, until: told.until.and_then(moment), text: told.text }
}

fn step(told: v1::HistoryEvent) -> Step {
    Step {
        time: told.time.and_then(moment),
        state: state(told.state),
        node: told.node,
        modem: told.modem,
        why: told.why,
    }
}

pub(super) fn event(told: v1::Event) -> Event {
    let kind = v1::EventKind::try_from(told.kind).unwrap_or_default();
    Event {
        kind: kind_word(kind),
        time: told.time.and_then(moment),
        from: state(told.from),
        state: state(told.state),
        verdict: match v1::Verdict::try_from(told.verdict) {
            Ok(v1::Verdict::Sent) => "sent",
            Ok(v1::Verdict::NotSent) => "not_sent",
            Ok(v1::Verdict::Unspecified) | Err(_) => "",
        },
        revision: told.revision,
        id: told.id,
        node: told.node,
        modem: told.modem,
        why: told.why,
        part: told.part,
        client: told.client,
    }
}

/// The word of a kind of event, such as `message_changed`.
fn kind_word(kind: v1::EventKind) -> String {
    if kind == v1::EventKind::Unspecified {
        return "unknown".to_owned();
    }
    kind.as_str_name().trim_start_matches("EVENT_KIND_").to_ascii_lowercase()
}

/// Every kind of event, with its word.
pub(super) fn kinds() -> Vec<(String, v1::EventKind)> {
    let known = (1..).map_while(|number| v1::EventKind::try_from(number).ok());
    known.map(|kind| (kind_word(kind), kind)).collect()
}

pub(super) fn modem(told: v1::Modem) -> Modem {
    let state = match v1::ModemState::try_from(told.state) {
        Ok(v1::ModemState::Idle) => ModemState::Idle,
        Ok(v1::ModemState::Sending) => ModemState::Sending,
        Ok(v1::ModemState::Receiving) => ModemState::Receiving,
        Ok(v1::ModemState::Blocked) => ModemState::Blocked,
        Ok(v1::ModemState::Trouble) => ModemState::Trouble,
        Ok(v1::ModemState::NotConfigured) => ModemState::NotConfigured,
        Ok(v1::ModemState::Draining) => ModemState::Draining,
        Ok(v1::ModemState::Pin) => ModemState::Pin,
        Ok(v1::ModemState::NoNetwork) => ModemState::NoNetwork,
        Ok(v1::ModemState::Unplugged) => ModemState::Unplugged,
        Ok(v1::ModemState::Starting) => ModemState::Starting,
        Ok(v1::ModemState::Unspecified) | Err(_) => ModemState::Unknown,
    };
    Modem {
        state,
        since: told.since.and_then(moment),
        name: told.name,
        node: told.node,
        signal: told.signal,
        operator: told.operator,
        imei: told.imei,
        imsi: told.imsi,
        tags: told.tags,
        blocked: told.blocked,
        message: told.message,
        why: told.why,
        reason: told.reason,
    }
}

pub(super) fn node(told: v1::Node) -> Node {
    let state = match v1::NodeState::try_from(told.state) {
        Ok(v1::NodeState::Ready) => "ready",
        Ok(v1::NodeState::Lost) => "lost",
        Ok(v1::NodeState::Starting) => "starting",
        Ok(v1::NodeState::Draining) => "draining",
        Ok(v1::NodeState::Unknown | v1::NodeState::Unspecified) | Err(_) => "unknown",
    };
    Node {
        role: role(told.role),
        state,
        last_contact: told.last_contact.and_then(duration),
        uptime: told.uptime.and_then(duration),
        name: told.name,
        lag: told.lag,
        id: told.id,
        peer: told.peer,
        api: told.api,
        modems: told.modems,
        version: told.version,
        start: told.start,
    }
}

pub(super) fn membership(told: v1::ListMembersResponse) -> Membership {
    Membership {
        members: told.members.into_iter().map(member).collect(),
        leader: told.leader,
        term: told.term,
        cluster: told.cluster,
        cluster_id: told.cluster_id,
    }
}

fn member(told: v1::Member) -> Member {
    Member {
        role: role(told.role),
        last_contact: told.last_contact.and_then(duration),
        name: told.name,
        id: told.id,
        peer: told.peer,
        api: told.api,
        voter: told.voter,
        matched: told.matched,
    }
}

pub(super) fn status(told: v1::StatusResponse) -> Status {
    let verdict = match v1::ClusterVerdict::try_from(told.verdict) {
        Ok(v1::ClusterVerdict::Healthy) => Verdict::Healthy,
        Ok(v1::ClusterVerdict::Degraded) => Verdict::Degraded,
        Ok(v1::ClusterVerdict::NoQuorum) => Verdict::NoQuorum,
        Ok(v1::ClusterVerdict::Unknown | v1::ClusterVerdict::Unspecified) | Err(_) => Verdict::Unknown,
    };
    let queue = told.queue.unwrap_or_default();
    let log = told.consensus.unwrap_or_default();
    Status {
        verdict,
        nodes: told.nodes.into_iter().map(node).collect(),
        modems: told.modems.into_iter().map(modem).collect(),
        queue: QueueCounts {
            scheduled: queue.scheduled,
            queued: queue.queued,
            claimed: queue.claimed,
            sending: queue.sending,
            uncertain: queue.uncertain,
            failed: queue.failed,
            oldest_seconds: queue.oldest_seconds,
        },
        needs: told.needs.into_iter().map(need).collect(),
        consensus: Consensus {
            term: log.term,
            role: role(log.role),
            last_log: log.last_log,
            committed: log.committed,
            applied: log.applied,
            snapshot: log.snapshot,
            purged: log.purged,
        },
        freshness: freshness(told.freshness),
        leader: told.leader,
        can_lose: told.can_lose,
        cluster: told.cluster,
        cluster_id: told.cluster_id,
        version: told.version,
    }
}

fn need(told: v1::Need) -> Need {
    Need { what: told.what, command: told.command, reason: told.reason, problem: told.problem }
}

pub(super) fn freshness(told: Option<v1::Freshness>) -> Freshness {
    let told = told.unwrap_or_default();
    Freshness {
        age: told.age.and_then(duration),
        stale: told.level == v1::ReadLevel::Stale as i32,
        as_of: told.as_of.and_then(moment),
        revision: told.revision,
        node: told.node,
    }
}

fn state(number: i32) -> Option<State> {
    Some(match v1::MessageState::try_from(number) {
        Ok(v1::MessageState::Scheduled) => State::Scheduled,
        Ok(v1::MessageState::Queued) => State::Queued,
        Ok(v1::MessageState::Claimed) => State::Claimed,
        Ok(v1::MessageState::Sending) => State::Sending,
        Ok(v1::MessageState::Sent) => State::Sent,
        Ok(v1::MessageState::Delivered) => State::Delivered,
        Ok(v1::MessageState::Undelivered) => State::Undelivered,
        Ok(v1::MessageState::Failed) => State::Failed,
        Ok(v1::MessageState::Uncertain) => State::Uncertain,
        Ok(v1::MessageState::Expired) => State::Expired,
        Ok(v1::MessageState::Canceled) => State::Canceled,
        Ok(v1::MessageState::Rejected) => State::Rejected,
        Ok(v1::MessageState::Unspecified) | Err(_) => return None,
    })
}

/// The number of a state.
pub(super) fn number(state: State) -> i32 {
    let known = match state {
        State::Scheduled => v1::MessageState::Scheduled,
        State::Queued => v1::MessageState::Queued,
        State::Claimed => v1::MessageState::Claimed,
        State::Sending => v1::MessageState::Sending,
        State::Sent => v1::MessageState::Sent,
        State::Delivered => v1::MessageState::Delivered,
        State::Undelivered => v1::MessageState::Undelivered,
        State::Failed => v1::MessageState::Failed,
        State::Uncertain => v1::MessageState::Uncertain,
        State::Expired => v1::MessageState::Expired,
        State::Canceled => v1::MessageState::Canceled,
        State::Rejected => v1::MessageState::Rejected,
    };
    known as i32
}

fn role(number: i32) -> &'static str {
    match v1::NodeRole::try_from(number) {
        Ok(v1::NodeRole::Leader) => "leader",
        Ok(v1::NodeRole::Follower) => "follower",
        Ok(v1::NodeRole::Candidate) => "candidate",
        Ok(v1::NodeRole::Learner) => "learner",
        Ok(v1::NodeRole::Unspecified) | Err(_) => "unknown",
    }
}

fn priority(number: i32) -> &'static str {
    match v1::Priority::try_from(number) {
        Ok(v1::Priority::Bulk) => "bulk",
        Ok(v1::Priority::Normal | v1::Priority::Unspecified) => "normal",
        Ok(v1::Priority::High) => "high",
        Ok(v1::Priority::Emergency) => "emergency",
        Err(_) => "unknown",
    }
}

fn uncertain(number: i32) -> &'static str {
    match v1::UncertainPolicy::try_from(number) {
        Ok(v1::UncertainPolicy::Resend | v1::UncertainPolicy::Unspecified) => "resend",
        Ok(v1::UncertainPolicy::Hold) => "hold",
        Ok(v1::UncertainPolicy::Fail) => "fail",
        Err(_) => "unknown",
    }
}

fn alphabet(number: i32) -> &'static str {
    match v1::Alphabet::try_from(number) {
        Ok(v1::Alphabet::Gsm7) => "gsm7",
        Ok(v1::Alphabet::Ucs2) => "ucs2",
        Ok(v1::Alphabet::Data8) => "data8",
        Ok(v1::Alphabet::Unspecified) | Err(_) => "unknown",
    }
}

fn moment(told: prost_types::Timestamp) -> Option<Moment> {
    DateTime::from_timestamp(told.seconds, u32::try_from(told.nanos).ok()?)
}

/// A moment for the wire.
pub(super) fn timestamp(moment: Moment) -> prost_types::Timestamp {
    let nanos = i32::try_from(moment.timestamp_subsec_nanos()).unwrap_or(0);
    prost_types::Timestamp { seconds: moment.timestamp(), nanos }
}

fn duration(told: prost_types::Duration) -> Option<Duration> {
    Duration::try_from(told).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_is_read_back_from_its_number() {
        for known in State::ALL {
            assert_eq!(state(number(*known)), Some(*known));
        }
        assert_eq!((state(0), state(99), state(-1)), (None, None, None));
    }

    #[test]
    fn every_kind_of_event_has_a_word() {
        let words: Vec<String> = kinds().into_iter().map(|(word, _)| word).collect();

        assert_eq!(words.first().map(String::as_str), Some("message_changed"));
        assert!(words.contains(&"node_lost".to_owned()) && words.len() >= 9);
    }

    #[test]
    fn a_moment_that_is_none_is_left_out() {
        let hostile = prost_types::Timestamp { seconds: i64::MAX, nanos: -1 };
        let negative = prost_types::Duration { seconds: -1, nanos: 0 };

        assert_eq!((moment(hostile), duration(negative)), (None, None));
    }

    #[test]
    fn what_a_later_version_says_is_unknown_and_not_refused() {
        let told = v1::Modem { state: 99, ..v1::Modem::default() };

        assert_eq!(modem(told).state, ModemState::Unknown);
        assert_eq!(priority(99), "unknown");
    }
}
