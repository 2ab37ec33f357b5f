//! The rules that make settings of the node.

use super::made::{Made, Ours, absolute, quoted};
use super::{files, modem, pace, programs};
use crate::pdu;
use crate::sms_file;
use crate::smsd_conf::fault::Faults;
use crate::smsd_conf::key::{Becomes, Folder, Target};
use crate::smsd_conf::layers::Setting;
use crate::smsd_conf::value;

/// How the dialogue with a modem is told, in which all that smsd writes of it has its place.
const DIALOGUE: &str = "the dialogue is told line by line, numbers, texts and secrets masked, at `level = \"trace\"`; \
                        of an smsd.conf as it is, at loglevel 7";

/// The section and the setting of ours that a folder is.
impl Folder {
    const ALL: [Folder; 4] = [Folder::Outgoing, Folder::Checked, Folder::Sent, Folder::Failed];

    pub(super) const fn key(self) -> &'static str {
        match self {
            Folder::Outgoing => "outgoing",
            Folder::Checked => "checked",
            Folder::Sent => "sent",
            Folder::Failed => "failed",
        }
    }
}

/// What becomes of one setting before the first section.
pub(super) fn made(setting: &Setting<'_>) -> Made {
    if let Some(made) = Made::by_table(&setting.key, setting.value) {
        return made;
    }
    let target = match setting.key.becomes {
        Becomes::Setting(target) => target,
        Becomes::Unnecessary(why)
        | Becomes::Changed(why)
        | Becomes::Unsupported(why)
        | Becomes::Only(_, why) => return Made::unsupported(why),
    };
    match target {
        Target::Devices => Made { text: "one [modems.NAME] each".to_owned(), ..converted() },
        Target::Folder(_) if setting.value.is_empty() => {
            Made::unnecessary("it is empty, as if it were not set")
        }
        Target::Folder(folder) => Made::converted(folder.key(), quoted(&absolute(setting.value))),
        Target::Suspend if setting.value.is_empty() => {
            Made::unnecessary("it is empty, as if it were not set")
        }
        Target::Suspend => Made::converted("suspend", quoted(&absolute(setting.value))),
        Target::NumberList => number_list(setting),
        Target::TrustOutgoing => Made::converted("trust_outgoing", setting.is_yes().to_string()),
        Target::Validity => validity(setting.value),
        Target::LogLevel => log_level(setting.value),
        Target::Dialogue(_) if !setting.is_yes() => Made::unnecessary("this is what the log shows anyway"),
        Target::Dialogue(key) => Made::changed(DIALOGUE, vec![Ours { key, value: "true".to_owned() }]),
        Target::Files(of) | Target::Spool(of) => files::made(&of, setting.value),
        Target::Flag if !setting.is_yes() => Made::unnecessary("smsnode does so anyway"),
        Target::Flag => {
            Made { text: "each [modems.NAME] that does not say it itself".to_owned(), ..converted() }
        }
        Target::BlockAfter => pace::block_after(setting.value),
        Target::BlockTime => pace::block_time(setting.value),
        Target::AdminTo => modem::admin_to(setting.value),
        Target::Programs(kind) => programs::made(kind, &setting.key, setting.value),
        // These are settings of modems, which have rules of their own.
        Target::Port
        | Target::Baudrate
        | Target::Rtscts
        | Target::Telnet
        | Target::TelnetCrlf
        | Target::KeepOpen
        | Target::Init
        | Target::Pin
        | Target::Smsc
        | Target::CheckNetwork
        | Target::CheckSim
        | Target::Identity
        | Target::Tags
        | Target::Report
        | Target::Mode
        | Target::AdminLimit
        | Target::AdminCountClear
        | Target::CommandTimeout
        | Target::TimeoutMultiple
        | Target::Retries
        | Target::MessageLimit
        | Target::MessageCountClear
        | Target::Pause(_)
        | Target::Wakeup
        | Target::Own
        | Target::OfResults
        | Target::Sends { .. } => Made::unsupported("it is no setting of a node"),
    }
}

fn converted() -> Made {
    Made { ours: Vec::new(), ..Made::converted("", String::new()) }
}

/// A blacklist or a whitelist, by the name smsd gives it.
fn number_list(setting: &Setting<'_>) -> Made {
    if setting.value.is_empty() {
        return Made::unnecessary("it is empty, as if it were not set");
    }
    let how = "it is read again when it changes; while it cannot be read files wait, smsd stops";
    Made { text: how.to_owned(), ..Made::converted(setting.key.name, quoted(&absolute(setting.value))) }
}

