//! What shows a row: tests, each `file function`, and files of data, with `; ` between them. Other words explain.

use std::fs;

use smsgrid_tests::differences::root;

/// What begins the path of a test or of its data.
const ROOMS: [&str; 5] = ["tests/", "src/", "node/", "ctl/", "proto/"];

/// Something that shows a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Shown<'a> {
    path: &'a str,
    function: Option<&'a str>,
}

/// Every test and file that `text` names.
pub(crate) fn all(text: &str) -> Vec<Shown<'_>> {
    text.split("; ").filter_map(Shown::of).collect()
}

impl<'a> Shown<'a> {
    /// The last words of a piece, when they are a path, or a path and a function; an explanation may stand before.
    fn of(piece: &'a str) -> Option<Shown<'a>> {
        let words: Vec<&str> = piece.split(' ').collect();
        let at = words.iter().position(|word| ROOMS.iter().any(|room| word.starts_with(room)))?;
        Some(Shown { path: words[at], function: words.get(at + 1).copied() })
    }

    /// Why it is not there, if it is not.
    pub(crate) fn fault(self) -> Option<String> {
        let Ok(octets) = fs::read(root().join(self.path)) else {
            return Some(format!("no file {}", self.path));
        };
        let (Some(function), text) = (self.function, String::from_utf8_lossy(&octets)) else { return None };
        let is_there = text.contains(&format!("fn {function}("));
        (!is_there).then(|| format!("no function {function} in {}", self.path))
    }
}

#[test]
fn a_test_that_is_not_there_is_noticed() {
    let fault = |text: &str| all(text).into_iter().find_map(Shown::fault);

    assert_eq!(fault("as smsd does: tests/parity/shown.rs a_test_that_is_not_there_is_noticed"), None);
    assert!(fault("tests/parity/shown.rs some_other_test").is_some());
    assert!(fault("tests/parity/nothing.rs a").is_some());
    assert_eq!(all("because it is so"), []);
}
