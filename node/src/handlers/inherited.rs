//! Descriptors this process was started with: no program of ours gets them.

use std::io;

use nix_fcntl::fcntl::{FcntlArg, FdFlag, fcntl};

/// The last of the three that every program has.
const STANDARD_ERROR: i32 = 2;

/// Marks whatever is open beside the three standard streams to be closed in programs. What this process opens itself is
/// marked already.
pub(super) fn keep_from_programs() -> io::Result<()> {
    for entry in std::fs::read_dir("/proc/self/fd")? {
        let number = entry?.file_name().to_str().and_then(|name| name.parse().ok());
        if let Some(descriptor) = number.filter(|number| *number > STANDARD_ERROR) {
            // One that is closed meanwhile, as that of this folder, needs no mark.
            let _ = fcntl(descriptor, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC));
        }
    }
    Ok(())
}
