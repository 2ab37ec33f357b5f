//! How a program ends: the exit codes that scripts rely on.

/// The end of a program, as its exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exit {
    /// What was asked is done.
    Done = 0,
    /// Something nobody foresaw.
    Unexpected = 1,
    /// The command line or the configuration is wrong.
    Usage = 2,
    /// There is no such thing.
    NotFound = 3,
    /// The caller may not do this.
    NotAllowed = 4,
    /// No server could be reached.
    Unreachable = 5,
    /// The cluster has no majority now.
    NoQuorum = 6,
    /// Refused: the request itself is at fault.
    Rejected = 7,
    /// Still going on when the wait was over.
    StillGoing = 8,
    /// Some of it is done.
    PartlyDone = 9,
    /// Nobody knows whether it was done.
    OutcomeUnknown = 10,
    /// Refused, because it could do harm.
    RefusedForSafety = 11,
    /// Done, with warnings.
    Warnings = 12,
    /// Problems were found.
    Problems = 13,
    /// Stopped by the person at the keyboard.
    Interrupted = 130,
}

impl Exit {
    /// The number the shell sees.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> std::process::ExitCode {
        std::process::ExitCode::from(exit.code())
    }
}
