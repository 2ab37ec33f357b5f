//! Which port each modem of the configuration has now: where modems have an `identity`, the settings follow the SIM.
//!
//! ```text
//!  GSM1 at port 1 finds the SIM of GSM2 ──▶ GSM1 and GSM2 change ports ──▶ each leaves its own, then opens the other's
//! ```
//!
//! The ports are shared out anew and never doubled: each modem has one at any time, and no two the same; a modem opens its
//! port only after the one that had it before has left it. A modem that works, or is suspended, keeps its port. Ports of
//! one kind change alone, and TCP ports only where no other node can have them: the others know such a port by its modem's
//! name.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use smsgrid::model::{Name, Time};

use super::port::Location;

/// Two modems change ports at most once within this: two that tell one identity would do nothing else.
const PAUSE: Duration = Duration::from_secs(60);

/// The ports of the modems. Clones are the same; it holds the modems of the configuration and no more.
#[derive(Clone, Debug)]
pub struct Places {
    inner: Arc<Mutex<BTreeMap<Name, Place>>>,
    /// Whether this node has no others beside it.
    is_alone: bool,
}

#[derive(Debug)]
struct Place {
    identity: Option<String>,
    /// The port the configuration names.
    own: Location,
    now: Location,
    /// The port it has not left yet.
    at: Option<Location>,
    /// Whether it works there, or is suspended.
    keeps: bool,
    /// With whom it has changed ports last, and when.
    changed: Option<(Name, Time)>,
}

/// Who has got a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// The modem whose SIM is there.
    To(Name),
    /// None: no modem has that SIM, or the one that has it keeps its port, has just changed ports with this one, or is
    /// at a port that this one cannot be exchanged for.
    Nobody,
    /// Somebody else, before the question was asked.
    Already,
}

impl Places {
    /// No modem is configured yet; `is_alone` when there are no other nodes.
    pub fn new(is_alone: bool) -> Places {
        Places { inner: Arc::default(), is_alone }
    }

    /// A modem is configured, or anew: it keeps the port it has now unless the configuration names another one than
    /// before. Modems at a port that it gets so go back to their own. Gives the port it has.
    pub fn add(&self, modem: &Name, identity: Option<&str>, own: &Location) -> Location {
        let mut places = self.places();
        let before = places.remove(modem).filter(|place| place.own.is_same_port(own));
        let now = before.map_or_else(|| own.clone(), |place| place.now);
        let identity = identity.map(str::to_owned);
        let (at, keeps, changed) = (None, false, None);
        let place = Place { identity, own: own.clone(), now: now.clone(), at, keeps, changed };
        places.insert(modem.clone(), place);
        // Whoever has this port has it with the settings it has now.
        for place in places.values_mut().filter(|place| place.now.is_same_port(own)) {
            place.now = own.clone();
        }
        send_home(&mut places);
        places.get(modem).map_or(now, |place| place.now.clone())
    }

    /// The modem is not configured any more.
    pub fn remove(&self, modem: &Name) {
        self.places().remove(modem);
    }

    /// Where a modem is to be.
    pub fn of(&self, modem: &Name) -> Option<Location> {
        self.places().get(modem).map(|place| place.now.clone())
    }

    /// The modem takes its port, once nobody else is there any more.
    pub fn enter(&self, modem: &Name) -> Option<Location> {
        let mut places = self.places();
        let port = places.get(modem)?.now.clone();
        let is_at = |place: &Place| place.at.as_ref().is_some_and(|at| at.is_same_port(&port));
        let is_there = |(other, place): (&Name, &Place)| other != modem && is_at(place);
        if places.iter().any(is_there) {
            return None;
        }
        places.get_mut(modem)?.at = Some(port.clone());
        Some(port)
    }

    /// The port of the modem is closed and not opened before it enters its port again.
    pub fn leave(&self, modem: &Name) {
        if let Some(place) = self.places().get_mut(modem) {
            place.at = None;
        }
    }

    /// Whether the modem works at its port, or is suspended: nobody else gets it then.
    pub fn keep(&self, modem: &Name, keeps: bool) {
        if let Some(place) = self.places().get_mut(modem) {
            place.keeps = keeps;
        }
    }

