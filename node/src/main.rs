//! `smsnode`, the daemon.

fn main() {}
