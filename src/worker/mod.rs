//! The decisions of the modem worker and of spool intake, without their effects.

mod lease;

pub use lease::{Lease, LeaseTerms};
