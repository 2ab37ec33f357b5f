//! Spool intake with hostile and half-written files, and crashes between two system calls.

mod cluster;
mod conflicts;
mod copies;
mod crash;
mod faults;
mod hostile;
mod include;
mod memory;
mod mounts;
mod naming;
mod order;
mod power;
mod programs;
mod queues;
mod recipients;
mod rig;
mod start;
mod task;
mod times;
mod unfit;
