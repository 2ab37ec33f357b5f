//! Size: a file says what it is and holds one idea, a function fits on a screen.

use std::ops::Range;

use crate::fault::Fault;
use crate::source::Source;

/// Most lines of code in a file; blank lines, comments and tests are not counted.
const FILE_LINES_MAX: usize = 500;
/// Most lines of code in the body of a function.
const FUNCTION_LINES_MAX: usize = 70;

/// A file opens with `//!`.
pub(crate) fn opening(source: &Source) -> Option<Fault> {
    let opens = source.text.starts_with("//! ");
    (!opens).then(|| Fault::new(&source.path, 1, "open the file with `//!` and what it is"))
}

/// A file holds at most [`FILE_LINES_MAX`] lines of code.
pub(crate) fn length(source: &Source) -> Option<Fault> {
    let for_tests: usize = source.test_items().into_iter().map(|item| source.lines_of_code(item)).sum();
    let lines = source.lines_of_code(0..source.tokens.len()) - for_tests;
    let what = format!("{lines} lines of code, at most {FILE_LINES_MAX}: split it by idea");
    (lines > FILE_LINES_MAX).then(|| Fault::new(&source.path, 0, what))
}

/// A function has at most [`FUNCTION_LINES_MAX`] lines of code.
pub(crate) fn functions(source: &Source) -> Vec<Fault> {
    let body = |at: usize| {
        let body = function_body(source, at)?;
        let lines = source.lines_of_code(body);
        let name = source.text_at(at + 1);
        let what = format!("`{name}` has {lines} lines of code, at most {FUNCTION_LINES_MAX}");
        (lines > FUNCTION_LINES_MAX).then(|| Fault::new(&source.path, source.tokens[at].line, what))
    };
    (0..source.tokens.len()).filter_map(body).collect()
}

/// The tokens between the braces of the function whose `fn` stands at `at`.
fn function_body(source: &Source, at: usize) -> Option<Range<usize>> {
    let is_word = |text: &str| text.starts_with(|c: char| c.is_alphabetic() || c == '_');
    if source.text_at(at) != "fn" || !is_word(source.text_at(at + 1)) {
        return None;
    }
    let depth = source.tokens[at].depth;
    let mut rest = (at..source.tokens.len()).skip_while(|i| {
        let token = &source.tokens[*i];
        token.depth > depth || (token.depth == depth && token.text != "{" && token.text != ";")
    });
    let open =
        rest.next().filter(|open| source.text_at(*open) == "{" && source.tokens[*open].depth == depth)?;
    Some(open + 1..source.closing(open))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::File;

    fn source(text: &str) -> Source {
        Source::parse(&File { path: "src/a.rs".to_owned(), text: text.to_owned() })
    }

    #[test]
    fn a_file_without_an_opening_is_refused() {
        assert!(opening(&source("//! A.\n")).is_none());
        assert!(opening(&source("// A.\nfn a() {}\n")).is_some());
        assert!(opening(&source("\n//! A.\n")).is_some());
    }

    #[test]
    fn line_five_hundred_and_one_is_refused() {
        let lines = |count: usize| "const A: u8 = 1;\n".repeat(count);
        let tests = format!("// a comment\n\n#[cfg(test)]\nmod tests {{\n{}}}\n", lines(600));

        assert!(length(&source(&(lines(500) + &tests))).is_none());
        assert!(length(&source(&(lines(501) + &tests))).is_some());
    }

    #[test]
    fn a_function_of_seventy_one_lines_is_refused() {
        let function = |count: usize| {
            format!("fn a<const N: usize>(b: [u8; 2])\nwhere\n{{\n{}}}\n", "b();\n".repeat(count))
        };

        assert!(functions(&source(&function(70))).is_empty());
        assert_eq!(
            functions(&source(&function(71))),
            [Fault::new("src/a.rs", 1, "`a` has 71 lines of code, at most 70")]
        );
    }

    #[test]
    fn a_declaration_without_a_body_takes_no_body_from_its_neighbour() {
        let text = format!("trait A {{ fn a(); }}\nmod b {{\n{}}}\n", "const A: fn() = b;\n".repeat(80));

        assert!(functions(&source(&text)).is_empty());
    }
}
