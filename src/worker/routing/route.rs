//! Routes by number: what smsd has in `[queues]` and `[providers]`.

use crate::model::Name;

use super::Prefix;

/// Most routes of a node: as many as smsd is built for.
pub const ROUTES_MAX: usize = 64;

/// The numbers that leave by the modems with one tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NumberRoute {
    /// The tag, which `Queue:` and `Provider:` of a file name too.
    pub tag: Name,
    /// How its numbers begin.
    pub prefixes: Vec<Prefix>,
}

impl NumberRoute {
    /// How every number begins that is not dialled with `*` or `#`: smsd's prefixes of a queue without a provider.
    pub fn every_number() -> Vec<Prefix> {
        ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "s"]
            .iter()
            .flat_map(|text| Prefix::new(text))
            .collect()
    }
}

/// The tag of the first route with a prefix of the number.
pub(super) fn by_number<'a>(routes: &'a [NumberRoute], number: &str) -> Option<&'a Name> {
    let takes = |route: &&NumberRoute| route.prefixes.iter().any(|prefix| prefix.is_of(number));
    routes.iter().find(takes).map(|route| &route.tag)
}

/// The tag a queue names. A text that begins like a number is one, without anything taken off it.
pub(super) fn by_queue<'a>(routes: &'a [NumberRoute], queue: &str) -> Option<&'a Name> {
    if is_number(queue) {
        return by_number(routes, queue);
    }
    routes.iter().find(|route| route.tag.as_str() == queue).map(|route| &route.tag)
}

/// Whether smsd takes the name of a queue for a number.
fn is_number(queue: &str) -> bool {
    let digits = queue.strip_prefix('s').unwrap_or(queue);
    let begins_with_digit = digits.starts_with(|c: char| c.is_ascii_digit());
    begins_with_digit || queue.starts_with(['*', '#'])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn route(tag: &str, prefixes: &[&str]) -> NumberRoute {
        let prefixes = prefixes.iter().map(|prefix| Prefix::new(prefix).expect("a prefix")).collect();
        NumberRoute { tag: Name::new(tag).expect("a name"), prefixes }
    }

    fn routes() -> Vec<NumberRoute> {
        let rest = NumberRoute { prefixes: NumberRoute::every_number(), ..route("rest", &[]) };
        vec![
            route("A", &["491", "s77"]),
            route("B", &["4912", "49", "*", "s7"]),
            rest,
            route("never", &["5"]),
        ]
    }

    #[test]
    fn the_first_prefix_decides_and_not_the_longest() {
        for (number, expected) in [
            ("491200", Some("A")),
            ("4930", Some("B")),
            ("44", Some("rest")),
            ("5", Some("rest")),
            ("s771", Some("A")),
            ("s781", Some("B")),
            ("s881", Some("rest")),
            ("771", Some("rest")),
            ("*100#", Some("B")),
            ("#31#", None),
        ] {
            assert_eq!(by_number(&routes(), number).map(Name::as_str), expected, "{number}");
        }
    }

    #[test]
    fn a_queue_is_a_name_unless_it_begins_like_a_number() {
        for (queue, expected) in [
            ("B", Some("B")),
            ("never", Some("never")),
            ("b", None),
            ("+491", None),
            ("\"B\"", None),
            ("s", None),
            ("4912", Some("A")),
            ("9abc", Some("rest")),
            ("s771", Some("A")),
            ("0049", Some("rest")),
            ("#1", None),
        ] {
            assert_eq!(by_queue(&routes(), queue).map(Name::as_str), expected, "{queue}");
        }
    }
}
