//! Gives waiting messages to free modems: the most urgent first, then the one that waits longest.
//!
//! After each command no free modem is left that could serve a waiting message. So only lanes that a message has
//! entered, and the lanes of modems that have become free, need a look.

use super::Event;
use super::arena::Slot;
use super::claim::Claim;
use super::lane::{Head, LaneId};
use super::record::Stage;
use super::state::{Effects, Queue};
use crate::model::{NodeId, RegistrationId};

impl Queue {
    /// Matches until no free modem serves a waiting message, or the bound on work is reached.
    pub(super) fn match_waiting(&mut self, effects: &mut Effects<'_>) {
        self.look_at_freed(effects);
        while !self.free.is_empty()
            && let Some((lane, head)) = self.first_head(effects)
        {
            let Some(modem) = self.free_modem(lane) else {
                effects.lanes.remove(&lane);
                continue;
            };
            let head = self.preferred(modem, effects).unwrap_or(head);
            let late = self.messages.get(head.message).is_none_or(|record| record.is_past_deadline(self.now));
            if !late {
                self.claim_for(modem, head.message, effects);
            } else if effects.budget > 0 {
                effects.budget -= 1;
                self.settle(head.message, effects);
            } else {
                return;
            }
        }
        if effects.budget > 0 {
            effects.lanes.clear();
        }
    }

    fn look_at_freed(&mut self, effects: &mut Effects<'_>) {
        for id in std::mem::take(&mut effects.freed) {
            let Some(modem) = self.registrations.get(&id) else { continue };
            if self.free.contains(&(modem.armed_order, id)) {
                let (served, looked) = self.lanes.served_by(modem);
                self.match_steps += looked;
                effects.lanes.extend(served);
            }
        }
    }

    fn first_head(&mut self, effects: &mut Effects<'_>) -> Option<(LaneId, Head)> {
        self.match_steps += effects.lanes.len() as u64;
        let (now, ageing) = (self.now, self.policy.ageing_interval);
        effects.lanes.retain(|lane| self.lanes.key(*lane).is_some());
        let heads =
            effects.lanes.iter().filter_map(|lane| Some((*lane, self.lanes.head(*lane, now, ageing)?)));
        heads.min_by_key(|(_, head)| head.rank)
    }

    /// The longest idle modem that serves the lane.
    fn free_modem(&mut self, lane: LaneId) -> Option<RegistrationId> {
        let key = self.lanes.key(lane)?;
        let mut looked = 0;
        let found = self.free.iter().map(|(_, id)| *id).find(|id| {
            looked += 1;
            self.registrations.get(id).is_some_and(|modem| key.is_served_by(modem))
        });
        self.match_steps += looked;
        found
    }

    /// What a modem with preferences takes: of the messages it may send those of the tag it prefers most, and of these
    /// the first. None for a modem without.
    fn preferred(&mut self, modem: RegistrationId, effects: &Effects<'_>) -> Option<Head> {
        let modem = self.registrations.get(&modem).filter(|modem| !modem.prefers.is_empty())?;
        self.match_steps += (effects.lanes.len() * (1 + modem.prefers.len())) as u64;
        let (now, ageing) = (self.now, self.policy.ageing_interval);
        let heads = effects.lanes.iter().filter_map(|lane| {
            let key = self.lanes.key(*lane).filter(|key| key.is_served_by(modem))?;
            Some((key.place_for(modem), self.lanes.head(*lane, now, ageing)?))
        });
        heads.min_by_key(|(place, head)| (*place, head.rank)).map(|(_, head)| head)
    }

    fn claim_for(&mut self, modem: RegistrationId, slot: Slot, effects: &mut Effects<'_>) {
        let Some(registration) = self.registrations.get_mut(&modem) else { return };
        let Some(record) = self.messages.get_mut(slot) else { return };
        debug_assert!(record.stage == Stage::Queued && record.claim.is_none());
        let epoch = self.last_epoch.next();
        self.last_epoch = epoch;
        registration.armed = false;
        registration.claim = Some(epoch);
        self.free.remove(&(registration.armed_order, modem));
        let node = self.sessions.get(&registration.session).map_or(NodeId(0), |session| session.node);
        record.claim = Some(epoch);
        record.claims.push(Claim {
            epoch,
            message: record.id,
            registration: modem,
            session: registration.session,
            node,
            identity: registration.identity.clone(),
            modem: registration.name.clone(),
            generation: record.generation,
            open: true,
            attempts: Vec::new(),
        });
        let (session, message) = (registration.session, record.id);
        self.epochs.insert(epoch, slot);
        self.enter(slot, Stage::Claimed);
        self.reindex(slot, effects);
        effects.events.push(Event::Claimed { registration: modem, session, epoch, message });
        if effects.starting == Some(modem) {
            effects.starting = None;
            self.start_claimed(slot, epoch, effects);
        }
    }
}
