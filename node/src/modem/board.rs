//! What the modems of this node last said of themselves, for whoever asks: the log knows their claims, not their signal.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smsgrid::at::{InitialiseFailure, Registration};
use smsgrid::model::{Name, Timestamp};
use smsgrid::worker::modem::Notice;
use smsgrid_proto::Reason;

use super::report;
use super::tally::Tally;
use crate::api::{ModemCondition, ModemNews, Modems, Network};

/// The newest of each modem. Clones are the same board; it holds the modems of the configuration and no more.
#[derive(Clone, Debug, Default)]
pub struct Board(Arc<Mutex<BTreeMap<Name, Row>>>);

#[derive(Debug)]
struct Row {
    news: ModemNews,
    /// Other nodes may reach it too.
    is_shared: bool,
    /// Another node has the modem, or may have it: it is that one's to show.
    is_elsewhere: bool,
    tally: Tally,
}

impl Board {
    /// The modem is configured, and nothing is known of it yet but what it has done since the node started; one that is
    /// shared may be another node's.
    pub fn add(&self, modem: &Name, is_shared: bool, now: Timestamp) {
        let news = ModemNews {
            condition: ModemCondition::Starting,
            since: now,
            signal: None,
            bit_errors: None,
            operator: None,
            network: None,
            why: None,
            reason: None,
        };
        let mut rows = self.rows();
        let tally = rows.get(modem).map(|row| row.tally).unwrap_or_default();
        rows.insert(modem.clone(), Row { news, is_shared, is_elsewhere: is_shared, tally });
    }

    /// The modem is not configured any more.
    pub fn remove(&self, modem: &Name) {
        self.rows().remove(modem);
    }

    /// The modem said something.
    pub fn note(&self, modem: &Name, notice: &Notice, now: Timestamp) {
        let mut rows = self.rows();
        let Some(Row { news: row, is_elsewhere, tally, .. }) = rows.get_mut(modem) else { return };
        tally.count(notice);
        *is_elsewhere = matches!(notice, Notice::HeldElsewhere { .. });
        if let Notice::Surveyed(survey) = notice {
            row.signal = survey.signal.dbm().map(i32::from);
            row.bit_errors = survey.signal.ber;
            row.operator.clone_from(&survey.operator);
            row.network = network(survey.registration);
            if row.condition == ModemCondition::NoNetwork && survey.registration.is_registered() {
                row.turn(ModemCondition::Ready, None, None, now);
            }
        }
        if let Some((condition, why, reason)) = condition(notice) {
            row.turn(condition, why, reason, now);
        }
    }

    /// The port of the modem cannot be opened.
    pub fn unreachable(&self, modem: &Name, why: String, reason: Reason, now: Timestamp) {
        if let Some(row) = self.rows().get_mut(modem) {
            row.is_elsewhere = false;
            row.news.turn(ModemCondition::Unplugged, Some(why), Some(reason), now);
        }
    }

    /// The modem takes nothing new.
    pub fn drain(&self, modem: &Name, now: Timestamp) {
        if let Some(row) = self.rows().get_mut(modem) {
            row.news.turn(ModemCondition::Draining, None, None, now);
        }
    }

    /// What each modem has done since the node started.
    pub fn tallies(&self) -> BTreeMap<Name, Tally> {
        self.rows().iter().map(|(modem, row)| (modem.clone(), row.tally)).collect()
    }

    /// Whether the modem is configured here and, as far as is known, no other node has it. A port that is shared and
    /// refuses us may be refusing because of that one.
    pub fn is_here(&self, modem: &str) -> bool {
        let is_refused = |row: &Row| row.is_shared && row.news.condition == ModemCondition::Unplugged;
        let is_own = |row: &Row| !row.is_elsewhere && !is_refused(row);
        self.rows().iter().any(|(name, row)| name.as_str() == modem && is_own(row))
    }

    fn rows(&self) -> MutexGuard<'_, BTreeMap<Name, Row>> {
        // Nothing that can panic happens under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Modems for Board {
    fn news(&self) -> Vec<(Name, ModemNews)> {
        let rows = self.rows();
        let own = rows.iter().filter(|(_, row)| !row.is_elsewhere);
        own.map(|(modem, row)| (modem.clone(), row.news.clone())).collect()
    }
}

impl ModemNews {
    fn turn(
        &mut self,
        condition: ModemCondition,
        why: Option<String>,
        reason: Option<Reason>,
        now: Timestamp,
    ) {
        if self.condition != condition {
            self.condition = condition;
            self.since = now;
        }
        match condition {
            // What it said of its network is over with it.
            ModemCondition::Unplugged | ModemCondition::Trouble | ModemCondition::Pin => {
                (self.signal, self.bit_errors) = (None, None);
                (self.operator, self.network) = (None, None);
            }
            ModemCondition::NoNetwork => self.network = Some(Network::None),
            ModemCondition::Starting
            | ModemCondition::Ready
            | ModemCondition::Blocked
            | ModemCondition::Draining => {}
        }
        self.why = why;
        self.reason = reason;
    }
}

