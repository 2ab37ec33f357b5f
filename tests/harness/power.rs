//! A disk whose power can be cut: an ext4 file system of its own on a loop device. Needs root.
//!
//! A cut loses what the kernel has not yet been told to make durable, and nothing else: it shows a missing sync. It
//! does not model a drive that reorders its own cache. Where the kernel lacks something the test fails, it never skips.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::wait;

/// The program that cuts the power: an ioctl that no safe Rust interface offers.
const POWER_CUT: &str = include_str!("power_cut.py");
/// How long a file system may stay busy after its last process was killed.
const UNMOUNT: Duration = Duration::from_secs(20);

/// An ext4 file system of its own. Dropping it unmounts it.
#[derive(Debug)]
pub struct Disk {
    image: PathBuf,
    mount: PathBuf,
}

impl Disk {
    /// A file system of `octets` below `dir`, mounted.
    pub fn create(dir: &Path, name: &str, octets: u64) -> Disk {
        let disk = Disk { image: dir.join(format!("{name}.img")), mount: dir.join(format!("{name}.mount")) };
        let image = fs::File::create(&disk.image).expect("the test's folder is writable");
        image.set_len(octets).expect("a sparse file");
        fs::create_dir_all(&disk.mount).expect("the test's folder is writable");
        run("mkfs.ext4", &["-q".as_ref(), "-F".as_ref(), disk.image.as_path()]);
        disk.mount();
        disk
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.mount
    }

    /// Cuts the power: from now on every access fails, until [`Disk::restore`].
    pub fn cut(&self) {
        run("python3", &["-c".as_ref(), POWER_CUT.as_ref(), self.mount.as_path()]);
    }

    /// Brings the power back. Whoever used the disk must have been killed.
    pub fn restore(&self) {
        self.unmount();
        self.mount();
    }

    /// Writes a file until there is no room left.
    pub fn fill(&self) {
        let file = fs::File::create(self.mount.join("filler")).expect("room for a name");
        let block = vec![0x55; 64 * 1024];
        let mut writer = &file;
        while std::io::Write::write_all(&mut writer, &block).is_ok() {}
        // It fails where there is no room for what was promised; the disk is full then all the more.
        let _ = file.sync_all();
    }

    /// Makes room again.
    pub fn clear(&self) {
        fs::remove_file(self.mount.join("filler")).expect("the filler is there");
    }

    fn mount(&self) {
        run("mount", &["-o".as_ref(), "loop".as_ref(), self.image.as_path(), self.mount.as_path()]);
    }

    fn unmount(&self) {
        // A process that was killed may hold its files a moment longer.
        let gone = wait::poll(UNMOUNT, || try_run("umount", &[self.mount.as_path()]).ok());
        assert!(gone.is_some(), "{} stays busy", self.mount.display());
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Detached at once, gone with its last user; an error means that it is not mounted.
        let _ = try_run("umount", &["--lazy".as_ref(), self.mount.as_path()]);
    }
}

fn run(program: &str, arguments: &[&Path]) {
    if let Err(why) = try_run(program, arguments) {
        panic!("{program} {arguments:?} failed; this test needs root, loop devices and ext4: {why}");
    }
}

fn try_run(program: &str, arguments: &[&Path]) -> Result<(), String> {
    let output = Command::new(program).args(arguments).stdin(Stdio::null()).output();
    let output = output.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
}
