//! What the spool tells an operator: what happened, why, what to do.

use smsgrid::worker::handlers::Verdict;
use smsgrid::worker::intake::{Alarm, FileName, Filed, Folder, FolderTrouble, GivenUp};
use smsgrid_proto::{Problem, Reason};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use super::programs::Programs;
use crate::api::Metrics;
use crate::spool::{FolderPaths, Listener};

/// Tells the operator in the log, and whoever counts.
pub(super) struct Log {
    paths: FolderPaths,
    metrics: Metrics,
    programs: Programs,
}

impl Log {
    /// Names the folders by these paths.
    pub(super) fn new(paths: FolderPaths, metrics: Metrics, programs: Programs) -> Log {
        Log { paths, metrics, programs }
    }
}

impl Log {
    fn log(&self, alarm: &Alarm) {
        let problem = problem(alarm, &self.paths);
        let fix = problem.fix.as_deref().unwrap_or(problem.reason.fix());
        let (event, reason, why) = (event(alarm), problem.reason.word(), problem.why.as_deref());
        if matches!(alarm, Alarm::BadFile { .. } | Alarm::SetAside { .. }) {
            self.metrics.file_rejected();
        }
        match alarm {
            Alarm::FolderFailed { .. } | Alarm::Unmovable { .. } => {
                error!(event, reason, why, fix, "{}", problem.title)
            }
            Alarm::BadFile { .. }
            | Alarm::SetAside { .. }
            | Alarm::Irregular { .. }
            | Alarm::ManyIrregular
            | Alarm::Conflict { .. }
            | Alarm::ConflictSolved { .. }
            | Alarm::Renamed { .. }
            | Alarm::Vanished { .. }
            | Alarm::Untold { .. }
            | Alarm::GivenUp { .. }
            | Alarm::NotBrought { .. }
            | Alarm::FileFailed { .. } => warn!(event, reason, why, fix, "{}", problem.title),
            Alarm::Spooled { .. } => info!(event, "{}", problem.title),
        }
    }
}

impl Listener for Log {
    fn alarm(&self, alarm: &Alarm) {
        self.log(alarm);
        self.programs.alarm(alarm);
    }

    async fn check(&self, folder: Folder, name: &FileName) -> Verdict {
        self.programs.check(folder, name).await
    }

    async fn told(&self, filed: &Filed, stop: &CancellationToken) -> bool {
        self.programs.told(filed, stop).await
    }

    async fn handled(&self, alarm: &Alarm) {
        self.log(alarm);
        self.programs.alarm_heard(alarm).await;
    }

    fn filed(&self, filed: &Filed) {
        info!(event = "spool.filed", folder = %filed.folder, file = %filed.name, "result filed");
    }

    fn holds(&self, files: usize) {
        self.metrics.holds(files);
    }
}

fn event(alarm: &Alarm) -> &'static str {
    match alarm {
        Alarm::BadFile { .. } | Alarm::SetAside { .. } => "spool.rejected",
        Alarm::Irregular { .. } | Alarm::ManyIrregular => "spool.ignored",
        Alarm::Conflict { .. }
        | Alarm::ConflictSolved { .. }
        | Alarm::Unmovable { .. }
        | Alarm::Renamed { .. } => "spool.conflict",
        Alarm::Spooled { .. } => "spool.taken_over",
        Alarm::Untold { .. } => "spool.untold",
        Alarm::GivenUp { .. } => "spool.given_up",
        Alarm::NotBrought { .. } => "spool.queue",
        Alarm::Vanished { .. } => "spool.vanished",
        Alarm::FileFailed { .. } => "spool.stuck",
        Alarm::FolderFailed { .. } => "spool.folder",
    }
}

