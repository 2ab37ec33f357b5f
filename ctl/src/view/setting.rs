//! A setting of an smsd.conf, and what became of it.

use serde_json::{Value, json};

use super::json;

/// What became of one setting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Its line; none for what smsd does without being told.
    pub(crate) line: Option<usize>,
    /// Its section; empty before the first.
    pub(crate) section: String,
    pub(crate) key: String,
    pub(crate) value: String,
    /// `converted`, `unnecessary`, `changed` or `unsupported`.
    pub(crate) outcome: &'static str,
    /// Where it stands now, or why not.
    pub(crate) text: String,
}

impl Setting {
    pub(crate) fn json(&self) -> Value {
        json!({
            "line": self.line,
            "section": json::text(&self.section),
            "setting": self.key,
            "value": self.value,
            "outcome": self.outcome,
            "becomes": self.text,
        })
    }
}
