//! What the parts of Smsgrid say to each other.
//!
//! Words that stay the same everywhere: in the command line, in the log, in the API and on the screen. `reason` and
//! `problem` say what went wrong, `exit` how a program ends, `state` where a message stands.

mod exit;
mod problem;
mod reason;
mod state;

pub use exit::Exit;
pub use problem::Problem;
pub use reason::Reason;
pub use state::{Role, State};