/// The alarm in the form of every problem; where the catalogue's way out is not the best, with its own.
fn problem(alarm: &Alarm, paths: &FolderPaths) -> Problem {
    match alarm {
        Alarm::BadFile { name, reason } => {
            let title = format!("`outgoing/{name}` moved to `failed`: {reason}");
            Problem::new(Reason::SpoolBadFile, title)
        }
        Alarm::SetAside { name, folder, aside, result, why } => {
            let title = format!("`outgoing/{name}` is not sent, `failed/{result}` says why");
            Problem::new(Reason::SpoolBadFile, title).why(why.to_string()).fix(format!(
                "send a plain file in its place, and remove `{folder}/{aside}`, which nobody reads"
            ))
        }
        Alarm::Irregular { name, why } => {
            let title = format!("`outgoing/{name}` is not taken");
            Problem::new(Reason::SpoolFileIgnored, title).why(why.to_string())
        }
        Alarm::ManyIrregular => {
            Problem::new(Reason::SpoolFileIgnored, "more files in `outgoing` are not taken than are listed")
        }
        Alarm::Conflict { name, .. } => {
            Problem::new(Reason::SpoolConflict, format!("`outgoing/{name}` waits"))
                .why("`checked` already has a file or lock of this name")
        }
        Alarm::ConflictSolved { name } => {
            Problem::new(Reason::SpoolConflict, format!("`outgoing/{name}` can be taken"))
                .why("its name is free in `checked` again")
                .fix("nothing is to be done")
        }
        Alarm::Unmovable { name, .. } => {
            let title = format!("`outgoing/{name}` cannot be moved to `checked`; the spool stops");
            Problem::new(Reason::SpoolConflict, title)
                .why("`checked` still has a file or lock of this name after the alarm handler returned")
                .fix("remove it there when no message is left in it, and start again; the file was not sent")
        }
        Alarm::Renamed { destination, name, filed_as } => {
            let folder = destination.folder();
            Problem::new(Reason::SpoolConflict, format!("the result of `{name}` is `{folder}/{filed_as}`"))
                .why(format!("`{folder}/{name}` exists and was kept"))
                .fix("fetch or remove results before their names are used again")
        }
        Alarm::Spooled { name } => {
            let title =
                format!("`outgoing/{name}` was taken over by the check handler; it is not sent from here");
            Problem::new(Reason::SpoolFileIgnored, title)
        }
        Alarm::NotBrought { path, why } => {
            let title = format!("`{path}` stays in the folder of its queue and is not sent");
            Problem::new(Reason::SpoolFileIgnored, title)
                .why(why)
                .fix("remove what is in its way, or move the file into `outgoing`; it is looked at every ten seconds")
        }
        Alarm::Untold { folder, name } => {
            let title = format!("the event handler is not told of `{folder}/{name}`");
            Problem::new(Reason::SpoolFileStuck, title)
                .why("too many results wait for it")
                .fix("see why the event handler takes so long, and run it by hand for this file")
        }
        Alarm::GivenUp { name, modem, what, .. } => given_up(name, modem, what),
        Alarm::Vanished { folder, name } => {
            let title = format!("`{folder}/{name}` was removed by somebody else; no result is filed for it");
            Problem::new(Reason::SpoolFileGone, title)
        }
        Alarm::FileFailed { folder, name, what } => {
            let title = format!("`{folder}/{name}` waits; other files go on");
            Problem::new(Reason::SpoolFileStuck, title).why(what)
        }
        Alarm::FolderFailed { folder, trouble } => folder_failed(*folder, trouble, paths),
    }
}

fn given_up(name: &FileName, modem: &str, what: &GivenUp) -> Problem {
    let title = format!("the message of `checked/{name}` was refused and is given up; it was not sent whole");
    Problem::new(Reason::NetworkRefused, title)
        .why(format!("{modem} had it last; the part was tried {} times", what.retries + 1))
        .fix("read the reason in its result in `failed`, mend what it names and move the file into `outgoing` again")
}