    /// The SIM of `identity` answers at `port`, which `modem` had when it asked. The modem it belongs to gets that port, and
    /// `modem` the other's.
    pub fn give(&self, modem: &Name, port: &Location, identity: &str, now: Time) -> Given {
        let mut places = self.places();
        let Some(finder) = places.get(modem).filter(|place| place.now == *port) else {
            return Given::Already;
        };
        let is_its = |(other, place): &(&Name, &Place)| {
            *other != modem
                && place.identity.as_deref() == Some(identity)
                && !place.keeps
                && self.may_change(port, &place.now)
                && !finder.has_changed_with(other, now)
                && !place.has_changed_with(modem, now)
        };
        let Some(owner) = places.iter().find(is_its).map(|(other, _)| other.clone()) else {
            return Given::Nobody;
        };
        let there = places.get_mut(&owner).map(|place| {
            place.changed = Some((modem.clone(), now));
            std::mem::replace(&mut place.now, port.clone())
        });
        if let (Some(place), Some(there)) = (places.get_mut(modem), there) {
            place.now = there;
            place.changed = Some((owner.clone(), now));
        }
        Given::To(owner)
    }

    fn may_change(&self, one: &Location, other: &Location) -> bool {
        match (one, other) {
            (Location::Serial { .. }, Location::Serial { .. }) => true,
            (Location::Tcp { .. }, Location::Tcp { .. }) => self.is_alone,
            (Location::Serial { .. }, Location::Tcp { .. })
            | (Location::Tcp { .. }, Location::Serial { .. }) => false,
        }
    }

    fn places(&self) -> MutexGuard<'_, BTreeMap<Name, Place>> {
        // Nothing that can panic happens under this lock.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    fn has_changed_with(&self, other: &Name, now: Time) -> bool {
        self.changed.as_ref().is_some_and(|(with, at)| with == other && now.since(*at) < PAUSE)
    }
}

