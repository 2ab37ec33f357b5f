//! A list as a table for people, or as CSV.

use comfy_table::{CellAlignment, Table, presets};
use serde_json::Value;
use smsgrid_proto::Role;

use super::style::{Style, color};
use super::words::tame;

/// A column of a sheet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    /// Its name for `--columns`, and the header.
    pub(crate) name: &'static str,
    /// Shown only by `-o wide` and `-o csv`, or when asked for.
    pub(crate) wide: bool,
    /// Numbers stand to the right.
    pub(crate) right: bool,
}

impl Column {
    /// A column every table shows.
    pub(crate) const fn new(name: &'static str) -> Column {
        Column { name, wide: false, right: false }
    }

    /// A column only a wide table shows.
    pub(crate) const fn wide(name: &'static str) -> Column {
        Column { name, wide: true, right: false }
    }

    /// A column of numbers.
    pub(crate) const fn number(name: &'static str) -> Column {
        Column { name, wide: false, right: true }
    }
}

/// What stands in one place of a sheet.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    /// As people see it.
    shown: String,
    /// As a program reads it in CSV.
    plain: String,
    role: Option<Role>,
}

impl Cell {
    /// The same for people and programs.
    pub(crate) fn new(text: impl Into<String>) -> Cell {
        let text = text.into();
        Cell { shown: text.clone(), plain: text, role: None }
    }

    /// Another text for programs.
    pub(crate) fn plain(mut self, plain: impl Into<String>) -> Cell {
        self.plain = plain.into();
        self
    }

    /// In the colour of a role.
    pub(crate) fn role(mut self, role: Role) -> Cell {
        self.role = Some(role);
        self
    }

    /// A value or, where there is none, a dash for people and nothing for programs.
    pub(crate) fn maybe(value: Option<impl ToString>) -> Cell {
        match value.map(|value| value.to_string()).filter(|text| !text.is_empty()) {
            Some(text) => Cell::new(text),
            None => Cell::new("-").plain(""),
        }
    }
}

/// A list: columns, and rows with as many cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Sheet {
    /// The member that holds the list in JSON.
    pub(crate) member: &'static str,
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: Vec<Row>,
}

/// One row: its name, its cells, and the object a program reads.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) cells: Vec<Cell>,
    pub(crate) object: Value,
}

impl Sheet {
    /// An empty sheet.
    pub(crate) fn new(member: &'static str, columns: &[Column]) -> Sheet {
        Sheet { member, columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row with a cell for each column.
    pub(crate) fn push(&mut self, name: &str, cells: Vec<Cell>, object: Value) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push(Row { name: name.to_owned(), cells, object });
    }

    /// The columns named, in their order; the first name that is no column is the error.
    pub(crate) fn chosen<'a>(&self, names: &'a [String]) -> Result<Vec<usize>, &'a str> {
        let place = |name: &'a String| {
            let at = self.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
            at.ok_or(name.as_str())
        };
        names.iter().map(place).collect()
    }

    /// The columns shown when none are named.
    pub(crate) fn usual(&self, wide: bool) -> Vec<usize> {
        let shown = |at: &usize| self.columns.get(*at).is_some_and(|column| wide || !column.wide);
        (0..self.columns.len()).filter(shown).collect()
    }
}