type Turn = (ModemCondition, Option<String>, Option<Reason>);

/// What a notice says of the modem's condition; none when it says nothing.
fn condition(notice: &Notice) -> Option<Turn> {
    match notice {
        Notice::Ready { .. } => Some((ModemCondition::Ready, None, None)),
        Notice::SetUpFailed { failure, .. } => {
            Some((of_failure(failure), Some(failure.to_string()), Some(report::reason(failure))))
        }
        Notice::SimNotReady { tries, cause, .. } => {
            let why = format!("its SIM is not ready, looked at {tries} times");
            Some((ModemCondition::Trouble, Some(why), Some(report::reason_of_sim(*cause))))
        }
        Notice::HeldElsewhere { node } => {
            Some((ModemCondition::Starting, Some(format!("node {node} has this modem")), None))
        }
        Notice::NotRegistered => {
            let why = "the log holds as many modems as it can".to_owned();
            Some((ModemCondition::Trouble, Some(why), None))
        }
        Notice::SameIdentity { other } => {
            let why = format!("it is the same modem as {other}");
            Some((ModemCondition::Trouble, Some(why), Some(Reason::ConfigConflict)))
        }
        Notice::NoNetwork => Some((ModemCondition::NoNetwork, None, Some(Reason::NoNetwork))),
        Notice::Blocked { end, .. } => {
            Some((ModemCondition::Blocked, Some(report::ended(end)), Some(report::blocking(end))))
        }
        Notice::LimitReached { messages } => {
            let why = format!("it has sent the {messages} messages of its message_limit");
            Some((ModemCondition::Blocked, Some(why), Some(Reason::ModemLimit)))
        }
        Notice::CountCleared { .. } => Some((ModemCondition::Ready, None, None)),
        Notice::Resetting { rung } => {
            let why = format!("it does not answer as it should; trying {rung:?}");
            Some((ModemCondition::Trouble, Some(why), Some(Reason::ModemSilent)))
        }
        Notice::PortLost { .. } => Some((ModemCondition::Unplugged, None, Some(Reason::PortGone))),
        Notice::Suspended { reason } => {
            Some((ModemCondition::Blocked, Some(report::suspended(reason)), Some(Reason::ModemSuspended)))
        }
        Notice::Resumed | Notice::SuspensionBroken => Some((ModemCondition::Starting, None, None)),
        Notice::Stopped => Some((ModemCondition::Draining, None, None)),
        // A modem that sends is ready again, whatever it was before.
        Notice::Sent { .. } | Notice::Called { .. } => Some((ModemCondition::Ready, None, None)),
        Notice::Surveyed(_)
        | Notice::Refused { .. }
        | Notice::Uncertain { .. }
        | Notice::NotWritten { .. }
        | Notice::OwnRefused { .. }
        // Told with the last look.
        | Notice::SimGivenUp { .. }
        | Notice::PduEchoed { .. }
        | Notice::LateAnswer { .. }
        | Notice::ClaimLost { .. } => None,
    }
}

/// With which network a modem is registered, when it tells.
fn network(registration: Registration) -> Option<Network> {
    match registration {
        Registration::Unknown => None,
        Registration::Idle | Registration::Denied | Registration::Searching => Some(Network::None),
        Registration::Roaming => Some(Network::Roaming),
        Registration::Home => Some(Network::Home),
    }
}

fn of_failure(failure: &InitialiseFailure) -> ModemCondition {
    match failure {
        InitialiseFailure::PinWrong { .. }
        | InitialiseFailure::PinAlreadyTried { .. }
        | InitialiseFailure::PinNeeded { .. }
        | InitialiseFailure::PinNotConfirmed
        | InitialiseFailure::PinLastAttempt => ModemCondition::Pin,
        InitialiseFailure::Silent
        | InitialiseFailure::Mute { .. }
        | InitialiseFailure::PukLocked
        | InitialiseFailure::DeviceLocked { .. }
        | InitialiseFailure::SimMissing
        | InitialiseFailure::SimNotReady { .. }
        | InitialiseFailure::SimBusy
        | InitialiseFailure::SimFault { .. }
        | InitialiseFailure::Refused { .. }
        | InitialiseFailure::OtherIdentity { .. }
        | InitialiseFailure::NoIdentity
        | InitialiseFailure::PortLost
        | InitialiseFailure::Aborted => ModemCondition::Trouble,
    }
}

#[cfg(test)]
mod tests {
    use smsgrid::at::{Rung, SignalQuality, Survey};
    use smsgrid::model::{MessageId, NodeId};

    use super::*;

