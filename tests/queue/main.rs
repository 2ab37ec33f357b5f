//! The queue under seeded streams of random commands, checked against its invariants.

mod codec;
mod garbage;
mod matching;
mod mutants;
mod scripts;
mod sim;
mod simulation;
