//! The cluster as this node sees it: members, nodes, verdict, what needs a person.

use std::time::Duration;

use smsgrid::model::NodeId;
use smsgrid::queue::Queue;
use smsgrid_proto::{Reason, v1};

use super::health::{Health, LOOK_AGAIN};
use super::limits::READ_TIMEOUT;
use super::metrics::Readings;
use super::names::Names;
use super::refusal::Refusal;
use super::{Api, modems};
use crate::raft::{Member, PeerStatus, Revision, Role, Status};

/// A node that has known no leader for less than this counts as electing a new one.
const ELECTION: Duration = Duration::from_secs(3);
/// A follower that has not answered its leader for this long counts as gone.
const ANSWER_MAX: Duration = Duration::from_secs(2);
/// How long a look at the cluster waits for a majority.
const LOOK: Duration = Duration::from_millis(500);

impl Api {
    /// Whether the nodes look for a new leader, rather than lack a majority.
    pub(super) fn is_electing(&self) -> bool {
        let leadership = self.consensus.leadership();
        let leadership = leadership.borrow();
        leadership.leader.is_none() && leadership.since.elapsed() < ELECTION
    }

    /// Whether a majority answers this node now.
    pub(super) async fn has_quorum(&self) -> bool {
        self.consensus.read_index(LOOK).await.is_ok()
    }

    /// Whether everything acknowledged so far is applied here.
    pub(super) async fn is_caught_up(&self) -> bool {
        match self.consensus.read_index(LOOK).await {
            Ok(position) => self.view.wait_applied(position, READ_TIMEOUT).await.is_ok(),
            Err(_) => false,
        }
    }

    /// How the cluster is.
    pub(super) async fn health(&self) -> Health {
        let has_quorum = self.has_quorum().await;
        self.health_with(has_quorum)
    }

    /// How the cluster is, when it is known already whether a majority answers.
    fn health_with(&self, has_quorum: bool) -> Health {
        let status = self.consensus.status();
        let present = self.view.read(|queue| self.present(&status, queue));
        Health::of(status.members.len(), present, has_quorum)
    }

    /// The nodes, by name, and the revision at which they were looked at.
    pub(super) fn nodes(&self) -> (Vec<v1::Node>, Revision) {
        let status = self.consensus.status();
        self.view.read_at(|queue| self.nodes_of(&status, queue))
    }

    /// The members of the replicated log.
    pub(super) async fn list_members(
        &self,
        request: &v1::ListMembersRequest,
    ) -> Result<v1::ListMembersResponse, Refusal> {
        let fresh = self.fresh(request.read.as_ref()).await?;
        let status = self.consensus.status();
        let names = Names::of(&status.members);
        let members = status.members.iter().map(|(id, member)| self.member(*id, member, &status));
        Ok(v1::ListMembersResponse {
            members: members.collect(),
            leader: status.leader.map(|leader| names.name(leader)).unwrap_or_default(),
            term: status.term,
            cluster: self.cluster.clone(),
            cluster_id: self.cluster_id.clone(),
            freshness: Some(self.freshness(&fresh, self.view.revision())),
        })
    }

    /// One screen: the verdict, what there is, what needs a person.
    pub(super) async fn status(&self, request: &v1::StatusRequest) -> Result<v1::StatusResponse, Refusal> {
        let fresh = self.fresh(request.read.as_ref()).await?;
        let health = if fresh.is_linear() { self.health_with(true) } else { self.health().await };
        let status = self.consensus.status();
        let names = Names::of(&status.members);
        let ((nodes, modems, queue), revision) = self.view.read_at(|queue| {
            (self.nodes_of(&status, queue), self.all_modems(queue, &names), modems::counts(queue))
        });
        let leader = status.leader.filter(|_| health.verdict != v1::ClusterVerdict::NoQuorum);
        let needs = needs(&health, &nodes, &modems, &queue);
        Ok(v1::StatusResponse {
            verdict: health.verdict.into(),
            leader: leader.map(|leader| names.name(leader)).unwrap_or_default(),
            can_lose: health.can_lose,
            nodes,
            modems,
            queue: Some(queue),
            needs,
            cluster: self.cluster.clone(),
            cluster_id: self.cluster_id.clone(),
            consensus: Some(consensus(&status)),
            freshness: Some(self.freshness(&fresh, revision)),
            version: env!("CARGO_PKG_VERSION").to_owned(),
        })
    }

