//! A message file as lines: headers kept octet for octet, and the body behind the first empty line.

use std::ops::Range;
use std::sync::Arc;

use super::header::Header;
use super::value::{self, LINE_OCTETS_MAX};
use super::{Entry, FILE_OCTETS_MAX, Rejection, Translation};

/// The byte order mark of UTF-8; smsd removes it from the file.
const BYTE_ORDER_MARK: &[u8] = &[0xEF, 0xBB, 0xBF];

/// A message file, read but not judged.
///
/// Nothing of it is lost: what [`Document::with_result`] writes holds the original headers and the original body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    octets: Vec<u8>,
    lines: Vec<Range<usize>>,
    body: Option<usize>,
    /// Headers that are added before those of a result, and behind them.
    added: [Vec<Entry>; 2],
    translation: Arc<Translation>,
    /// The files it includes.
    pub(super) included: Vec<Document>,
}

impl Document {
    /// Cuts a file with English headers into header lines and body.
    pub fn read(file: &[u8]) -> Result<Document, Rejection> {
        Document::read_translated(file, &Arc::default())
    }

    /// Cuts a file into header lines and body; its headers, and those of its result, may have other names. The only
    /// refusal is a file above [`FILE_OCTETS_MAX`].
    pub fn read_translated(file: &[u8], translation: &Arc<Translation>) -> Result<Document, Rejection> {
        if file.len() > FILE_OCTETS_MAX {
            return Err(Rejection::FileTooLarge { limit: FILE_OCTETS_MAX });
        }
        let octets = file.strip_prefix(BYTE_ORDER_MARK).unwrap_or(file).to_vec();
        let (mut lines, mut body) = (Vec::new(), None);
        let mut start = 0;
        while let Some(line) = next_line(&octets, start) {
            start = line.end;
            if is_blank(octets.get(line.clone()).unwrap_or_default()) {
                body = Some(start);
                break;
            }
            lines.push(line);
        }
        let (added, included) = (Default::default(), Vec::new());
        Ok(Document { octets, lines, body, added, translation: translation.clone(), included })
    }

    /// The file with one more header behind those it has.
    pub fn with_header(&self, entry: Entry) -> Vec<u8> {
        let end = self.lines.last().map_or(0, |line| line.end);
        let (headers, rest) = self.octets.split_at_checked(end).unwrap_or_default();
        let mut file = headers.to_vec();
        if !headers.is_empty() && !headers.ends_with(b"\n") {
            file.push(b'\n');
        }
        write_entries(&mut file, &[entry], &Translation::default());
        file.extend_from_slice(rest);
        file
    }

    /// The body, octet for octet; none when no empty line ends the header.
    pub fn body(&self) -> Option<&[u8]> {
        self.body.and_then(|start| self.octets.get(start..))
    }

    /// Every text that is not empty: those of the files it includes, then its own.
    pub(super) fn texts(&self) -> Vec<&[u8]> {
        let all = self.included.iter().filter_map(Document::body).chain(self.body());
        all.filter(|text| !text.is_empty()).collect()
    }

    /// The known headers in the order of the file, with their values; those of a file it includes stand behind the
    /// `Include:` that names it.
    pub fn headers(&self) -> impl Iterator<Item = (Header, Vec<u8>)> + '_ {
        let mut included = self.included.iter();
        self.own_headers().flat_map(move |(header, value)| {
            let other = if header == Header::Include { included.next() } else { None };
            std::iter::once((header, value)).chain(other.into_iter().flat_map(Document::headers_to_include))
        })
    }

    /// The known headers of this very file.
    pub(super) fn own_headers(&self) -> impl Iterator<Item = (Header, Vec<u8>)> + '_ {
        self.lines().filter_map(|line| {
            let (header, name) = self.translation.header_of(line)?;
            let value = if header == Header::Macro {
                value::of_line_to_its_end(line, name)
            } else {
                value::of_line(line, name)
            };
            Some((header, value))
        })
    }

    /// The file as it is filed: its headers without those of an older result, then `result`, an empty
    /// line, and the body unchanged.
    pub fn with_result(&self, result: &[Entry]) -> Vec<u8> {
        let mut file = Vec::with_capacity(self.octets.len() + 512);
        let mut cut = Cut::None;
        for line in self.lines() {
            let removed = match cut {
                Cut::Removed => true,
                Cut::Kept | Cut::None => {
                    self.translation.header_of(line).is_some_and(|(h, _)| Header::OF_RESULT.contains(&h))
                }
            };
            let ended = line.ends_with(b"\n");
            if !removed {
                file.extend_from_slice(line);
            }
            cut = match (ended, removed) {
                (true, _) => Cut::None,
                (false, true) => Cut::Removed,
                (false, false) => Cut::Kept,
            };
        }
        if cut == Cut::Kept {
            file.push(b'\n');
        }
        let [before, behind] = &self.added;
        [before, result, behind]
            .into_iter()
            .for_each(|entries| write_entries(&mut file, entries, &self.translation));
        file.extend_from_slice(self.empty_line());
        file.extend_from_slice(self.body().unwrap_or_default());
        file
    }

    /// How its headers may be called.
    pub(super) fn translation(&self) -> &Arc<Translation> {
        &self.translation
    }

    /// Adds a header before those of the result.
    pub fn precede_result(&mut self, entry: Entry) {
        let [before, _] = &mut self.added;
        before.push(entry);
    }

    /// Adds a header behind those of the result.
    pub fn follow_result(&mut self, entry: Entry) {
        let [_, behind] = &mut self.added;
        behind.push(entry);
    }

    /// The empty line before the body as it stands in the file: Windows ends it in its own way.
    fn empty_line(&self) -> &[u8] {
        let start = self.lines.last().map_or(0, |line| line.end);
        let line = self.body.and_then(|body| self.octets.get(start..body)).unwrap_or_default();
        if line.ends_with(b"\n") && line.iter().all(u8::is_ascii_whitespace) { line } else { b"\n" }
    }

    fn lines(&self) -> impl Iterator<Item = &[u8]> + '_ {
        self.lines.iter().filter_map(|line| self.octets.get(line.clone()))
    }
}

