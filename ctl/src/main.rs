//! `smsctl`, the command line.

fn main() {}
