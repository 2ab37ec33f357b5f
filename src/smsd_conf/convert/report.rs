//! What became of each line, in the words people read.

use std::collections::BTreeSet;

use super::file::{File, by_line};
use super::made::{Made, Outcome};
use super::{files, global, modem, process, queues};
use crate::model::Mode;
use crate::smsd_conf::document::{Entry, Section};
use crate::smsd_conf::key::{Becomes, Folder, Place, Target};
use crate::smsd_conf::layers::{Modem, Setting, section_names};
use crate::smsd_conf::table;

/// Most modems named beside one setting.
const NAMES_SHOWN_MAX: usize = 4;

/// What became of one setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingReport {
    /// Its line, from 1; none for what smsd does without being told.
    pub line: Option<usize>,
    /// Its section; empty before the first.
    pub section: String,
    /// Its name as it is written.
    pub key: String,
    /// Its value as it is written; a secret is hidden.
    pub value: String,
    /// What became of it.
    pub outcome: Outcome,
    /// Where it stands now, or why not.
    pub text: String,
}

/// What became of every line of a file.
pub(super) fn of_file(file: &File<'_>) -> Vec<SettingReport> {
    let mut reports: Vec<SettingReport> =
        file.globals.iter().map(|setting| of_global(file, setting)).collect();
    reports.extend(of_sections(file));
    reports.sort_by_key(|report| report.line);
    reports.extend(not_set(file));
    reports
}

fn of_global(file: &File<'_>, setting: &Setting<'_>) -> SettingReport {
    let counts = file.global(setting.key.slot()).filter(|last| last.line != setting.line);
    let made = match counts {
        Some(last) => Made::unnecessary(format!("line {} replaces it", last.line)),
        None if file.mode == Mode::Smsd && process::is_honoured(setting.key.name) => honoured(),
        None => global::made(setting),
    };
    told("", setting.entry, Place::Global, made, &place_of(setting))
}

/// What becomes of a setting of the process that a node in smsd mode honours.
fn honoured() -> Made {
    Made { outcome: Outcome::Converted, text: "as smsd has it".to_owned(), ours: Vec::new() }
}

/// The section of ours that holds a setting of the node.
fn place_of(setting: &Setting<'_>) -> String {
    match setting.key.becomes {
        Becomes::Setting(
            Target::Folder(_) | Target::TrustOutgoing | Target::NumberList | Target::Spool(_),
        ) => "[spool]".to_owned(),
        Becomes::Setting(Target::Suspend) => "[node]".to_owned(),
        Becomes::Setting(Target::Validity | Target::Report) => "[messages]".to_owned(),
        Becomes::Setting(Target::Files(_)) => "[files]".to_owned(),
        Becomes::Setting(Target::Retries) => "[messages]".to_owned(),
        Becomes::Setting(Target::BlockAfter | Target::BlockTime) => "every [modems.NAME]".to_owned(),
        Becomes::Setting(Target::LogLevel | Target::Dialogue(_)) => "[log]".to_owned(),
        Becomes::Setting(Target::Programs(_) | Target::AdminTo) => "[handlers]".to_owned(),
        Becomes::Setting(_)
        | Becomes::Unnecessary(_)
        | Becomes::Changed(_)
        | Becomes::Unsupported(_)
        | Becomes::Only(..) => String::new(),
    }
}

fn of_sections(file: &File<'_>) -> Vec<SettingReport> {
    let read: BTreeSet<String> =
        file.modems.iter().flat_map(|modem| section_names(modem.name.as_str())).collect();
    let lines = by_line(&file.modems);
    let mut reports = Vec::new();
    for section in &file.document.sections {
        for entry in &section.entries {
            let users = lines.get(&entry.line).map(Vec::as_slice).unwrap_or_default();
            let is_read = read.contains(&section.name) && !section.is_repeated;
            let (made, place) = match beside_modems(file, section, entry) {
                Some(made) => made,
                None if is_read => of_modems(file, users),
                None => (not_read(section), String::new()),
            };
            reports.push(told(&section.name, entry, Place::Modem, made, &place));
        }
    }
    reports
}

