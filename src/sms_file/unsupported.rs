//! The one list of headers that change what is sent and are not carried out.

use super::header::Header;

/// Each header here refuses its file, because ignoring it would send something else than was asked for.
const REFUSED: [Header; 1] = [Header::Include];

/// Whether this header asks for something the gateway does not carry out.
pub(super) fn is_refused(header: Header) -> bool {
    REFUSED.contains(&header)
}
