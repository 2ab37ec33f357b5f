//! A broken rule: where, and what to do about it.

use std::fmt;

/// One broken rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Fault {
    /// The file, from the root of the tree.
    pub(crate) path: String,
    /// The line from 1, or 0 when the file as a whole is meant.
    pub(crate) line: usize,
    /// What is wrong with it.
    pub(crate) what: String,
}

impl Fault {
    /// The fault `what` at `line` of `path`.
    pub(crate) fn new(path: &str, line: usize, what: impl Into<String>) -> Fault {
        Fault { path: path.to_owned(), line, what: what.into() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => write!(f, "{}: {}", self.path, self.what),
            line => write!(f, "{}:{line}: {}", self.path, self.what),
        }
    }
}

/// Fails the test with every fault, in order of the files.
#[track_caller]
pub(crate) fn report(faults: impl IntoIterator<Item = Fault>) {
    let mut faults: Vec<Fault> = faults.into_iter().collect();
    faults.sort();
    let lines: Vec<String> = faults.iter().map(Fault::to_string).collect();
    assert!(lines.is_empty(), "{} faults:\n{}", lines.len(), lines.join("\n"));
}

#[test]
#[should_panic(expected = "2 faults:\na.rs:3: wrong\nb.rs: gone")]
fn every_fault_is_told_at_once() {
    report([Fault::new("b.rs", 0, "gone"), Fault::new("a.rs", 3, "wrong")]);
}
