//! The replicated state machine: who may send which message, and what became of it.
