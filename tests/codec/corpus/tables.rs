//! Every code of every table, with the character it is read as.

use serde_json::{Value, json};
use smsgrid::model::{Alphabet, Language, Payload};
use smsgrid::text;

/// The escape to the single shift table, which is no character.
const ESCAPE: u8 = 0x1B;

/// One line a code of a table: `table`, `language` (0 is the default), `code`, and `character`, null where the table
/// itself has none.
pub(crate) fn lines() -> Vec<Value> {
    let languages = || std::iter::once(None).chain(Language::ALL.map(Some));
    let rows = |own: fn(Option<Language>, u8) -> Option<String>, table: &'static str| {
        languages().flat_map(move |language| {
            codes().map(move |code| line(table, language, code, own(language, code)))
        })
    };
    rows(locking, "locking").chain(rows(single, "single")).collect()
}

fn codes() -> impl Iterator<Item = u8> {
    (0..128).filter(|code| *code != ESCAPE)
}

fn line(table: &str, language: Option<Language>, code: u8, character: Option<String>) -> Value {
    let language = language.map_or(0, Language::identifier);
    json!({ "table": table, "language": language, "code": code, "character": character })
}

/// The character of the locking shift table.
fn locking(language: Option<Language>, code: u8) -> Option<String> {
    let read =
        text::decode(&Payload::Septets(vec![code]), Alphabet::Gsm7 { locking: language, single: None });
    Some(read).filter(|read| read != "\u{FFFD}")
}

/// The character of the single shift table. A code it leaves open is read with the locking shift table, and so
/// changes with it, or is what two unlike ones have in common.
fn single(language: Option<Language>, code: u8) -> Option<String> {
    let read = |locking| {
        let septets = Payload::Septets(vec![ESCAPE, code]);
        text::decode(&septets, Alphabet::Gsm7 { locking, single: language })
    };
    let (default, urdu) = (read(None), read(Some(Language::Urdu)));
    let is_common = locking(None, code).as_ref() == Some(&default)
        && locking(Some(Language::Urdu), code).as_ref() == Some(&urdu);
    Some(default).filter(|character| *character == urdu && !is_common)
}
