//! What smsnode does otherwise than smsd: the list that tests hold against both, and the page made of it.
//!
//! ```text
//! # Title
//! smsd: what smsd does
//! smsnode: what smsnode does
//! why: the reason
//! test: tests/node/x.rs a_test_that_shows_it
//!
//! group/file
//! - a line only smsd has
//! + a line only smsnode has
//! ```
//!
//! A difference is shown by files, whose differing lines follow their names, or by tests; it has either.

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

/// Widest line of the page.
const WIDTH: usize = 120;

/// One difference.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Its heading.
    pub title: String,
    /// What smsd does.
    pub smsd: String,
    /// What smsnode does.
    pub smsnode: String,
    /// Why.
    pub why: String,
    /// Tests that show it, each `file function`.
    pub tests: Vec<String>,
    /// Files that show it, with the lines that differ.
    pub cases: Vec<(String, Vec<String>)>,
}

/// The whole list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Differences {
    /// In the order of the page.
    pub all: Vec<Difference>,
}

impl Differences {
    /// The list of the repository.
    pub fn read() -> Differences {
        let path = root().join("tests/smsd_oracle/differences.txt");
        Differences::parse(&fs::read_to_string(path).expect("the list is there"))
    }

    /// The list in `text`; panics at a line that is none of the form above.
    pub fn parse(text: &str) -> Differences {
        let mut all: Vec<Difference> = Vec::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(title) = line.strip_prefix("# ") {
                all.push(Difference { title: title.to_owned(), ..Difference::default() });
                continue;
            }
            all.last_mut().unwrap_or_else(|| panic!("before the first title: {line}")).take(line);
        }
        all.iter().for_each(Difference::check);
        Differences { all }
    }

    /// The lines in which a file differs, of all differences together.
    pub fn lines_of(&self, case: &str) -> Vec<String> {
        let cases = self.all.iter().flat_map(|difference| &difference.cases);
        cases.filter(|(name, _)| name == case).flat_map(|(_, lines)| lines.clone()).collect()
    }

    /// Every file that is named.
    pub fn cases(&self) -> impl Iterator<Item = &str> {
        self.all.iter().flat_map(|difference| &difference.cases).map(|(name, _)| name.as_str())
    }

    /// The page for an operator.
    pub fn page(&self) -> String {
        let mut page = String::from(INTRODUCTION);
        for difference in &self.all {
            let _ = writeln!(page, "\n## {}\n", difference.title);
            for (word, text) in
                [("smsd", &difference.smsd), ("smsnode", &difference.smsnode), ("Why", &difference.why)]
            {
                page.push_str(&wrapped(&format!("- {word}: {text}")));
            }
            page.push_str(&wrapped(&format!("- Shown by: {}", difference.shown_by())));
        }
        page
    }
}

const INTRODUCTION: &str = "# What smsnode does otherwise than smsd

Debian's smsd 3.1.21 and smsnode run on the same smsd.conf, with the same kind of modem, and get the same files
(`tests/smsd_oracle`). What is not listed here is the same: PDUs octet for octet, folders, headers and their order,
bodies. A difference that is not listed fails the test, and so does a listed one that is gone. This page is made of
`tests/smsd_oracle/differences.txt`.
";

impl Difference {
    fn take(&mut self, line: &str) {
        let field = |name: &str| line.strip_prefix(name).map(str::to_owned);
        if let Some(text) = field("smsd: ") {
            self.smsd = text;
        } else if let Some(text) = field("smsnode: ") {
            self.smsnode = text;
        } else if let Some(text) = field("why: ") {
            self.why = text;
        } else if let Some(test) = field("test: ") {
            self.tests.push(test);
        } else if line.starts_with("- ") || line.starts_with("+ ") {
            let (_, lines) = self.cases.last_mut().unwrap_or_else(|| panic!("no file before: {line}"));
            lines.push(line.to_owned());
        } else {
            assert!(line.contains('/') && !line.contains(' '), "neither a field nor a file: {line}");
            self.cases.push((line.to_owned(), Vec::new()));
        }
    }

    fn check(&self) {
        let title = &self.title;
        for (name, text) in [("smsd", &self.smsd), ("smsnode", &self.smsnode), ("why", &self.why)] {
            assert!(!text.is_empty(), "{title}: `{name}:` is missing");
        }
        assert!(self.tests.is_empty() != self.cases.is_empty(), "{title}: either files show it or tests do");
        for (case, lines) in &self.cases {
            assert!(!lines.is_empty(), "{title}: {case} differs in no line");
        }
    }

    fn shown_by(&self) -> String {
        let files = self.cases.iter().map(|(name, _)| format!("`{name}`"));
        let tests = self.tests.iter().map(|test| format!("`{test}`"));
        files.chain(tests).collect::<Vec<_>>().join(", ")
    }
}

/// The root of the repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the root").to_owned()
}

/// A list item in lines of at most `WIDTH` characters.
pub fn wrapped(item: &str) -> String {
    let mut lines = vec![String::new()];
    for word in item.split(' ') {
        let last = lines.last_mut().expect("never empty");
        if !last.is_empty() && last.chars().count() + 1 + word.chars().count() > WIDTH {
            lines.push(format!("  {word}"));
        } else {
            last.push_str(if last.is_empty() { "" } else { " " });
            last.push_str(word);
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# One\nsmsd: a\nsmsnode: b\nwhy: c\n\nplain/x\n- 1\n+ 2\n\n# Two\nsmsd: a\nsmsnode: b\nwhy: c\n\
                        test: tests/node/x.rs f\n";

    #[test]
    fn a_list_is_read_and_becomes_a_page() {
        let differences = Differences::parse(LIST);

        assert_eq!(differences.lines_of("plain/x"), ["- 1", "+ 2"]);
        assert_eq!(differences.lines_of("plain/y"), Vec::<String>::new());
        assert_eq!(differences.cases().collect::<Vec<_>>(), ["plain/x"]);
        let page = differences.page();
        assert!(
            page.contains("\n## One\n\n- smsd: a\n- smsnode: b\n- Why: c\n- Shown by: `plain/x`\n"),
            "{page}"
        );
        assert!(page.contains("- Shown by: `tests/node/x.rs f`\n"), "{page}");
    }

    #[test]
    #[should_panic(expected = "`why:` is missing")]
    fn a_difference_without_a_reason_is_refused() {
        Differences::parse("# One\nsmsd: a\nsmsnode: b\n\nplain/x\n- 1\n");
    }

    #[test]
    #[should_panic(expected = "either files show it or tests do")]
    fn a_difference_that_nothing_shows_is_refused() {
        Differences::parse("# One\nsmsd: a\nsmsnode: b\nwhy: c\n");
    }

    #[test]
    fn a_long_item_is_wrapped_under_itself() {
        let wrapped = wrapped(&format!("- a: {}", "word ".repeat(40).trim_end()));
        assert!(wrapped.lines().all(|line| line.chars().count() <= WIDTH), "{wrapped}");
        assert!(wrapped.lines().skip(1).all(|line| line.starts_with("  word")), "{wrapped}");
    }
}
