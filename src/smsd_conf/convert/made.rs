//! What a rule makes of one setting.

use crate::smsd_conf::key::{Becomes, Key};

/// What became of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// It is a setting of ours that means the same.
    Converted,
    /// Nothing here needs it, or it says what happens anyway.
    Unnecessary,
    /// Something else does its work, or it means something else.
    Changed,
    /// It has no counterpart.
    Unsupported,
}

impl Outcome {
    /// All of them, the best first.
    pub const ALL: [Outcome; 4] =
        [Outcome::Converted, Outcome::Unnecessary, Outcome::Changed, Outcome::Unsupported];

    /// The word for people and programs.
    pub const fn word(self) -> &'static str {
        match self {
            Outcome::Converted => "converted",
            Outcome::Unnecessary => "unnecessary",
            Outcome::Changed => "changed",
            Outcome::Unsupported => "unsupported",
        }
    }
}

/// A setting of ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Ours {
    pub(super) key: &'static str,
    /// As TOML writes it.
    pub(super) value: String,
}

/// What a rule makes of a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) outcome: Outcome,
    /// Why, or what it is now.
    pub(super) text: String,
    pub(super) ours: Vec<Ours>,
}

impl Made {
    /// A setting that means the same.
    pub(super) fn converted(key: &'static str, value: String) -> Made {
        Made { outcome: Outcome::Converted, text: String::new(), ours: vec![Ours { key, value }] }
    }

    /// Settings that mean something else: what.
    pub(super) fn changed(how: impl Into<String>, ours: Vec<Ours>) -> Made {
        Made { outcome: Outcome::Changed, text: how.into(), ours }
    }

    /// No setting, because nothing needs it: why.
    pub(super) fn unnecessary(why: impl Into<String>) -> Made {
        Made { outcome: Outcome::Unnecessary, text: why.into(), ours: Vec::new() }
    }

    /// No setting, although it may be missed: why.
    pub(super) fn unsupported(why: impl Into<String>) -> Made {
        Made { outcome: Outcome::Unsupported, text: why.into(), ours: Vec::new() }
    }

    /// What becomes of a setting that makes none of ours; none for those with a rule of their own.
    pub(super) fn by_table(key: &Key, value: &str) -> Option<Made> {
        match key.becomes {
            Becomes::Setting(_) => None,
            Becomes::Unnecessary(why) => Some(Made::unnecessary(why)),
            Becomes::Changed(_) | Becomes::Unsupported(_) if value.is_empty() => {
                Some(Made::unnecessary("it is empty, as if it were not set"))
            }
            Becomes::Changed(how) => Some(Made::changed(how, Vec::new())),
            Becomes::Unsupported(why) => Some(Made::unsupported(why)),
            Becomes::Only(same, _) if key.equal(value, same) => {
                Some(Made::unnecessary("smsnode does so anyway"))
            }
            Becomes::Only(_, why) => Some(Made::unsupported(why)),
        }
    }
}

/// A text as TOML writes it.
pub(super) fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            c if c.is_control() => quoted.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// A list of texts as TOML writes it.
pub(super) fn quoted_list<'a>(texts: impl IntoIterator<Item = &'a str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(quoted).collect();
    format!("[{}]", texts.join(", "))
}

/// A path as smsd sees it, which works in the root folder.
pub(super) fn absolute(path: &str) -> String {
    if path.starts_with('/') { path.to_owned() } else { format!("/{path}") }
}
