//! The one list of headers that change what is sent and are not carried out.

use super::header::Header;
use super::value;

/// How the value decides whether the header asks for something.
#[derive(Clone, Copy)]
enum Asks {
    Always,
    WhenYes,
}

/// Each header here refuses its file, because ignoring it would send something else than was asked for.
const REFUSED: [(Header, Asks); 2] = [(Header::Include, Asks::Always), (Header::Voicecall, Asks::WhenYes)];

/// Whether this header with this value asks for something the gateway does not carry out.
pub(super) fn is_refused(header: Header, text: &[u8]) -> bool {
    let listed = REFUSED.iter().find(|(refused, _)| *refused == header);
    listed.is_some_and(|(_, asks)| match asks {
        Asks::Always => true,
        Asks::WhenYes => value::is_yes(text),
    })
}