    /// Counts messages that end, once the node has caught up. Never ends.
    pub(super) async fn count_ends(&self) {
        let (mut wakes, mut leadership) = (self.view.wakes(), self.consensus.leadership());
        while !self.begin_ends().await {
            tokio::select! {
                Ok(()) = leadership.changed() => {}
                () = tokio::time::sleep(LOOK_AGAIN) => {}
            }
        }
        while wakes.changed().await.is_ok() {
            self.metrics.follow_ends(&self.view);
        }
        std::future::pending().await
    }

    /// Whether messages that end are counted from now on: as soon as this node has caught up.
    async fn begin_ends(&self) -> bool {
        if !self.metrics.counts_ends() && self.is_caught_up().await {
            self.metrics.begin_ends(&self.view);
        }
        self.metrics.counts_ends()
    }

    /// Everything counted, as text.
    pub(super) async fn scrape(&self) -> Result<String, std::fmt::Error> {
        self.metrics.follow_ends(&self.view);
        let health = self.health().await;
        let status = self.consensus.status();
        let names = Names::of(&status.members);
        let last = status.last_log.unwrap_or_default();
        let peers = status
            .peers
            .iter()
            .filter_map(|(id, peer)| Some((names.name(*id), last - peer.matched?.min(last))));
        let (log, unwritten) = (self.consensus.figures(), self.store.figures().dirty);
        let readings = self.view.read(|queue| Readings {
            log,
            unwritten,
            counts: queue.counts().clone(),
            oldest: queue.oldest_waiting(),
            dead_letters: modems::counts(queue).failed,
            modems: u64::try_from(queue.registrations().count()).unwrap_or(u64::MAX),
            own_modems: self.own_modems(queue, &names),
            role: role_word(status.role),
            has_leader: status.leader.is_some(),
            has_quorum: health.can_lose >= 0,
            term: status.term,
            last_log: last,
            committed: status.committed.unwrap_or_default(),
            applied: status.applied.unwrap_or_default(),
            voters: u64::try_from(status.members.len()).unwrap_or(u64::MAX),
            can_lose: i64::from(health.can_lose),
            peers: peers.collect(),
            started: self.started,
        });
        self.metrics.text(&readings, self.watching())
    }

    /// How many members are known to be there: this one, those with a live session, those that answer their leader.
    fn present(&self, status: &Status, queue: &Queue) -> usize {
        status.members.keys().filter(|id| self.is_present(**id, status, queue)).count()
    }

    fn is_present(&self, id: NodeId, status: &Status, queue: &Queue) -> bool {
        id == self.node || status.peers.get(&id).map_or(queue.session(id).is_some(), answers)
    }

    fn nodes_of(&self, status: &Status, queue: &Queue) -> Vec<v1::Node> {
        let node = |(id, member): (&NodeId, &Member)| v1::Node {
            name: member.name.to_string(),
            role: self.role(*id, status).into(),
            state: self.state(*id, status, queue).into(),
            lag: lag(*id, status),
            id: id.0,
            peer: member.peer.clone(),
            api: member.api.clone(),
            modems: queue
                .modems()
                .filter(|(of, _)| of == id)
                .map(|(_, modem)| modem.name.to_string())
                .collect(),
            last_contact: contact(*id, status),
            version: if *id == self.node { env!("CARGO_PKG_VERSION").to_owned() } else { String::new() },
            start: queue.node(*id).map(|node| node.last_start.0).unwrap_or_default(),
            uptime: (*id == self.node).then(|| span(self.clock.utc().since(self.started))).flatten(),
        };
        let mut nodes: Vec<v1::Node> = status.members.iter().map(node).collect();
        nodes.sort_by(|one, other| one.name.cmp(&other.name));
        nodes
    }

    fn member(&self, id: NodeId, member: &Member, status: &Status) -> v1::Member {
        v1::Member {
            name: member.name.to_string(),
            id: id.0,
            peer: member.peer.clone(),
            api: member.api.clone(),
            voter: true,
            role: self.role(id, status).into(),
            matched: status.peers.get(&id).and_then(|peer| peer.matched),
            last_contact: contact(id, status),
        }
    }

    fn role(&self, id: NodeId, status: &Status) -> v1::NodeRole {
        if status.leader == Some(id) {
            return v1::NodeRole::Leader;
        }
        if id == self.node { own_role(status.role) } else { v1::NodeRole::Follower }
    }

    fn state(&self, id: NodeId, status: &Status, queue: &Queue) -> v1::NodeState {
        let has_session = queue.session(id).is_some();
        if id == self.node && self.draining.is_cancelled() {
            return v1::NodeState::Draining;
        }
        match (self.is_present(id, status, queue), has_session) {
            (true, true) => v1::NodeState::Ready,
            (true, false) => v1::NodeState::Starting,
            (false, _) => v1::NodeState::Lost,
        }
    }
}

