//! A section of the file: gives its settings by name, and at the end refuses what nobody asked for.

use std::fmt::Display;
use std::ops::RangeInclusive;

use smsgrid::model::Name;
use smsgrid_proto::Reason;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::report::Report;
use super::value::{Value, Wrong};

/// What stands behind a setting of the effective file that the file itself does not have.
const DEFAULT_MARK: &str = "  # default";

/// An open section.
pub(super) struct Section<'r, 'i> {
    report: &'r mut Report,
    table: Option<&'i DeTable<'i>>,
    /// Its name in the file, as in `modems.GSM1`; empty for the file itself.
    path: String,
    /// Where it begins, in octets.
    at: usize,
    known: Vec<&'static str>,
}

/// A value of the file with the place it was read from.
pub(super) struct Placed<T> {
    /// The value.
    pub(super) value: T,
    /// Where it stands, in octets.
    pub(super) at: usize,
}

/// A section with a name of the user's own.
pub(super) struct Named<T> {
    /// The name.
    pub(super) name: Name,
    /// What it holds.
    pub(super) value: T,
}

impl<'r, 'i> Section<'r, 'i> {
    /// The file itself.
    pub(super) fn top(report: &'r mut Report, file: &'i DeTable<'i>) -> Section<'r, 'i> {
        Section { report, table: Some(file), path: String::new(), at: 0, known: Vec::new() }
    }

    /// Reads the section `key`. Where the file has none, an `implied` one is read as if it stood there empty.
    pub(super) fn section<T>(
        &mut self,
        key: &'static str,
        implied: bool,
        read: impl FnOnce(&mut Section<'_, 'i>) -> T,
    ) -> Option<T> {
        let found = self.find(key);
        let table = match found {
            Some(value) => Some(self.table_of(key, value)?),
            None if implied => None,
            None => return None,
        };
        let at = found.map_or(0, |value| value.span().start);
        Some(self.inner(key.to_owned(), table, at, read))
    }