/// The sheet as a table without lines: a header, then one line for each row.
pub(crate) fn table(sheet: &Sheet, columns: &[usize], style: Style) -> String {
    let mut table = Table::new();
    table.load_preset(presets::NOTHING);
    if style.color {
        // Whether colours are wanted is decided already, NO_COLOR included.
        crossterm::style::force_color_output(true);
        table.enforce_styling();
    } else {
        table.force_no_tty();
    }
    let chosen: Vec<Column> = columns.iter().filter_map(|at| sheet.columns.get(*at).copied()).collect();
    table.set_header(chosen.iter().map(|column| column.name.to_uppercase()));
    for row in &sheet.rows {
        table.add_row(columns.iter().filter_map(|at| row.cells.get(*at)).map(shown));
    }
    for (at, column) in chosen.iter().enumerate() {
        if let Some(laid) = table.column_mut(at) {
            laid.set_padding((0, 2));
            if column.right {
                laid.set_cell_alignment(CellAlignment::Right);
            }
        }
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

fn shown(cell: &Cell) -> comfy_table::Cell {
    let laid = comfy_table::Cell::new(tame(&cell.shown));
    match cell.role {
        Some(role) => laid.fg(color(role)),
        None => laid,
    }
}

/// The sheet as CSV (RFC 4180): a header, then one record for each row.
pub(crate) fn csv(sheet: &Sheet, columns: &[usize]) -> String {
    let header = columns.iter().filter_map(|at| sheet.columns.get(*at)).map(|column| field(column.name));
    let mut text = record(header);
    for row in &sheet.rows {
        text.push_str(&record(
            columns.iter().filter_map(|at| row.cells.get(*at)).map(|cell| field(&cell.plain)),
        ));
    }
    text
}

fn record(fields: impl Iterator<Item = String>) -> String {
    fields.collect::<Vec<_>>().join(",") + "\n"
}

/// A field, quoted where it must be. A text that a spreadsheet would take for a formula gets an apostrophe before it,
/// unless it is a number such as a recipient.
fn field(text: &str) -> String {
    let formula = text.starts_with(['=', '@', '\t', '\r'])
        || text.starts_with(['+', '-']) && !text.chars().skip(1).all(|c| c.is_ascii_digit() || c == '.');
    let text = if formula { format!("'{text}") } else { text.to_owned() };
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::style::fixed;
    use super::*;

    fn sheet() -> Sheet {
        let columns = [Column::new("name"), Column::number("lag"), Column::wide("why")];
        let mut sheet = Sheet::new("nodes", &columns);
        sheet.push(
            "gw-a",
            vec![Cell::new("gw-a"), Cell::new("120"), Cell::new("say \"no\", twice")],
            json!({}),
        );
        sheet.push(
            "gw-bb",
            vec![Cell::new("gw-bb").role(Role::Ok), Cell::maybe(None::<u64>), Cell::new("=1+1")],
            json!({}),
        );
        sheet
    }

    #[test]
    fn a_table_is_aligned_and_has_no_trailing_blanks() {
        let sheet = sheet();

        let text = table(&sheet, &sheet.usual(false), fixed::plain());

        assert_eq!(text, "NAME   LAG\ngw-a   120\ngw-bb    -");
    }

    #[test]
    fn a_wide_table_shows_every_column() {
        let sheet = sheet();

        let text = table(&sheet, &sheet.usual(true), fixed::plain());

        assert_eq!(text.lines().next(), Some("NAME   LAG  WHY"));
    }

    #[test]
    fn colours_are_there_only_when_wanted() {
        let sheet = sheet();

        assert!(table(&sheet, &[0], fixed::rich()).contains("\u{1b}[38;5;2mgw-bb"));
        assert!(!table(&sheet, &[0], fixed::plain()).contains('\u{1b}'));
    }

    #[test]
    fn csv_is_quoted_where_it_must_be_and_no_formula() {
        let sheet = sheet();

        let text = csv(&sheet, &sheet.usual(true));

        assert_eq!(text, "name,lag,why\ngw-a,120,\"say \"\"no\"\", twice\"\ngw-bb,,'=1+1\n");
        assert_eq!(
            (field("+4915112345678"), field("-71"), field("+a")),
            ("+4915112345678".into(), "-71".into(), "'+a".into())
        );
    }

    #[test]
    fn columns_are_chosen_by_name_in_any_case_and_order() {
        let names = ["WHY".to_owned(), "name".to_owned()];

        assert_eq!(sheet().chosen(&names), Ok(vec![2, 0]));
        assert_eq!(sheet().chosen(&["nmae".to_owned()]), Err("nmae"));
    }

    #[test]
    fn an_empty_list_still_has_its_header() {
        let empty = Sheet::new("nodes", &[Column::new("name"), Column::new("role")]);

        assert_eq!(table(&empty, &empty.usual(false), fixed::plain()), "NAME  ROLE");
        assert_eq!(csv(&empty, &empty.usual(false)), "name,role\n");
    }
}
