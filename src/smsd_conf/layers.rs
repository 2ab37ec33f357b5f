//! What counts for a modem: `[default]`, then its group, then its own section; later lines replace earlier ones.

use std::collections::BTreeMap;

use crate::model::Name;

use super::document::{Document, Entry, Section};
use super::fault::Faults;
use super::key::{Key, Place};
use super::{table, value};

/// Settings in which the word `modemname` stands for the name of the modem.
const NAMING: [&str; 11] = [
    "device",
    "eventhandler",
    "eventhandler_ussd",
    "logfile",
    "pdu_from_file",
    "queues",
    "regular_run",
    "regular_run_cmdfile",
    "regular_run_logfile",
    "regular_run_post_run",
    "regular_run_statfile",
];

/// A line with what is known about its setting.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) key: Key,
    pub(super) line: usize,
    pub(super) value: &'a str,
    pub(super) entry: &'a Entry,
}

impl<'a> Setting<'a> {
    /// The setting of a line; none, and a fault, where smsd would not start with it.
    pub(super) fn read(place: Place, entry: &'a Entry, faults: &mut Faults) -> Option<Setting<'a>> {
        let shown = entry.key.escape_debug();
        let Some(value) = entry.value.as_deref().filter(|_| !entry.key.is_empty()) else {
            let what = format!("`{shown}` is no setting");
            faults.push(Some(entry.line), what, "write key = value, or # in front of a comment");
            return None;
        };
        let Some(key) = table::find(place, &entry.key) else {
            let (what, fix) = unknown(place, &entry.key);
            faults.push(Some(entry.line), what, fix);
            return None;
        };
        if let Some(fix) = key.refuses(value) {
            let value = if key.is_secret() { "…".to_owned() } else { shorten(value) };
            faults.push(Some(entry.line), format!("`{} = {value}` is nothing smsd takes", key.name), fix);
            return None;
        }
        Some(Setting { key, line: entry.line, value, entry })
    }

    /// The value for one modem.
    pub(super) fn value_for(&self, modem: &Name) -> String {
        if NAMING.contains(&self.key.name) {
            self.value.replacen("modemname", modem.as_str(), 1)
        } else {
            self.value.to_owned()
        }
    }

    pub(super) fn is_yes(&self) -> bool {
        value::boolean(self.value) == Some(true)
    }
}

/// What a modem does by what stands before the first section, unless its own sections say otherwise.
const OF_ALL_MODEMS: [&str; 1] = ["voicecall_hangup_ath"];

/// A modem with the settings that count for it.
#[derive(Clone, Debug)]
pub(super) struct Modem<'a> {
    pub(super) name: Name,
    settings: BTreeMap<&'static str, Vec<Setting<'a>>>,
}

impl<'a> Modem<'a> {
    /// Collects what counts for the modem.
    pub(super) fn read(document: &'a Document, name: &Name, faults: &mut Faults) -> Modem<'a> {
        let sections = sections(document, name.as_str());
        if sections.is_empty() {
            let what = format!("modem {name} has no section");
            faults.push(None, what, format!("write [{name}] with its settings, or take it out of `devices`"));
        }
        let mut settings: BTreeMap<&'static str, Vec<Setting<'a>>> = BTreeMap::new();
        // Their faults are told where they stand.
        let of_all = document.global.iter().filter(|entry| OF_ALL_MODEMS.contains(&entry.key.as_str()));
        let of_all = of_all.filter_map(|entry| Setting::read(Place::Modem, entry, &mut Faults::default()));
        let own = sections.iter().flat_map(|section| &section.entries);
        let own = own.filter_map(|entry| Setting::read(Place::Modem, entry, faults));
        for setting in of_all.chain(own) {
            let counted = settings.entry(setting.key.slot()).or_default();
            if !setting.key.adds_up() {
                counted.clear();
            }
            counted.push(setting);
        }
        Modem { name: name.clone(), settings }
    }

    /// What counts under a name.
    pub(super) fn get(&self, slot: &str) -> Option<Setting<'a>> {
        self.settings.get(slot).and_then(|counted| counted.last()).copied()
    }

    /// Everything that counts, in order of the lines.
    pub(super) fn settings(&self) -> Vec<Setting<'a>> {
        let mut settings: Vec<Setting<'a>> = self.settings.values().flatten().copied().collect();
        settings.sort_by_key(|setting| setting.line);
        settings
    }
}

/// The sections that are read for a modem, the weakest first.
fn sections<'a>(document: &'a Document, modem: &str) -> Vec<&'a Section> {
    section_names(modem).iter().filter_map(|name| document.section(name)).collect()
}

/// The names of the sections that are read for a modem, the weakest first.
pub(super) fn section_names(modem: &str) -> Vec<String> {
    [Some("default".to_owned()), group(modem), Some(modem.to_owned())].into_iter().flatten().collect()
}

/// The name of a modem's group: up to its first digit, which must not be its first character.
fn group(modem: &str) -> Option<String> {
    let end = modem.find(|c: char| c.is_ascii_digit()).unwrap_or(modem.len());
    modem.get(..end).filter(|prefix| !prefix.is_empty()).map(|prefix| format!("{prefix}*"))
}