fn folder_failed(folder: Folder, trouble: &FolderTrouble, paths: &FolderPaths) -> Problem {
    let path = match folder {
        Folder::Outgoing => Some(&paths.outgoing),
        Folder::Checked => Some(&paths.checked),
        Folder::Sent => paths.sent.as_ref(),
        Folder::Failed => paths.failed.as_ref(),
        Folder::SentCopy => paths.sent_copy.as_ref(),
        Folder::FailedCopy => paths.failed_copy.as_ref(),
    };
    let path = path.map(|path| path.display().to_string()).unwrap_or_default();
    let waits = match folder {
        Folder::Outgoing | Folder::Checked => "files stay in `outgoing` until it is",
        Folder::Sent | Folder::Failed | Folder::SentCopy | Folder::FailedCopy => "results wait until it is",
    };
    let (title, why, fix) = match trouble {
        FolderTrouble::NotWritable { owner } => {
            let user = rustix::process::geteuid().as_raw();
            ("is not writable", owner.clone(), format!("sudo chown -R {user}: {path}"))
        }
        FolderTrouble::Full => {
            let why = format!("the file system of {path} is full");
            ("is not usable", why, format!("free some space there, or raise its quota: df {path}"))
        }
        FolderTrouble::System(what) => {
            let fix = format!("see what became of {path}, and what the system log says of its disk");
            ("is not usable", what.clone(), fix)
        }
    };
    let title = format!("spool folder `{folder}` {title}; {waits}");
    Problem::new(Reason::SpoolNotWritable, title).why(why).fix(fix)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use smsgrid::model::Timestamp;
    use smsgrid::sms_file::LocalTime;
    use smsgrid::worker::intake::{Destination, Irregularity};

    use super::*;

    #[test]
    fn a_folder_that_is_not_writable_is_told_with_owner_and_command() {
        let owner = "owner uid 0, group gid 0, mode 0755; smsnode runs as uid 990".to_owned();
        let trouble = FolderTrouble::NotWritable { owner: owner.clone() };

        let told = problem(&Alarm::FolderFailed { folder: Folder::Checked, trouble }, &paths());

        assert_eq!(
            told.title,
            "spool folder `checked` is not writable; files stay in `outgoing` until it is"
        );
        assert_eq!((told.reason.word(), told.why), ("SPOOL_NOT_WRITABLE", Some(owner)));
        let fix = told.fix.expect("a command");
        assert!(fix.starts_with("sudo chown -R ") && fix.ends_with(": /spool/checked"), "{fix}");
    }

    #[test]
    fn every_alarm_has_a_reason_and_is_one_line() {
        let name = FileName::new(b"inv-88").expect("a name");
        let at = LocalTime { at: Timestamp::from_unix_millis(0), offset_seconds: 0 };
        let (what, why) = ("Operation not permitted".to_owned(), Irregularity::Symlink);
        let full = Alarm::FolderFailed { folder: Folder::Sent, trouble: FolderTrouble::Full };
        let renamed =
            Alarm::Renamed { destination: Destination::Sent, name: name.clone(), filed_as: name.clone() };
        for (alarm, word, in_title) in [
            (Alarm::BadFile { name: name.clone(), reason: "No text".to_owned() }, "SPOOL_BAD_FILE", "inv-88"),
            (
                Alarm::SetAside {
                    name: name.clone(),
                    folder: Folder::Checked,
                    aside: name.clone(),
                    result: name.clone(),
                    why,
                },
                "SPOOL_BAD_FILE",
                "outgoing/inv-88",
            ),
            (Alarm::Irregular { name: name.clone(), why }, "SPOOL_FILE_IGNORED", "outgoing/inv-88"),
            (Alarm::ManyIrregular, "SPOOL_FILE_IGNORED", "more files"),
            (Alarm::Conflict { name: name.clone(), at }, "SPOOL_CONFLICT", "outgoing/inv-88"),
            (Alarm::ConflictSolved { name: name.clone() }, "SPOOL_CONFLICT", "outgoing/inv-88"),
            (
                Alarm::Unmovable { name: name.clone(), recipient: None, at },
                "SPOOL_CONFLICT",
                "outgoing/inv-88",
            ),
            (renamed, "SPOOL_CONFLICT", "sent/inv-88"),
            (
                Alarm::Vanished { folder: Folder::Checked, name: name.clone() },
                "SPOOL_FILE_GONE",
                "checked/inv-88",
            ),
            (
                Alarm::FileFailed { folder: Folder::Outgoing, name, what },
                "SPOOL_FILE_STUCK",
                "outgoing/inv-88",
            ),
            (full, "SPOOL_NOT_WRITABLE", "`sent`"),
        ] {
            let told = problem(&alarm, &paths());
            assert_eq!(told.reason.word(), word);
            assert!(told.title.contains(in_title), "{}", told.title);
            let texts =
                [Some(told.title.clone()), told.why.clone(), told.fix.clone(), Some(alarm.to_string())];
            assert!(texts.into_iter().flatten().all(|text| !text.contains('\n')), "{told}");
        }
    }

    fn paths() -> FolderPaths {
        FolderPaths {
            outgoing: PathBuf::from("/spool/outgoing"),
            checked: PathBuf::from("/spool/checked"),
            sent: Some(PathBuf::from("/spool/sent")),
            failed: Some(PathBuf::from("/spool/failed")),
            sent_copy: None,
            failed_copy: None,
        }
    }
}
