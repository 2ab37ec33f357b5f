//! Modems: their ports, and one task for each that carries out what the core decides.

mod board;
mod counting;
mod holder;
mod notify;
mod outcomes;
mod pin_marks;
mod places;
pub mod port;
mod questions;
mod report;
mod suspend_file;
mod tally;
mod task;
mod telnet;

pub use board::Board;
pub use notify::{Waker, Wakers};
pub use outcomes::{Outcomes, OutcomesError};
pub use pin_marks::{PinMark, Tried};
pub use places::Places;
pub use questions::{Asked, Questions};
pub use suspend_file::{Breaks, SuspendFile, Suspended};
pub use tally::Tally;
pub use task::{ModemTask, Shared};
