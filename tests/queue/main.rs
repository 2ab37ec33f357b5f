//! The queue under seeded streams of random commands, checked against its invariants.

// What a test says of some commands it does not say of the others, nor of commands to come.
#![allow(clippy::wildcard_enum_match_arm)]

mod codec;
mod frames;
mod garbage;
mod image;
mod matching;
mod mutants;
mod scripts;
mod sim;
mod simulation;