/// What becomes of a line in a section that is not of modems, and the place of ours it goes to.
fn beside_modems(file: &File<'_>, section: &Section, entry: &Entry) -> Option<(Made, String)> {
    let is = |other: Option<&Section>| other.is_some_and(|other| std::ptr::eq(other, section));
    let routes = || "[[spool.routes]]".to_owned();
    if is(file.queues.section) {
        return Some((queues::queue(entry), routes()));
    }
    if is(file.queues.providers) {
        return Some((queues::provider(entry), routes()));
    }
    let is_communicate = section.name == "communicate" && !section.is_repeated;
    let terminal = "smsnode has no terminal to a modem; use another program at its port";
    is_communicate.then(|| (Made::unsupported(terminal), String::new()))
}

fn not_read(section: &Section) -> Made {
    let name = section.name.escape_debug();
    if section.is_repeated {
        return Made::unnecessary(format!("smsd reads the first section [{name}] alone"));
    }
    Made::unnecessary(format!("smsd does not read it: no modem of `devices` has a section [{name}]"))
}

/// What becomes of a line that counts for these modems, and the place of ours it goes to.
fn of_modems(file: &File<'_>, users: &[(&Modem<'_>, Setting<'_>)]) -> (Made, String) {
    let Some((first, setting)) = users.first() else {
        return (Made::unnecessary("later lines replace it for every modem"), String::new());
    };
    let senders: Vec<&(&Modem<'_>, Setting<'_>)> =
        users.iter().filter(|(modem, _)| modem::left_out(modem).is_none()).collect();
    let names: Vec<&str> = senders.iter().map(|(modem, _)| modem.name.as_str()).collect();
    let together = file.together();
    let made = senders.iter().map(|(modem, setting)| modem::made(setting, modem, together));
    let worst = made.max_by_key(|made| made.outcome);
    let is_sends = matches!(setting.key.becomes, Becomes::Setting(Target::Sends { .. }));
    let is_honoured = file.mode == Mode::Smsd && process::is_honoured_of_modem(setting.key.name);
    let made = match worst {
        Some(_) if is_honoured => honoured(),
        Some(made) => made,
        None if is_sends => modem::made(setting, first, together),
        None => Made::unsupported(format!("modem {} does not send and is left out", first.name)),
    };
    let place = if files::is_shared(setting) { place_of(setting) } else { named(&names) };
    (made, place)
}

/// The modems whose setting it is; of many the first.
fn named(modems: &[&str]) -> String {
    let shown = modems.get(..NAMES_SHOWN_MAX).unwrap_or(modems).join(", ");
    match modems.len().saturating_sub(NAMES_SHOWN_MAX) {
        0 => format!("[modems] {shown}"),
        more => format!("[modems] {shown} and {more} more"),
    }
}

/// What smsd does without being told.
fn not_set(file: &File<'_>) -> Vec<SettingReport> {
    let kept = file
        .folders
        .iter()
        .filter(|place| place.line.is_none() && matches!(place.folder, Folder::Sent | Folder::Failed));
    kept.map(|place| SettingReport {
        line: None,
        section: String::new(),
        key: place.folder.key().to_owned(),
        value: "(not set)".to_owned(),
        outcome: Outcome::Converted,
        text: format!("keep_{} of [spool]; the files are removed, as smsd does", place.folder.key()),
    })
    .collect()
}

fn told(section: &str, entry: &Entry, place: Place, made: Made, ours: &str) -> SettingReport {
    let is_secret = table::find(place, &entry.key).is_some_and(|key| key.is_secret());
    let value = entry.value.as_deref().unwrap_or_default();
    let mut keys: Vec<&str> = made.ours.iter().map(|ours| ours.key).collect();
    keys.dedup();
    let mut texts = Vec::new();
    if !keys.is_empty() {
        texts.push(format!("{} of {ours}", keys.join(", ")));
    }
    texts.extend(Some(made.text).filter(|text| !text.is_empty()));
    if !entry.other_choices.is_empty() {
        texts.push("the first of the choices, as smsd takes it".to_owned());
    }
    SettingReport {
        line: Some(entry.line),
        section: section.to_owned(),
        key: entry.key.clone(),
        value: if is_secret { "(hidden)".to_owned() } else { value.to_owned() },
        outcome: made.outcome,
        text: texts.join("; "),
    }
}
