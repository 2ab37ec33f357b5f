//! Opening the rows, and what is believed of them.
//!
//! ```text
//! clean mark there and equal to the mark inside ──────────────────────────▶ believed
//! otherwise: everything counted and summed ── equal to the mark inside ───▶ believed
//!                                          └─ another ── set aside ───────▶ begun anew, rebuilt
//! ```

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use smsgrid::log::Owner;

use super::key;
use super::mark::{Content, Mark, Missing};
use super::rows::{self, Rows, RowsError};

/// The folder of the rows, below that of the store.
const ROWS: &str = "rows";
/// Where rows that are not believed any more are kept, the last ones only.
const DOUBTFUL: &str = "doubtful";
/// The file that says that the rows were closed in order.
const CLEAN: &str = "clean";

/// Rows that are believed.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) rows: Rows,
    pub(super) mark: Mark,
    /// Whether everything was counted and summed.
    pub(super) verified: bool,
}

/// Opens the rows below `directory`, or creates them. `forgotten` is how many messages have left memory so far:
/// with none, memory holds whatever new rows miss. `goes_on` is asked now and then while everything is summed.
pub(super) fn open(
    directory: &Path,
    owner: Owner,
    forgotten: u64,
    goes_on: &dyn Fn() -> bool,
) -> Result<Opened, RowsError> {
    let clean =
        take_clean(directory).map_err(|source| RowsError::File { deed: "read the mark of", source })?;
    let rows = Rows::open(&directory.join(ROWS))?;
    let Some(octets) = rows.get(&key::MARK)? else {
        if rows.all().next().is_some() {
            return Err(RowsError::Doubtful { what: "their mark is gone" });
        }
        let missing = (forgotten > 0).then(Missing::default);
        return Ok(Opened { rows, mark: Mark::new(owner, missing), verified: true });
    };
    let mark = Mark::decode(&octets).ok_or(RowsError::Doubtful { what: "their mark is damaged" })?;
    if !mark.is_of(owner) {
        return Err(RowsError::Doubtful { what: "another node or program wrote them" });
    }
    let believed = clean.as_ref() == Some(&mark);
    if !believed && content(&rows, goes_on)? != mark.content {
        return Err(RowsError::Doubtful { what: "their sum is another" });
    }
    Ok(Opened { rows, mark, verified: !believed })
}

/// Writes that the rows were closed in order. Nothing may be written to them afterwards.
pub(super) fn leave_clean(directory: &Path, mark: &Mark) -> io::Result<()> {
    let mut file = File::create(directory.join(CLEAN))?;
    file.write_all(&mark.encode())?;
    file.sync_all()?;
    rows::sync_folder(directory)
}

/// Puts the rows aside for whoever wants to know what became of them, in the place of those put aside before. Where
/// they went; none when there were none.
pub(super) fn set_aside(directory: &Path) -> io::Result<Option<PathBuf>> {
    let (from, to) = (directory.join(ROWS), directory.join(DOUBTFUL));
    if !from.exists() {
        return Ok(None);
    }
    match fs::remove_dir_all(&to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        other => other?,
    }
    fs::rename(&from, &to)?;
    rows::sync_folder(directory)?;
    Ok(Some(to))
}

/// Reads the clean mark and removes it, durably: from now on the rows count as in use.
fn take_clean(directory: &Path) -> io::Result<Option<Mark>> {
    let path = directory.join(CLEAN);
    let octets = match fs::read(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        other => other?,
    };
    fs::remove_file(&path)?;
    rows::sync_folder(directory)?;
    Ok(Mark::decode(&octets))
}

/// Counts and sums everything. Every octet is read and checked by sled; a value that is not what was written, a row
/// or an index key that is missing, and one too many each make another sum.
fn content(rows: &Rows, goes_on: &dyn Fn() -> bool) -> Result<Content, RowsError> {
    let mut content = Content::default();
    for (pair, count) in rows.all().zip(0_u64..) {
        let (key, value) = pair?;
        if key == key::MARK {
            continue;
        }
        content.put(&key, &value);
        content.rows += u64::from(key::row_id(&key).is_some());
        if count % 1024 == 0 && !goes_on() {
            return Err(RowsError::Stopped);
        }
    }
    Ok(content)
}
