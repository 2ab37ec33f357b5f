//! A name that is taken in `checked`: nothing is overwritten, and other files go on.
//!
//! ```text
//! Park   taken --alarm--> the file waits in `outgoing` --free--> taken in turn
//! Stop   taken --alarm--> handler --returned--> looked at once more --free--> taken in turn
//!                                                             \--still taken--> fatal alarm, halt
//! ```
//!
//! With [`Conflicts::Stop`] the handler helps with one name at a time, as smsd asks it; other names that are taken wait
//! for their turn.

use crate::model::Address;

use super::candidates::Telling;
use super::entry::Stage;
use super::machine::RETRY;
use super::{Alarm, Conflicts, Effect, FileName, Halt, Intake, IntakeId};

/// The conflict the alarm handler is asked to help with.
#[derive(Debug)]
pub(super) struct Contest {
    name: FileName,
    /// The handler has returned.
    handled: bool,
}

impl Intake {
    /// The name of a file in `outgoing` is taken: it is left there for now.
    pub(super) fn hold(&mut self, name: &FileName, recipient: Option<Address>) {
        let news = self.candidates.hold(name) == Telling::News;
        match self.settings.conflicts {
            Conflicts::Park if news => {
                let alarm = Alarm::Conflict { name: name.clone(), at: self.moment.wall };
                self.effects.push_back(Effect::Alarm(alarm));
            }
            Conflicts::Park => {}
            // The name is about to be free: it is looked at again then.
            Conflicts::Stop if self.is_leaving(name) => {}
            Conflicts::Stop => self.contest(name, recipient),
        }
    }

    /// Whether the file of that name in `checked` is ours, and its result stands or is on its way.
    fn is_leaving(&self, name: &FileName) -> bool {
        let mut entries = self.names.in_checked(name).filter_map(|id| self.entries.get(&id));
        entries.any(|entry| entry.is_filing() || entry.stage == Stage::Telling)
    }

    /// Somebody's file or lock stands in `checked`: the file keeps its id and waits, so that nothing is written meanwhile.
    pub(super) fn conflict(&mut self, id: IntakeId) {
        self.release_from_hand(id);
        let Some(entry) = self.entries.get_mut(&id) else { return };
        let name = entry.name.clone();
        let news = !std::mem::replace(&mut entry.told_conflict, true);
        self.wait(id, Stage::Locking, RETRY);
        match self.settings.conflicts {
            Conflicts::Park if news => {
                self.effects.push_back(Effect::Alarm(Alarm::Conflict { name, at: self.moment.wall }));
            }
            Conflicts::Park => {}
            Conflicts::Stop => self.contest(&name, None),
        }
    }

    /// Asks for help with this name, unless another one has its turn; a name the help was in vain for stops the spool.
    fn contest(&mut self, name: &FileName, recipient: Option<Address>) {
        let at = self.moment.wall;
        match &self.contest {
            Some(contest) if contest.name == *name && contest.handled => {
                let alarm = Alarm::Unmovable { name: name.clone(), recipient, at };
                self.halt(Halt::Conflict(name.clone()), Some(alarm));
            }
            Some(_) => {}
            None => {
                self.contest = Some(Contest { name: name.clone(), handled: false });
                let alarm = Alarm::Conflict { name: name.clone(), at };
                self.effects.push_back(Effect::Handle(name.clone(), alarm));
            }
        }
    }

    /// The alarm handler has returned: the file is tried once more.
    pub(super) fn on_handled(&mut self, name: &FileName) {
        let Some(contest) = self.contest.as_mut().filter(|contest| contest.name == *name) else { return };
        contest.handled = true;
        let waiting = self.names.in_outgoing(name).filter(|id| self.is_waiting_to_lock(*id));
        if let Some(id) = waiting {
            self.timers.retain(|(_, other)| *other != id);
            self.resume(id);
        } else if self.candidates.is_held(name) {
            self.look(name.clone(), false);
        } else {
            self.end_contest(name);
        }
    }

    /// The name is free.
    pub(super) fn solve_contest(&mut self, name: &FileName) {
        if self.contest.as_ref().is_some_and(|contest| contest.name == *name && contest.handled) {
            self.effects.push_back(Effect::Alarm(Alarm::ConflictSolved { name: name.clone() }));
        }
        self.end_contest(name);
    }

    /// No file wants the name any more: the next one has its turn.
    pub(super) fn end_contest(&mut self, name: &FileName) {
        if self.contest.take_if(|contest| contest.name == *name).is_none() {
            return;
        }
        if let Some(next) = self.candidates.first_held().cloned() {
            self.look(next, false);
        }
    }

    fn is_waiting_to_lock(&self, id: IntakeId) -> bool {
        let stage = self.entries.get(&id).map(|entry| &entry.stage);
        matches!(stage, Some(Stage::Waiting(_, step)) if **step == Stage::Locking)
    }
}
