//! No core files: what this process, or a program it starts, has in memory are texts, numbers and PINs.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Turns core files off for this process and what it starts. Whoever looks for a fault in a program can turn them on
/// there: the most that is allowed stays as it was.
pub(crate) fn none() {
    let maximum = getrlimit(Resource::Core).maximum;
    // A limit may always be lowered.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum });
}
