//! Programs of the operator as real processes: hanging, forking, flooding, hostile, many at once.

mod alarms;
mod asks;
mod bounds;
mod checks;
mod events;
mod regular;
mod rig;
mod strict;
