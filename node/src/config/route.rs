//! `[[spool.routes]]`: the modems that carry the numbers with some prefixes.

use smsgrid::model::Name;
use smsgrid::worker::routing::{NumberRoute, PREFIX_CHARACTERS_MAX, Prefix, PrefixError, ROUTES_MAX};
use smsgrid_proto::Reason;
use toml::de::DeValue;

use super::section::Section;
use super::value::{Value, Wrong};

impl Value for Prefix {
    const KIND: &'static str = "the beginning of a number";
    const HOW: &'static str =
        "write digits between quotes, the country code first and no +, or an s for short numbers";

    fn read(value: &DeValue<'_>) -> Result<Prefix, Wrong> {
        let text = value.as_str().ok_or(Wrong::Kind)?;
        Prefix::new(text).map_err(|error: PrefixError| Wrong::Because(error.to_string()))
    }

    fn show(&self) -> String {
        self.as_str().to_owned().show()
    }
}

/// Reads one route: `tag` is the tag its modems have and the name `Queue:` and `Provider:` of a file ask for, `prefixes`
/// are the beginnings of its numbers without `+` (default: every number; none: only who asks for it).
pub(super) fn read(section: &mut Section<'_, '_>) -> Option<NumberRoute> {
    let tag = section.required::<Name>("tag");
    let prefixes = section.or("prefixes", NumberRoute::every_number());
    Some(NumberRoute { tag: tag?.value, prefixes })
}

/// Two routes of one tag would be two queues of one name; more routes than smsd can have were made by a mistake.
pub(super) fn conflicts(section: &mut Section<'_, '_>, at: usize, routes: &[NumberRoute]) {
    for (index, route) in routes.iter().enumerate() {
        if routes.iter().take(index).any(|other| other.tag == route.tag) {
            let what = format!("two routes of `[{}]` have the tag {}", section.path(), route.tag);
            section.fault(
                at,
                Reason::ConfigConflict,
                &what,
                None,
                Some("put all its prefixes into one of them"),
            );
        }
    }
    if routes.len() > ROUTES_MAX {
        let what = format!("`[{}]` has {} routes", section.path(), routes.len());
        let fix = format!(
            "write at most {ROUTES_MAX}; a route has as many prefixes of {PREFIX_CHARACTERS_MAX} characters as it needs"
        );
        section.fault(at, Reason::ConfigBadValue, &what, None, Some(&fix));
    }
}
