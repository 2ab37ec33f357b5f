//! How fast the disk below a folder is by itself, so that figures can be judged.

use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::spread::Spread;

/// Octets of a write, near those of a small log entry.
const WRITE_OCTETS: u64 = 512;
/// Octets of the file; the writes go round in it.
const FILE_OCTETS: u64 = 1 << 20;
/// How many writes [`sync_times`] makes.
const WRITES: u32 = 300;

/// A file whose content is replaced and synced, the least a file system can be asked for. Dropping it leaves the file where it is.
#[derive(Debug)]
pub struct Disk {
    file: File,
    octet: u64,
}

impl Disk {
    /// A file of its own in `folder`.
    pub fn below(folder: &Path) -> Disk {
        let options =
            OpenOptions::new().create(true).truncate(true).write(true).open(folder.join("sync-times"));
        let file = options.expect("the folder is writable");
        file.write_all_at(&vec![0; FILE_OCTETS as usize], 0).expect("there is room");
        file.sync_all().expect("a sound disk");
        Disk { file, octet: 0 }
    }

    /// How long one `write` and its `fdatasync` take.
    pub fn sync(&mut self) -> Duration {
        let begun = Instant::now();
        self.file.write_all_at(&[7; WRITE_OCTETS as usize], self.octet).expect("a sound disk");
        self.file.sync_data().expect("a sound disk");
        self.octet = (self.octet + WRITE_OCTETS) % FILE_OCTETS;
        begun.elapsed()
    }
}

/// How long `write` and `fdatasync` take together in `folder`, one pair after the other.
pub fn sync_times(folder: &Path) -> Spread {
    let mut disk = Disk::below(folder);
    (0..WRITES).map(|_| disk.sync()).collect()
}
