//! What the terminal can show: colours, and glyphs beyond ASCII.

use chrono::{DateTime, FixedOffset};
use comfy_table::Color;
use smsgrid_proto::{Role, State};

use crate::view::{self, Moment};

/// How text may look.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Colours by ANSI sequences.
    pub(crate) color: bool,
    /// Characters beyond ASCII.
    pub(crate) unicode: bool,
    /// The moment at which it is shown, in the time zone of the reader.
    pub(crate) now: DateTime<FixedOffset>,
}

impl Style {
    /// The text in the colour of a role.
    pub(crate) fn paint(self, role: Role, text: &str) -> String {
        if self.color { format!("\u{1b}[{}m{text}\u{1b}[0m", code(role)) } else { text.to_owned() }
    }

    /// The text in bold.
    pub(crate) fn bold(self, text: &str) -> String {
        if self.color { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
    }

    /// The first where more than ASCII is shown, the second elsewhere.
    pub(crate) const fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        if self.unicode { unicode } else { ascii }
    }

    /// The sign and the word of a state.
    pub(crate) fn state(self, state: Option<State>) -> String {
        let Some(state) = state else { return view::word(None).to_owned() };
        if self.unicode {
            format!("{} {}", state.glyph(), state.word())
        } else {
            format!("{} {}", state.ascii(), state.word())
        }
    }

    /// A moment for a person: the time of today, the date of another day.
    pub(crate) fn moment(self, moment: Moment) -> String {
        let local = moment.with_timezone(self.now.offset());
        if local.date_naive() == self.now.date_naive() {
            local.format("%H:%M:%S").to_string()
        } else {
            local.format("%Y-%m-%d %H:%M").to_string()
        }
    }

    /// A moment, or nothing.
    pub(crate) fn maybe(self, moment: Option<Moment>) -> String {
        moment.map_or_else(String::new, |moment| self.moment(moment))
    }
}

/// The role of a state, known or not.
pub(super) fn role(state: Option<State>) -> Role {
    state.map_or(Role::Uncertain, State::role)
}

/// The colour of a role in a table.
pub(super) const fn color(role: Role) -> Color {
    match role {
        Role::Muted => Color::DarkGrey,
        Role::Info => Color::DarkCyan,
        Role::Accent => Color::DarkBlue,
        Role::Ok => Color::DarkGreen,
        Role::Warn => Color::DarkYellow,
        Role::Bad => Color::DarkRed,
        Role::Uncertain => Color::DarkMagenta,
    }
}

/// The same colour as a parameter of SGR.
const fn code(role: Role) -> u8 {
    match role {
        Role::Muted => 90,
        Role::Info => 36,
        Role::Accent => 34,
        Role::Ok => 32,
        Role::Warn => 33,
        Role::Bad => 31,
        Role::Uncertain => 35,
    }
}

#[cfg(test)]
pub(crate) mod fixed {
    //! Styles for tests, at a fixed moment.

    use super::Style;

    /// ASCII without colours, at 09:30 on 24 November 2026, two hours east of Greenwich.
    pub(crate) fn plain() -> Style {
        let now = chrono::DateTime::parse_from_rfc3339("2026-11-24T09:30:00+02:00").expect("a moment");
        Style { color: false, unicode: false, now }
    }

    /// The same with glyphs and colours.
    pub(crate) fn rich() -> Style {
        Style { color: true, unicode: true, ..plain() }
    }

    /// A moment of that day in UTC.
    pub(crate) fn at(time: &str) -> Option<crate::view::Moment> {
        let text = format!("2026-11-24T{time}Z");
        Some(chrono::DateTime::parse_from_rfc3339(&text).expect("a moment").to_utc())
    }
}

#[test]
fn a_moment_of_today_is_a_time_and_another_day_has_its_date() {
    let style = fixed::plain();

    assert_eq!(style.maybe(fixed::at("07:12:03.9")), "09:12:03");
    assert_eq!(style.maybe(fixed::at("23:00:00")), "2026-11-25 01:00");
    assert_eq!(style.maybe(None), "");
}

#[test]
fn a_state_has_its_glyph_or_its_ascii_sign() {
    assert_eq!(fixed::rich().state(Some(State::Sent)), "✓ sent");
    assert_eq!(fixed::plain().state(Some(State::Sent)), "+ sent");
    assert_eq!(fixed::plain().state(None), "unknown");
}

#[test]
fn a_colour_is_there_only_where_it_is_wanted() {
    assert_eq!(fixed::plain().paint(Role::Bad, "x"), "x");
    assert_eq!(fixed::rich().paint(Role::Bad, "x"), "\u{1b}[31mx\u{1b}[0m");
}
