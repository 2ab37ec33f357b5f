//! The pure core of Smsgrid: what is decided, never how it is carried out.
//!
//! Nothing here reads a clock, a file, a socket, the environment or a random number. Time and bytes
//! come in as arguments; decisions come out as values. The floors, from the ground up:
//!
//! ```text
//! worker                               decisions of the modem worker and of spool intake
//! smsd_conf                            the configuration of SMS Server Tools 3, and what becomes of it
//! pdu   at   queue   sms_file   log    engines that do not know each other
//! text                                 alphabets and segmentation, below `pdu` and `sms_file`
//! model                                the shared vocabulary
//!
//! simulator                            a modem, its SIM and its network; shares nothing but `model`
//! ```
//!
//! `DESIGN.md` beside this file says how they work together and what they deliberately do not do.

#![cfg_attr(not(test), warn(clippy::indexing_slicing))] // a panic in apply would repeat on every replica

pub mod at;
pub mod log;
pub mod model;
pub mod pdu;
pub mod queue;
pub mod simulator;
pub mod sms_file;
pub mod smsd_conf;
pub mod text;
pub mod worker;
