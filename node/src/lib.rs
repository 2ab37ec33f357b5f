//! The daemon of Smsgrid: it owns every effect and joins the engines of the core.

pub mod clock;
pub mod config;
pub mod identity;
pub mod modem;
pub mod outbox;
pub mod raft;
pub mod secret;
pub mod tasks;
pub mod telemetry;
