//! The table of settings against what smsd 3.1.21 knows: `data/keys.tsv` has the section, the name and the class of
//! each.

use std::collections::BTreeSet;

use smsgrid::smsd_conf::{Becomes, Key, Kind, Place, find, keys};

const KNOWN: &str = include_str!("data/keys.tsv");
/// The ends of `read_timeout_…`, one setting in the list.
const FAMILY: &str = "read_timeout_XXX";
const FAMILY_SIZE: usize = 25;
/// Sections whose lines are named by the file itself.
const NAMED_BY_THE_FILE: [&str; 3] = ["queues", "providers", "communicate"];

fn known() -> Vec<(&'static str, &'static str, &'static str)> {
    let row = |line: &'static str| {
        let mut cells = line.split('\t');
        let mut cell = || cells.next().expect("three cells");
        (cell(), cell(), cell())
    };
    KNOWN.lines().map(row).collect()
}

fn place(section: &str) -> Option<Place> {
    match section {
        "global" => Some(Place::Global),
        "modem" => Some(Place::Modem),
        _ => None,
    }
}

fn class(key: &Key) -> &'static str {
    match key.kind {
        Kind::Boolean => "bool",
        Kind::Whole | Kind::Within(..) => "whole",
        Kind::Level => "level",
        Kind::Text(_) | Kind::BooleanOr(_) | Kind::Word(_) => "text",
    }
}

#[test]
fn every_setting_of_smsd_is_in_the_table_with_its_class() {
    for (section, name, expected) in known() {
        let Some(place) = place(section) else {
            assert!(NAMED_BY_THE_FILE.contains(&section), "{section}");
            continue;
        };
        if name == FAMILY {
            continue;
        }
        let key = find(place, name).unwrap_or_else(|| panic!("{section} {name} is missing"));
        assert_eq!((key.name, class(&key)), (name, expected), "{section}");
        assert_eq!(find(place, &name.to_uppercase()), Some(key), "{section} {name}");
    }
}

#[test]
fn the_table_has_no_setting_that_smsd_does_not_know() {
    for (section, place) in [("global", Place::Global), ("modem", Place::Modem)] {
        let known: BTreeSet<&str> =
            known().into_iter().filter(|(at, ..)| *at == section).map(|(_, name, _)| name).collect();
        let table = keys(place);
        let (family, single): (Vec<&Key>, Vec<&Key>) =
            table.iter().partition(|key| key.name.starts_with("read_timeout_"));

        assert_eq!(family.len(), if place == Place::Modem { FAMILY_SIZE } else { 0 });
        let single: Vec<&str> = single.iter().map(|key| key.name).collect();
        let names: BTreeSet<&str> = single.iter().copied().collect();
        assert_eq!(names.len(), single.len(), "{section} has a name twice");
        assert_eq!(names, known.into_iter().filter(|name| *name != FAMILY).collect(), "{section}");
    }
}

#[test]
fn what_becomes_of_a_setting_has_its_words() {
    for key in [Place::Global, Place::Modem].into_iter().flat_map(keys) {
        let words = match key.becomes {
            Becomes::Setting(_) => continue,
            Becomes::Unnecessary(words) | Becomes::Changed(words) | Becomes::Unsupported(words) => words,
            Becomes::Only(same, words) => {
                assert!(key.refuses(same).is_none(), "{}: {same}", key.name);
                words
            }
        };
        assert!(words.len() > 15 && !words.ends_with('.'), "{}: {words}", key.name);
    }
}