fn validity(text: &str) -> Made {
    match sms_file::relative_octet(text.as_bytes()) {
        Some(u8::MAX) => Made::unnecessary("this is what a message gets anyway: the longest there is"),
        Some(octet) => {
            let value = span(pdu::relative_span(octet).as_secs() / 60);
            let ours = vec![Ours { key: "validity", value }];
            Made::changed("it also ends a message that still waits here", ours)
        }
        None => Made::unsupported("it is no validity period"),
    }
}

/// Minutes in the largest unit that holds them whole.
fn span(minutes: u64) -> String {
    match minutes {
        days if days.is_multiple_of(24 * 60) => format!("\"{}d\"", days / (24 * 60)),
        hours if hours.is_multiple_of(60) => format!("\"{}h\"", hours / 60),
        minutes => format!("\"{minutes}m\""),
    }
}

fn log_level(text: &str) -> Made {
    let level = match value::level(text) {
        Some(0..=3) => "error",
        Some(4) => "warn",
        Some(5 | 6) | None => "info",
        Some(7..) => "debug",
    };
    Made::converted("level", quoted(level))
}

/// A folder, and the line that sets it.
pub(super) struct Place {
    pub(super) folder: Folder,
    pub(super) path: String,
    pub(super) line: Option<usize>,
}

/// The four folders we use: those of the file, smsd's own, or ones beside `outgoing` where smsd keeps nothing.
pub(super) fn folders(of: impl Fn(&str) -> Option<(String, usize)>, faults: &mut Faults) -> Vec<Place> {
    let outgoing = of("outgoing").map_or_else(|| "/var/spool/sms/outgoing".to_owned(), |(path, _)| path);
    let parent = outgoing.trim_end_matches('/').rsplit_once('/').map_or("", |(parent, _)| parent);
    let place = |folder: Folder| {
        let set = of(folder.key()).filter(|(path, _)| !path.is_empty());
        let (path, line) = match (set, folder) {
            (Some((path, line)), _) => (absolute(&path), Some(line)),
            (None, Folder::Outgoing | Folder::Checked) => (format!("/var/spool/sms/{}", folder.key()), None),
            (None, Folder::Sent | Folder::Failed) => (absolute(&format!("{parent}/{}", folder.key())), None),
        };
        Place { folder, path, line }
    };
    let places: Vec<Place> = Folder::ALL.into_iter().map(place).collect();
    for (index, place) in places.iter().enumerate() {
        let same = |other: &&Place| other.path.trim_end_matches('/') == place.path.trim_end_matches('/');
        if let Some(other) = places.iter().take(index).find(same) {
            let what = format!("{} and {} are one folder", other.folder.key(), place.folder.key());
            let fix = "give each its own: a file tells by its folder where it stands";
            faults.push(place.line.or(other.line), what, fix);
        }
    }
    places
}

/// Refuses a validity period that smsd does not start with.
pub(super) fn check(setting: &Setting<'_>, faults: &mut Faults) {
    let is_validity = setting.key.becomes == Becomes::Setting(Target::Validity);
    if is_validity && sms_file::relative_octet(setting.value.as_bytes()).is_none() {
        let what = "`validity` is no validity period";
        faults.push(Some(setting.line), what, "write 0 to 255, or a span such as 2 days");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_validity_period_becomes_the_span_it_stands_for() {
        for (text, expected) in
            [("0", Some("\"5m\"")), ("2 days", Some("\"2d\"")), ("143", Some("\"12h\"")), ("255", None)]
        {
            let made = validity(text);
            assert_eq!(made.ours.first().map(|ours| ours.value.as_str()), expected, "{text}");
        }
    }

    #[test]
    fn a_level_of_syslog_becomes_the_nearest_of_ours() {
        for (text, level) in
            [("7", "debug"), ("INFO", "info"), ("5", "info"), ("warning", "warn"), ("2", "error")]
        {
            assert_eq!(log_level(text), Made::converted("level", format!("\"{level}\"")), "{text}");
        }
    }

    #[test]
    fn a_folder_smsd_does_not_keep_stands_beside_outgoing() {
        let mut faults = Faults::default();
        let of = |key: &str| (key == "outgoing").then(|| ("/srv/sms/out/".to_owned(), 7));

        let places: Vec<(String, Option<usize>)> =
            folders(of, &mut faults).into_iter().map(|place| (place.path, place.line)).collect();

        let expected = [
            ("/srv/sms/out/", Some(7)),
            ("/var/spool/sms/checked", None),
            ("/srv/sms/sent", None),
            ("/srv/sms/failed", None),
        ];
        assert_eq!(places, expected.map(|(path, line)| (path.to_owned(), line)));
        assert!(faults.is_empty());
    }

    #[test]
    fn two_folders_of_one_path_are_a_fault() {
        let mut faults = Faults::default();
        folders(|key| matches!(key, "sent" | "failed").then(|| ("/a".to_owned(), 3)), &mut faults);
        assert_eq!(faults.into_vec().len(), 1);
    }
}
