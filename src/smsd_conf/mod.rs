//! The configuration of SMS Server Tools 3, and what becomes of it.
//!
//! ```text
//! octets ──document──▶ sections and lines ──layers──▶ what counts for each modem
//!                                 │                        │
//!                                 │  table: every setting  │
//!                                 ▼                        ▼
//!                 convert: a smsgrid.toml, and each line with what became of it; or every fault
//! ```
//!
//! A file is read as smsd reads it, and refused where smsd would not start with it. Each setting that smsd knows stands
//! in `table` with what becomes of it, so that none is dropped in silence. Nothing here opens a file: whether a folder
//! or a port is there is found out by the node that runs the new file.

mod choice;
mod convert;
mod devices;
mod document;
mod fault;
mod key;
mod layers;
mod table;
mod value;

pub use choice::{Choice, choices, choose};
pub use convert::{
    Conversion, Host, ModemLog, NeededFolder, Outcome, Process, ProcessLog, SettingReport, Shown, Statistics,
    convert, convert_to_run,
};
pub use devices::MODEMS_MAX;
pub use document::FILE_OCTETS_MAX;
pub use fault::{FAULTS_MAX, Fault};
pub use key::{Becomes, Folder, Form, Key, Kind, OfFiles, Pause, Place, Target};
pub use table::{find, keys};
