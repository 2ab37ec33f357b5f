//! This node as a member: its session, its lease, and the passing of time in the log.

mod barrier;
mod lease;
mod session;
mod ticker;

pub use barrier::Barrier;
pub use lease::renew;
pub use session::{SessionError, SessionKeeper};
pub use ticker::tick;
