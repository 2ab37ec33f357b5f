//! A modem.

use serde_json::{Value, json};
use smsgrid_proto::Role;

use super::json::{self, Moment};

macro_rules! states {
    ($($name:ident $word:literal $letter:literal $role:ident)*) => {
        /// What a modem does. The letters are those of the monitor of SMS Server Tools, with some more.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub(crate) enum ModemState {
            $($name,)*
            /// One this program does not know.
            #[default]
            Unknown,
        }

        impl ModemState {
            #[cfg(test)]
            pub(crate) const ALL: &[ModemState] = &[$(ModemState::$name,)*];

            pub(crate) const fn word(self) -> &'static str {
                match self { $(ModemState::$name => $word,)* ModemState::Unknown => "unknown" }
            }

            pub(crate) const fn letter(self) -> char {
                match self { $(ModemState::$name => $letter,)* ModemState::Unknown => '?' }
            }

            pub(crate) const fn role(self) -> Role {
                match self { $(ModemState::$name => Role::$role,)* ModemState::Unknown => Role::Uncertain }
            }
        }
    };
}

states! {
    Idle "idle" 'i' Ok
    Sending "sending" 's' Accent
    Receiving "receiving" 'r' Accent
    Blocked "blocked" 'b' Warn
    Trouble "trouble" 't' Bad
    NotConfigured "not-configured" '-' Muted
    Draining "draining" 'd' Info
    Pin "pin" 'p' Warn
    NoNetwork "no-network" 'n' Warn
    Unplugged "unplugged" 'o' Bad
    Starting "starting" 'w' Info
}

/// A modem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Modem {
    pub(crate) name: String,
    pub(crate) node: String,
    pub(crate) state: ModemState,
    /// In dBm.
    pub(crate) signal: Option<i32>,
    pub(crate) operator: String,
    pub(crate) imei: String,
    pub(crate) imsi: String,
    pub(crate) tags: Vec<String>,
    /// A person blocked it.
    pub(crate) blocked: bool,
    /// The message it is at work on.
    pub(crate) message: String,
    pub(crate) why: String,
    pub(crate) reason: String,
    pub(crate) since: Option<Moment>,
}

impl Modem {
    pub(crate) fn json(&self) -> Value {
        json!({
            "name": self.name,
            "node": json::text(&self.node),
            "state": self.state.word(),
            "signal": self.signal,
            "operator": json::text(&self.operator),
            "imei": json::text(&self.imei),
            "imsi": json::text(&self.imsi),
            "tags": self.tags,
            "blocked": self.blocked,
            "message": json::text(&self.message),
            "why": json::text(&self.why),
            "reason": json::text(&self.reason),
            "since": json::moment(self.since),
        })
    }
}

#[test]
fn no_two_states_of_a_modem_share_a_letter_or_a_word() {
    use std::collections::BTreeSet;

    let letters: BTreeSet<char> = ModemState::ALL.iter().map(|state| state.letter()).collect();
    let words: BTreeSet<&str> = ModemState::ALL.iter().map(|state| state.word()).collect();

    assert_eq!((letters.len(), words.len()), (ModemState::ALL.len(), ModemState::ALL.len()));
    assert!(!letters.contains(&ModemState::Unknown.letter()));
}
