//! The one decision about a file: where it goes, or why it is not sent.

use super::route::{by_number, by_queue};
use super::{NumberList, NumberRoute};
use crate::model::Name;

/// What the configuration says about where files go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routing {
    /// Whether `Queue:` and `Provider:` of a file count, and the sections of a whitelist. smsd without queues reads
    /// over them.
    pub heeds_queue: bool,
    /// The routes, in their order; without any, a queue is itself a tag and a number leads nowhere in particular.
    pub routes: Vec<NumberRoute>,
}

/// The lists of numbers that count.
#[derive(Clone, Copy, Debug, Default)]
pub struct Lists<'a> {
    /// Numbers that are not sent to.
    pub blacklist: Option<&'a NumberList>,
    /// The only numbers that are sent to.
    pub whitelist: Option<&'a NumberList>,
}

/// A file is not sent; its `Display` is smsd's text behind `Fail_reason:`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The blacklist has the number.
    #[error("Destination is blacklisted")]
    Blacklisted,
    /// The whitelist lacks the number.
    #[error("Destination is not whitelisted")]
    NotWhitelisted,
    /// There is no queue of that name.
    #[error("Wrong provider queue")]
    WrongQueue,
    /// No route takes the number.
    #[error("Destination number does not match any provider")]
    NoProvider,
}

impl Default for Routing {
    fn default() -> Routing {
        Routing { heeds_queue: true, routes: Vec::new() }
    }
}

impl Routing {
    /// The tag the modem must have that carries a file to `number`; none when any modem may. `queue` is what the file
    /// asks for.
    pub fn decide(
        &self,
        number: &str,
        queue: Option<&str>,
        lists: &Lists<'_>,
    ) -> Result<Option<Name>, Refusal> {
        if lists.blacklist.is_some_and(|list| list.find(number).is_some()) {
            return Err(Refusal::Blacklisted);
        }
        let listed = match lists.whitelist {
            Some(list) => list.find(number).ok_or(Refusal::NotWhitelisted)?.queue,
            None => None,
        };
        let queue = queue.or(listed).filter(|_| self.heeds_queue);
        match queue {
            _ if self.routes.is_empty() => {
                queue.map(|queue| Name::new(queue).map_err(|_| Refusal::WrongQueue)).transpose()
            }
            Some(queue) => by_queue(&self.routes, queue).cloned().map(Some).ok_or(Refusal::WrongQueue),
            None => by_number(&self.routes, number).cloned().map(Some).ok_or(Refusal::NoProvider),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Prefix;
    use super::*;

    fn routing(routes: &[(&str, &str)]) -> Routing {
        let route = |(tag, prefix): &(&str, &str)| NumberRoute {
            tag: Name::new(tag).expect("a name"),
            prefixes: vec![Prefix::new(prefix).expect("a prefix")],
        };
        Routing { routes: routes.iter().map(route).collect(), ..Routing::default() }
    }

    fn decided(routing: &Routing, number: &str, queue: Option<&str>, lists: &Lists<'_>) -> String {
        match routing.decide(number, queue, lists) {
            Ok(tag) => tag.map_or_else(|| "any".to_owned(), |tag| tag.to_string()),
            Err(refusal) => refusal.to_string(),
        }
    }

    #[test]
    fn a_file_goes_where_it_asks_then_where_the_list_says_then_by_its_number() {
        let routing = routing(&[("D1", "4917"), ("rest", "4")]);
        let white = NumberList::read(b"[D1]\n4490\n[nowhere]\n4491\n[]\n4\n").expect("a list");
        let lists = Lists { whitelist: Some(&white), ..Lists::default() };

        for (number, queue, expected) in [
            ("49171", None, "D1"),
            ("4930", None, "rest"),
            ("49171", Some("rest"), "rest"),
            ("44901", None, "D1"),
            ("44901", Some("rest"), "rest"),
            ("44911", None, "Wrong provider queue"),
            ("44911", Some("D1"), "D1"),
            ("4930", Some("none"), "Wrong provider queue"),
            ("4930", Some("49170"), "D1"),
            ("33", None, "Destination is not whitelisted"),
        ] {
            assert_eq!(decided(&routing, number, queue, &lists), expected, "{number} {queue:?}");
        }
        assert_eq!(
            decided(&routing, "33", None, &Lists::default()),
            "Destination number does not match any provider"
        );
    }

    #[test]
    fn the_blacklist_is_stronger_than_the_whitelist_and_than_every_queue() {
        let list = NumberList::read(b"49\n").expect("a list");
        let lists = Lists { blacklist: Some(&list), whitelist: Some(&list) };

        assert_eq!(decided(&routing(&[]), "4917", Some("D1"), &lists), "Destination is blacklisted");
        assert_eq!(decided(&routing(&[]), "33", Some("D1"), &lists), "Destination is not whitelisted");
    }

    #[test]
    fn without_routes_a_queue_is_a_tag_or_nothing_at_all() {
        let none = routing(&[]);
        assert_eq!(decided(&none, "4917", Some("prepaid"), &Lists::default()), "prepaid");
        assert_eq!(decided(&none, "4917", Some("no name"), &Lists::default()), "Wrong provider queue");
        assert_eq!(decided(&none, "4917", None, &Lists::default()), "any");

        let deaf = Routing { heeds_queue: false, ..none };
        assert_eq!(decided(&deaf, "4917", Some("no name"), &Lists::default()), "any");
    }
}
