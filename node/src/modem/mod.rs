//! Modems: their ports, and one worker for each that carries out what the core decides.

mod holder;
pub mod port;
