//! The files: each folder of `data/` is a group with one smsd.conf, every other file in it is a message. What lies in
//! `beside/` is put beside the spool folders, for which a message file may say `@DIR@`.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The configuration of a group.
const CONFIGURATION: &str = "smsd.conf";
/// The folder of files that are no messages.
const BESIDE: &str = "beside";
/// Fewest files of all groups together.
const FILES_MIN: usize = 100;

/// A message file.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    /// Its name, which says what it shows.
    pub(crate) name: String,
    /// Its content.
    pub(crate) octets: Vec<u8>,
}

/// Files that share a configuration.
#[derive(Clone, Debug)]
pub(crate) struct Group {
    /// Its name, that of the folder.
    pub(crate) name: String,
    /// Its smsd.conf, with `@DIR@` for the folder of a daemon and `@DEVICE@` for its modem.
    pub(crate) configuration: String,
    /// The kind of modem: what stands behind `# modem:` in the configuration, else a fast one.
    pub(crate) personality: String,
    /// Its files by name.
    pub(crate) cases: Vec<Case>,
    /// Files the configuration names.
    pub(crate) beside: Vec<Case>,
}

impl Group {
    /// The group of this name.
    pub(crate) fn read(name: &str) -> Group {
        let folder = data().join(name);
        let configuration = fs::read_to_string(folder.join(CONFIGURATION)).expect("a group has an smsd.conf");
        let kind = configuration.lines().find_map(|line| line.strip_prefix("# modem: "));
        let personality = kind.unwrap_or("fast").to_owned();
        let cases = read_all(&folder);
        let beside = folder.join(BESIDE);
        let beside = if beside.exists() { read_all(&beside) } else { Vec::new() };
        Group { name: name.to_owned(), configuration, personality, cases, beside }
    }

    /// Every group.
    pub(crate) fn all() -> Vec<Group> {
        names(&data()).iter().map(|name| Group::read(name)).collect()
    }
}

/// There are enough files.
pub(crate) fn census() {
    let files: usize = Group::all().iter().map(|group| group.cases.len()).sum();
    assert!(files >= FILES_MIN, "{files} files, at least {FILES_MIN} are wanted");
}

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("smsd_oracle/data")
}

fn read_all(folder: &Path) -> Vec<Case> {
    let is_case = |name: &String| name != CONFIGURATION && folder.join(name).is_file();
    let octets = |name: &str| fs::read(folder.join(name)).expect("a file of the group");
    names(folder).into_iter().filter(is_case).map(|name| Case { octets: octets(&name), name }).collect()
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).expect("a folder of data");
    entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name")).collect()
}
