//! The replicated state machine: who may send which message, and what became of it.
//!
//! ```text
//!              Submit          match            Start           Outcome: all parts sent
//!   (nothing) -------> queued -------> claimed -------> sending -----------------------> sent
//!        \             ^ ^  |          |    |            | | |                             ^
//!         v            | |  | Cancel,  |    |  refused   | | | Outcome: refused            |
//!      scheduled ------+ |  | deadline |    |  for later | | |   for good                  | evidence
//!        its moment      |  v          v    v            | | v                             |
//!                        | canceled, expired             | | failed <------------------+   |
//!                        |                               | |                           |   |
//!                        +-------------------------------+ | no answer, session lost   |   |
//!                        |                                 v                           |   |
//!                        +----------------------------- uncertain ---------------------+---+
//!                          evidence, policy `resend`,           policy `fail`
//!                          a person's word
//! ```
//!
//! One call does it all: [`Queue::apply`]. It is total (a refusal is a value, nothing panics), deterministic (it
//! reads the command and the state, nothing else), idempotent (a command that comes again changes nothing and
//! gets the same answer) and bounded (no command's work grows with the number of messages). The queue does not
//! know what a modem is: it holds no port, no dialogue, no lease and no clock. Reports and received messages are
//! not its business either.

mod accept;
mod apply;
mod arena;
mod backoff;
mod claim;
mod clock;
pub mod codec;
mod command;
mod digest;
mod event;
mod fingerprint;
mod history;
mod image;
mod index;
pub mod invariants;
mod keys;
mod lane;
mod matching;
mod modem;
mod operator;
mod policy;
mod record;
mod records;
mod reply;
mod restore;
mod retry;
mod sending;
mod sessions;
mod settle;
mod shelf;
mod state;
mod submit;

pub use claim::{AttemptRecord, AttemptState, Claim, Failing, Source};
pub use command::{Body, Command, Rearm, Verdict};
pub use digest::digest;
pub use event::Event;
pub use history::Step;
pub use image::Image;
pub use modem::{Node, Registration, Session};
pub use policy::{PinLost, Policy};
pub use record::{Failure, PartView, Record, StateCause, WaitingFor};
pub use reply::{
    CancelReply, DiscardReply, HoldReply, ReadyReply, RegisterReply, Rejection, Reply, RetryReply,
    SessionReply, StartReply,
};
pub use restore::ImageError;
pub use shelf::{DeadLetterPlace, DeadLetterPlaceError};
pub use state::Queue;
pub use submit::{Digest, IdempotencyKey, KeyError, Route, Submit, Tags};