/// What is wrong with an unknown setting, and which one may be meant.
fn unknown(place: Place, name: &str) -> (String, String) {
    let (here, elsewhere) = match place {
        Place::Global => ("before the first section", Place::Modem),
        Place::Modem => ("of a modem", Place::Global),
    };
    let what = format!("smsd knows no setting `{}` {here}", shorten(name));
    if table::find(elsewhere, name).is_some() {
        let fix = match elsewhere {
            Place::Global => "move it in front of the first section",
            Place::Modem => "move it into the section of a modem or into [default]",
        };
        return (what, fix.to_owned());
    }
    let nearest = table::keys(place).into_iter().map(|key| (distance(key.name, name), key.name)).min();
    let fix = match nearest {
        Some((edits, key)) if edits <= 2 => format!("did you mean `{key}`?"),
        Some(_) | None => "remove it, or put # in front of it".to_owned(),
    };
    (what, fix)
}

/// How many characters must be changed, added or left out to make one name of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().take(64).map(|c| c.to_ascii_lowercase()).collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, c) in (1..).zip(one.chars()) {
        let mut next = vec![at];
        for (column, (d, above)) in (1..).zip(other.iter().zip(&row)) {
            let left = next.last().copied().unwrap_or(0);
            let replaced = above + usize::from(c != *d);
            let dropped = row.get(column).copied().unwrap_or(0) + 1;
            next.push(replaced.min(dropped).min(left + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

fn shorten(text: &str) -> String {
    const SHOWN_MAX: usize = 60;
    text.chars().take(SHOWN_MAX).collect::<String>().escape_debug().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(text: &str) -> Document {
        Document::read(text.as_bytes(), &mut Faults::default())
    }

    fn name(text: &str) -> Name {
        Name::new(text).expect("a name")
    }

    fn value(text: &str, modem: &str, key: &str) -> Option<(usize, String)> {
        let (document, modem) = (document(text), name(modem));
        let modem = Modem::read(&document, &modem, &mut Faults::default());
        modem.get(key).map(|setting| (setting.line, setting.value_for(&modem.name)))
    }

    fn faults(text: &str, modem: &str) -> Vec<String> {
        let mut faults = Faults::default();
        Modem::read(&document(text), &name(modem), &mut faults);
        faults.into_vec().into_iter().map(|fault| format!("{fault}: {}", fault.fix)).collect()
    }

    #[test]
    fn the_own_section_goes_before_the_group_and_the_group_before_the_default() {
        let text = "[default]\nbaudrate = 1\nrtscts = no\nmode=old\n[GSM*]\nbaudrate = 2\nrtscts = yes\n[GSM1]\nbaudrate = 3\nbaudrate = 4\n";

        assert_eq!(value(text, "GSM1", "baudrate"), Some((10, "4".to_owned())));
        assert_eq!(value(text, "GSM1", "rtscts"), Some((7, "yes".to_owned())));
        assert_eq!(value(text, "GSM1", "mode"), Some((4, "old".to_owned())));
        assert_eq!(value(text, "GSM2", "baudrate"), Some((6, "2".to_owned())));
        assert_eq!(value(text, "X", "baudrate"), Some((2, "1".to_owned())));
        assert_eq!(value(text, "2GSM", "baudrate"), Some((2, "1".to_owned())));
    }

    #[test]
    fn lists_that_add_up_keep_every_line_and_aliases_replace_each_other() {
        let text = "[default]\nregular_run_cmd = A\ninit1 = AT\n[X]\nRegular_Run_Cmd = B\ninit = ATE0\n";
        let (document, modem) = (document(text), name("X"));

        let modem = Modem::read(&document, &modem, &mut Faults::default());

        let lines: Vec<usize> = modem.settings().iter().map(|setting| setting.line).collect();
        assert_eq!(lines, [2, 5, 6]);
    }

    #[test]
    fn the_first_modemname_is_the_name_of_the_modem_where_smsd_says_so() {
        let text = "[default]\ndevice = /dev/modemname-modemname\ndescription = modemname\n";

        assert_eq!(value(text, "X", "device"), Some((2, "/dev/X-modemname".to_owned())));
        assert_eq!(value(text, "X", "description"), Some((3, "modemname".to_owned())));
    }

    #[test]
    fn what_smsd_does_not_start_with_is_told_with_the_way_out() {
        for (line, what, fix) in [
            ("foo", "`foo` is no setting", "# in front"),
            (" = 1", "`` is no setting", "key = value"),
            ("baudrat = 1", "no setting `baudrat` of a modem", "did you mean `baudrate`?"),
            ("stats = /s", "no setting `stats`", "in front of the first section"),
            ("qqqqqqqqq = 1", "no setting `qqqqqqqqq`", "remove it"),
            ("READ_TIMEOUT_PDU = 1", "no setting `READ_TIMEOUT_PDU`", "did you mean"),
            ("rtscts = ON", "`rtscts = ON` is nothing smsd takes", "yes or no"),
            ("pin = 0123456789012345678901234567890123456789", "`pin = …` is nothing", "31 octets"),
        ] {
            let told = faults(&format!("[X]\n{line}\n"), "X");
            assert_eq!(told.len(), 1, "{told:?}");
            assert!(
                told[0].starts_with("line 2: ") && told[0].contains(what) && told[0].contains(fix),
                "{told:?}"
            );
        }
        assert!(faults("[x]\ndevice = @a\n", "X")[0].contains("modem X has no section"));
    }

    #[test]
    fn names_are_apart_by_the_characters_to_be_changed() {
        for (one, other, edits) in
            [("abc", "abc", 0), ("abc", "ABD", 1), ("", "ab", 2), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(one, other), edits, "{one} {other}");
        }
    }
}
