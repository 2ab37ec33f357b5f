//! Saved clusters: each context is a name and the servers of one cluster, and one of them is in use.
//!
//! ```text
//! contexts.toml ──read──▶ Contexts ── add, use, remove ──▶ written ──file──▶ contexts.toml, as a whole
//!                            └── which servers are asked (choice)
//! ```
//!
//! The file holds no secret: names and addresses, nothing else.

mod choice;
mod file;
mod read;

use std::collections::BTreeMap;
use std::fmt::Write;

pub(crate) use choice::{Said, choose};
pub(crate) use file::{ContextFile, Held};

/// Most contexts that are saved.
const CONTEXTS_MAX: usize = 256;
/// Most servers of one context, and of one command.
pub(crate) const SERVERS_MAX: usize = 64;
/// Longest name of a context, in characters.
const NAME_CHARS_MAX: usize = 64;
/// The name of the one that was in use before.
const PREVIOUS: &str = "-";

/// What the file opens with.
const OPENING: &str =
    "# Saved clusters of smsctl. `smsctl context` writes this file anew; comments do not stay.\n";

/// Every saved context, and which is in use.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contexts {
    /// The servers of each, by its name.
    pub(crate) saved: BTreeMap<String, Vec<String>>,
    /// The one in use.
    pub(crate) current: Option<String>,
    /// The one that was in use before.
    pub(crate) previous: Option<String>,
}

/// Why there is no such context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// None has this name.
    Unknown(String),
    /// No other one was in use before.
    NoPrevious,
}

impl Contexts {
    /// The name a word stands for: `-` is the one in use before.
    pub(crate) fn resolve(&self, word: &str) -> Result<&str, Missing> {
        let name = if word == PREVIOUS { self.previous.as_deref() } else { Some(word) };
        let name = name.ok_or(Missing::NoPrevious)?;
        let found = self.saved.get_key_value(name).map(|(name, _)| name.as_str());
        found.ok_or_else(|| Missing::Unknown(name.to_owned()))
    }

    /// Saves these servers under `name`, in the place of those of before. Without effect when there is no more room.
    pub(crate) fn add(&mut self, name: &str, servers: Vec<String>) -> Result<(), Full> {
        if !self.saved.contains_key(name) && self.saved.len() >= CONTEXTS_MAX {
            return Err(Full);
        }
        self.saved.insert(name.to_owned(), servers);
        Ok(())
    }

    /// Takes `name`, which is saved, into use.
    pub(crate) fn take_into_use(&mut self, name: &str) {
        if self.current.as_deref() == Some(name) {
            return;
        }
        self.previous = self.current.replace(name.to_owned());
    }

    /// Forgets `name`. No other one comes into use: the next command must not reach a cluster nobody chose.
    pub(crate) fn remove(&mut self, name: &str) {
        self.saved.remove(name);
        for role in [&mut self.current, &mut self.previous] {
            if role.as_deref() == Some(name) {
                *role = None;
            }
        }
    }

    /// The file that says all this.
    pub(crate) fn written(&self) -> String {
        let mut text = OPENING.to_owned();
        for (key, name) in [("current", &self.current), ("previous", &self.previous)] {
            if let Some(name) = name {
                // Writing to a String cannot fail, nor can it below.
                let _ = writeln!(text, "{key} = \"{name}\"");
            }
        }
        for (name, servers) in &self.saved {
            let servers: Vec<String> = servers.iter().map(|server| format!("\"{server}\"")).collect();
            let _ = writeln!(text, "\n[contexts.\"{name}\"]\nservers = [{}]", servers.join(", "));
        }
        text
    }
}

/// There are as many contexts as can be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

/// Why a text is no name of a context; none when it is one. What is one can stand between quotes in the file.
pub(crate) fn name_fault(name: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let begins_well = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    let fits = begins_well && name.chars().all(is_plain) && name.chars().count() <= NAME_CHARS_MAX;
    (!fits).then(|| {
        format!("write a letter or digit, then letters, digits and . _ - up to {NAME_CHARS_MAX} characters")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn saved(names: &[&str]) -> Contexts {
        let mut contexts = Contexts::default();
        for name in names {
            contexts.add(name, vec![format!("http://{name}:7170")]).expect("room");
        }
        contexts
    }

    #[test]
    fn a_hyphen_goes_back_and_forth_between_two() {
        let mut contexts = saved(&["lab", "prod"]);
        assert_eq!(contexts.resolve("-"), Err(Missing::NoPrevious));

        contexts.take_into_use("lab");
        contexts.take_into_use("prod");
        contexts.take_into_use("prod");

        assert_eq!(contexts.resolve("-"), Ok("lab"), "taking the same again is no step");
        contexts.take_into_use("lab");
        assert_eq!(contexts.resolve("-"), Ok("prod"));
        assert_eq!(contexts.resolve("test"), Err(Missing::Unknown("test".to_owned())));
    }

    #[test]
    fn what_is_removed_is_in_no_use_and_no_other_takes_its_place() {
        let mut contexts = saved(&["lab", "prod"]);
        contexts.take_into_use("lab");
        contexts.take_into_use("prod");

        contexts.remove("prod");

        assert_eq!((contexts.current.as_deref(), contexts.previous.as_deref()), (None, Some("lab")));
        contexts.remove("lab");
        assert_eq!(contexts, Contexts::default());
    }

    #[test]
    fn there_is_room_for_a_bounded_number_and_replacing_takes_none() {
        let names: Vec<String> = (0..CONTEXTS_MAX).map(|n| format!("c{n}")).collect();
        let mut contexts = saved(&names.iter().map(String::as_str).collect::<Vec<_>>());

        assert_eq!(contexts.add("one-more", Vec::new()), Err(Full));
        assert_eq!(contexts.add("c0", vec!["http://x:1".to_owned()]), Ok(()));
        assert_eq!(contexts.saved.len(), CONTEXTS_MAX);
    }

    #[test]
    fn a_name_can_stand_between_quotes_and_is_no_option() {
        for name in ["prod", "gw-1.example_x", "7"] {
            assert_eq!(name_fault(name), None, "{name}");
        }
        for name in ["", "-", "-x", ".x", "a b", "a\"b", "ä", &"x".repeat(65)] {
            assert!(name_fault(name).is_some(), "{name}");
        }
    }
}
