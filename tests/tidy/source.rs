//! A Rust file as a flat row of tokens with their lines: comments are gone, so a rule sees only code.

use std::collections::BTreeSet;
use std::ops::Range;

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};

use crate::tree::File;

/// One token of code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Token {
    /// The word, the literal, the punctuation mark, or the bracket.
    pub(crate) text: String,
    /// First line, from 1.
    pub(crate) line: usize,
    /// First column, from 0.
    pub(crate) column: usize,
    /// Last line; a text may span several.
    pub(crate) line_last: usize,
    /// Brackets around it.
    pub(crate) depth: usize,
}

/// A Rust file.
#[derive(Debug)]
pub(crate) struct Source {
    /// Its path from the root.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
    /// Its code, without comments and doc comments.
    pub(crate) tokens: Vec<Token>,
}

impl Source {
    /// Reads `file`, which must be Rust.
    pub(crate) fn parse(file: &File) -> Source {
        let stream: TokenStream = match file.text.parse() {
            Ok(stream) => stream,
            Err(error) => panic!("{}: no Rust: {error}", file.path),
        };
        let mut tokens = Vec::new();
        flatten(stream, 0, &mut tokens);
        Source { path: file.path.clone(), text: file.text.clone(), tokens: without_doc_comments(tokens) }
    }

    /// Whether the tokens from `at` on read like `words`.
    pub(crate) fn reads(&self, at: usize, words: &[&str]) -> bool {
        words.iter().enumerate().all(|(offset, word)| self.text_at(at + offset) == *word)
    }

    /// The text of a token, or nothing past the end.
    pub(crate) fn text_at(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text.as_str())
    }

    /// The index of the bracket that closes the one at `open`.
    pub(crate) fn closing(&self, open: usize) -> usize {
        let depth = self.tokens[open].depth;
        let after = &self.tokens[open + 1..];
        after.iter().position(|token| token.depth == depth).map_or(self.tokens.len() - 1, |at| open + 1 + at)
    }

    /// The lines with code in a range of tokens.
    pub(crate) fn lines_of_code(&self, tokens: Range<usize>) -> usize {
        let lines: BTreeSet<usize> =
            self.tokens[tokens].iter().flat_map(|token| token.line..=token.line_last).collect();
        lines.len()
    }

    /// The tokens of every item under `#[cfg(test)]`, the attribute included.
    pub(crate) fn test_items(&self) -> Vec<Range<usize>> {
        let mut items: Vec<Range<usize>> = Vec::new();
        for at in 0..self.tokens.len() {
            let inside = items.last().is_some_and(|item| item.contains(&at));
            if !inside && self.is_test_attribute(at) {
                items.push(at..self.item_end(at));
            }
        }
        items
    }

    /// The files that this one declares as modules for tests only.
    pub(crate) fn test_module_paths(&self) -> Vec<String> {
        let declares = |item: Range<usize>| {
            let end = item.end;
            let named = self.reads(end.checked_sub(3)?, &["mod"]) && self.text_at(end - 1) == ";";
            named.then(|| self.module_path(item, self.text_at(end - 2)))
        };
        self.test_items().into_iter().filter_map(declares).collect()
    }

    fn module_path(&self, item: Range<usize>, name: &str) -> String {
        let (folder, file) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        if let Some(at) = item.clone().find(|at| self.reads(*at, &["path", "="])) {
            return format!("{folder}/{}", self.text_at(at + 2).trim_matches('"'));
        }
        match file.trim_end_matches(".rs") {
            "mod" | "lib" | "main" => format!("{folder}/{name}.rs"),
            parent => format!("{folder}/{parent}/{name}.rs"),
        }
    }

    fn is_test_attribute(&self, at: usize) -> bool {
        if !self.reads(at, &["#", "[", "cfg", "("]) {
            return false;
        }
        let condition = &self.tokens[at + 4..self.closing(at + 3)];
        condition.iter().any(|token| token.text == "test")
            && condition.iter().all(|token| token.text != "not")
    }

    /// The index after the item that starts at `start` with its attributes.
    fn item_end(&self, start: usize) -> usize {
        let mut at = start;
        while self.reads(at, &["#", "["]) {
            at = self.closing(at + 1) + 1;
        }
        while at < self.tokens.len() {
            match self.text_at(at) {
                ";" => return at + 1,
                "{" => return self.after_braces(at),
                "(" | "[" => at = self.closing(at) + 1,
                _ => at += 1,
            }
        }
        self.tokens.len()
    }

    /// The index after a brace group, and after the `;` of a `use` that ends with one.
    fn after_braces(&self, open: usize) -> usize {
        let after = self.closing(open) + 1;
        if self.text_at(after) == ";" { after + 1 } else { after }
    }
}

fn flatten(stream: TokenStream, depth: usize, into: &mut Vec<Token>) {
    let token = |text: &str, span: Span| Token {
        text: text.to_owned(),
        line: span.start().line,
        column: span.start().column,
        line_last: span.end().line,
        depth,
    };
    for tree in stream {
        let TokenTree::Group(group) = tree else {
            into.push(token(&tree.to_string(), tree.span()));
            continue;
        };
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::None => ("", ""),
        };
        into.push(token(open, group.span_open()));
        flatten(group.stream(), depth + 1, into);
        into.push(token(close, group.span_close()));
    }
}

/// The lexer turns `/// text` into `#[doc = "text"]`, all of it standing where the comment stands.
fn without_doc_comments(tokens: Vec<Token>) -> Vec<Token> {
    let mut kept: Vec<Token> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let inner = usize::from(tokens.get(at + 1).is_some_and(|token| token.text == "!"));
        let word = tokens.get(at + 2 + inner);
        let mark = &tokens[at];
        let is_comment = |word: &Token| {
            mark.text == "#" && word.text == "doc" && (word.line, word.column) == (mark.line, mark.column)
        };
        if word.is_some_and(is_comment) {
            at += 6 + inner; // # ! [ doc = "text" ]
        } else {
            kept.push(mark.clone());
            at += 1;
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::parse(&File { path: "src/a.rs".to_owned(), text: text.to_owned() })
    }

    #[test]
    fn comments_blank_lines_and_doc_comments_are_no_code() {
        let file =
            source("//! A.\n\n// why\n/// What.\n/** More. */\nfn a() {\n\n    /* no */\n    b();\n}\n");

        assert_eq!(file.lines_of_code(0..file.tokens.len()), 3);
        assert!(!file.tokens.iter().any(|token| token.text == "doc"));
    }

    #[test]
    fn a_text_over_three_lines_is_three_lines_of_code() {
        let file = source("//! A.\nconst A: &str = \"1\n2\n3\";\n");

        assert_eq!(file.lines_of_code(0..file.tokens.len()), 3);
    }

    #[test]
    fn items_for_tests_are_found_and_others_are_not() {
        let file = source(
            "#[cfg(test)]\nuse a::{b, c};\nfn x() {}\n#[cfg(all(test, unix))]\n#[allow(a)]\nmod t { fn y() {} }\n#[cfg(not(test))]\nfn z() {}\n",
        );

        let lines: Vec<(usize, usize)> = file
            .test_items()
            .into_iter()
            .map(|item| (file.tokens[item.start].line, file.tokens[item.end - 1].line))
            .collect();

        assert_eq!(lines, [(1, 2), (4, 6)]);
    }
}
