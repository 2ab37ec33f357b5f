//! Final results and the fields of information lines.

use crate::model::Cause;

/// The line that ends the answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinalResult {
    /// `OK`.
    Ok,
    /// `ERROR`, `+CME ERROR: n` or `+CMS ERROR: n`, with the number if there is one.
    Error(Option<Cause>),
}
