//! `[spool]`: the folders through which files are exchanged, as SMS Server Tools 3 does.

use std::path::{Path, PathBuf};
use std::time::Duration;

use smsgrid::worker::routing::{NumberRoute, Routing};
use smsgrid_proto::Reason;

use super::route;
use super::section::{Placed, Section};

/// The spool folders of this node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spool {
    /// Where programs put messages. Default `outgoing` in `dir`. On the file system of `checked` a file is
    /// renamed when it is taken; on another one it is copied, which costs two more syncs.
    pub outgoing: PathBuf,
    /// Where a message rests that was taken and has no final state. Default `checked` in `dir`.
    pub checked: PathBuf,
    /// Where a message goes that the network took. Default `sent` in `dir`.
    pub sent: PathBuf,
    /// Where a message goes that was given up or cannot be read. Default `failed` in `dir`.
    pub failed: PathBuf,
    /// Whether the results of sent messages are kept; otherwise their files are removed. Default true.
    pub keep_sent: bool,
    /// Whether the results of failed messages are kept; otherwise their files are removed, with the reason. Default true.
    pub keep_failed: bool,
    /// Where a copy of each result goes that is kept in `sent`. Default: no copies. Under the name of the file, or one that
    /// is made for it.
    pub sent_copy: Option<PathBuf>,
    /// Where a copy of each result goes that is kept in `failed`. Default: no copies.
    pub failed_copy: Option<PathBuf>,
    /// Whether the event handler is told the copy, where there is one. Default false: the result itself.
    pub eventhandler_use_copy: bool,
    /// Whether every file is whole when it appears, because all programs move it in by rename. Default false: a file
    /// that was written in place is taken when its size has been stable for `settle_time`. True saves that wait, and
    /// cuts messages in half if one program writes in place.
    pub trust_outgoing: bool,
    /// How long the size of a file written in place must be stable. Default 500 ms, 100 ms to 1 m. Shorter takes
    /// half-written files from slow programs; longer only delays.
    pub settle_time: Duration,
    /// Whether files are taken as they stand in the folder, and later ones as they come: neither their age nor
    /// `Priority:` counts. Default false: urgent ones first, then the oldest.
    pub directory_order: bool,
    /// Whether a file keeps its name through all folders. Default true. Otherwise names are made, six letters and digits:
    /// in `checked` alone, in `sent` and `failed` behind the name of the modem, or `smsd` where none had it. Two files of
    /// one name are then never in each other's way.
    pub keep_filename: bool,
    /// Whether a result tells the file's own name in `Original_filename:` where names are made. Default true.
    pub store_original_filename: bool,
    /// How many characters of its text stand behind the name of a result, where it became a message. Default 0.
    pub filename_preview: u8,
    /// Numbers that no file is sent to: the beginnings of numbers, one a line, `#` before a comment. Default none. Read
    /// again when it has changed; while it cannot be read, files wait.
    pub blacklist: Option<PathBuf>,
    /// The only numbers that files are sent to, as the blacklist has them; `[NAME]` before some of them is the `Queue:`
    /// of files that name none. Default: every number. The blacklist is the stronger.
    pub whitelist: Option<PathBuf>,
    /// Whether files leave by the modems they ask for (`queue_header`), and which `routes` there are for others.
    pub routing: Routing,
}

/// Reads `[spool]`.
pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Spool> {
    let dir = section.optional::<PathBuf>("dir", "every folder is set by itself");
    let dir = dir.map(|placed| placed.value);
    let folders = [
        folder(section, dir.as_deref(), "outgoing"),
        folder(section, dir.as_deref(), "checked"),
        folder(section, dir.as_deref(), "sent"),
        folder(section, dir.as_deref(), "failed"),
    ];
    let keep_sent = section.or("keep_sent", true);
    let keep_failed = section.or("keep_failed", true);
    let sent_copy = section.optional::<PathBuf>("sent_copy", "no copy is made");
    let failed_copy = section.optional::<PathBuf>("failed_copy", "no copy is made");
    let eventhandler_use_copy = section.or("eventhandler_use_copy", false);
    let trust_outgoing = section.or("trust_outgoing", false);
    let bounds = Duration::from_millis(100)..=Duration::from_secs(60);
    let settle_time = section.within("settle_time", Duration::from_millis(500), bounds);
    let directory_order = section.or("directory_order", false);
    let keep_filename = section.or("keep_filename", true);
    let store_original_filename = section.or("store_original_filename", true);
    let filename_preview = section.within("filename_preview", 0, 0..=u8::MAX);
    let list = |section: &mut Section<'_, '_>, key, unset| {
        section.optional::<PathBuf>(key, unset).map(|placed| placed.value)
    };
    let blacklist = list(section, "blacklist", "no number is refused");
    let whitelist = list(section, "whitelist", "every number is sent to");
    let routing = Routing { heeds_queue: section.or("queue_header", true), routes: routes(section) };
    let copies = [&sent_copy, &failed_copy].into_iter().flatten();
    no_folder_twice(section, folders.iter().flatten().chain(copies).collect());
    let [outgoing, checked, sent, failed] = folders;
    Some(Spool {
        outgoing: outgoing?.value,
        checked: checked?.value,
        sent: sent?.value,
        failed: failed?.value,
        keep_sent,
        keep_failed,
        sent_copy: sent_copy.map(|placed| placed.value),
        failed_copy: failed_copy.map(|placed| placed.value),
        eventhandler_use_copy,
        trust_outgoing,
        settle_time,
        directory_order,
        keep_filename,
        store_original_filename,
        filename_preview,
        blacklist,
        whitelist,
        routing,
    })
}

/// Which modems carry which numbers: tried in their order, the first with a prefix of the number decides.
fn routes(section: &mut Section<'_, '_>) -> Vec<NumberRoute> {
    let unset = "a file leaves by any modem, or by one with the tag its `Queue:` names";
    let how = "a tag of modems and the prefixes of the numbers that leave by them";
    let routes = section.optional_list("routes", unset, how, route::read);
    let Some(Placed { value, at }) = routes else { return Vec::new() };
    let routes: Vec<NumberRoute> = value.into_iter().flatten().collect();
    route::conflicts(section, at, &routes);
    routes
}

/// Below `dir` a folder has its default; without it each must be set.
fn folder(section: &mut Section<'_, '_>, dir: Option<&Path>, key: &'static str) -> Option<Placed<PathBuf>> {
    match dir {
        Some(dir) => Some(section.or_placed(key, dir.join(key))),
        None => section.required(key),
    }
}

fn no_folder_twice(section: &mut Section<'_, '_>, folders: Vec<&Placed<PathBuf>>) {
    for (index, folder) in folders.iter().enumerate() {
        if folders.iter().take(index).any(|other| other.value == folder.value) {
            let what = format!("two folders of `[{}]` are {}", section.path(), folder.value.display());
            let fix = "give each its own: a file tells by its folder where it stands";
            section.fault(folder.at, Reason::ConfigConflict, &what, None, Some(fix));
        }
    }
}
