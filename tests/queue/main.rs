//! The queue under seeded streams of random commands, checked against its invariants.
