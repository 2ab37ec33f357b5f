//! What the alarm handler is told of the spool: in the words of smsd where smsd has any.

use std::time::Duration;

use super::{Alarm, Severity};
use crate::model::Address;
use crate::worker::intake::{self, Destination, FileName, Folder, FolderTrouble, GivenUp};

/// Where the folders are, as whole paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpoolPaths {
    /// Where users put files.
    pub outgoing: Vec<u8>,
    /// Where taken files wait.
    pub checked: Vec<u8>,
    /// Results of sent messages; empty when they are not kept.
    pub sent: Vec<u8>,
    /// Results of failed messages; empty when they are not kept.
    pub failed: Vec<u8>,
    /// Copies of what was sent.
    pub sent_copy: Vec<u8>,
    /// Copies of what was given up.
    pub failed_copy: Vec<u8>,
}

/// A reason for which a file fails, how smsd tells it, and what it says before and behind the file's path.
struct Words {
    reason: &'static str,
    severity: Severity,
    folder: Folder,
    before: &'static str,
    behind: &'static str,
}

const fn main(reason: &'static str, before: &'static str, behind: &'static str) -> Words {
    Words { reason, severity: Severity::Notice, folder: Folder::Outgoing, before, behind }
}

const fn content(reason: &'static str, before: &'static str, behind: &'static str) -> Words {
    Words { reason, severity: Severity::Notice, folder: Folder::Checked, before, behind }
}

/// By the beginning of the reason; the first that fits counts.
const WORDS: [Words; 17] = [
    main("Rejected by checkhandler", "SMS file ", " rejected by checkhandler"),
    main("No destination", "No destination in file ", ""),
    main("Invalid alphabet", "Invalid alphabet in file ", ""),
    main("Wrong provider queue", "Wrong provider queue in file ", ""),
    main("No text or data", "The file ", " has no text or data"),
    main("Invalid number type", "Invalid number type in file ", ""),
    main("Destination is blacklisted", "Destination in file ", " is blacklisted"),
    main("Destination is not whitelisted", "Destination in file ", " is not whitelisted"),
    content("Invalid message reference", "Invalid message reference in file ", ""),
    content("Invalid language/language_ext", "Invalid language/language_ext in file ", ""),
    content("Failure with language shift", "The file ", " had failure with language shift tables."),
    content("Too long text", "The file ", " has too long text"),
    content("Too long data for system", "The file ", " has too long data for system message."),
    content(
        "Too long data for single",
        "The file ",
        " has too long data for single part (Autosplit: 0) sending.",
    ),
    content("Incorrect first byte", "The file ", " has incorrect first byte of UDH."),
    content("No text", "The file ", " has no text"),
    content("No data", "The file ", " has no data."),
];

/// What every alarm of a folder has before its path.
const CANNOT_OPEN: &str = "Cannot open dir ";

impl SpoolPaths {
    /// The whole path of a file.
    pub fn file(&self, folder: Folder, name: &FileName) -> Vec<u8> {
        let folder = self.folder(folder);
        let folder = folder.strip_suffix(b"/").unwrap_or(folder);
        [folder, b"/", name.as_bytes()].concat()
    }

    /// The path of a folder.
    pub fn folder(&self, folder: Folder) -> &[u8] {
        match folder {
            Folder::Outgoing => &self.outgoing,
            Folder::Checked => &self.checked,
            Folder::Sent => &self.sent,
            Folder::Failed => &self.failed,
            Folder::SentCopy => &self.sent_copy,
            Folder::FailedCopy => &self.failed_copy,
        }
    }
}