    #[test]
    fn a_modem_keeps_the_moment_its_condition_changed_and_forgets_why_when_it_is_well() {
        let (board, modem) = (Board::default(), name("GSM1"));
        board.add(&modem, false, at(1));
        board.note(&modem, &Notice::PortLost { sending: Some(MessageId::from_bytes([1; 16])) }, at(2));
        board.unreachable(&modem, "it is not there".to_owned(), Reason::PortGone, at(3));

        let lost = &board.news()[0].1;
        assert_eq!((lost.condition, lost.since), (ModemCondition::Unplugged, at(2)));
        assert_eq!(lost.why.as_deref(), Some("it is not there"));

        board.note(&modem, &Notice::Resetting { rung: Rung::Resynchronise }, at(4));
        board.note(&modem, &Notice::NoNetwork, at(5));
        board.drain(&modem, at(6));

        let draining = &board.news()[0].1;
        assert_eq!((draining.condition, draining.since), (ModemCondition::Draining, at(6)));
        assert_eq!((draining.why.as_deref(), draining.reason), (None, None));
    }

    #[test]
    fn a_suspended_modem_is_blocked_for_the_reason_of_the_file_until_it_is_taken_into_use_again() {
        let (board, modem) = (Board::default(), name("GSM1"));
        board.add(&modem, false, at(1));
        for (reason, why) in [("rack 3", "rack 3"), ("", "the suspend file names it")] {
            board.note(&modem, &Notice::Suspended { reason: reason.to_owned() }, at(2));

            let news = &board.news()[0].1;
            assert_eq!((news.condition, news.why.as_deref()), (ModemCondition::Blocked, Some(why)));
            assert_eq!(news.reason, Some(Reason::ModemSuspended));
        }
        board.note(&modem, &Notice::Resumed, at(3));

        let news = &board.news()[0].1;
        assert_eq!(
            (news.condition, news.why.as_deref(), news.reason),
            (ModemCondition::Starting, None, None)
        );
    }

    #[test]
    fn what_a_modem_said_of_its_network_is_over_when_it_is_gone_or_does_not_work() {
        let (board, modem) = (Board::default(), name("GSM1"));
        board.add(&modem, false, at(1));
        let signal = SignalQuality { rssi: Some(20), ber: Some(3) };
        for (registration, network) in [
            (Registration::Home, Some(Network::Home)),
            (Registration::Roaming, Some(Network::Roaming)),
            (Registration::Denied, Some(Network::None)),
            (Registration::Unknown, None),
            (Registration::Home, Some(Network::Home)),
        ] {
            let survey = Survey { signal, registration, ..Survey::default() };
            board.note(&modem, &Notice::Surveyed(survey), at(2));
            assert_eq!((board.news()[0].1.signal, board.news()[0].1.network), (Some(-73), network));
            assert_eq!(board.news()[0].1.bit_errors, Some(3));
        }

        board.note(&modem, &Notice::NoNetwork, at(3));
        assert_eq!(board.news()[0].1.network, Some(Network::None));

        let pin = InitialiseFailure::PinNotConfirmed;
        for notice in [
            Notice::PortLost { sending: None },
            Notice::Resetting { rung: Rung::Resynchronise },
            Notice::SetUpFailed { failure: pin, passing: false },
        ] {
            let (registration, operator) = (Registration::Home, Some("operator".to_owned()));
            let survey = Survey { signal, registration, operator, ..Survey::default() };
            board.note(&modem, &Notice::Surveyed(survey), at(4));
            board.note(&modem, &notice, at(5));

            let gone = &board.news()[0].1;
            assert_eq!(
                (gone.signal, gone.operator.as_deref(), gone.network),
                (None, None, None),
                "{notice:?}"
            );
        }
    }

    #[test]
    fn a_modem_that_another_node_has_is_shown_by_that_one() {
        let (board, modem) = (Board::default(), name("GSM1"));
        board.add(&modem, true, at(1));
        assert!(board.news().is_empty() && !board.is_here("GSM1"), "nobody knows yet whose it is");

        board.note(&modem, &Notice::NoNetwork, at(2));
        assert!(board.news().len() == 1 && board.is_here("GSM1"));
        board.note(&modem, &Notice::HeldElsewhere { node: NodeId(2) }, at(3));

        assert!(board.news().is_empty() && !board.is_here("GSM1"));
        assert!(!board.is_here("GSM2"), "it is not configured");
        board.unreachable(&modem, "refused".to_owned(), Reason::PortBusy, at(4));
        assert!(board.news().len() == 1 && !board.is_here("GSM1"), "another node may be connected to it");
        board.add(&name("GSM3"), false, at(5));
        board.unreachable(&name("GSM3"), "gone".to_owned(), Reason::PortBusy, at(6));
        assert!(board.is_here("GSM3"), "nobody else can have it");
    }

    #[test]
    fn a_modem_that_is_not_configured_gets_no_row() {
        let board = Board::default();

        board.note(&name("GSM1"), &Notice::NoNetwork, at(1));

        assert!(board.news().is_empty());
    }

    fn at(ms: u64) -> Timestamp {
        Timestamp::from_unix_millis(ms)
    }

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }
}
