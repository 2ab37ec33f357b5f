//! The modem dialogue, driven by bytes and a time (3GPP TS 27.005, TS 27.007).
//!
//! [`Engine`] talks to one modem on one port. The host moves bytes and tells the time; the engine knows
//! the commands, the answers and what is certain after each of them. One procedure runs at a time:
//!
//! ```text
//!   host                                    engine
//!   start(procedure, now)            ──▶    refuses when busy or not configured
//!   write(poll_transmit()) whole     ◀──    bytes; the next item is taken only after the last is written
//!   handle_input(bytes, now)         ──▶    framer ▶ unsolicited lines ▶ grammar of the command in flight
//!   sleep until poll_timeout()       ◀──    there is a deadline whenever a procedure runs
//!   handle_timeout(now)              ──▶
//!   act on poll_event()              ◀──    results, unsolicited lines, requests (reopen, power)
//!   confirm_write(now) / abort(..)   ──▶    after PromptReached and PinToBeTried
//!   port_lost(now)                   ──▶    every procedure ends; start(Initialise) when it is open again
//! ```
//!
//! What became of a part is decided in one place (the codes and the send dialogue): it is sent only when a
//! `+CMGS: n` was read, refused only when the answer proves it, and uncertain otherwise. After an uncertain
//! part the engine reads on without sending, reports a late answer as [`Event::LateAnswer`], brings the
//! dialogue back in step and says [`Event::Quiesced`]; until then it is busy.
//!
//! The engine knows neither claims nor leases: the host answers for them at [`Event::PromptReached`].

mod breaker;
mod calling;
mod cause_text;
mod check_sim;
mod codes;
mod command;
mod dialogue;
mod driver;
mod engine;
mod event;
mod exchange;
mod facts;
mod framer;
mod ladder;
mod pacing;
mod pin;
mod procedure;
mod profile;
mod question;
mod response;
mod storage;
pub mod telnet;
mod timestamp;
mod trace;
mod trace_form;
mod urc;

pub use breaker::{Breaker, BreakerLimits, BreakerState, Verdict};
pub use calling::{AnswerSign, Calling, HangUp, PlaceCall, ToneForm};
pub use cause_text::{cme_text, cms_text, explained};
pub use check_sim::{CheckSim, SimReset, SimResetError, SimResetStep};
pub use driver::{Driver, Optional};
pub use engine::{Engine, StartError};
pub use event::{AnswerEnd, Event, Failure, InitialiseFailure, OwnCommand, PduEcho, ProcedureKind, SendEnd};
pub use facts::{MemoryUse, ModemFacts, Registration, SignalQuality, Survey};
pub use ladder::{Ladder, LadderLimits, Rung, Step as LadderStep};
pub use pin::{Pin, PinPlan};
pub use procedure::{Procedure, SendPart};
pub use profile::{Chunking, ListMethod, Profile, StartCommand};
pub use question::{Expectation, Question, QuestionError};
pub use response::FinalResult;
pub use storage::{Listing, Memory, Slot, StoredMessage};
pub use trace_form::TraceForm;
pub use urc::Urc;