fn answers(peer: &PeerStatus) -> bool {
    peer.answered_ago.is_some_and(|ago| ago < ANSWER_MAX)
}

fn lag(id: NodeId, status: &Status) -> Option<u64> {
    let matched = status.peers.get(&id)?.matched?;
    Some(status.last_log?.saturating_sub(matched))
}

fn contact(id: NodeId, status: &Status) -> Option<prost_types::Duration> {
    span(status.peers.get(&id)?.answered_ago?)
}

fn span(span: Duration) -> Option<prost_types::Duration> {
    prost_types::Duration::try_from(span).ok()
}

fn consensus(status: &Status) -> v1::Consensus {
    v1::Consensus {
        term: status.term,
        role: own_role(status.role).into(),
        last_log: status.last_log.unwrap_or_default(),
        committed: status.committed.unwrap_or_default(),
        applied: status.applied.unwrap_or_default(),
        snapshot: status.snapshot.unwrap_or_default(),
        purged: status.purged.unwrap_or_default(),
    }
}

/// What needs a person, the worst first, each with what to type next.
fn needs(
    health: &Health,
    nodes: &[v1::Node],
    modems: &[v1::Modem],
    queue: &v1::QueueCounts,
) -> Vec<v1::Need> {
    let mut needs = Vec::new();
    if health.verdict == v1::ClusterVerdict::NoQuorum {
        needs.push(need(Reason::NoQuorum, true, health.sentence(), "smsctl cluster members"));
    }
    for node in nodes.iter().filter(|node| node.state() == v1::NodeState::Lost) {
        let what = format!("{} does not answer", node.name);
        needs.push(need(Reason::Unreachable, false, what, &format!("smsctl node show {}", node.name)));
    }
    if queue.uncertain > 0 {
        let what = format!("{} uncertain: sent or not, nobody knows", messages(queue.uncertain));
        needs.push(need(Reason::OutcomeUnknown, false, what, "smsctl uncertain list"));
    }
    if queue.failed > 0 {
        let what = format!("{} given up", messages(queue.failed));
        needs.push(need(Reason::MessageFailed, false, what, "smsctl dlq list"));
    }
    let waiting = queue.queued > 0;
    if waiting && !modems.iter().any(|modem| can_send(modem.state())) {
        let what = format!("{} waiting, and no modem can send", messages(queue.queued));
        needs.push(need(Reason::NoModem, true, what, "smsctl modem list"));
    }
    for modem in modems.iter().filter(|modem| needs_person(modem)) {
        let state = modem.state().as_str_name().trim_start_matches("MODEM_STATE_").to_ascii_lowercase();
        let why = if modem.why.is_empty() { state } else { modem.why.clone() };
        let what = format!("{} on {}: {why}", modem.name, modem.node);
        let reason = modem.reason.parse().unwrap_or(Reason::ModemBlocked);
        needs.push(need(reason, false, what, &format!("smsctl modem show {}", modem.name)));
    }
    needs
}

fn need(reason: Reason, problem: bool, what: String, command: &str) -> v1::Need {
    v1::Need { what, command: command.to_owned(), reason: reason.word().to_owned(), problem }
}

fn messages(count: u64) -> String {
    if count == 1 { "1 message".to_owned() } else { format!("{count} messages") }
}

const fn can_send(state: v1::ModemState) -> bool {
    matches!(state, v1::ModemState::Idle | v1::ModemState::Sending | v1::ModemState::Receiving)
}

fn needs_person(modem: &v1::Modem) -> bool {
    match modem.state() {
        v1::ModemState::Blocked
        | v1::ModemState::Trouble
        | v1::ModemState::Pin
        | v1::ModemState::NoNetwork
        | v1::ModemState::Unplugged => true,
        v1::ModemState::Unspecified
        | v1::ModemState::Idle
        | v1::ModemState::Sending
        | v1::ModemState::Receiving
        | v1::ModemState::NotConfigured
        | v1::ModemState::Draining
        | v1::ModemState::Starting => false,
    }
}

const fn own_role(role: Role) -> v1::NodeRole {
    match role {
        Role::Leader => v1::NodeRole::Leader,
        Role::Candidate => v1::NodeRole::Candidate,
        Role::Follower => v1::NodeRole::Follower,
        Role::Learner => v1::NodeRole::Learner,
        Role::Stopped => v1::NodeRole::Unspecified,
    }
}

const fn role_word(role: Role) -> &'static str {
    match role {
        Role::Leader => "leader",
        Role::Candidate => "candidate",
        Role::Follower => "follower",
        Role::Learner | Role::Stopped => "learner",
    }
}
