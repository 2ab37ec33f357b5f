//! Which port each modem of the configuration has now: where modems have an `identity`, the settings follow the SIM.
//!
//! ```text
//!  GSM1 at port 1 finds the SIM of GSM2 ──▶ GSM1 and GSM2 change ports ──▶ both open theirs anew
//! ```
//!
//! The ports of the configuration are shared out anew and never doubled: each modem has one at any time, and no two the
//! same. Ports of one kind change alone, serial or TCP, so that what a modem may share with other nodes stays so.

use std::collections::BTreeMap;
use std::mem::discriminant;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smsgrid::model::Name;

use super::port::Location;

/// The ports of the modems. Clones are the same; it holds the modems of the configuration and no more.
#[derive(Clone, Debug, Default)]
pub struct Places(Arc<Mutex<BTreeMap<Name, Place>>>);

#[derive(Debug)]
struct Place {
    identity: Option<String>,
    /// The port the configuration names.
    own: Location,
    now: Location,
}

/// Who has got a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Given {
    /// The modem whose SIM is there.
    To(Name),
    /// None: no modem has that SIM, or the one that has it is at a port of another kind.
    Nobody,
    /// Somebody else, before the question was asked.
    Already,
}

impl Places {
    /// A modem is configured. Where another one has its port by now, every modem goes back to its own.
    pub fn add(&self, modem: &Name, identity: Option<&str>, own: &Location) {
        let mut places = self.places();
        let place = Place { identity: identity.map(str::to_owned), own: own.clone(), now: own.clone() };
        places.insert(modem.clone(), place);
        let is_taken = |(other, place): (&Name, &Place)| other != modem && place.now == *own;
        if places.iter().any(is_taken) {
            places.values_mut().for_each(|place| place.now = place.own.clone());
        }
    }

    /// The modem is not configured any more.
    pub fn remove(&self, modem: &Name) {
        self.places().remove(modem);
    }

    /// Where a modem is now.
    pub fn of(&self, modem: &Name) -> Option<Location> {
        self.places().get(modem).map(|place| place.now.clone())
    }

    /// The SIM of `identity` answers at `port`, which `modem` had when it asked. The modem it belongs to gets that port, and
    /// `modem` the other's.
    pub fn give(&self, modem: &Name, port: &Location, identity: &str) -> Given {
        let mut places = self.places();
        if places.get(modem).is_none_or(|place| place.now != *port) {
            return Given::Already;
        }
        let is_its = |(other, place): &(&Name, &Place)| {
            *other != modem
                && place.identity.as_deref() == Some(identity)
                && discriminant(&place.now) == discriminant(port)
        };
        let Some(owner) = places.iter().find(is_its).map(|(other, _)| other.clone()) else {
            return Given::Nobody;
        };
        let there = places.get_mut(&owner).map(|place| std::mem::replace(&mut place.now, port.clone()));
        if let (Some(place), Some(there)) = (places.get_mut(modem), there) {
            place.now = there;
        }
        Given::To(owner)
    }

    fn places(&self) -> MutexGuard<'_, BTreeMap<Name, Place>> {
        // Nothing that can panic happens under this lock.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        let places = Places::default();
        for number in ["1", "2", "3"] {
            places.add(&name(number), Some(number), &serial(number));
        }
        let remote = Location::Tcp { address: "modem:1".to_owned(), words: Box::default() };
        places.add(&name("4"), Some("4"), &remote);
        places
    }

    fn devices(places: &Places) -> [Option<Location>; 3] {
        ["1", "2", "3"].map(|modem| places.of(&name(modem)))
    }

    /// `modem` finds a SIM where it is now.
    fn finds(places: &Places, modem: &str, identity: &str) -> Given {
        let port = places.of(&name(modem)).expect("it is configured");
        places.give(&name(modem), &port, identity)
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
        assert_eq!(places.give(&name("1"), &serial("1"), "2"), Given::To(name("2")));
        assert_eq!(places.give(&name("2"), &serial("2"), "1"), Given::Already);

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
    fn a_modem_that_comes_to_a_port_another_one_has_sends_all_back_to_their_own() {
        let places = places();
        finds(&places, "1", "2");
        places.add(&name("1"), Some("1"), &serial("1"));
        assert_eq!(devices(&places), ["1", "2", "3"].map(|port| Some(serial(port))));

        finds(&places, "1", "2");
        places.remove(&name("1"));
        assert_eq!((places.of(&name("1")), places.of(&name("2"))), (None, Some(serial("1"))));
    }
}
