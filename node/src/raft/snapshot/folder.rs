//! The folder of snapshots: which one counts, which ones go.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::file::{Header, SnapshotFile, SnapshotId};
use crate::raft::types::{SnapshotMeta, term_of};

/// Snapshots kept: the newest, and the one before it, which a follower may still be reading.
const KEPT: usize = 2;

/// A folder of snapshots; clones share it.
#[derive(Clone, Debug)]
pub(in crate::raft) struct Folder {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    current: Mutex<Option<Arc<SnapshotFile>>>,
}

impl Folder {
    /// Opens the folder, makes it when it is missing, and removes what a stop left half written. Blocks.
    pub(in crate::raft) fn open(path: &Path) -> io::Result<Folder> {
        fs::create_dir_all(path)?;
        let mut snapshots = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?.path();
            match entry.extension().and_then(|extension| extension.to_str()) {
                Some("snap") => snapshots.push(entry),
                Some("tmp") => fs::remove_file(entry)?,
                Some(_) | None => {}
            }
        }
        snapshots.sort();
        let current = snapshots.pop().map(SnapshotFile::open).transpose()?.map(Arc::new);
        Ok(Folder { inner: Arc::new(Inner { path: path.to_owned(), current: Mutex::new(current) }) })
    }

    /// The newest snapshot.
    pub(in crate::raft) fn current(&self) -> Option<Arc<SnapshotFile>> {
        self.lock().clone()
    }

    /// Writes a snapshot and makes it the current one, unless a newer one came meanwhile. Blocks.
    pub(in crate::raft) fn build(
        &self,
        meta: SnapshotMeta,
        image: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
    ) -> io::Result<Arc<SnapshotFile>> {
        let header = Header { id: SnapshotId::draw()?, meta };
        let written = self.inner.path.join(format!("{}.tmp", header.id));
        SnapshotFile::write(&written, &header, image)?;
        self.accept(&written, header)
    }

    /// Gives a complete file its last name and makes it the current one. Blocks.
    pub(in crate::raft) fn accept(&self, from: &Path, header: Header) -> io::Result<Arc<SnapshotFile>> {
        let mut current = self.lock();
        let path = self.inner.path.join(name_of(&header.meta));
        if from != path {
            fs::rename(from, &path)?;
            self.sync()?;
        }
        let file = Arc::new(SnapshotFile { path, header });
        let newest = current.as_ref().map(|current| current.header.meta.last_log_id);
        if newest.is_none_or(|newest| newest <= file.header.meta.last_log_id) {
            *current = Some(file.clone());
        }
        self.prune()?;
        Ok(file)
    }

    /// Where a snapshot that is being received is written.
    pub(super) fn incoming(&self, id: SnapshotId) -> PathBuf {
        self.inner.path.join(format!("{id}.part"))
    }

    /// Removes what is being received, but for this one. Blocks.
    pub(super) fn keep_incoming(&self, kept: Option<SnapshotId>) -> io::Result<()> {
        let kept = kept.map(|id| self.incoming(id));
        for path in self.with_extension("part")? {
            if Some(&path) != kept.as_ref() {
                fs::remove_file(path)?;
            }
        }
        Ok(())
    }

    fn prune(&self) -> io::Result<()> {
        let mut snapshots = self.with_extension("snap")?;
        snapshots.sort();
        let old = snapshots.len().saturating_sub(KEPT);
        snapshots.iter().take(old).try_for_each(fs::remove_file)
    }

    fn with_extension(&self, extension: &str) -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for entry in fs::read_dir(&self.inner.path)? {
            let path = entry?.path();
            if path.extension().is_some_and(|found| found == extension) {
                paths.push(path);
            }
        }
        Ok(paths)
    }

    fn sync(&self) -> io::Result<()> {
        File::open(&self.inner.path)?.sync_all()
    }

    fn lock(&self) -> MutexGuard<'_, Option<Arc<SnapshotFile>>> {
        self.inner.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Names sort as the snapshots do.
fn name_of(meta: &SnapshotMeta) -> String {
    let last = meta.last_log_id.as_ref();
    let (term, index) = last.map_or((0, 0), |last| (term_of(last), last.index()));
    format!("{term:020}-{index:020}.snap")
}
