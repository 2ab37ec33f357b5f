//! The table of parity: what smsd does, row by row, and what stands beside it here. The rows are those of
//! `parity.tsv`: number, what it is, state, and what shows it or why it is left out.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;

use smsgrid_tests::differences::root;

use super::pages::hold;
use super::shown;

/// Rows of the table.
const ROWS: usize = 210;
/// Groups of rows, with the letters their numbers begin with.
const GROUPS: [(&str, &str); 11] = [
    ("LIF", "Life cycle"),
    ("MON", "Status monitor and statistics"),
    ("CFG", "Configuration"),
    ("SPL", "Spooling and files"),
    ("HDR", "Headers of outgoing files"),
    ("TXT", "Text and splitting"),
    ("SND", "Sending dialogue"),
    ("RCV", "Receiving"),
    ("HND", "Handlers"),
    ("MDM", "Modems"),
    ("LOG", "Logging"),
];
/// The states, with the words of the page.
const STATES: [(&str, &str); 5] = [
    ("done", "done"),
    ("better", "better"),
    ("receiving", "waits for receiving"),
    ("out", "left out"),
    ("open", "open"),
];

/// One row.
struct Row {
    number: String,
    what: String,
    state: String,
    shown: String,
}

fn rows() -> Vec<Row> {
    let text = fs::read_to_string(root().join("tests/parity/parity.tsv")).expect("the table is there");
    text.lines().map(Row::of).collect()
}

impl Row {
    fn of(line: &str) -> Row {
        let fields: Vec<&str> = line.split('\t').collect();
        let [number, what, state, shown] = fields.as_slice() else {
            panic!("four fields are wanted: {line}")
        };
        let [number, what, state, shown] = [number, what, state, shown].map(|field| (*field).to_owned());
        Row { number, what, state, shown }
    }

    /// What is wrong with the row.
    fn faults(&self) -> Vec<String> {
        let mut faults: Vec<String> =
            shown::all(&self.shown).into_iter().filter_map(shown::Shown::fault).collect();
        let is_shown = !shown::all(&self.shown).is_empty();
        match self.state.as_str() {
            "done" | "better" if !is_shown => faults.push("no test shows it".to_owned()),
            "out" if self.shown.is_empty() => faults.push("no reason is given".to_owned()),
            state if STATES.iter().all(|(word, _)| *word != state) => {
                faults.push(format!("{state} is no state"))
            }
            _ => {}
        }
        faults.iter().map(|fault| format!("{}: {fault}", self.number)).collect()
    }
}

#[test]
fn every_row_is_there_once_and_in_order() {
    let rows = rows();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for row in &rows {
        let (group, number) = row.number.split_once('-').expect("a number such as LIF-01");
        let count = counts.entry(group).or_default();
        *count += 1;
        assert!(GROUPS.iter().any(|(letters, _)| *letters == group), "{} is in no group", row.number);
        assert_eq!(number.parse(), Ok(*count), "{} is out of order", row.number);
    }
    assert_eq!(rows.len(), ROWS);
}

#[test]
fn every_row_that_is_done_names_tests_that_are_there() {
    let faults: Vec<String> = rows().iter().flat_map(Row::faults).collect();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn the_page_of_parity_holds_the_table() {
    hold("deploy/PARITY.md", &page(&rows()));
}

fn page(rows: &[Row]) -> String {
    let mut page = String::from(
        "# Beside smsd, row by row\n\nEvery thing SMS Server Tools 3.1.21 does that can be tried, and what stands beside \
         it here. Made of\n`tests/parity/parity.tsv`; a row that is done or better names what shows it, and a test holds \
         that it is there.\nWhat is done otherwise on purpose is in [DIFFERENCES.md](DIFFERENCES.md).\n\n| state | rows \
         |\n|---|---|\n",
    );
    for (state, word) in STATES {
        let count = rows.iter().filter(|row| row.state == state).count();
        let _ = writeln!(page, "| {word} | {count} |");
    }
    for (letters, title) in GROUPS {
        let _ = writeln!(
            page,
            "\n## {title}\n\n| row | what | state | shown by, or why not |\n|---|---|---|---|"
        );
        for row in rows.iter().filter(|row| row.number.starts_with(letters)) {
            let word = STATES.iter().find(|(state, _)| *state == row.state).map_or("", |(_, word)| word);
            let cells = [&row.what, word, &row.shown].map(|cell| cell.replace('|', "\\|"));
            let _ = writeln!(page, "| {} | {} |", row.number, cells.join(" | "));
        }
    }
    page
}
