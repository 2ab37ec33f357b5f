//! A text in national language tables, with the tables and codes smsd chooses.
//!
//! A text starts in the basic alphabet. The first character that it lacks brings in the locking shift table if that has
//! it, otherwise the single shift table, and the text is begun anew: with the locking table other characters may be
//! missing. What was told as missing before stays told.

use crate::model::{Alphabet, Language, Payload};
use crate::sms_file::{Rejection, ShiftTables};
use crate::text;

use super::convert::Converted;
use super::notice::{Notices, not_in_tables};

/// Writes a text in `tables`, of which it uses what it needs; what they lack is dropped.
pub(super) fn convert(text: &str, tables: ShiftTables) -> Result<Converted, Rejection> {
    let mut attempt = Attempt { tables, used: ShiftTables { locking: None, single: None } };
    let mut notices = Notices::default();
    let septets = loop {
        match attempt.write(text, &mut notices) {
            Written::All(septets) => break septets,
            Written::Wants(used) => attempt.used = used,
        }
    };
    if septets.is_empty() {
        return Err(Rejection::NoText);
    }
    Ok(Converted {
        alphabet: alphabet(attempt.used.locking, attempt.used.single),
        payload: Payload::Septets(septets),
        notices: notices.into_lines(),
    })
}

/// A text being written in some of the tables it may use.
struct Attempt {
    tables: ShiftTables,
    used: ShiftTables,
}

/// How far writing came.
enum Written {
    All(Vec<u8>),
    /// A character needs one more table.
    Wants(ShiftTables),
}

impl Attempt {
    fn write(&self, text: &str, notices: &mut Notices) -> Written {
        let mut septets = Vec::with_capacity(text.len());
        for (position, character) in (1..).zip(text.chars()) {
            if let Some(code) = self.code(character) {
                septets.extend(code);
            } else if let Some(used) = self.table_with(character) {
                return Written::Wants(used);
            } else {
                let number = |table: Option<Language>| table.map_or(0, Language::identifier);
                let tables = (number(self.tables.locking), number(self.tables.single));
                notices.push(|| not_in_tables(position, character, tables));
            }
        }
        Written::All(septets)
    }

    /// The code in the tables used so far. The basic extension table comes first, as every other has it in it.
    fn code(&self, character: char) -> Option<Vec<u8>> {
        let extension = text::gsm7_septets(character) == Some(2);
        let locking = self.used.locking.filter(|_| !extension);
        septets(character, locking, self.used.single)
    }

    /// The tables used so far and one that has the character; never the same again, so writing ends.
    fn table_with(&self, character: char) -> Option<ShiftTables> {
        let ShiftTables { locking, single } = self.tables;
        if self.used.locking != locking && septets(character, locking, None).is_some() {
            return Some(ShiftTables { locking, ..self.used });
        }
        let has_single =
            self.used.single != single && septets(character, self.used.locking, single).is_some();
        has_single.then_some(ShiftTables { single, ..self.used })
    }
}

fn septets(character: char, locking: Option<Language>, single: Option<Language>) -> Option<Vec<u8>> {
    let mut octets = [0; 4];
    match text::encode(character.encode_utf8(&mut octets), alphabet(locking, single)).ok()? {
        Payload::Septets(septets) | Payload::Octets(septets) => Some(septets),
    }
}

fn alphabet(locking: Option<Language>, single: Option<Language>) -> Alphabet {
    Alphabet::Gsm7 { locking, single }
}
