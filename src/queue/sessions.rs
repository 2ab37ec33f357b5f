//! Sessions of nodes, registrations of modems, and their standing claims.

use super::modem::{Node, Registration, Session};
use super::state::{Effects, Queue};
use super::{Event, ReadyReply, RegisterReply, Reply, SessionReply, Tags};
use crate::model::{
    ModemIdentity, Name, NodeId, OpenNumber, Position, ReadyNumber, RegistrationId, SessionId, StartNumber,
};

/// Most nodes ever seen.
const NODES_MAX: usize = 1024;
/// Most modems registered at once.
const REGISTRATIONS_MAX: usize = 4096;
/// Most modems one session has ever opened.
const OPENS_MAX: usize = 1024;
/// Most tags a modem carries.
const CARRIES_MAX: usize = 64;

/// A modem that a node has opened.
#[derive(Clone, Copy)]
pub(super) struct Opening<'a> {
    pub(super) session: SessionId,
    pub(super) open: OpenNumber,
    pub(super) identity: &'a ModemIdentity,
    pub(super) name: &'a Name,
    pub(super) carries: &'a Tags,
    pub(super) prefers: &'a [Name],
}

impl Queue {
    pub(super) fn register_session(
        &mut self,
        node: NodeId,
        start: StartNumber,
        effects: &mut Effects<'_>,
    ) -> Reply {
        if self.nodes.len() >= NODES_MAX && !self.nodes.contains_key(&node) {
            return Reply::Full;
        }
        let Node { last_start, session, .. } = self.nodes.get(&node).cloned().unwrap_or_default();
        if start > last_start {
            if let Some(older) = session {
                self.lose(older, effects);
            }
            let id = self.begin_session(node, start, effects);
            return Reply::Session(SessionReply::Registered(id));
        }
        match session.filter(|_| start == last_start) {
            Some(id) => Reply::Session(SessionReply::Registered(id)),
            None => Reply::Session(SessionReply::Used),
        }
    }

    pub(super) fn register_modem(&mut self, opening: Opening<'_>, effects: &mut Effects<'_>) -> Reply {
        let Opening { session, open, identity, carries, prefers, .. } = opening;
        let Some(owner) = self.sessions.get(&session) else { return Reply::Modem(RegisterReply::Stale) };
        let last_open = owner.opens.get(identity).copied();
        let standing = self.registration_of_sim(&identity.imsi);
        if let Some(standing) = standing {
            if standing.session != session || standing.identity != *identity {
                let holder = self.sessions.get(&standing.session).map_or(owner.node, |holder| holder.node);
                return Reply::Modem(RegisterReply::Held(holder));
            }
            if standing.open == open {
                return Reply::Modem(RegisterReply::Registered(standing.id));
            }
        }
        if last_open.is_some_and(|last| open <= last) {
            return Reply::Modem(RegisterReply::Stale);
        }
        let opens_full = last_open.is_none() && owner.opens.len() >= OPENS_MAX;
        let modems_full = standing.is_none() && self.registrations.len() >= REGISTRATIONS_MAX;
        if opens_full || modems_full || carries.len().max(prefers.len()) > CARRIES_MAX {
            return Reply::Full;
        }
        if let Some(older) = standing.map(|standing| standing.id) {
            self.abandon_claim(older, effects);
            self.delete_registration(older, effects);
        }
        let id = self.begin_registration(opening);
        effects.events.push(Event::ModemRegistered { registration: id, session });
        Reply::Modem(RegisterReply::Registered(id))
    }

    pub(super) fn unregister_modem(
        &mut self,
        id: RegistrationId,
        force: bool,
        effects: &mut Effects<'_>,
    ) -> Reply {
        let claim = self.registrations.get(&id).and_then(|modem| modem.claim);
        let in_flight = claim.and_then(|epoch| self.claim(epoch)).is_some_and(|c| c.in_flight().is_some());
        if in_flight && !force {
            return Reply::Busy;
        }
        self.abandon_claim(id, effects);
        self.delete_registration(id, effects);
        Reply::Done
    }

    pub(super) fn ready(&mut self, id: RegistrationId, seq: ReadyNumber, effects: &mut Effects<'_>) -> Reply {
        let Some(modem) = self.registrations.get_mut(&id) else { return Reply::Ready(ReadyReply::Stale) };
        if seq == modem.ready_seq {
            return Reply::Ready(ReadyReply::Done);
        }
        if seq < modem.ready_seq || modem.claim.is_some() {
            return Reply::Ready(ReadyReply::Stale);
        }
        modem.ready_seq = seq;
        self.arm(id, effects);
        Reply::Ready(ReadyReply::Done)
    }

    pub(super) fn withdraw(&mut self, id: RegistrationId, seq: ReadyNumber) -> Reply {
        let Some(modem) = self.registrations.get_mut(&id) else { return Reply::Withdrawn(None) };
        if seq > modem.ready_seq {
            modem.ready_seq = seq;
            modem.armed = false;
            self.free.remove(&(modem.armed_order, id));
        }
        Reply::Withdrawn(modem.claim)
    }

    /// A node that has a session tells its own results: what another one says of it then comes too late.
    pub(super) fn told(&mut self, node: NodeId, up_to: Position) -> Reply {
        if let Some(node) = self.nodes.get_mut(&node).filter(|node| node.session.is_none()) {
            node.told = node.told.max(up_to);
        }
        Reply::Done
    }

    fn begin_session(&mut self, node: NodeId, start: StartNumber, effects: &mut Effects<'_>) -> SessionId {
        let id = self.last_session.next();
        self.last_session = id;
        let known = self.nodes.entry(node).or_default();
        *known = Node { last_start: start, session: Some(id), lost: None, told: known.told };
        let session =
            Session { id, node, start, opens: Default::default(), registrations: Default::default() };
        self.sessions.insert(id, session);
        effects.events.push(Event::SessionStarted { session: id, node });
        id
    }

    fn begin_registration(&mut self, opening: Opening<'_>) -> RegistrationId {
        let Opening { session, open, identity, name, carries, prefers } = opening;
        let id = self.last_registration.next();
        self.last_registration = id;
        if let Some(owner) = self.sessions.get_mut(&session) {
            owner.opens.insert(identity.clone(), open);
            owner.registrations.insert(id);
        }
        self.sims.insert(identity.imsi.clone(), id);
        self.sims_gone.remove(&identity.imsi);
        let registration = Registration {
            id,
            session,
            identity: identity.clone(),
            open,
            name: name.clone(),
            carries: carries.clone(),
            prefers: prefers.to_vec(),
            armed: false,
            ready_seq: ReadyNumber(0),
            claim: None,
            armed_order: 0,
        };
        self.registrations.insert(id, registration);
        id
    }
}