/// Where two have one port, the one that is not at its own goes back there; and so on, until none has another's.
fn send_home(places: &mut BTreeMap<Name, Place>) {
    loop {
        let is_doubled = |modem: &Name, port: &Location| {
            places.iter().any(|(other, place)| other != modem && place.now.is_same_port(port))
        };
        let mut strays = places.iter().filter(|(_, place)| !place.now.is_same_port(&place.own));
        let stray =
            strays.find(|(modem, place)| is_doubled(modem, &place.now)).map(|(modem, _)| modem.clone());
        let Some(place) = stray.and_then(|modem| places.get_mut(&modem)) else { return };
        place.now = place.own.clone();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    fn serial(device: &str) -> Location {
        Location::Serial { device: device.into(), baudrate: 115_200, rtscts: true }
    }

    /// Modems 1 to 3 with the identities 1 to 3, and one behind TCP.
    fn places() -> Places {
        let places = Places::new(false);
        for number in ["1", "2", "3"] {
            places.add(&name(number), Some(number), &serial(number));
        }
        places.add(&name("4"), Some("4"), &tcp("4"));
        places
    }

    fn tcp(host: &str) -> Location {
        Location::Tcp { address: format!("{host}:1"), words: Box::default() }
    }

    fn devices(places: &Places) -> [Option<Location>; 3] {
        ["1", "2", "3"].map(|modem| places.of(&name(modem)))
    }

    /// `modem` finds a SIM where it is now.
    fn finds(places: &Places, modem: &str, identity: &str) -> Given {
        let port = places.of(&name(modem)).expect("it is configured");
        places.give(&name(modem), &port, identity, Time::ZERO)
    }

    #[test]
    fn sims_that_went_round_are_sorted_out_and_no_port_is_given_twice() {
        let places = places();
        // Port 1 holds SIM 2, port 2 SIM 3, port 3 SIM 1.
        assert_eq!(finds(&places, "1", "2"), Given::To(name("2")));
        assert_eq!(finds(&places, "1", "3"), Given::To(name("3")));

        assert_eq!(devices(&places), ["3", "1", "2"].map(|port| Some(serial(port))));
    }

    #[test]
    fn two_modems_that_find_each_others_sims_at_once_change_ports_once() {
        let places = places();
        assert_eq!(places.give(&name("1"), &serial("1"), "2", Time::ZERO), Given::To(name("2")));
        assert_eq!(places.give(&name("2"), &serial("2"), "1", Time::ZERO), Given::Already);

        assert_eq!(devices(&places), ["2", "1", "3"].map(|port| Some(serial(port))));
    }

    #[test]
    fn a_sim_of_nobody_or_at_a_port_of_another_kind_moves_nothing() {
        let places = places();

        for (modem, identity) in [("1", "9"), ("1", "1"), ("4", "1"), ("1", "4")] {
            assert_eq!(finds(&places, modem, identity), Given::Nobody, "{modem} finds {identity}");
        }
        assert_eq!(devices(&places), ["1", "2", "3"].map(|port| Some(serial(port))));
    }

    #[test]
    fn a_modem_that_is_configured_anew_at_the_same_port_moves_nobody() {
        let places = places();
        finds(&places, "1", "2");
        assert_eq!(places.add(&name("1"), Some("1"), &serial("1")), serial("2"));
        assert_eq!(devices(&places), ["2", "1", "3"].map(|port| Some(serial(port))));

        places.remove(&name("1"));
        assert_eq!((places.of(&name("1")), places.of(&name("2"))), (None, Some(serial("1"))));
    }

    #[test]
    fn whoever_has_a_port_has_it_with_its_new_settings() {
        let slower = |device: &str| Location::Serial { device: device.into(), baudrate: 9_600, rtscts: true };
        let places = places();
        finds(&places, "1", "2");
        assert_eq!(places.enter(&name("1")), Some(serial("2")));

        assert_eq!(places.add(&name("2"), Some("2"), &slower("2")), serial("1"));

        assert_eq!(devices(&places), [slower("2"), serial("1"), serial("3")].map(Some));
        places.leave(&name("1"));
        assert_eq!(places.enter(&name("1")), Some(slower("2")));
        assert_eq!(places.add(&name("3"), Some("3"), &serial("2")), serial("2"));
        assert_eq!(places.enter(&name("3")), None, "it is not left yet, however it is set");
    }

    #[test]
    fn a_modem_that_comes_to_a_port_another_one_has_sends_that_one_back_and_nobody_else() {
        let places = places();
        places.add(&name("5"), Some("5"), &serial("5"));
        places.add(&name("6"), Some("6"), &serial("6"));
        finds(&places, "5", "6");
        finds(&places, "1", "2");

        assert_eq!(places.add(&name("3"), Some("3"), &serial("2")), serial("2"));
        assert_eq!(devices(&places), ["1", "2", "2"].map(|port| Some(serial(port))), "as it is configured");
        assert_eq!(places.of(&name("5")), Some(serial("6")), "uninvolved");
        assert_eq!(places.of(&name("6")), Some(serial("5")), "uninvolved");
    }

    #[test]
    fn a_modem_that_works_or_is_suspended_keeps_its_port() {
        let places = places();
        places.keep(&name("2"), true);
        assert_eq!(finds(&places, "1", "2"), Given::Nobody);
        places.keep(&name("2"), false);
        assert_eq!(finds(&places, "1", "2"), Given::To(name("2")));
    }

    #[test]
    fn modems_that_tell_one_identity_change_ports_once_a_minute() {
        let places = places();
        let at = |seconds| Time::ZERO + Duration::from_secs(seconds);
        let finds = |modem: &str, identity: &str, seconds| {
            let port = places.of(&name(modem)).expect("it is configured");
            places.give(&name(modem), &port, identity, at(seconds))
        };
        assert_eq!(finds("1", "2", 0), Given::To(name("2")));
        assert_eq!(finds("1", "2", 59), Given::Nobody);
        assert_eq!(finds("2", "1", 59), Given::Nobody);
        assert_eq!(finds("1", "3", 59), Given::To(name("3")), "another pair");
        assert_eq!(finds("2", "1", 60), Given::To(name("1")));
    }

    #[test]
    fn a_port_is_entered_after_the_modem_that_had_it_has_left() {
        let places = places();
        let [one, two] = ["1", "2"].map(name);
        assert_eq!([places.enter(&one), places.enter(&two)], ["1", "2"].map(|port| Some(serial(port))));
        finds(&places, "1", "2");

        places.leave(&one);
        assert_eq!(places.enter(&one), None, "the other is still there");
        places.leave(&two);
        assert_eq!([places.enter(&one), places.enter(&two)], ["2", "1"].map(|port| Some(serial(port))));
    }

    #[test]
    fn tcp_ports_change_only_where_no_other_node_can_have_them() {
        for (is_alone, given) in [(true, Given::To(name("5"))), (false, Given::Nobody)] {
            let places = Places::new(is_alone);
            places.add(&name("4"), Some("4"), &tcp("4"));
            places.add(&name("5"), Some("5"), &tcp("5"));
            assert_eq!(finds(&places, "4", "5"), given);
        }
    }
}
