//! How fast the disk below a folder is by itself, so that figures can be judged.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Instant;

use rustix::fs::{FallocateFlags, fallocate};

use crate::spread::Spread;

/// Octets of a write, near those of a small log entry.
const WRITE_OCTETS: usize = 512;
/// How many writes are timed.
const WRITES: u64 = 300;

/// How long `write` and `fdatasync` take together in a preallocated file of `folder`, one after the other.
pub fn sync_times(folder: &Path) -> Spread {
    let path = folder.join("sync-times");
    let options = OpenOptions::new().create(true).truncate(true).write(true).open(&path);
    let file = options.expect("the folder is writable");
    let octets = WRITES * WRITE_OCTETS as u64;
    fallocate(&file, FallocateFlags::empty(), 0, octets).expect("there is room");
    file.sync_all().expect("a sound disk");
    let spread = (0..WRITES)
        .map(|number| {
            let begun = Instant::now();
            file.write_all_at(&[7; WRITE_OCTETS], number * WRITE_OCTETS as u64).expect("a sound disk");
            file.sync_data().expect("a sound disk");
            begun.elapsed()
        })
        .collect();
    std::fs::remove_file(&path).expect("it is ours");
    spread
}
