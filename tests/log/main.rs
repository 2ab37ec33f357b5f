//! The segment log on a simulated disk: every prefix, torn tails, lost blocks, flipped bits; and on real files.

mod cluster;
mod committed;
mod defects;
mod disk;
mod faults;
mod ledger;
mod model;
mod outbox;
mod power_cut;
mod propose;
mod rot;
mod segments;
