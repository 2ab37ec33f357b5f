//! Every setting of smsd, and what becomes of it.

mod global;
mod modem;
mod receiving;
mod why;

use super::key::{Becomes, Form, Key, Kind, OfFiles, Place, Target};

/// Multiples of `read_timeout` that smsd counts for each operation, by the end of the setting's name.
const MULTIPLES: [(&str, i64); 25] = [
    ("read_timeout_askpin", 2),
    ("read_timeout_atd", 24),
    ("read_timeout_ath", 1),
    ("read_timeout_clcc", 24),
    ("read_timeout_cmd", 1),
    ("read_timeout_cmgd", 1),
    ("read_timeout_cmgf", 1),
    ("read_timeout_cmgl", 12),
    ("read_timeout_cmgr", 1),
    ("read_timeout_cmgs", 2),
    ("read_timeout_cpas", 24),
    ("read_timeout_cpbr", 1),
    ("read_timeout_cpbw", 1),
    ("read_timeout_cpms", 1),
    ("read_timeout_creg", 2),
    ("read_timeout_csca", 1),
    ("read_timeout_csq", 2),
    ("read_timeout_cusd", 3),
    ("read_timeout_default", 1),
    ("read_timeout_enterpin", 6),
    ("read_timeout_init", 2),
    ("read_timeout_pdu", 12),
    ("read_timeout_preinit", 2),
    ("read_timeout_start", 2),
    ("read_timeout_stop", 2),
];

/// Settings that go by more than one name, with the name they are kept under.
const ALIASES: [(&str, &str); 3] =
    [("init1", "init"), ("spool", "outgoing"), ("datetime", "datetime_format")];

/// Every setting of a place.
pub fn keys(place: Place) -> Vec<Key> {
    let tables: &[&[Key]] = match place {
        Place::Global => &[global::KEYS, receiving::GLOBAL],
        Place::Modem => &[modem::KEYS, receiving::MODEM],
    };
    let multiple = |(name, _): &(&'static str, i64)| Key {
        name,
        kind: Kind::Within(1, i64::MAX),
        becomes: Becomes::Setting(Target::TimeoutMultiple),
    };
    let multiples = MULTIPLES.iter().filter(|_| place == Place::Modem).map(multiple);
    tables.iter().flat_map(|keys| keys.iter().copied()).chain(multiples).collect()
}

/// The setting that smsd takes `name` for: in any case, but for the multiples of `read_timeout`.
pub fn find(place: Place, name: &str) -> Option<Key> {
    let is_multiple = |key: &Key| key.becomes == Becomes::Setting(Target::TimeoutMultiple);
    let is_named = |key: &Key| key.name == name || !is_multiple(key) && key.name.eq_ignore_ascii_case(name);
    keys(place).into_iter().find(is_named)
}

/// How many times `read_timeout` smsd waits where a multiple is not set.
pub(super) fn multiple(name: &str) -> i64 {
    MULTIPLES.iter().find(|(multiple, _)| *multiple == name).map_or(1, |(_, times)| *times)
}

impl Key {
    /// The name under which later lines replace earlier ones.
    pub(super) fn slot(&self) -> &'static str {
        ALIASES.iter().find(|(alias, _)| *alias == self.name).map_or(self.name, |(_, name)| *name)
    }
}

const fn key(name: &'static str, kind: Kind, becomes: Becomes) -> Key {
    Key { name, kind, becomes }
}

/// A setting of `[files]` of the same name.
const fn of_files(name: &'static str, kind: Kind, form: Form, own: &'static str) -> Key {
    key(name, kind, Becomes::Setting(Target::Files(OfFiles { key: name, form, own })))
}

/// A setting of `[spool]`, named there `ours`.
const fn of_spool(name: &'static str, ours: &'static str, kind: Kind, form: Form, own: &'static str) -> Key {
    key(name, kind, Becomes::Setting(Target::Spool(OfFiles { key: ours, form, own })))
}

/// A path or a command: as long as a value may be.
const LONG: Kind = Kind::Text(4095);
/// A number or a name.
const SHORT: Kind = Kind::Text(31);