/// Writes headers, one a line; those that the translation leaves out are not written.
pub(super) fn write_entries(file: &mut Vec<u8>, entries: &[Entry], translation: &Translation) {
    for entry in entries {
        let Some(name) = translation.written(entry.header) else { continue };
        file.extend_from_slice(name);
        file.push(b' ');
        // A long name leaves less room: a reader takes what does not fit one line for another header.
        let room = LINE_OCTETS_MAX.saturating_sub(name.len() + 2);
        file.extend_from_slice(entry.value.get(..room).unwrap_or(&entry.value));
        file.push(b'\n');
    }
}

/// Whether the line before was cut because it is too long, and what became of its beginning.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cut {
    None,
    Kept,
    Removed,
}

/// The next line with its end, or as much of it as smsd reads at once.
fn next_line(octets: &[u8], start: usize) -> Option<Range<usize>> {
    let rest = octets.get(start..).filter(|rest| !rest.is_empty())?;
    let window = rest.get(..=LINE_OCTETS_MAX).unwrap_or(rest);
    let length = match window.iter().position(|octet| *octet == b'\n') {
        Some(end) => end + 1,
        None => window.len().min(LINE_OCTETS_MAX),
    };
    Some(start..start + length)
}

/// Whether C sees nothing but blanks in the line.
fn is_blank(line: &[u8]) -> bool {
    line.iter().take_while(|octet| **octet != 0).all(|octet| matches!(octet, b' ' | b'\t' | b'\r' | b'\n'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_without_an_empty_line_is_all_header() {
        let document = Document::read(b"To: 4917\nHello\n").expect("small");

        assert_eq!(document.body(), None);
        assert_eq!(headers(&document), [(Header::To, b"4917".to_vec())]);
    }

    #[test]
    fn windows_line_ends_and_a_byte_order_mark_are_read_over() {
        let document = Document::read(b"\xEF\xBB\xBFTo: 4917 \r\nReport: yes\r\n\r\nHi\r\n").expect("small");

        let expected = [(Header::To, b"4917".to_vec()), (Header::Report, b"yes".to_vec())];
        assert_eq!(headers(&document), expected);
        assert_eq!(document.body(), Some(b"Hi\r\n".as_slice()));
    }

    #[test]
    fn a_header_of_756_octets_is_read_as_two_lines() {
        let whole = [b"X-Long: ".as_slice(), &[b'x'; 747], b"\nTo: 1\n\nbody"].concat();
        let cut = [b"X-Long: ".as_slice(), &[b'x'; 747], b"To: 2\n\nbody"].concat();

        let document = Document::read(&whole).expect("small");
        assert_eq!(headers(&document), [(Header::To, b"1".to_vec())]);
        let document = Document::read(&cut).expect("small");
        assert_eq!(headers(&document), [(Header::To, b"2".to_vec())]);
        assert_eq!(document.with_result(&[]), cut);
    }

    #[test]
    fn an_older_result_is_removed_and_everything_else_stays() {
        let file =
            b"To: 1\nAlternate_to: 2\nSent: 26-01-01 00:00:00\nFail_reason: x\nPDU: 00\nFrom: me\n\nbo\n\ndy";
        let result = [Entry { header: Header::Modem, value: b"GSM1".to_vec() }];

        let filed = Document::read(file).expect("small").with_result(&result);

        let expected = b"To: 1\nAlternate_to: 2\nFrom: me\nModem: GSM1\n\nbo\n\ndy";
        assert_eq!(String::from_utf8_lossy(&filed), String::from_utf8_lossy(expected));
    }

    #[test]
    fn the_empty_line_stays_as_it_is_where_it_is_one() {
        let filed = |file: &[u8]| Document::read(file).expect("small").with_result(&[]);

        assert_eq!(filed(b"To: 1\r\n\r\nx"), b"To: 1\r\n\r\nx");
        assert_eq!(filed(b"To: 1\n \t\nx"), b"To: 1\n \t\nx");
        assert_eq!(filed(b"To: 1\n\0x\ny"), b"To: 1\n\ny");
    }

    #[test]
    fn a_translated_file_loses_its_older_result_in_both_languages_and_gets_a_translated_one() {
        let language =
            b"To: = An:\nSent: = Gesendet:\nModem: = -Ger\xE4t:\nIMSI: = -\nFailed: = Gescheitert:\n";
        let translation = Arc::new(Translation::read(language).expect("a language file"));
        let file = b"An: 1\nGesendet: x\nSent: y\nGer\xE4t: z\nGescheitert: q\nIMSI: 1\nFrom: me\n\nbody";
        let entry = |header, value: &[u8]| Entry { header, value: value.to_vec() };
        let result = [
            entry(Header::Modem, b"GSM1"),
            entry(Header::Sent, b"now"),
            entry(Header::Imsi, b"2"),
            entry(Header::Imei, b"3"),
        ];

        let document = Document::read_translated(file, &translation).expect("small");

        assert_eq!(headers(&document)[0], (Header::To, b"1".to_vec()));
        let filed = document.with_result(&result);
        assert_eq!(filed, b"An: 1\nFrom: me\nGesendet: now\nIMEI: 3\n\nbody");
        let english = Document::read(&filed).expect("small");
        assert_eq!(headers(&english), [(Header::From, b"me".to_vec()), (Header::Imei, b"3".to_vec())]);
    }

    #[test]
    fn a_value_behind_a_long_name_stays_on_its_line() {
        let language = format!("Fail_reason: = {}:\n", "x".repeat(98));
        let translation = Arc::new(Translation::read(language.as_bytes()).expect("a language file"));
        let document = Document::read_translated(b"To: 1\n\nx", &translation).expect("small");

        let filed = document.with_result(&[Entry::new(Header::FailReason, &"y".repeat(5000))]);

        assert!(filed.split(|octet| *octet == b'\n').all(|line| line.len() < LINE_OCTETS_MAX));
    }

    #[test]
    fn one_more_header_stands_behind_the_others() {
        for (file, expected) in [
            ("To: 1\nSent: x\n\nbody", "To: 1\nSent: x\nQueue: A\n\nbody"),
            ("To: 1\r\n\r\nbody\r\n", "To: 1\r\nQueue: A\n\r\nbody\r\n"),
            ("To: 1", "To: 1\nQueue: A\n"),
            ("\nbody", "Queue: A\n\nbody"),
        ] {
            let document = Document::read(file.as_bytes()).expect("small");
            let written = document.with_header(Entry::new(Header::Queue, "A"));
            assert_eq!(String::from_utf8_lossy(&written), expected);
        }
    }

    #[test]
    fn the_last_header_gets_the_line_end_it_lacks() {
        let filed = Document::read(b"To: 1").expect("small").with_result(&[]);
        assert_eq!(filed, b"To: 1\n\n");
        assert_eq!(Document::read(b"").expect("small").with_result(&[]), b"\n");
    }

    #[test]
    fn a_macro_keeps_the_blanks_at_its_end() {
        let document = Document::read(b"Macro:  A = b \nTo: 1 \n\nx").expect("small");

        assert_eq!(headers(&document), [(Header::Macro, b"A = b ".to_vec()), (Header::To, b"1".to_vec())]);
    }

    #[test]
    fn a_value_ends_at_its_first_nul() {
        let document = Document::read(b"To: 49\x0017\n\0\nbody").expect("small");

        assert_eq!(headers(&document), [(Header::To, b"49".to_vec())]);
        assert_eq!(document.body(), Some(b"body".as_slice()));
    }

    #[test]
    fn a_file_above_the_limit_is_refused() {
        let limit = FILE_OCTETS_MAX;
        assert!(Document::read(&vec![b'a'; limit]).is_ok());
        assert_eq!(Document::read(&vec![b'a'; limit + 1]), Err(Rejection::FileTooLarge { limit }));
    }

    proptest! {
        #[test]
        fn any_octets_are_read_and_their_body_survives(
            file in prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b':'), Just(b' ')], 0..2000),
        ) {
            let document = Document::read(&file).expect("small");
            let filed = document.with_result(&[Entry { header: Header::Sent, value: b"now".to_vec() }]);
            let again = Document::read(&filed).expect("small");

            prop_assert_eq!(again.body(), Some(document.body().unwrap_or_default()));
            prop_assert!(headers(&again).contains(&(Header::Sent, b"now".to_vec())));
        }

        #[test]
        fn cut_lines_survive_being_filed(octets in prop::collection::vec(Just(b'a'), 700..3000)) {
            let file = [octets.as_slice(), b"\n\nbody"].concat();
            prop_assert_eq!(Document::read(&file).expect("small").with_result(&[]), file);
        }
    }

    fn headers(document: &Document) -> Vec<(Header, Vec<u8>)> {
        document.headers().collect()
    }
}
