//! This node as a member: its session, its lease, and what it does for the others while it leads.

mod barrier;
mod differing;
mod formation;
mod herald;
mod lease;
mod reign;
mod session;
mod ticker;

pub use barrier::Barrier;
pub use differing::Differing;
pub use formation::{Begin, Fault, Formation, FormationError, Founders};
pub use herald::announce;
pub use lease::{AskLeader, Holder};
pub use reign::Leases;
pub use session::{SessionError, SessionKeeper};
pub use ticker::tick;
