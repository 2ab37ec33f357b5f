//! `[node]`: who this node is, where it keeps its data, how long it may take to stop.

use std::path::PathBuf;
use std::time::Duration;

use smsgrid::model::Name;

use super::section::Section;

/// The node itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The name of this node, unlike every other node's. Required. A data directory keeps the name it was made with.
    pub name: Name,
    /// The folder for everything this node must remember: identity, log, outbox. Required; made at the first start,
    /// for smsnode's user alone. It must lie on a disk that outlives the host: lost with it is every message in it.
    pub data_dir: PathBuf,
    /// How long stopping may take until the rest is cut off. Default 30 s, 1 s to 10 m. Shorter than a part takes to
    /// send leaves uncertain parts; longer keeps the host waiting, and its service manager may kill first.
    pub drain_timeout: Duration,
    /// The suspend file: modems it names, one a line as `NAME: reason`, `BEGINNING*: reason` or `ALL: reason`, are left
    /// alone with their port closed until the line is gone. Default none. Read every second; it need not be there. It speaks
    /// for this node alone: a modem that other nodes can reach too is taken by one of them unless it is named there as well.
    pub suspend: Option<PathBuf>,
}

/// Reads `[node]`.
pub(super) fn read(section: &mut Section<'_, '_>) -> Option<Node> {
    let name = section.required("name");
    let data_dir = section.required("data_dir");
    let drain_timeout = section.within(
        "drain_timeout",
        Duration::from_secs(30),
        Duration::from_secs(1)..=Duration::from_secs(600),
    );
    let suspend = section.optional("suspend", "none").map(|placed| placed.value);
    Some(Node { name: name?.value, data_dir: data_dir?.value, drain_timeout, suspend })
}
