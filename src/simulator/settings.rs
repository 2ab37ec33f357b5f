//! What a driver sets and a restart forgets.

use super::answer::Wording;
use super::store::Memory;

/// Indications of new messages, `+CNMI` (TS 27.005 section 3.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Indications {
    /// `<mode>`: with 0 nothing unsolicited is sent.
    pub(super) mode: u8,
    /// `<mt>`: 0 stored in silence, 1 stored and announced, 2 routed, 3 as 1 but for class 3.
    pub(super) message: u8,
    /// `<bm>`: cell broadcast; accepted, never used.
    pub(super) broadcast: u8,
    /// `<ds>`: reports are 0 dropped, 1 routed, 2 stored and announced.
    pub(super) report: u8,
    /// `<bfr>`: accepted, never used.
    pub(super) buffer: u8,
}

/// The values of one power-on. They begin as unhelpful as a stored profile may be: echo on, text mode, no error
/// codes, no indications. A driver that trusts a profile finds out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Settings {
    /// `ATE`
    pub(super) echo: bool,
    /// `ATV`, `ATQ`, `+CMEE`
    pub(super) wording: Wording,
    /// `+CMGF=1`
    pub(super) text_mode: bool,
    /// `<n>` of `+CREG`, `+CGREG`, `+CEREG`
    pub(super) registration: [u8; 3],
    /// `<format>` of `+COPS`
    pub(super) operator_format: u8,
    /// `+CNMI`
    pub(super) indications: Indications,
    /// `+CSMS`: 1 wants each routed message acknowledged.
    pub(super) service: u8,
    /// `+CMMS`
    pub(super) more_messages: u8,
    /// `+CGSMS`
    pub(super) bearer: u8,
    /// `+CLIP`
    pub(super) caller: u8,
    /// `+CFUN`
    pub(super) functionality: u8,
    /// `^CURC`: the maker's own unsolicited lines.
    pub(super) chatter: bool,
    /// `^SM20`: a failed send is answered `OK`.
    pub(super) failure_is_ok: bool,
    /// `+CPMS`: to read and delete, to write and send, to receive.
    pub(super) memories: [Memory; 3],
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            echo: true,
            wording: Wording { verbose: true, quiet: false, errors: 0 },
            text_mode: true,
            registration: [0; 3],
            operator_format: 0,
            indications: Indications::default(),
            service: 0,
            more_messages: 0,
            bearer: 1,
            caller: 0,
            functionality: 1,
            chatter: true,
            failure_is_ok: true,
            memories: [Memory::Sim; 3],
        }
    }
}
