//! Settings that somebody is to choose: `key = ? one | other`.

use super::document::{Document, Entry};
use super::fault::Faults;

/// A setting with more than one value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Its line, from 1.
    pub line: usize,
    /// Its section; `global` before the first.
    pub section: String,
    /// Its name.
    pub key: String,
    /// The values, in their order; the first is the one that counts unless somebody chooses.
    pub values: Vec<String>,
}

/// The settings of a file that somebody may choose.
pub fn choices(octets: &[u8]) -> Vec<Choice> {
    // Faults are told when the file is converted.
    let document = Document::read(octets, &mut Faults::default());
    let global = document.global.iter().map(|entry| ("global", entry));
    let others = document.sections.iter();
    let others =
        others.flat_map(|section| section.entries.iter().map(|entry| (section.name.as_str(), entry)));
    global.chain(others).filter_map(|(section, entry)| choice(section, entry)).collect()
}

fn choice(section: &str, entry: &Entry) -> Option<Choice> {
    let first = entry.value.clone().filter(|_| !entry.other_choices.is_empty())?;
    let values = std::iter::once(first).chain(entry.other_choices.iter().cloned()).collect();
    Some(Choice { line: entry.line, section: section.to_owned(), key: entry.key.clone(), values })
}

/// The file with `value` at the place of a choice.
pub fn choose(octets: &[u8], choice: &Choice, value: &str) -> Vec<u8> {
    let mut chosen = Vec::with_capacity(octets.len());
    for (line, text) in (1..).zip(octets.split_inclusive(|octet| *octet == b'\n')) {
        if line == choice.line {
            chosen.extend(format!("{} = {value}\n", choice.key).into_bytes());
        } else {
            chosen.extend_from_slice(text);
        }
    }
    chosen
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &[u8] = b"devices = X\nautosplit = ? 3 | 0\n[X]\ndevice = ? /dev/a | /dev/b\npin = ? 1\n";

    #[test]
    fn settings_with_several_values_are_found_where_they_stand() {
        let found = choices(FILE);

        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].line, found[0].section.as_str(), found[0].key.as_str()),
            (2, "global", "autosplit")
        );
        assert_eq!(found[0].values, ["3", "0"]);
        assert_eq!((found[1].line, found[1].section.as_str()), (4, "X"));
    }

    #[test]
    fn a_chosen_value_stands_on_the_line_of_the_choice() {
        let found = choices(FILE);
        let chosen = choose(&choose(FILE, &found[0], "0"), &found[1], "/dev/c");

        assert_eq!(
            String::from_utf8_lossy(&chosen),
            "devices = X\nautosplit = 0\n[X]\ndevice = /dev/c\npin = ? 1\n"
        );
        assert!(choices(&chosen).is_empty());
    }
}
