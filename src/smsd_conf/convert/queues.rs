//! `[queues]` and `[providers]`: a queue becomes a tag, which modems have and messages ask for.

use std::collections::BTreeMap;

use super::made::Made;
use super::modem;
use crate::model::Name;
use crate::smsd_conf::document::{Document, Entry, Section};
use crate::smsd_conf::fault::Faults;
use crate::smsd_conf::layers::Modem;

/// Most queues of a file, as smsd is built.
const QUEUES_MAX: usize = 64;

/// The queues of a file, each with its line.
pub(super) struct Queues<'a> {
    pub(super) section: Option<&'a Section>,
    pub(super) providers: Option<&'a Section>,
    lines: BTreeMap<&'a str, usize>,
}

impl<'a> Queues<'a> {
    /// Reads both sections, under either of their names.
    pub(super) fn read(document: &'a Document, faults: &mut Faults) -> Queues<'a> {
        let either = |one: &str, other: &str| {
            document.sections.iter().find(|s| !s.is_repeated && (s.name == one || s.name == other))
        };
        let (section, providers) = (either("queues", "queue"), either("providers", "provider"));
        let mut queues = Queues { section, providers, lines: BTreeMap::new() };
        for entry in section.iter().flat_map(|section| &section.entries) {
            if let Some(key) = name(entry, faults) {
                queues.add(key, entry, faults);
            }
        }
        for entry in providers.iter().flat_map(|section| &section.entries) {
            if name(entry, faults).is_some_and(|key| !queues.lines.contains_key(key)) {
                let what = format!("there is no queue `{}`", entry.key.escape_debug());
                faults.push(Some(entry.line), what, "name it in [queues], or take this line out");
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
        if self.lines.insert(key, entry.line).is_some() {
            faults.push(line, format!("queue {} stands twice", key.escape_debug()), "name it once");
        }
        if self.lines.len() > QUEUES_MAX {
            faults.push(line, format!("smsd knows {QUEUES_MAX} queues"), "leave out those nobody needs");
        }
    }

    /// Refuses queues that no modem serves, and modems that serve queues there are not.
    pub(super) fn check(&self, modems: &[Modem<'_>], faults: &mut Faults) {
        if self.section.is_none() {
            return;
        }
        let mut served: Vec<String> = Vec::new();
        for modem in modems {
            let Some(setting) = modem.get("queues") else { continue };
            let text = setting.value_for(&modem.name);
            for queue in modem::queues(&text) {
                if !self.lines.contains_key(queue) {
                    let what = format!(
                        "modem {} serves a queue `{}` that is not there",
                        modem.name,
                        queue.escape_debug()
                    );
                    faults.push(Some(setting.line), what, "name it in [queues], or take it out here");
                }
                if modem::left_out(modem).is_none() {
                    served.push(queue.to_owned());
                }
            }
        }
        for (queue, line) in &self.lines {
            if !served.iter().any(|name| name == queue) {
                let what = format!("no modem that sends serves queue {queue}");
                faults.push(Some(*line), what, "name it in `queues` of a modem, or take it out");
            }
        }
    }
}

/// What becomes of a line of `[queues]`.
pub(super) fn queue(entry: &Entry) -> Made {
    let folder = entry.value.as_deref().unwrap_or_default();
    let how = format!(
        "a tag of modems, which `Queue: {}` asks for; move files out of {folder} into outgoing",
        entry.key
    );
    Made::changed(how, Vec::new())
}

/// What becomes of a line of `[providers]`, when `everyone` that sends serves the queue.
pub(super) fn provider(entry: &Entry, everyone: bool) -> Made {
    if everyone {
        return Made::unnecessary("every modem that sends serves this queue");
    }
    Made::unsupported(format!(
        "smsnode does not choose by the number: write `Queue: {}` into the files, or they leave by any modem",
        entry.key
    ))
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
