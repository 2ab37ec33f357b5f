//! The lines of `pdu-corpus`.

pub(crate) mod random;
pub(crate) mod submit;
pub(crate) mod tables;
