//! The decisions of the modem worker, of spool intake and about programs of the operator, without their effects.

pub mod handlers;
pub mod intake;
mod lease;
pub mod modem;
mod part;
mod renewals;
pub mod routing;
pub mod submission;

pub use lease::{Lease, LeaseTerms, RENEWAL_MIN};
pub use part::{PartError, PduForm, Reports, dialled, submit_pdu};
pub use renewals::Renewals;
