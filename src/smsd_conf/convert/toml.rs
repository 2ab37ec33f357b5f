//! The new file: a comment beside each setting names the line it comes from.

use super::Host;
use super::file::File;
use super::made::{Ours, Outcome, quoted};
use super::modem::Together;
use super::report::SettingReport;
use super::{files, global, modem, programs};
use crate::model::Mode;
use crate::smsd_conf::key::{Becomes, Folder, Key, Place, Target};
use crate::smsd_conf::layers::{Modem, Setting};
use crate::smsd_conf::table;

/// The commands of a regular run; each of its lines counts.
const ASKED: &str = "regular_run_cmd";

/// Where a setting comes from.
enum Source<'a> {
    Line(usize, &'a str),
    Smsd,
    Us(&'a str),
}

/// A file being written, with the line of the smsd.conf each of its lines comes from.
struct Text(String, Vec<Option<usize>>);

impl Text {
    fn section(&mut self, name: &str) {
        self.0.push_str(&format!("\n[{name}]\n"));
        self.1.extend([None, None]);
    }

    fn setting(&mut self, key: &str, value: &str, source: &Source<'_>) {
        let comment = match source {
            Source::Line(line, key) => format!("line {line}: {key}"),
            Source::Smsd => "smsd's own, it is not set".to_owned(),
            Source::Us(why) => (*why).to_owned(),
        };
        self.0.push_str(&format!("{key} = {value}  # {comment}\n"));
        self.1.push(match source {
            Source::Line(line, _) => Some(*line),
            Source::Smsd | Source::Us(_) => None,
        });
    }

    fn ours(&mut self, ours: &[Ours], setting: &Setting<'_>) {
        for ours in ours {
            self.setting(ours.key, &ours.value, &Source::Line(setting.line, setting.key.name));
        }
    }
}

/// Writes the file; with it the line of the smsd.conf each of its lines comes from, up to the last that comes from one.
pub(super) fn write(file: &File<'_>, host: &Host, reports: &[SettingReport]) -> (String, Vec<Option<usize>>) {
    let mut text = Text("# Made of an smsd.conf; the comments name its lines.\n".to_owned(), vec![None]);
    text.section("node");
    text.setting("name", &quoted(host.node.as_str()), &Source::Us("this host"));
    text.setting("data_dir", &quoted(&host.data_dir), &Source::Us("smsd keeps no such data"));
    if file.mode == Mode::Smsd {
        let why = Source::Us("smsd waits for all parts of a started message");
        text.setting("drain_timeout", "\"10m\"", &why);
    }
    if let Some(suspend) = file.global("suspend") {
        text.ours(&global::made(&suspend).ours, &suspend);
    }
    spool(&mut text, file);
    for modem in file.senders() {
        of_modem(&mut text, file, modem);
    }
    of_files(&mut text, file);
    handlers(&mut text, file);
    messages(&mut text, file);
    log(&mut text, file);
    left_out(&mut text, reports);
    (text.0, text.1)
}

fn log(text: &mut Text, file: &File<'_>) {
    let of_dialogue = |key: &&Key| matches!(key.becomes, Becomes::Setting(Target::Dialogue(_)));
    let keys = table::keys(Place::Global);
    let names = keys.iter().filter(of_dialogue).map(|key| key.name);
    let settings = ["loglevel"].into_iter().chain(names).filter_map(|key| file.global(key));
    let made: Vec<_> = settings.map(|setting| (global::made(&setting).ours, setting)).collect();
    if made.iter().any(|(ours, _)| !ours.is_empty()) {
        text.section("log");
    }
    for (ours, setting) in &made {
        text.ours(ours, setting);
    }
}

fn spool(text: &mut Text, file: &File<'_>) {
    text.section("spool");
    for place in &file.folders {
        let source = place.line.map(|line| Source::Line(line, place.folder.key()));
        let own = match place.folder {
            Folder::Outgoing | Folder::Checked => Source::Smsd,
            Folder::Sent | Folder::Failed => Source::Us("not used"),
        };
        let is_kept = source.is_some();
        text.setting(place.folder.key(), &quoted(&place.path), &source.unwrap_or(own));
        let keep = match place.folder {
            Folder::Outgoing | Folder::Checked => None,
            Folder::Sent => Some("keep_sent"),
            Folder::Failed => Some("keep_failed"),
        };
        if let Some(keep) = keep.filter(|_| !is_kept) {
            text.setting(keep, "false", &Source::Us("it is not set: smsd removes these files"));
        }
    }
    for key in ["trust_outgoing", "blacklist", "whitelist"] {
        if let Some(setting) = file.global(key) {
            text.ours(&global::made(&setting).ours, &setting);
        }
    }
    let is_of_spool = |key: &Key| matches!(key.becomes, Becomes::Setting(Target::Spool(_)));
    for key in table::keys(Place::Global).iter().filter(|key| is_of_spool(key)) {
        if let Some(setting) = file.global(key.slot()) {
            text.ours(&global::made(&setting).ours, &setting);
        }
    }
    if file.queues.all.is_empty() {
        text.setting("queue_header", "false", &Source::Us("without queues smsd does not read it"));
    }
    routes(text, file);
}

/// The queues in their order, which decides as it does for smsd.
fn routes(text: &mut Text, file: &File<'_>) {
    for queue in &file.queues.all {
        text.section("[spool.routes]");
        text.setting("tag", &quoted(queue.name), &Source::Line(queue.line, "queue"));
        if let Some(prefixes) = queue.prefixes() {
            let lines: Vec<String> = queue.providers.iter().map(|entry| entry.line.to_string()).collect();
            let lines = format!("line {}: provider", lines.join(", "));
            text.setting("prefixes", &prefixes, &Source::Us(&lines));
        }
    }
}

fn of_modem(text: &mut Text, file: &File<'_>, modem: &Modem<'_>) {
    let is_bare = modem.name.as_str().bytes().all(|octet| octet != b'.');
    let name = if is_bare { modem.name.to_string() } else { quoted(modem.name.as_str()) };
    text.section(&format!("modems.{name}"));
    let (init, other): (Vec<Setting<'_>>, Vec<Setting<'_>>) =
        modem.settings().into_iter().partition(|setting| matches!(setting.key.slot(), "init" | "init2"));
    let (port, other): (Vec<Setting<'_>>, Vec<Setting<'_>>) =
        other.into_iter().partition(|setting| setting.key.slot() == "device");
    let (asked, other): (Vec<Setting<'_>>, Vec<Setting<'_>>) =
        other.into_iter().partition(|setting| setting.key.slot() == ASKED);
    for setting in port.iter().chain(&other).filter(|setting| !files::is_shared(setting)) {
        text.ours(&modem::made(setting, modem, file.together()).ours, setting);
    }
    if file.reports() && modem.get("report").is_none() {
        text.setting("report", &quoted("no"), &Source::Smsd);
    }
    let init: Vec<&Setting<'_>> = ["init", "init2"]
        .iter()
        .flat_map(|slot| init.iter().filter(move |setting| setting.key.slot() == *slot))
        .collect();
    commands(text, "init", modem, &init, file.together());
    commands(text, ASKED, modem, &asked.iter().collect::<Vec<_>>(), file.together());
    for setting in ["blockafter", "blocktime"].iter().filter_map(|key| file.global(key)) {
        text.ours(&global::made(&setting).ours, &setting);
    }
}

/// What files mean: settings of the file, and those in which its modems agree.
fn of_files(text: &mut Text, file: &File<'_>) {
    let is_of_files =
        |setting: &&Setting<'_>| matches!(setting.key.becomes, Becomes::Setting(Target::Files(_)));
    let counts = |setting: &&Setting<'_>| {
        file.global(setting.key.slot()).is_some_and(|last| last.line == setting.line)
    };
    let globals = file.globals.iter().filter(is_of_files).filter(counts);
    let mut made: Vec<(Vec<Ours>, Setting<'_>)> =
        globals.map(|setting| (global::made(setting).ours, *setting)).collect();
    for modem in file.senders() {
        for setting in modem.settings().iter().filter(is_of_files) {
            let ours = modem::made(setting, modem, file.together()).ours;
            if !made.iter().any(|(told, _)| told == &ours) {
                made.push((ours, *setting));
            }
        }
    }
    made.retain(|(ours, _)| !ours.is_empty());
    if !made.is_empty() {
        text.section("files");
    }
    for (ours, setting) in made {
        text.ours(&ours, &setting);
    }
}

/// The commands of several settings as one list, in the order smsd sends them.
fn commands(
    text: &mut Text,
    key: &str,
    modem: &Modem<'_>,
    settings: &[&Setting<'_>],
    together: Together<'_>,
) {
    let (mut commands, mut lines) = (Vec::new(), Vec::new());
    for setting in settings {
        for ours in modem::made(setting, modem, together).ours {
            commands.push(ours.value);
            lines.push(format!("line {}: {}", setting.line, setting.key.name));
        }
    }
    if !commands.is_empty() {
        text.setting(key, &format!("[{}]", commands.join(", ")), &Source::Us(&lines.join(", ")));
    }
}

fn messages(text: &mut Text, file: &File<'_>) {
    let validity = file.global("validity").map(|setting| (global::made(&setting).ours, setting));
    let validity = validity.filter(|(ours, _)| !ours.is_empty());
    let asks_reports = file.reports();
    let retries = file.senders().find_map(|modem| {
        let setting = modem.get("send_retries")?;
        Some((modem::made(&setting, modem, file.together()).ours, setting))
    });
    let retries = retries.filter(|(ours, _)| !ours.is_empty());
    if validity.is_none() && !asks_reports && retries.is_none() {
        return;
    }
    text.section("messages");
    if let Some((ours, setting)) = validity {
        text.ours(&ours, &setting);
    }
    if let Some((ours, setting)) = retries {
        text.ours(&ours, &setting);
    }
    let askers = file.senders().filter(|modem| modem::asks_reports(modem));
    let lines = askers.filter_map(|modem| modem.get("report")).map(|setting| setting.line);
    if let Some(line) = lines.min().filter(|_| asks_reports) {
        text.setting("report", "true", &Source::Line(line, "report"));
    }
}

/// The programs, as the shell is given them: without one they are run by other rules than those of smsd.
fn handlers(text: &mut Text, file: &File<'_>) {
    let is_of_programs = |setting: &&Setting<'_>| {
        let is_of = matches!(setting.key.becomes, Becomes::Setting(Target::Programs(_) | Target::AdminTo));
        is_of && !setting.value.is_empty()
    };
    let counts = |setting: &&Setting<'_>| {
        file.global(setting.key.slot()).is_some_and(|last| last.line == setting.line)
    };
    let globals: Vec<&Setting<'_>> = file.globals.iter().filter(is_of_programs).filter(counts).collect();
    let of_modems =
        file.senders().any(|modem| modem.settings().iter().any(|setting| is_of_programs(&setting)));
    if globals.is_empty() && !of_modems {
        return;
    }
    text.section("handlers");
    if file.global("shell").is_none_or(|shell| shell.value.is_empty()) {
        text.setting("shell", &quoted(programs::SHELL), &Source::Smsd);
    }
    for setting in globals {
        let arguments = file.global(&format!("{}_args", setting.key.name));
        match arguments.filter(|arguments| !arguments.value.is_empty()) {
            Some(arguments) => {
                let line = format!("{} {}", setting.value, arguments.value);
                text.setting(
                    setting.key.name,
                    &quoted(&line),
                    &Source::Us(&format!("lines {} and {}", setting.line, arguments.line)),
                );
            }
            None => text.ours(&global::made(setting).ours, setting),
        }
    }
}

/// What has no setting here, so that whoever reads the file knows what it does not do.
fn left_out(text: &mut Text, reports: &[SettingReport]) {
    let mut missing = reports.iter().filter(|report| report.outcome == Outcome::Unsupported).peekable();
    if missing.peek().is_some() {
        text.0.push_str("\n# Not taken over:\n");
    }
    for report in missing {
        let line = report.line.unwrap_or_default();
        let section = match report.section.as_str() {
            "" => String::new(),
            name => format!("[{}] ", one_line(name)),
        };
        text.0.push_str(&format!(
            "# line {line}: {section}{}: {}\n",
            one_line(&report.key),
            one_line(&report.text)
        ));
    }
}

/// A text that cannot end its comment.
fn one_line(text: &str) -> String {
    text.replace(char::is_control, " ")
}
