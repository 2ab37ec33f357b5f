//! `[queues]` and `[providers]`: a queue becomes a route, whose tag its modems have and its files get.

use super::made::{Made, Ours, quoted_list};
use super::modem;
use crate::model::Name;
use crate::smsd_conf::document::{Document, Entry, Section};
use crate::smsd_conf::fault::Faults;
use crate::smsd_conf::layers::Modem;

/// Most queues of a file, as smsd is built.
const QUEUES_MAX: usize = 64;
/// Most prefixes of a queue, as smsd is built.
const PREFIXES_MAX: usize = 64;
/// Longest prefix, in octets; smsd does not start with a longer one.
const PREFIX_OCTETS_MAX: usize = 15;

/// One queue.
pub(super) struct Queue<'a> {
    pub(super) name: &'a str,
    /// The line that names it.
    pub(super) line: usize,
    /// The lines of its provider.
    pub(super) providers: Vec<&'a Entry>,
}

/// The queues of a file in their order, which decides who takes a number.
pub(super) struct Queues<'a> {
    pub(super) section: Option<&'a Section>,
    pub(super) providers: Option<&'a Section>,
    pub(super) all: Vec<Queue<'a>>,
}

/// The prefixes of one line of `[providers]`.
struct Prefixes<'a> {
    /// Those a number can begin with.
    live: Vec<String>,
    /// Those no number begins with.
    dead: Vec<&'a str>,
    /// Those behind an empty item, which smsd does not see.
    unseen: usize,
}

impl<'a> Queues<'a> {
    /// Reads both sections, under either of their names.
    pub(super) fn read(document: &'a Document, faults: &mut Faults) -> Queues<'a> {
        let either = |one: &str, other: &str| {
            document.sections.iter().find(|s| !s.is_repeated && (s.name == one || s.name == other))
        };
        let (section, providers) = (either("queues", "queue"), either("providers", "provider"));
        let mut queues = Queues { section, providers, all: Vec::new() };
        for entry in section.iter().flat_map(|section| &section.entries) {
            if let Some(key) = name(entry, faults) {
                queues.add(key, entry, faults);
            }
        }
        for entry in providers.iter().flat_map(|section| &section.entries) {
            if let Some(key) = name(entry, faults) {
                queues.provide(key, entry, faults);
            }
        }
        queues
    }

    fn add(&mut self, key: &'a str, entry: &'a Entry, faults: &mut Faults) {
        let line = Some(entry.line);
        if Name::new(key).is_err() {
            let what = format!("queue `{}` cannot be a tag", key.escape_debug());
            faults.push(
                line,
                what,
                "use letters, digits, '.', '_' and '-' in its name, here and in the files",
            );
        }
        if self.find(key).is_some() {
            faults.push(line, format!("queue {} stands twice", key.escape_debug()), "name it once");
            return;
        }
        self.all.push(Queue { name: key, line: entry.line, providers: Vec::new() });
        if self.all.len() > QUEUES_MAX {
            faults.push(line, format!("smsd knows {QUEUES_MAX} queues"), "leave out those nobody needs");
        }
    }

    fn provide(&mut self, key: &str, entry: &'a Entry, faults: &mut Faults) {
        let Some(queue) = self.all.iter_mut().find(|queue| queue.name == key) else {
            let what = format!("there is no queue `{}`", entry.key.escape_debug());
            faults.push(Some(entry.line), what, "name it in [queues], or take this line out");
            return;
        };
        queue.providers.push(entry);
        let prefixes = queue.providers.iter().map(|entry| prefixes(entry));
        if prefixes.map(|prefixes| prefixes.live.len() + prefixes.dead.len()).sum::<usize>() > PREFIXES_MAX {
            let what = format!("provider {key} has more prefixes than the {PREFIXES_MAX} smsd knows");
            faults.push(Some(entry.line), what, "share them between two queues of the same modems");
        }
        let items = entry.value.as_deref().unwrap_or_default().split(',');
        if let Some(long) = items.map(without_blanks).find(|item| item.len() > PREFIX_OCTETS_MAX) {
            let what = format!("prefix `{}` has more than {PREFIX_OCTETS_MAX} octets", long.escape_debug());
            faults.push(Some(entry.line), what, "shorten it");
        }
    }

    fn find(&self, name: &str) -> Option<&Queue<'a>> {
        self.all.iter().find(|queue| queue.name == name)
    }

