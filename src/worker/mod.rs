//! The decisions of the modem worker and of spool intake, without their effects.

pub mod intake;
mod lease;
pub mod modem;
mod part;
mod renewals;
pub mod routing;
pub mod submission;

pub use lease::{Lease, LeaseTerms};
pub use part::{PartError, submit_pdu};
pub use renewals::Renewals;
