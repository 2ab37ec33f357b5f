//! Real node processes with real ptys and a simulator in a process of its own.

mod sim;
