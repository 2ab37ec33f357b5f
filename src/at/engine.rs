//! The engine: one procedure, one command in flight, absolute deadlines.

use std::collections::VecDeque;

use crate::model::{NotWrittenReason, Time};

use super::{Event, Procedure, Profile};

/// Why a procedure was not started.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StartError {
    /// Another procedure runs, or an uncertain part is being waited out.
    #[error("the modem is busy")]
    Busy,
    /// The modem has to be initialised first: it was never, or it was reset, or the port was lost.
    #[error("the modem is not configured")]
    NotConfigured,
    /// The request contains something that cannot be written to a modem.
    #[error("the request cannot be written to a modem")]
    Unwritable,
}

/// The dialogue with one modem on one port.
#[derive(Debug)]
pub struct Engine {
    profile: Profile,
    transmit: VecDeque<Vec<u8>>,
    events: VecDeque<Event>,
    deadline: Option<Time>,
}

impl Engine {
    /// An engine that has said nothing yet.
    pub fn new(profile: Profile) -> Engine {
        Engine { profile, transmit: VecDeque::new(), events: VecDeque::new(), deadline: None }
    }

    /// Begins a procedure. `Initialise`, `Resynchronise` and `Reset` may start at any time the engine is not busy;
    /// the others need a configured modem.
    pub fn start(&mut self, procedure: Procedure, now: Time) -> Result<(), StartError> {
        let _ = (procedure, now, &self.profile);
        Err(StartError::NotConfigured)
    }

    /// Whether nothing runs, so that a procedure may start.
    pub fn is_idle(&self) -> bool {
        self.deadline.is_none()
    }

    /// Whether the modem is configured, so that any procedure may start.
    pub fn is_configured(&self) -> bool {
        false
    }

    /// Bytes the modem sent.
    pub fn handle_input(&mut self, bytes: &[u8], now: Time) {
        let _ = (bytes, now);
    }

    /// It is `now`: ends what is due.
    pub fn handle_timeout(&mut self, now: Time) {
        let _ = now;
    }

    /// The host stands by what it was asked at `PromptReached` or `PinToBeTried`. Without such a question
    /// it does nothing.
    pub fn confirm_write(&mut self, now: Time) {
        let _ = now;
    }

    /// Gives the running procedure up. A part whose Ctrl-Z has not been taken yet ends as not written for
    /// `reason`; one whose Ctrl-Z has been taken goes on. Returns whether anything was given up.
    pub fn abort(&mut self, reason: NotWrittenReason, now: Time) -> bool {
        let _ = (reason, now);
        false
    }

    /// The port failed, or was closed. Bytes not taken yet are forgotten.
    pub fn port_lost(&mut self, now: Time) {
        let _ = now;
    }

    /// The next bytes to write. They have to be written whole before the next are taken; when that fails
    /// the host calls `port_lost` instead of taking more.
    pub fn poll_transmit(&mut self) -> Option<Vec<u8>> {
        self.transmit.pop_front()
    }

    /// The next event, in the order they happened.
    pub fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    /// When `handle_timeout` wants to be called; none when nothing runs.
    pub fn poll_timeout(&self) -> Option<Time> {
        self.deadline
    }
}
