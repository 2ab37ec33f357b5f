//! What each modem is doing, in the words and letters of smsd.

use std::collections::BTreeSet;

use smsgrid::model::{Name, NodeId};
use smsgrid::queue::Claim;

use crate::api::{ModemCondition, ModemNews, Modems};
use crate::machine::View;
use crate::modem::Board;

/// Letters of a line, however many modems there are.
const SLOTS: usize = 64;

/// What a modem is doing. Nothing is received yet, so that no modem is seen receiving.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Activity {
    /// It sends a part.
    Sending,
    /// It could send.
    Idle,
    /// It rests after failures in a row.
    Blocked,
    /// It cannot send: its port, its SIM or its network is missing.
    Trouble,
    /// It is being set up, does not send, or is another node's.
    Unknown,
}

impl Activity {
    /// Its letter.
    pub(super) fn letter(self) -> char {
        match self {
            Activity::Sending => 's',
            Activity::Idle => 'i',
            Activity::Blocked => 'b',
            Activity::Trouble => 't',
            Activity::Unknown => '-',
        }
    }

    /// Its word.
    pub(super) fn word(self) -> &'static str {
        match self {
            Activity::Sending => "Sending",
            Activity::Idle => "Idle",
            Activity::Blocked => "Blocked",
            Activity::Trouble => "Trouble",
            Activity::Unknown => "Unknown",
        }
    }
}

/// One modem of `devices`.
#[derive(Clone, Debug)]
pub(super) struct State {
    pub(super) modem: Name,
    pub(super) activity: Activity,
    /// What it says of itself; none when this node does not have it.
    pub(super) news: Option<ModemNews>,
}

/// Where the states are read.
#[derive(Clone)]
pub(super) struct States {
    /// The applied state.
    pub(super) view: View,
    /// What the modems say of themselves.
    pub(super) board: Board,
    /// This node.
    pub(super) node: NodeId,
    /// The modems in the order of `devices`.
    pub(super) modems: Vec<Name>,
}

impl States {
    /// Each modem as it is now.
    pub(super) fn read(&self) -> Vec<State> {
        let news = self.board.news();
        let sending: BTreeSet<Name> = self.view.read(|queue| {
            let claims = queue.session(self.node).into_iter().flat_map(|session| queue.claims_of(session.id));
            let in_flight = claims.filter(|claim: &&Claim| claim.in_flight().is_some());
            in_flight.map(|claim| claim.modem.clone()).collect()
        });
        let state = |modem: &Name| {
            let news = news.iter().find(|(name, _)| name == modem).map(|(_, news)| news.clone());
            let condition = news.as_ref().map(|news| news.condition);
            let activity = activity(condition, sending.contains(modem));
            State { modem: modem.clone(), activity, news }
        };
        self.modems.iter().map(state).collect()
    }
}

fn activity(condition: Option<ModemCondition>, is_sending: bool) -> Activity {
    match condition {
        Some(ModemCondition::Ready | ModemCondition::Draining) if is_sending => Activity::Sending,
        Some(ModemCondition::Ready | ModemCondition::Draining) => Activity::Idle,
        Some(ModemCondition::Blocked) => Activity::Blocked,
        Some(
            ModemCondition::Pin
            | ModemCondition::NoNetwork
            | ModemCondition::Unplugged
            | ModemCondition::Trouble,
        ) => Activity::Trouble,
        Some(ModemCondition::Starting) | None => Activity::Unknown,
    }
}

/// A letter for each modem, and a dash for each that smsd could have beside them.
pub(super) fn letters(states: &[State]) -> String {
    let slots = SLOTS.max(states.len());
    let letters = states.iter().map(|state| state.activity.letter());
    letters.chain(std::iter::repeat('-')).take(slots).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_condition_has_its_letter() {
        for (condition, is_sending, letter) in [
            (Some(ModemCondition::Ready), true, 's'),
            (Some(ModemCondition::Draining), true, 's'),
            (Some(ModemCondition::Ready), false, 'i'),
            (Some(ModemCondition::Blocked), false, 'b'),
            (Some(ModemCondition::Unplugged), false, 't'),
            (Some(ModemCondition::NoNetwork), false, 't'),
            (Some(ModemCondition::Starting), false, '-'),
            (None, false, '-'),
        ] {
            assert_eq!(activity(condition, is_sending).letter(), letter, "{condition:?}");
        }
    }

    #[test]
    fn a_line_has_a_letter_for_each_slot_of_smsd() {
        let state =
            |name: &str, activity| State { modem: Name::new(name).expect("a name"), activity, news: None };
        let line = letters(&[state("A", Activity::Sending), state("B", Activity::Trouble)]);

        assert_eq!((line.len(), line.get(..4)), (64, Some("st--")));
    }
}
