//! Where an outgoing message stands, as a person sees it: a word, a glyph and a colour that travel together.

use std::fmt;

/// What a colour says, whatever the palette.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Nothing to look at.
    Muted,
    /// News.
    Info,
    /// Happening now.
    Accent,
    /// Well ended.
    Ok,
    /// Worth a look.
    Warn,
    /// Badly ended.
    Bad,
    /// Nobody knows.
    Uncertain,
}

macro_rules! states {
    ($($name:ident $word:literal $glyph:literal $ascii:literal $role:ident $meaning:literal)*) => {
        /// The state of an outgoing message.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum State {
            $(#[doc = $meaning] $name,)*
        }

        impl State {
            /// Every state, in the order a message may go through them.
            pub const ALL: &[State] = &[$(State::$name,)*];

            /// The word.
            pub const fn word(self) -> &'static str {
                match self { $(State::$name => $word,)* }
            }

            /// The glyph, for a terminal or a page that shows it.
            pub const fn glyph(self) -> &'static str {
                match self { $(State::$name => $glyph,)* }
            }

            /// The sign that stands for the glyph where only ASCII is shown.
            pub const fn ascii(self) -> char {
                match self { $(State::$name => $ascii,)* }
            }

            /// What its colour says.
            pub const fn role(self) -> Role {
                match self { $(State::$name => Role::$role,)* }
            }

            /// What it means to a person.
            pub const fn meaning(self) -> &'static str {
                match self { $(State::$name => $meaning,)* }
            }
        }
    };
}

states! {
    Scheduled "scheduled" "◷" '@' Info "Accepted and durable, not before its time."
    Queued "queued" "○" 'q' Muted "Accepted and durable, waiting for a modem."
    Claimed "claimed" "◔" 'c' Info "One node owns it for one named modem."
    Sending "sending" "◑" 's' Accent "Handed to the radio; from here a crash leaves doubt."
    Sent "sent" "✓" '+' Ok "The network took it and gave a reference."
    Delivered "delivered" "✓✓" '#' Ok "The handset's report arrived."
    Undelivered "undelivered" "⊘" 'u' Bad "The network reported that it will not arrive."
    Failed "failed" "✗" 'f' Bad "Given up; a person may try it again."
    Uncertain "uncertain" "?" '?' Uncertain "It may or may not have been sent."
    Expired "expired" "⌛" 'x' Warn "Its validity ended before a modem was free."
    Canceled "canceled" "–" '-' Muted "Withdrawn by a person or a program."
    Rejected "rejected" "✋" 'r' Bad "Refused by policy or quota, kept with the reason."
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[test]
fn no_two_states_look_the_same() {
    use std::collections::BTreeSet;

    let glyphs: BTreeSet<&str> = State::ALL.iter().map(|state| state.glyph()).collect();
    let signs: BTreeSet<char> = State::ALL.iter().map(|state| state.ascii()).collect();

    assert_eq!((glyphs.len(), signs.len()), (12, 12));
    assert!(signs.iter().all(char::is_ascii));
}