    /// Refuses queues that no modem serves, modems that serve queues there are not, and modems that serve none.
    pub(super) fn check(&self, modems: &[Modem<'_>], faults: &mut Faults) {
        if self.section.is_none_or(|section| section.entries.is_empty()) {
            return;
        }
        let mut served: Vec<String> = Vec::new();
        for modem in modems {
            let setting = modem.get("queues");
            let text = setting.map(|setting| setting.value_for(&modem.name)).unwrap_or_default();
            let line = setting.map(|setting| setting.line);
            let queues = modem::queues(&text);
            if queues.is_empty() && modem::left_out(modem).is_none() {
                let what = format!("modem {} sends and serves no queue, though there are queues", modem.name);
                faults.push(line, what, "name them in its `queues`, or write outgoing = no");
            }
            for queue in queues {
                if self.find(queue).is_none() {
                    let what = format!(
                        "modem {} serves a queue `{}` that is not there",
                        modem.name,
                        queue.escape_debug()
                    );
                    faults.push(line, what, "name it in [queues], or take it out here");
                }
                if modem::left_out(modem).is_none() {
                    served.push(queue.to_owned());
                }
            }
        }
        for queue in &self.all {
            if !served.iter().any(|name| name == queue.name) {
                let what = format!("no modem that sends serves queue {}", queue.name);
                faults.push(Some(queue.line), what, "name it in `queues` of a modem, or take it out");
            }
        }
    }
}

impl Queue<'_> {
    /// The prefixes of its numbers as TOML writes them; none where it takes every number.
    pub(super) fn prefixes(&self) -> Option<String> {
        let lines: Vec<Prefixes<'_>> = self.providers.iter().map(|entry| prefixes(entry)).collect();
        let is_set = lines.iter().any(|line| !line.live.is_empty() || !line.dead.is_empty());
        is_set.then(|| quoted_list(lines.iter().flat_map(|line| line.live.iter().map(String::as_str))))
    }
}

/// What becomes of a line of `[queues]`.
pub(super) fn queue(entry: &Entry) -> Made {
    let folder = entry.value.as_deref().unwrap_or_default();
    let how = format!(
        "its files get it instead of a folder; an smsd.conf as it is sends those in {folder} too, for a .toml move them into outgoing"
    );
    Made::changed(how, vec![Ours { key: "tag", value: String::new() }])
}

/// What becomes of a line of `[providers]`.
pub(super) fn provider(entry: &Entry) -> Made {
    let prefixes = prefixes(entry);
    let ours = vec![Ours { key: "prefixes", value: String::new() }];
    let mut lost = Vec::new();
    if !prefixes.dead.is_empty() {
        lost.push(format!("no number of smsd begins with {}, left out", prefixes.dead.join(", ")));
    }
    if prefixes.unseen > 0 {
        lost.push(format!("smsd does not see the {} behind the empty one", prefixes.unseen));
    }
    match lost.is_empty() {
        true => Made { text: String::new(), ours, ..Made::converted("", String::new()) },
        false => Made::changed(lost.join("; "), ours),
    }
}

/// The prefixes of a line up to an empty one, which ends them for smsd.
fn prefixes(entry: &Entry) -> Prefixes<'_> {
    let items: Vec<&str> = entry.value.as_deref().unwrap_or_default().split(',').collect();
    let seen = items.iter().position(|item| item.trim().is_empty()).unwrap_or(items.len());
    let (items, rest) = items.split_at(seen);
    let is_live = |item: &&str| {
        let text = without_blanks(item);
        let digits = text.strip_prefix('s').unwrap_or(&text);
        digits.chars().all(|c| matches!(c, '0'..='9' | '*' | '#'))
    };
    Prefixes {
        live: items.iter().copied().filter(is_live).map(without_blanks).collect(),
        dead: items.iter().copied().filter(|item| !is_live(item)).map(str::trim).collect(),
        unseen: rest.iter().filter(|item| !item.trim().is_empty()).count(),
    }
}

fn without_blanks(item: &str) -> String {
    item.chars().filter(|c| !c.is_whitespace()).collect()
}

/// The name before the `=`.
fn name<'a>(entry: &'a Entry, faults: &mut Faults) -> Option<&'a str> {
    if entry.value.is_none() || entry.key.is_empty() {
        let what = format!("`{}` is no setting", entry.key.escape_debug());
        faults.push(Some(entry.line), what, "write name = value, or # in front of a comment");
        return None;
    }
    Some(&entry.key)
}

#[cfg(test)]
mod tests {
    use super::super::made::Outcome;
    use super::*;

    fn entry(value: &str) -> Entry {
        let value = Some(value.to_owned());
        Entry { line: 1, key: "Q".to_owned(), value, other_choices: Vec::new(), is_utf8: true }
    }

    fn of(lines: &[&Entry]) -> Option<String> {
        Queue { name: "Q", line: 1, providers: lines.to_vec() }.prefixes()
    }

    #[test]
    fn the_prefixes_of_a_queue_are_those_smsd_compares() {
        for (value, expected, outcome) in [
            ("49171, 49 160,s77", Some("[\"49171\", \"49160\", \"s77\"]"), Outcome::Converted),
            ("0049,*,#,s", Some("[\"0049\", \"*\", \"#\", \"s\"]"), Outcome::Converted),
            ("+49, 44", Some("[\"44\"]"), Outcome::Changed),
            ("+49", Some("[]"), Outcome::Changed),
            ("44, ,45", Some("[\"44\"]"), Outcome::Changed),
            ("44,", Some("[\"44\"]"), Outcome::Converted),
            ("", None, Outcome::Converted),
            (",44", None, Outcome::Changed),
        ] {
            let entry = entry(value);
            assert_eq!((of(&[&entry]).as_deref(), provider(&entry).outcome), (expected, outcome), "{value}");
        }
        let (one, other) = (entry("49"), entry("44"));
        assert_eq!(of(&[&one, &other]).as_deref(), Some("[\"49\", \"44\"]"));
        assert_eq!(of(&[]), None);
    }
}
