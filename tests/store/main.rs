//! Doubts about the message store: that it answers what was applied, after any stop, and never anything else.

mod damage;
mod history;
mod interrupted;
mod peers;
mod restart;
mod rig;
mod row;
