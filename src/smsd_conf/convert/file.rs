//! A parsed file whose settings are known to be what smsd takes and what we can convert.

use std::collections::BTreeMap;

use super::files::{self, Agreed};
use super::global::{self, Place as FolderPlace};
use super::modem;
use super::queues::Queues;
use crate::model::Mode;
use crate::smsd_conf::devices;
use crate::smsd_conf::document::Document;
use crate::smsd_conf::fault::{Fault, Faults};
use crate::smsd_conf::key::{Becomes, Place, Target};
use crate::smsd_conf::layers::{Modem, Setting};

/// A file without faults.
pub(super) struct File<'a> {
    /// Whose rules the new configuration is for.
    pub(super) mode: Mode,
    pub(super) document: &'a Document,
    pub(super) globals: Vec<Setting<'a>>,
    pub(super) modems: Vec<Modem<'a>>,
    pub(super) queues: Queues<'a>,
    pub(super) folders: Vec<FolderPlace>,
    pub(super) agreed: Agreed,
}

impl<'a> File<'a> {
    /// Looks for every fault.
    pub(super) fn check(
        document: &'a Document,
        mode: Mode,
        mut faults: Faults,
    ) -> Result<File<'a>, Vec<Fault>> {
        let read = |entry| Setting::read(Place::Global, entry, &mut faults);
        let globals: Vec<Setting<'a>> = document.global.iter().filter_map(read).collect();
        let names = match last(&globals, "devices") {
            Some(devices) => devices::read(devices.entry, &mut faults),
            None => {
                faults.push(None, "no `devices` stands before the first section", "name the modems there");
                Vec::new()
            }
        };
        let modems: Vec<Modem<'a>> =
            names.iter().map(|name| Modem::read(document, name, &mut faults)).collect();
        let queues = Queues::read(document, &mut faults);
        queues.check(&modems, &mut faults);
        let folder = |key: &str| last(&globals, key).map(|setting| (setting.value.to_owned(), setting.line));
        let folders = global::folders(folder, &mut faults);
        globals.iter().for_each(|setting| global::check(setting, &mut faults));
        ports(&modems, &mut faults);
        modems.iter().for_each(|modem| answers(modem, &mut faults));
        let of_modems = modems.iter().flat_map(Modem::settings);
        for setting in globals.iter().copied().chain(of_modems) {
            text(&setting, &mut faults);
            files::check(&setting, &mut faults);
        }
        if faults.is_empty() {
            let agreed = Agreed::read(&modems);
            return Ok(File { mode, document, globals, modems, queues, folders, agreed });
        }
        Err(faults.into_vec())
    }

    /// What counts of the settings before the first section.
    pub(super) fn global(&self, slot: &str) -> Option<Setting<'a>> {
        last(&self.globals, slot)
    }

    /// The modems that send.
    pub(super) fn senders(&self) -> impl Iterator<Item = &Modem<'a>> {
        self.modems.iter().filter(|modem| modem::left_out(modem).is_none())
    }

    /// What all modems say together.
    pub(super) fn together(&self) -> modem::Together<'_> {
        modem::Together { reports: self.reports(), agreed: &self.agreed }
    }

    /// Whether any modem that sends asks for reports.
    pub(super) fn reports(&self) -> bool {
        self.senders().any(modem::asks_reports)
    }
}

fn last<'a>(globals: &[Setting<'a>], slot: &str) -> Option<Setting<'a>> {
    globals.iter().rfind(|setting| setting.key.slot() == slot).copied()
}

/// Each modem that sends has a port of its own.
fn ports(modems: &[Modem<'_>], faults: &mut Faults) {
    let mut taken: BTreeMap<String, &Modem<'_>> = BTreeMap::new();
    for modem in modems {
        let setting = modem.get("device");
        let text = setting.map(|setting| setting.value_for(&modem.name)).unwrap_or_default();
        let line = setting.map(|setting| setting.line);
        match modem::port(&text) {
            Err(why) => {
                let what = format!("modem {} has no `device` that can be used: {why}", modem.name);
                faults.push(line, what, "write /dev/… or @host:port");
            }
            Ok(_) if modem::left_out(modem).is_some() => {}
            Ok(port) => {
                if let Some(other) = taken.insert(port, modem) {
                    let what =
                        format!("modems {} and {} both use {}", other.name, modem.name, text.escape_debug());
                    faults.push(line, what, "give each its own port, or keep one of them in `devices`");
                }
            }
        }
    }
}

/// An answered call is told from one that rings in one way: smsd does not start with two.
fn answers(modem: &Modem<'_>, faults: &mut Faults) {
    let said = |key: &str| modem.get(key).filter(Setting::is_yes);
    if let (Some(_), Some(list)) = (said("voicecall_cpas"), said("voicecall_clcc")) {
        let what = format!("modem {} has both `voicecall_cpas` and `voicecall_clcc`", modem.name);
        faults.push(Some(list.line), what, "keep one of them");
    }
}

/// What becomes a setting of ours can be written there.
fn text(setting: &Setting<'_>, faults: &mut Faults) {
    // Words for people change nothing that is sent: the others are a fault.
    let is_needed = matches!(setting.key.becomes, Becomes::Setting(target) if target != Target::OfResults);
    if !setting.entry.is_utf8 && is_needed {
        let what = format!("the value of `{}` is not UTF-8", setting.key.name);
        faults.push(Some(setting.line), what, "write it in UTF-8; a folder of that name may need another");
    }
}

/// Settings by the line they stand on, each with the modems for which it counts.
pub(super) fn by_line<'f, 'a>(modems: &'f [Modem<'a>]) -> BTreeMap<usize, Vec<(&'f Modem<'a>, Setting<'a>)>> {
    let mut lines: BTreeMap<usize, Vec<(&'f Modem<'a>, Setting<'a>)>> = BTreeMap::new();
    for modem in modems {
        for setting in modem.settings() {
            lines.entry(setting.line).or_default().push((modem, setting));
        }
    }
    lines
}
