//! The fields of a span or an event, collected and masked.

use std::error::Error;
use std::fmt::{self, Debug};

use tracing::field::{Field, Visit};

/// Names of fields that are never shown, whatever their type: the second net below masking by type.
const NEVER_SHOWN: [&str; 9] =
    ["pin", "puk", "text", "body", "pdu", "password", "token", "secret", "user_data"];

/// Named values in the order they were given.
#[derive(Clone, Debug, Default)]
pub(super) struct Fields(Vec<(&'static str, Shown)>);

/// A value as it will be shown.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shown {
    /// A number or a truth value, as JSON writes it.
    Bare(String),
    /// A text, not escaped.
    Text(String),
}

impl Fields {
    /// Texts.
    pub(super) fn of(texts: &[(&'static str, &str)]) -> Fields {
        Fields(texts.iter().map(|(name, text)| (*name, Shown::Text((*text).to_owned()))).collect())
    }

    /// The value of `name` as a text; the last one counts.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        let (_, value) = self.0.iter().rev().find(|(known, _)| *known == name)?;
        match value {
            Shown::Bare(text) | Shown::Text(text) => Some(text),
        }
    }

    /// Every field but those of these names.
    pub(super) fn except<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = (&'static str, &'a Shown)> {
        self.0.iter().filter(|(name, _)| !names.contains(name)).map(|(name, value)| (*name, value))
    }

    /// Adds the fields of an inner span or event; they go before those of the same name.
    pub(super) fn extend(&mut self, inner: &Fields) {
        for (name, value) in &inner.0 {
            self.put(name, value.clone());
        }
    }

    fn put(&mut self, name: &'static str, value: Shown) {
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some((_, known)) => *known = value,
            None => self.0.push((name, value)),
        }
    }

    fn show(&mut self, field: &Field, value: Shown) {
        let is_secret = NEVER_SHOWN.contains(&field.name());
        let value = if is_secret { Shown::Text("********".to_owned()) } else { value };
        self.put(field.name(), value);
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        let shown =
            if value.is_finite() { Shown::Bare(value.to_string()) } else { Shown::Text(value.to_string()) };
        self.show(field, shown);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.show(field, Shown::Bare(value.to_string()));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.show(field, Shown::Bare(value.to_string()));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.show(field, Shown::Bare(value.to_string()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.show(field, Shown::Text(value.to_owned()));
    }

    /// An error is shown with its causes.
    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        let mut chain = vec![value.to_string()];
        let mut cause = value.source();
        while let Some(error) = cause {
            chain.push(error.to_string());
            cause = error.source();
        }
        self.show(field, Shown::Text(chain.join(": ")));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.show(field, Shown::Text(fmt::format(format_args!("{value:?}"))));
    }
}
