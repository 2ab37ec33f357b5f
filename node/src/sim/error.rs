//! Why the simulated modems cannot start or go on.

use std::io;
use std::path::PathBuf;

use crate::tasks::UnexpectedEnd;

/// Why `smsnode sim` ends.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// No port was asked for.
    #[error("there is no modem to simulate: give --pty LINK or --tcp ADDR, each as often as needed")]
    NoModem,
    /// More ports than one process serves.
    #[error("{modems} modems are too many for one process, {most} are the most")]
    TooManyModems {
        /// Modems asked for.
        modems: usize,
        /// The most.
        most: usize,
    },
    /// More personalities than modems.
    #[error("{personalities} personalities were given for {modems} modems")]
    TooManyPersonalities {
        /// Personalities given.
        personalities: usize,
        /// Modems asked for.
        modems: usize,
    },
    /// A personality names a ledger of its own.
    #[error("the ledger of these modems is --ledger FILE, a personality cannot name another")]
    LedgerTwice,
    /// The ledger cannot be opened or written.
    #[error("cannot write the ledger {path}")]
    Ledger {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A pseudo terminal or its link cannot be made.
    #[error("cannot make a pseudo terminal at {link}")]
    Pty {
        /// The link.
        link: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// A TCP address cannot be listened on.
    #[error("cannot listen on {address}")]
    Tcp {
        /// The address.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// A port cannot be read or written any more.
    #[error("the port of modem {modem} failed")]
    Port {
        /// Name of the modem.
        modem: String,
        /// Why.
        source: io::Error,
    },
    /// The control socket cannot be made.
    #[error("cannot make the control socket {path}")]
    Control {
        /// The socket.
        path: PathBuf,
        /// Why not.
        source: io::Error,
    },
    /// Where the modems are cannot be told.
    #[error("cannot write to stdout where the modems are")]
    Announce(#[source] io::Error),
    /// Signals cannot be listened to.
    #[error("cannot listen to signals")]
    Signals(#[source] io::Error),
    /// A modem, or the control socket, could not go on.
    #[error(transparent)]
    Task(UnexpectedEnd),
}

impl SimError {
    /// Whether the command line is at fault, and not the machine.
    pub fn is_usage(&self) -> bool {
        match self {
            SimError::NoModem
            | SimError::TooManyModems { .. }
            | SimError::TooManyPersonalities { .. }
            | SimError::LedgerTwice => true,
            SimError::Ledger { .. }
            | SimError::Pty { .. }
            | SimError::Tcp { .. }
            | SimError::Port { .. }
            | SimError::Control { .. }
            | SimError::Announce(_)
            | SimError::Signals(_)
            | SimError::Task(_) => false,
        }
    }
}