/// What the alarm handler is told; none where nothing is to be told.
pub fn of_spool(alarm: &intake::Alarm, paths: &SpoolPaths) -> Option<Alarm> {
    let outgoing = |name: &FileName| paths.file(Folder::Outgoing, name);
    let (severity, text) = match alarm {
        intake::Alarm::Conflict { name, .. } => {
            let before = b"Conflict with .LOCK file in the spooler: ".as_slice();
            (Severity::Critical, [before, &outgoing(name), b" ", paths.folder(Folder::Checked)].concat())
        }
        intake::Alarm::Unmovable { name, recipient, .. } => {
            let to = recipient.as_ref().map(Address::reveal).unwrap_or_default();
            let before = format!("Fatal error: SMS To: {to}. Cannot move ");
            let end = b". Check file and dir permissions.".as_slice();
            let checked = paths.folder(Folder::Checked);
            (Severity::Critical, [before.as_bytes(), &outgoing(name), b" to ", checked, end].concat())
        }
        intake::Alarm::GivenUp { modem, what, lasted, .. } => {
            return Some(Alarm::of_modem(Severity::Warning, modem, given_up(what, *lasted)));
        }
        intake::Alarm::Untold { folder, name } => {
            let file = paths.file(*folder, name);
            (Severity::Error, around("Too many events wait, not told of ", &file, ""))
        }
        intake::Alarm::BadFile { name, reason } => return Some(refused(name, reason, paths)),
        intake::Alarm::FolderFailed { folder, trouble } => {
            (Severity::Critical, folder_failed(*folder, trouble, paths))
        }
        intake::Alarm::FileFailed { folder, name, what } => {
            (Severity::Error, around("Cannot handle ", &paths.file(*folder, name), &format!(": {what}")))
        }
        intake::Alarm::NotBrought { path, why } => {
            (Severity::Error, around("Cannot handle ", path.as_bytes(), &format!(": {why}")))
        }
        intake::Alarm::Irregular { name, why } => {
            (Severity::Error, around("Cannot handle ", &outgoing(name), &format!(": {why}")))
        }
        intake::Alarm::SetAside { name, why, .. } => {
            (Severity::Error, around("Cannot read sms file ", &outgoing(name), &format!(": {why}")))
        }
        intake::Alarm::Vanished { folder, name } => {
            let file = paths.file(*folder, name);
            (Severity::Error, around("Cannot handle ", &file, ": it was removed by somebody else"))
        }
        intake::Alarm::Renamed { destination, name, filed_as } => {
            (Severity::Warning, renamed(*destination, name, filed_as, paths))
        }
        // Those that are told one by one have been; the others are no trouble.
        intake::Alarm::ManyIrregular
        | intake::Alarm::ConflictSolved { .. }
        | intake::Alarm::Spooled { .. } => {
            return None;
        }
    };
    Some(Alarm::of_main(severity, text))
}

fn given_up(what: &GivenUp, lasted: Duration) -> String {
    let part = match what.part {
        (_, 0 | 1) => String::new(),
        (part, parts) => format!(" (part {part}/{parts})"),
    };
    let (to, seconds, retries) = (what.destination.reveal(), lasted.as_secs(), what.retries);
    format!("Sending SMS{part} to {to} failed, trying time {seconds} sec. Retries: {retries}.")
}

fn around(before: &str, file: &[u8], behind: &str) -> Vec<u8> {
    [before.as_bytes(), file, behind.as_bytes()].concat()
}

fn refused(name: &FileName, reason: &str, paths: &SpoolPaths) -> Alarm {
    match WORDS.iter().find(|words| reason.starts_with(words.reason)) {
        Some(words) => {
            let file = paths.file(words.folder, name);
            Alarm::of_main(words.severity, around(words.before, &file, words.behind))
        }
        None => {
            let file = paths.file(Folder::Outgoing, name);
            Alarm::of_main(Severity::Notice, around("SMS file ", &file, &format!(" rejected: {reason}")))
        }
    }
}

fn folder_failed(folder: Folder, trouble: &FolderTrouble, paths: &SpoolPaths) -> Vec<u8> {
    around(CANNOT_OPEN, paths.folder(folder), &format!(": it {trouble}"))
}

/// A folder at `path` that the gateway cannot go on with, so that it stops.
pub fn of_lost_folder(path: &[u8], why: &str) -> Alarm {
    let told = around(CANNOT_OPEN, path, &format!(" {why}"));
    Alarm::of_main(Severity::Critical, [b"Stopping. ".as_slice(), &told].concat())
}

/// A list of numbers at `path`, the blacklist or the whitelist, that cannot be read. smsd stops with it; here files wait.
pub fn of_unreadable_list(what: &str, path: &[u8]) -> Alarm {
    let before = format!("Cannot read {what} file ");
    let end = b". Files wait until it can be read".as_slice();
    Alarm::of_main(Severity::Critical, [before.as_bytes(), path, end].concat())
}

