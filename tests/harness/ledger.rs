//! What the simulated network took: the truth every other record is compared with.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use smsgrid::pdu::{self, hex};
use smsgrid::text;

/// One part the network took, as its ledger says.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
pub struct Entry {
    /// Serial number of the device.
    pub imei: String,
    /// Identity of the SIM.
    pub imsi: String,
    /// TP-MR the modem gave.
    pub message_reference: u8,
    /// Digits of the recipient, without plus.
    pub destination: String,
    /// Service centre address and TPDU in hex.
    pub pdu: String,
}

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

    /// Every part so far, in the order the network took them.
    pub fn entries(&self) -> Vec<Entry> {
        let content = fs::read_to_string(&self.path).unwrap_or_default();
        let whole = content.lines().take(content.matches('\n').count());
        whole.map(|line| serde_json::from_str(line).expect("a ledger line is one JSON object")).collect()
    }

    /// How often each text was taken, one-part messages only.
    pub fn copies(&self) -> BTreeMap<String, usize> {
        let mut copies = BTreeMap::new();
        for entry in self.entries() {
            *copies.entry(entry.text()).or_insert(0) += 1;
        }
        copies
    }
}
