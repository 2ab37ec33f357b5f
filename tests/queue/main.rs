//! The queue under seeded streams of random commands, checked against its invariants.

mod mutants;
mod sim;
mod simulation;
