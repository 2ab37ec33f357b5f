//! What the tests share: waiting without sleeping blindly, real processes, ledgers, spool folders.
//!
//! A test starts what it needs on addresses and paths of its own, waits for conditions with a deadline,
//! and leaves nothing running: every process ends when its handle is dropped.

pub mod addresses;
pub mod chance;
pub mod checker;
pub mod cluster;
pub mod cost;
pub mod count;
pub mod differences;
pub mod disk;
pub mod gateway;
pub mod history;
pub mod http;
pub mod ledger;
pub mod lines;
pub mod load;
pub mod oracle;
pub mod power;
pub mod probe;
pub mod process;
pub mod proxy;
pub mod replay;
pub mod scenario;
pub mod sim;
pub mod smsd;
pub mod spread;
pub mod tracer;
pub mod verdict;
pub mod wait;
