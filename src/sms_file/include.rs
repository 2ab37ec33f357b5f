//! `Include:`: other files whose headers and text count as if they stood in the file, one level deep.

use std::sync::Arc;

use super::{Document, Header, Rejection, Translation};

/// Most files that one file includes.
pub const INCLUDES_MAX: usize = 8;
/// Longest path that is told of, in characters.
const PATH_CHARS_MAX: usize = 200;
/// Headers that count in the file itself alone: one level deep, and what became of others is not its own.
const NOT_INCLUDED: [Header; 2] = [Header::Include, Header::Recipient];

/// The octets of an included file, or why it cannot be read.
pub type Included = Result<Vec<u8>, String>;

impl Document {
    /// The paths its `Include:` headers name, in their order.
    pub fn includes(&self) -> Vec<Vec<u8>> {
        let own = self.own_headers().filter(|(header, _)| *header == Header::Include);
        own.map(|(_, path)| path).collect()
    }

    /// The same file with those it includes, in the order of [`Document::includes`].
    pub fn with_included(mut self, included: &[Included]) -> Result<Document, Rejection> {
        let paths = self.includes();
        if paths.len() > INCLUDES_MAX {
            return Err(Rejection::TooManyIncludes { limit: INCLUDES_MAX });
        }
        let mut documents = Vec::new();
        for (number, path) in paths.iter().enumerate() {
            let octets = match included.get(number) {
                Some(Ok(octets)) => octets,
                Some(Err(why)) => return Err(unread(path, why)),
                None => return Err(unread(path, "it was not looked for")),
            };
            documents.push(read(octets, path, self.translation())?);
        }
        self.included = documents;
        Ok(self)
    }

    /// Refuses a file whose `Include:` nobody followed.
    pub(super) fn is_whole(&self) -> Result<(), Rejection> {
        match self.includes().get(self.included.len()) {
            Some(path) => Err(unread(path, "it was not looked for")),
            None => Ok(()),
        }
    }

    /// Headers of an included file that count in the one that includes it.
    pub(super) fn headers_to_include(&self) -> impl Iterator<Item = (Header, Vec<u8>)> + '_ {
        self.own_headers().filter(|(header, _)| !NOT_INCLUDED.contains(header))
    }
}

fn read(octets: &[u8], path: &[u8], translation: &Arc<Translation>) -> Result<Document, Rejection> {
    Document::read_translated(octets, translation).map_err(|why| unread(path, &why.to_string()))
}

fn unread(path: &[u8], why: &str) -> Rejection {
    let path = String::from_utf8_lossy(path).chars().take(PATH_CHARS_MAX).collect();
    Rejection::NotIncluded { path, why: why.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::super::{Body, Request, Settings};
    use super::*;

    /// Number and text of a file with those it includes, as smsd 3.1.21 sends them.
    fn sent(file: &str, included: &[&str]) -> Result<(String, Vec<u8>), String> {
        let included: Vec<Included> = included.iter().map(|text| Ok(text.as_bytes().to_vec())).collect();
        let read = Document::read(file.as_bytes())
            .and_then(|document| document.with_included(&included))
            .and_then(|document| Request::read(&document, &Settings::default()))
            .map_err(|rejection| rejection.to_string())?;
        let text = match read.body {
            Body::Latin(letters) => format!("{letters:?}").into_bytes(),
            Body::Septets(octets) | Body::Octets(octets) => octets,
            other @ (Body::Text(_) | Body::Ucs2(_) | Body::Pdu(_) | Body::Call(_)) => panic!("{other:?}"),
        };
        Ok((read.number, text))
    }

    #[test]
    fn headers_count_where_the_file_is_named_and_texts_stand_before_its_own() {
        let gsm = "Alphabet: GSM\n";
        for (file, included, number, text) in [
            ("To: 1\nInclude: /a\n\nown", &["\nother\n"][..], "1", "other\nown"),
            ("To: 1\nInclude: /a\n", &["\nother\n"], "1", "other\n"),
            ("To: 1\nInclude: /a\n\nown", &["To: 2\n\n"], "2", "own"),
            ("Include: /a\nTo: 1\n\nown", &["To: 2\n\n"], "1", "own"),
            ("To: 1\nInclude: /a\nInclude: /b\n\nown", &["\none", "\ntwo"], "1", "onetwoown"),
            ("To: 1\nInclude: /a\n\nown", &["no empty line\n"], "1", "own"),
            ("To: 1\nInclude: /a\n\nown", &["Include: /b\n\nnest"], "1", "nestown"),
        ] {
            let found = sent(&format!("{gsm}{file}"), included);
            assert_eq!(found, Ok((number.to_owned(), text.as_bytes().to_vec())), "{file} {included:?}");
        }
        // Each ISO text loses the blanks at its end, and macros count in all of them.
        let trimmed = sent("To: 1\nMacro: X=a\nInclude: /a\n\nX", &["Macro: X=b\n\nX \n"]);
        assert_eq!(trimmed, sent("To: 1\n\nbb", &[]));
        let dump = sent("To: 1\nInclude: /a\n\n03", &["Alphabet: binary\nHex: yes\nUDH: no\n\n01 02\n"]);
        assert_eq!(dump, Ok(("1".to_owned(), vec![1, 2, 3])));
    }

    #[test]
    fn a_file_is_refused_without_what_it_includes() {
        let document = || Document::read(b"To: 1\nInclude: /a\nInclude: /b\n\nown").expect("small");
        let refused = |included: &[Included]| document().with_included(included).expect_err("").to_string();

        let told = refused(&[Ok(Vec::new()), Err("it is a folder".to_owned())]);
        assert_eq!(told, "Cannot read included file /b: it is a folder");
        assert_eq!(refused(&[]), "Cannot read included file /a: it was not looked for");
        let large = vec![b'x'; crate::sms_file::FILE_OCTETS_MAX + 1];
        assert!(refused(&[Ok(large)]).starts_with("Cannot read included file /a: File is larger"));
        let many = "Include: /a\n".repeat(INCLUDES_MAX + 1);
        assert_eq!(sent(&many, &[""; INCLUDES_MAX + 1]), Err("More than 8 Include: headers".to_owned()));
        let half = "x".repeat(super::super::BODY_OCTETS_MAX / 2 + 1);
        let too_long = sent(&format!("To: 1\nInclude: /a\n\n{half}"), &[&format!("\n{half}")]);
        assert_eq!(too_long, Err("Too long text".to_owned()));
        assert_eq!(sent("To: 1\nInclude: /a\n\n", &[""]), Err("No text or data".to_owned()));
    }
}
