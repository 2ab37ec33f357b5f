//! Real node processes with real ptys and a simulator in a process of its own.

mod administrator;
mod calls;
mod connections;
mod death;
mod demo;
mod drain;
mod driver;
mod files;
mod forms;
mod given_up;
mod gone;
mod handlers;
mod identities;
mod killed;
mod modem_faults;
mod network_faults;
mod notices;
mod pace;
mod pair;
mod port_faults;
mod refused_starts;
mod reload;
mod remote;
mod routes;
mod signals;
mod sim;
mod sim_checks;
mod sim_faults;
mod spool_metrics;
mod tag_order;
mod tap;
mod telnet;

/// The daemon under test.
const SMSNODE: &str = env!("CARGO_BIN_EXE_smsnode-under-test");