    /// Reads every section below `key`, each under a name of the user's own.
    pub(super) fn named_sections<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&mut Section<'_, 'i>) -> Option<T>,
    ) -> Vec<Named<T>> {
        let tables = self.find(key).and_then(|value| self.table_of(key, value));
        let mut named = Vec::new();
        for (name, value) in tables.into_iter().flatten() {
            let path = format!("{key}.{}", name.get_ref());
            let Some(table) = self.table_of(&path, value) else { continue };
            let inside = self.inner(path, Some(table), name.span().start, &read);
            match Name::new(name.get_ref()) {
                Ok(name) => named.extend(inside.map(|value| Named { name, value })),
                Err(why) => {
                    let what = format!("`{}` cannot be a name", name.get_ref().escape_debug());
                    let fix = "write 1 to 64 letters, digits, '.', '_' or '-'";
                    self.fault(
                        name.span().start,
                        Reason::ConfigBadValue,
                        &what,
                        Some(&why.to_string()),
                        Some(fix),
                    );
                }
            }
        }
        named
    }

    /// A list of tables without a default, each read as a section. A table that cannot be read is none.
    pub(super) fn list<T>(
        &mut self,
        key: &'static str,
        how: &str,
        read: impl Fn(&mut Section<'_, 'i>) -> Option<T>,
    ) -> Option<Placed<Vec<Option<T>>>> {
        let Some(place) = self.find(key) else {
            let what = format!("[{}] lacks `{key}`", self.path);
            let fix = format!("add `{key} = [ {{ … }}, … ]`: {how}");
            self.fault(self.at, Reason::ConfigMissingKey, &what, None, Some(&fix));
            return None;
        };
        self.tables(key, place, how, read)
    }

    /// A list of tables that may be missing; `unset` says what counts then.
    pub(super) fn optional_list<T>(
        &mut self,
        key: &'static str,
        unset: &str,
        how: &str,
        read: impl Fn(&mut Section<'_, 'i>) -> Option<T>,
    ) -> Option<Placed<Vec<Option<T>>>> {
        let Some(place) = self.find(key) else {
            self.report.setting(&self.path, format!("# {key}: {unset}"));
            return None;
        };
        self.tables(key, place, how, read)
    }

    fn tables<T>(
        &mut self,
        key: &str,
        place: &'i Spanned<DeValue<'i>>,
        how: &str,
        read: impl Fn(&mut Section<'_, 'i>) -> Option<T>,
    ) -> Option<Placed<Vec<Option<T>>>> {
        let at = place.span().start;
        let Some(tables) = place.get_ref().as_array() else {
            let what = format!("`{}` is not a list", self.quoted(key, place.span()));
            let fix = format!("write `{key} = [ {{ … }}, … ]`: {how}");
            self.fault(at, Reason::ConfigBadValue, &what, None, Some(&fix));
            return None;
        };
        let path = format!("{}.{key}", self.path);
        let (mut read_tables, mut shown) = (Vec::new(), String::new());
        for value in tables {
            let Some(table) = self.element_of(&path, value) else {
                read_tables.push(None);
                continue;
            };
            let before = self.report.settings();
            read_tables.push(self.inner(path.clone(), Some(table), value.span().start, &read));
            let settings = self.report.take_settings(before);
            // A comment would end the table, which stands on one line.
            let said: Vec<&str> = settings
                .iter()
                .filter(|line| !line.starts_with('#'))
                .map(|line| line.strip_suffix(DEFAULT_MARK).unwrap_or(line))
                .collect();
            shown.push_str(&format!("  {{ {} }},\n", said.join(", ")));
        }
        self.report.setting(&self.path, format!("{key} = [\n{shown}]"));
        Some(Placed { value: read_tables, at })
    }

    /// A setting without a default; a fault where it is missing.
    pub(super) fn required<T: Value>(&mut self, key: &'static str) -> Option<Placed<T>> {
        let Some(place) = self.find(key) else {
            let what = format!("[{}] lacks `{key}`", self.path);
            let fix = format!("add `{key} = …`: {}", T::HOW);
            self.fault(self.at, Reason::ConfigMissingKey, &what, None, Some(&fix));
            return None;
        };
        let placed = self.read::<T>(key, place)?;
        self.show(key, &placed.value, false);
        Some(placed)
    }

    /// A setting that may be missing; `unset` says what counts then.
    pub(super) fn optional<T: Value>(&mut self, key: &'static str, unset: &str) -> Option<Placed<T>> {
        let Some(place) = self.find(key) else {
            self.report.setting(&self.path, format!("# {key}: {unset}"));
            return None;
        };
        let placed = self.read::<T>(key, place)?;
        self.show(key, &placed.value, false);
        Some(placed)
    }

    /// A setting with a default.
    pub(super) fn or<T: Value>(&mut self, key: &'static str, default: T) -> T {
        self.or_placed(key, default).value
    }

    /// A setting with a default, and where it stands: the section itself when it is left out.
    pub(super) fn or_placed<T: Value>(&mut self, key: &'static str, default: T) -> Placed<T> {
        let place = self.find(key);
        let read = place.and_then(|place| self.read::<T>(key, place));
        let placed = read.unwrap_or(Placed { value: default, at: self.at });
        self.show(key, &placed.value, place.is_none());
        placed
    }

    /// A setting with a default and bounds.
    pub(super) fn within<T: Value + PartialOrd>(
        &mut self,
        key: &'static str,
        default: T,
        bounds: RangeInclusive<T>,
    ) -> T {
        let value = self.or(key, default);
        if let Some(place) = self.find(key) {
            self.check_bounds(key, place.span(), &value, &bounds);
        }
        value
    }

    /// A setting that may be missing, with bounds.
    pub(super) fn optional_within<T: Value + PartialOrd>(
        &mut self,
        key: &'static str,
        unset: &str,
        bounds: RangeInclusive<T>,
    ) -> Option<T> {
        let value = self.optional::<T>(key, unset)?.value;
        if let Some(place) = self.find(key) {
            self.check_bounds(key, place.span(), &value, &bounds);
        }
        Some(value)
    }

    /// Notes a fault of this section.
    pub(super) fn fault(
        &mut self,
        at: usize,
        reason: Reason,
        what: &str,
        why: Option<&str>,
        fix: Option<&str>,
    ) {
        self.report.fault(at, reason, what, why, fix);
    }

    /// Where the section begins, in octets.
    pub(super) fn at(&self) -> usize {
        self.at
    }

    /// Its name in the file.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// Where the file lies, if it is one.
    pub(super) fn file(&self) -> Option<&std::path::Path> {
        self.report.path()
    }

    /// Refuses every setting that was not asked for.
    pub(super) fn finish(self) {
        for (key, _) in self.table.into_iter().flatten() {
            let name = key.get_ref().as_ref();
            if self.known.contains(&name) {
                continue;
            }
            let shown = name.escape_debug();
            let what = match self.path.as_str() {
                "" => format!("`{shown}` is not a section of this file"),
                path => format!("`{shown}` is not a setting of `[{path}]`"),
            };
            let fix = match nearest(name, &self.known) {
                Some(nearest) => format!("did you mean `{nearest}`?"),
                None => format!("there are {}", self.known.join(", ")),
            };
            let why = Some("there is none of that name");
            self.report.fault(key.span().start, Reason::ConfigUnknownKey, &what, why, Some(&fix));
        }
    }

    fn inner<T>(
        &mut self,
        path: String,
        table: Option<&'i DeTable<'i>>,
        at: usize,
        read: impl FnOnce(&mut Section<'_, 'i>) -> T,
    ) -> T {
        let mut inner = Section { report: &mut *self.report, table, path, at, known: Vec::new() };
        let value = read(&mut inner);
        inner.finish();
        value
    }

    fn find(&mut self, key: &'static str) -> Option<&'i Spanned<DeValue<'i>>> {
        if !self.known.contains(&key) {
            self.known.push(key);
        }
        self.table?.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn read<T: Value>(&mut self, key: &str, place: &Spanned<DeValue<'_>>) -> Option<Placed<T>> {
        let at = place.span().start;
        match T::read(place.get_ref()) {
            Ok(value) => Some(Placed { value, at }),
            Err(wrong) => {
                let what = match T::SECRET {
                    true => format!("`{key}` is not {}", T::KIND),
                    false => format!("`{}` is not {}", self.quoted(key, place.span()), T::KIND),
                };
                let why = match wrong {
                    Wrong::Kind => None,
                    Wrong::Because(why) => Some(why),
                };
                self.fault(at, Reason::ConfigBadValue, &what, why.as_deref(), Some(T::HOW));
                None
            }
        }
    }

    fn check_bounds<T: Value + PartialOrd>(
        &mut self,
        key: &str,
        span: std::ops::Range<usize>,
        value: &T,
        bounds: &RangeInclusive<T>,
    ) {
        if !bounds.contains(value) {
            let side = if value < bounds.start() { "small" } else { "large" };
            let what = format!("`{}` is too {side}", self.quoted(key, span.clone()));
            let fix = format!("write {} to {}", bounds.start().show(), bounds.end().show());
            self.fault(span.start, Reason::ConfigBadValue, &what, None, Some(&fix));
        }
    }

    fn show<T: Value>(&mut self, key: &str, value: &T, is_default: bool) {
        let mark = if is_default { DEFAULT_MARK } else { "" };
        let shown: &dyn Display = if T::SECRET { &"\"********\"  # hidden" } else { &value.show() };
        self.report.setting(&self.path, format!("{key} = {shown}{mark}"));
    }

    /// The setting as the file has it, cut where it would fill the screen.
    fn quoted(&self, key: &str, span: std::ops::Range<usize>) -> String {
        const SHOWN_MAX: usize = 60;
        let text: String = self.report.text(span).chars().take(SHOWN_MAX).collect();
        format!("{key} = {}", text.replace(char::is_control, " "))
    }

    fn element_of(&mut self, path: &str, value: &'i Spanned<DeValue<'i>>) -> Option<&'i DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            let what = format!("`{path}` is a list of tables, and holds something else");
            let fix = "write each as { key = value, … }";
            self.fault(value.span().start, Reason::ConfigBadValue, &what, None, Some(fix));
        }
        table
    }

    fn table_of(&mut self, path: &str, value: &'i Spanned<DeValue<'i>>) -> Option<&'i DeTable<'i>> {
        let table = value.get_ref().as_table();
        if table.is_none() {
            let what = format!("`{path}` is a section, not a value");
            self.fault(
                value.span().start,
                Reason::ConfigBadValue,
                &what,
                None,
                Some(&format!("write [{path}]")),
            );
        }
        table
    }
}

/// The known name that `name` most likely means.
fn nearest(name: &str, known: &[&'static str]) -> Option<&'static str> {
    let distance = |candidate: &&'static str| strsim::damerau_levenshtein(candidate, &name.to_lowercase());
    let likely = known.iter().copied().min_by_key(distance)?;
    (distance(&likely) <= 2.max(name.len() / 3)).then_some(likely)
}
