//! `smsctl` as scripts and people use it: a process, its output, its exit code, and servers that do anything but help.

mod answers;
mod contexts;
mod convert;
mod demo;
mod exits;
mod failover;
mod fake;
mod output;
mod smsctl;
mod watching;
mod world;
