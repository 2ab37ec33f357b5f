//! What reading the file brings to light: its faults with their lines, and the effective file.

use std::fmt::Write;
use std::path::{Path, PathBuf};

use smsgrid_proto::{Problem, Reason};

/// Faults and effective settings of one file.
pub(super) struct Report {
    name: String,
    path: Option<PathBuf>,
    text: String,
    /// The line of another file that each line of this one was made of; none when people wrote it themselves.
    origin: Option<Vec<Option<usize>>>,
    faults: Vec<(usize, Problem)>,
    rows: Vec<Row>,
    notices: Vec<String>,
}

/// One setting of the effective file.
struct Row {
    section: String,
    line: String,
}

impl Report {
    /// Nothing found yet in `text`, called `name`.
    pub(super) fn new(name: &str, text: &str) -> Report {
        Report {
            name: name.to_owned(),
            path: None,
            text: text.to_owned(),
            origin: None,
            faults: Vec::new(),
            rows: Vec::new(),
            notices: Vec::new(),
        }
    }

    /// Nothing found yet in `text`, read from the file at `path`.
    pub(super) fn of_file(path: &Path, text: &str) -> Report {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        Report { path: Some(path.to_owned()), ..Report::new(&name, text) }
    }

    /// Nothing found yet in `text`, made of the file `name`: each of its lines comes from one of `origin`.
    pub(super) fn of_conversion(name: &str, text: &str, origin: Vec<Option<usize>>) -> Report {
        Report { origin: Some(origin), ..Report::new(name, text) }
    }

    /// Where the file lies, if it is one.
    pub(super) fn path(&self) -> Option<&Path> {
        self.path.as_deref()
    }

    /// The text between two octets of the file.
    pub(super) fn text(&self, span: std::ops::Range<usize>) -> &str {
        self.text.get(span).unwrap_or_default()
    }

    /// The line of an octet, from 1.
    pub(super) fn line(&self, at: usize) -> usize {
        1 + self.text.bytes().take(at).filter(|octet| *octet == b'\n').count()
    }

    /// The octet `at` for people: the line they wrote.
    fn place(&self, at: usize) -> String {
        let line = self.line(at);
        let written = match &self.origin {
            None => Some(line),
            Some(origin) => origin.get(line.saturating_sub(1)).copied().flatten(),
        };
        match written {
            Some(line) => format!("{} line {line}", self.name),
            None => format!("{}, as it is converted", self.name),
        }
    }

    /// Notes that `what` is wrong at the octet `at`.
    pub(super) fn fault(
        &mut self,
        at: usize,
        reason: Reason,
        what: &str,
        why: Option<&str>,
        fix: Option<&str>,
    ) {
        let title = format!("{}: {what}", self.place(at));
        let mut problem = Problem::new(reason, title);
        problem.why = why.map(str::to_owned);
        problem.fix = fix.map(str::to_owned);
        self.faults.push((at, problem));
    }

    /// Whether no fault was noted.
    pub(super) fn is_clean(&self) -> bool {
        self.faults.is_empty()
    }

    /// Notes a setting of the effective file, as its line.
    pub(super) fn setting(&mut self, section: &str, line: String) {
        self.rows.push(Row { section: section.to_owned(), line });
    }

    /// How many settings were noted.
    pub(super) fn settings(&self) -> usize {
        self.rows.len()
    }

    /// Takes back the settings noted after the first `before` of them.
    pub(super) fn take_settings(&mut self, before: usize) -> Vec<String> {
        self.rows.drain(before..).map(|row| row.line).collect()
    }

    /// Notes what is no fault and may be a mistake.
    pub(super) fn notice(&mut self, notice: String) {
        self.notices.push(notice);
    }

    /// What is no fault and may be a mistake.
    pub(super) fn notices(&self) -> &[String] {
        &self.notices
    }

    /// Every fault, in order of the lines.
    pub(super) fn into_problems(mut self) -> Vec<Problem> {
        self.faults.sort_by_key(|(at, _)| *at);
        self.faults.into_iter().map(|(_, problem)| problem).collect()
    }

    /// The effective file.
    pub(super) fn effective(&self) -> String {
        let mut text = String::new();
        let mut section = None;
        for row in &self.rows {
            if section != Some(&row.section) {
                let gap = if text.is_empty() { "" } else { "\n" };
                // Writing to a String cannot fail.
                let _ = match row.section.as_str() {
                    "" => Ok(()),
                    section => writeln!(text, "{gap}[{section}]"),
                };
                section = Some(&row.section);
            }
            let _ = writeln!(text, "{}", row.line);
        }
        text
    }
}