fn renamed(destination: Destination, name: &FileName, filed_as: &FileName, paths: &SpoolPaths) -> Vec<u8> {
    let folder = destination.folder();
    let (taken, filed_as) = (paths.file(folder, name), paths.file(folder, filed_as));
    [b"File already exists: ".as_slice(), &taken, b". The new one is ", &filed_as].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;
    use crate::sms_file::{LocalTime, Rejection};
    use crate::worker::intake::Irregularity;

    #[test]
    fn the_conflict_is_told_as_in_the_manual() {
        let at = LocalTime { at: Timestamp::from_unix_millis(0), offset_seconds: 0 };
        let told = of_spool(&intake::Alarm::Conflict { name: name("test_file"), at }, &paths());

        let text = "Conflict with .LOCK file in the spooler: /var/spool/sms/outgoing/test_file /var/spool/sms/checked";
        assert_eq!(told, Some(Alarm::of_main(Severity::Critical, text)));
    }

    #[test]
    fn what_a_file_is_refused_for_has_the_words_of_smsd() {
        for (reason, expected) in [
            (Rejection::NoDestination, "No destination in file /var/spool/sms/outgoing/f"),
            (Rejection::InvalidAlphabet, "Invalid alphabet in file /var/spool/sms/outgoing/f"),
            (Rejection::NoTextOrData, "The file /var/spool/sms/outgoing/f has no text or data"),
            (Rejection::NoText, "The file /var/spool/sms/checked/f has no text"),
            (Rejection::NoData, "The file /var/spool/sms/checked/f has no data."),
        ] {
            assert_eq!(text_of(&bad(&reason.to_string())), (Severity::Notice, expected.to_owned()));
        }
        let (_, text) = text_of(&bad("Rejected by checkhandler"));
        assert_eq!(text, "SMS file /var/spool/sms/outgoing/f rejected by checkhandler");
        let (_, text) = text_of(&bad("Something new"));
        assert_eq!(text, "SMS file /var/spool/sms/outgoing/f rejected: Something new");
    }

    #[test]
    fn whatever_else_the_spool_tells_has_a_file_or_folder_and_a_severity() {
        let why = Irregularity::Symlink;
        let full = intake::Alarm::FolderFailed { folder: Folder::Sent, trouble: FolderTrouble::Full };
        let failed =
            intake::Alarm::FileFailed { folder: Folder::Checked, name: name("f"), what: "EIO".to_owned() };
        let renamed = intake::Alarm::Renamed {
            destination: Destination::Failed,
            name: name("f"),
            filed_as: name("f.1"),
        };
        for (alarm, severity, words) in [
            (full, Severity::Critical, "Cannot open dir /var/spool/sms/sent: it has no room left"),
            (failed, Severity::Error, "Cannot handle /var/spool/sms/checked/f: EIO"),
            (renamed, Severity::Warning, "/var/spool/sms/failed/f. The new one is /var/spool/sms/failed/f.1"),
            (
                intake::Alarm::Irregular { name: name("f"), why },
                Severity::Error,
                "Cannot handle /var/spool/sms/outgoing/f: ",
            ),
            (
                intake::Alarm::SetAside {
                    name: name("f"),
                    folder: Folder::Checked,
                    aside: name("f"),
                    result: name("f"),
                    why,
                },
                Severity::Error,
                "Cannot read sms file /var/spool/sms/outgoing/f: ",
            ),
            (
                intake::Alarm::Vanished { folder: Folder::Checked, name: name("f") },
                Severity::Error,
                "Cannot handle /var/spool/sms/checked/f: ",
            ),
        ] {
            let (told, text) = text_of(&alarm);
            assert_eq!(told, severity);
            assert!(text.contains(words), "{text}");
        }
        assert_eq!(of_spool(&intake::Alarm::ManyIrregular, &paths()), None);
    }

    fn text_of(alarm: &intake::Alarm) -> (Severity, String) {
        let told = of_spool(alarm, &paths()).expect("an alarm");
        (told.severity, String::from_utf8(told.text).expect("UTF-8"))
    }

    fn bad(reason: &str) -> intake::Alarm {
        intake::Alarm::BadFile { name: name("f"), reason: reason.to_owned() }
    }

    fn name(text: &str) -> FileName {
        FileName::new(text.as_bytes()).expect("a name")
    }

    fn paths() -> SpoolPaths {
        let path = |folder: &str| format!("/var/spool/sms/{folder}").into_bytes();
        // A slash at the end is written in many a configuration.
        SpoolPaths {
            outgoing: path("outgoing"),
            checked: path("checked"),
            sent: path("sent"),
            failed: path("failed/"),
            sent_copy: Vec::new(),
            failed_copy: Vec::new(),
        }
    }
}
