//! What the parts of Smsgrid say to each other.
//!
//! Words that stay the same everywhere: in the command line, in the log, in the API and on the screen. `reason` and
//! `problem` say what went wrong, `exit` how a program ends, `state` where a message stands. `v1` is what clients and
//! nodes say to each other, `internal` what nodes say among themselves; both are generated from the `.proto` files
//! beside this folder.

mod exit;
mod problem;
mod reason;
mod role;
mod state;

pub use exit::Exit;
pub use problem::Problem;
pub use reason::{DOMAIN, Reason};
pub use role::{METHODS, role_of};
pub use state::{Role, State};

/// The public API, package `smsgrid.v1`.
#[allow(missing_docs, unreachable_pub, rustdoc::all, clippy::all, clippy::pedantic, clippy::restriction)]
pub mod v1 {
    tonic::include_proto!("smsgrid.v1");
}

/// What nodes say among themselves, package `smsgrid.internal.v1`.
#[allow(missing_docs, unreachable_pub, rustdoc::all, clippy::all, clippy::pedantic, clippy::restriction)]
pub mod internal {
    tonic::include_proto!("smsgrid.internal.v1");
}

/// The descriptors of every `.proto` file, encoded as a `google.protobuf.FileDescriptorSet`: for reflection.
pub const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/smsgrid.bin"));
