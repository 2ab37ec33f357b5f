//! What nodes say to each other: `smsgrid.internal.v1` over gRPC, on `listen.peer`.
//!
//! ```text
//! caller                                             called
//! Client ──lazy connection──▶ serve ──metadata──▶ Desk ──▶ Calls      the consensus, once it runs
//!   one a node for Raft,        │ refused: wrong     ├────▶ Renewals   leases, once sessions are kept
//!   one for bulk                │ cluster, node,     ├────▶ Histories  rows, once the store is open
//!                               ▼ protocol           └────▶ Founding   probe and form, from the first moment
//! ```
//!
//! Small calls of the consensus share a stream, `line`, on either connection.
//!
//! The server listens before there is a cluster, so what it serves is put on the [`Desk`] as it comes up; until then a call
//! for it is refused, which tells the caller with certainty that nothing was done.

mod accept;
mod belonging;
mod bounds;
mod client;
mod desk;
mod dial;
mod line;
mod link;
mod rows;
mod served;
mod server;
mod wire;

pub use belonging::Belonging;
pub use client::Client;
pub use desk::Desk;
pub use served::{
    Calls, Forming, Founder, Founding, Histories, HistoryPage, NotServed, Renewal, Renewals, RowFound,
    RowWanted, RowsFound, RowsWanted, Stage, Standing,
};
pub use server::serve;

#[cfg(test)]
mod tests;
