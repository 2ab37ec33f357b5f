//! Conversations with a modem, in files a telecom person can read.
//!
//! Every file under `data/` is one conversation, replayed against `smsgrid::at::Engine` in virtual time and
//! compared line by line. With `SMSGRID_REWRITE=1` in the environment the files are written anew
//! from what the engine did; the difference is then read by a person. The notation is explained in `script.rs`.

mod calls_with_simulator;
mod conversations;
mod hostile;
mod obedient;
mod render;
mod script;
mod splits;
mod with_simulator;
