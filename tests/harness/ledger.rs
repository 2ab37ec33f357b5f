//! What the simulated network took: the truth every other record is compared with.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

pub use smsgrid::simulator::Entry;

/// A ledger file.
#[derive(Clone, Debug)]
pub struct Ledger {
    path: PathBuf,
}

impl Ledger {
    /// The ledger at `path`; it need not be there yet.
    pub fn at(path: &Path) -> Ledger {
        Ledger { path: path.to_owned() }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every part so far, in the order the network took them.
    pub fn entries(&self) -> Vec<Entry> {
        let content = fs::read_to_string(&self.path).unwrap_or_default();
        // The last line may still be on its way to the disk.
        let whole = content.lines().take(content.matches('\n').count());
        whole.map(|line| serde_json::from_str(line).expect("a ledger line is one JSON object")).collect()
    }

    /// How often each text was taken.
    pub fn copies(&self) -> BTreeMap<String, usize> {
        let mut copies = BTreeMap::new();
        for entry in self.entries() {
            *copies.entry(entry.text.unwrap_or_default()).or_insert(0) += 1;
        }
        copies
    }
}
