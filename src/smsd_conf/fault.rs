//! Why an smsd.conf cannot be used: the line, what is wrong with it, and what to do.

use std::fmt;

/// Most faults that are told; a file with more is another kind of file.
pub const FAULTS_MAX: usize = 100;

/// One fault of a file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// The line, from 1; none for what is missing from the whole file.
    pub line: Option<usize>,
    /// What is wrong.
    pub what: String,
    /// What to do.
    pub fix: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// The faults found so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Faults(Vec<Fault>);

impl Faults {
    /// Notes a fault; those past [`FAULTS_MAX`] are left out.
    pub(super) fn push(&mut self, line: Option<usize>, what: impl Into<String>, fix: impl Into<String>) {
        let fault = Fault { line, what: what.into(), fix: fix.into() };
        if self.0.len() < FAULTS_MAX && !self.0.contains(&fault) {
            self.0.push(fault);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in order of the lines.
    pub(super) fn into_vec(mut self) -> Vec<Fault> {
        self.0.sort();
        self.0
    }
}
