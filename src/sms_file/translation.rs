//! The language file of smsd: headers by other names, what else means yes, and the form of times.
//!
//! ```text
//! # comment
//! To: = An:                files may say `An:` or `To:`, results say `An:`
//! Modem: = -               results do not say it
//! IMSI: = -Kennung:        files may say `Kennung:`, results do not say it
//! yes_chars = 'J','j'      a value that begins so means yes
//! datetime = %d.%m.%Y
//! ```

use std::collections::BTreeMap;

use super::header::Header;
use super::{TimeFormat, TimeFormatError, value};

/// Largest language file, in octets.
pub const LANGUAGE_FILE_OCTETS_MAX: usize = 64 * 1024;
/// Longest name of a header, in octets.
const NAME_OCTETS_MAX: usize = 99;
/// Most sequences that mean yes.
const YES_MAX: usize = 100;
/// Headers that have one name.
const FIXED: [Header; 10] = [
    Header::Error,
    Header::Notice,
    Header::Pdu,
    Header::Pos,
    Header::Recipient,
    Header::SmsdDebug,
    Header::Udh,
    Header::UdhData,
    Header::UdhDump,
    Header::Warning,
];
/// Headers that are always written.
const ALWAYS_WRITTEN: [Header; 2] = [Header::From, Header::Received];
/// Headers that only received files have: another header may share their other name.
const ONLY_RECEIVED: [Header; 9] = [
    Header::CallType,
    Header::FromSmsc,
    Header::FromToa,
    Header::Incomplete,
    Header::Length,
    Header::Name,
    Header::Received,
    Header::Subject,
    Header::UdhType,
];
/// What else a language file says: of files that are received, which are written in English.
const OF_RECEIVED: [&str; 6] = ["incoming", "yes_word", "no_word", "no_chars", "missed", "call missed"];
/// Those of them that smsd does not let begin with a minus sign.
const ALWAYS_SAID: [&str; 2] = ["missed", "call missed"];

/// What a language file says; by default all is English.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Translation {
    names: BTreeMap<Header, Name>,
    /// What a value that means yes begins with, beside the English words.
    yes: Vec<Vec<u8>>,
    times: Option<TimeFormat>,
}

/// The other name of a header.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Name {
    /// As files may say it.
    read: Option<Vec<u8>>,
    written: bool,
}

/// A line of a language file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {fault}")]
pub struct TranslationError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub fault: TranslationFault,
}

/// What is wrong with a line of a language file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TranslationFault {
    /// More octets than a language file may have.
    #[error("the file has more than {LANGUAGE_FILE_OCTETS_MAX} octets")]
    TooLarge,
    /// No `=` behind a key.
    #[error("it is not `key = value`")]
    Syntax,
    /// Nothing behind the `=`.
    #[error("`{0}` has no value")]
    NoValue(String),
    /// No key of a language file.
    #[error("`{0}` is neither a header that can be translated nor a setting")]
    UnknownKey(String),
    /// A minus sign before what cannot be left out.
    #[error("`{0}` cannot be left out: its translation must not begin with `-`")]
    NotOmitted(String),
    /// A name that is no name of a header.
    #[error(
        "the translation of `{0}` is no name of a header: it is text of at most {NAME_OCTETS_MAX} octets and ends with its only colon"
    )]
    NoName(String),
    /// A name that stands for another header too.
    #[error("the translation of `{key}` is the name of `{other}` too")]
    Ambiguous {
        /// The header of the line.
        key: String,
        /// The other one.
        other: &'static str,
    },
    /// Sequences that are not `'a','b'`.
    #[error("`yes_chars` is not a list of at most {YES_MAX} sequences between apostrophes, as in `'J','j'`")]
    NoSequences,
    /// A form of times that cannot be written.
    #[error("`datetime` is no form of times: {0}")]
    Times(#[from] TimeFormatError),
}

impl Translation {
    /// Reads a language file, or every fault of it.
    pub fn read(file: &[u8]) -> Result<Translation, Vec<TranslationError>> {
        if file.len() > LANGUAGE_FILE_OCTETS_MAX {
            return Err(vec![TranslationError { line: 1, fault: TranslationFault::TooLarge }]);
        }
        let mut translation = Translation::default();
        let mut errors = Vec::new();
        for (line, text) in (1..).zip(file.split(|octet| *octet == b'\n')) {
            if let Err(fault) = translation.take(text.trim_ascii()) {
                errors.push(TranslationError { line, fault });
            }
        }
        if errors.is_empty() { Ok(translation) } else { Err(errors) }
    }

    /// How results tell times, where the file says it.
    pub fn times(&self) -> Option<&TimeFormat> {
        self.times.as_ref()
    }

    /// The header a line says, by its English or its other name, and how long that name is.
    pub(super) fn header_of(&self, line: &[u8]) -> Option<(Header, usize)> {
        if let Some(header) = Header::of_line(line) {
            return Some((header, header.name().len()));
        }
        let mut named = self.names.iter().filter_map(|(header, name)| {
            let read = name.read.as_deref().filter(|read| line.starts_with(read))?;
            Some((*header, read.len()))
        });
        let first = named.next()?;
        // What a file asks for goes before what it was received with.
        let asks = std::iter::once(first).chain(named).find(|(header, _)| !ONLY_RECEIVED.contains(header));
        Some(asks.unwrap_or(first))
    }

    /// How a header is written; none when it is left out.
    pub(super) fn written(&self, header: Header) -> Option<&[u8]> {
        match self.names.get(&header) {
            None => Some(header.name().as_bytes()),
            Some(name) => name.read.as_deref().filter(|_| name.written),
        }
    }

    /// Whether a value means yes.
    pub(super) fn is_yes(&self, text: &[u8]) -> bool {
        value::is_yes(text) || self.yes.iter().any(|yes| text.starts_with(yes))
    }

    /// Takes up a line without the blanks around it.
    fn take(&mut self, line: &[u8]) -> Result<(), TranslationFault> {
        if line.is_empty() || line.starts_with(b"#") {
            return Ok(());
        }
        let at = line.iter().position(|octet| *octet == b'=').ok_or(TranslationFault::Syntax)?;
        let (key, text) = line.split_at(at);
        let text = text.get(1..).unwrap_or_default().trim_ascii();
        let key = String::from_utf8_lossy(key.trim_ascii()).into_owned();
        if key.is_empty() {
            return Err(TranslationFault::Syntax);
        }
        if text.is_empty() {
            return Err(TranslationFault::NoValue(key));
        }
        let header = Header::ALL.iter().copied().find(|header| header.name().eq_ignore_ascii_case(&key));
        match (header.filter(|header| !FIXED.contains(header)), key.to_ascii_lowercase().as_str()) {
            (Some(header), _) => self.name(header, text),
            (None, "yes_chars") => self.sequences(text),
            (None, "datetime") => self.form(text),
            (None, said) if ALWAYS_SAID.contains(&said) && text.starts_with(b"-") => {
                Err(TranslationFault::NotOmitted(key))
            }
            (None, said) if OF_RECEIVED.contains(&said) => Ok(()),
            (None, _) => Err(TranslationFault::UnknownKey(key)),
        }
    }

    /// A later line for a header takes the place of an earlier one.
    fn name(&mut self, header: Header, text: &[u8]) -> Result<(), TranslationFault> {
        let key = header.name().to_owned();
        if text.starts_with(b"-") && ALWAYS_WRITTEN.contains(&header) {
            return Err(TranslationFault::NotOmitted(key));
        }
        let (read, written) = match text {
            b"-" => (None, false),
            [b'-', rest @ ..] => (Some(rest), false),
            text => (Some(text), true),
        };
        if let Some(read) = read {
            if !is_name(read) {
                return Err(TranslationFault::NoName(key));
            }
            let other = self.header_of(read).map(|(other, _)| other).filter(|other| *other != header);
            let is_free = |other: &Header| {
                ONLY_RECEIVED.contains(&header)
                    || ONLY_RECEIVED.contains(other) && Header::of_line(read).is_none()
            };
            if let Some(other) = other.filter(|other| !is_free(other)) {
                return Err(TranslationFault::Ambiguous { key, other: other.name() });
            }
        }
        self.names.insert(header, Name { read: read.map(<[u8]>::to_vec), written });
        Ok(())
    }

    fn sequences(&mut self, text: &[u8]) -> Result<(), TranslationFault> {
        let sequence = |item: &[u8]| {
            let inner = item.trim_ascii().strip_prefix(b"'")?.strip_suffix(b"'")?;
            (!inner.is_empty()).then(|| inner.to_vec())
        };
        let all: Option<Vec<Vec<u8>>> = text.split(|octet| *octet == b',').map(sequence).collect();
        self.yes = all.filter(|all| all.len() <= YES_MAX).ok_or(TranslationFault::NoSequences)?;
        Ok(())
    }

    fn form(&mut self, text: &[u8]) -> Result<(), TranslationFault> {
        self.times = Some(TimeFormat::new(&String::from_utf8_lossy(text))?);
        Ok(())
    }
}

/// Whether it can stand before a value: text, blanks between its words perhaps, and one colon, which ends it.
fn is_name(text: &[u8]) -> bool {
    let Some((b':', words)) = text.split_last() else { return false };
    let is_text = |octet: &u8| *octet != b':' && !octet.is_ascii_control();
    !words.is_empty() && text.len() <= NAME_OCTETS_MAX && words.iter().all(is_text)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(file: &str) -> Translation {
        Translation::read(file.as_bytes()).expect(file)
    }

    #[test]
    fn a_header_has_its_english_and_its_other_name_and_is_written_as_the_file_says() {
        let german = read("# comment\n\nto: = An:\r\nModem:\t= -\nIMSI: =  -Meine Kennung:\nFrom: = From:\n");

        assert_eq!(german.header_of(b"An: 49"), Some((Header::To, 3)));
        assert_eq!(german.header_of(b"To: 49"), Some((Header::To, 3)));
        assert_eq!(german.header_of(b"an: 49"), None);
        assert_eq!(german.header_of(b"An : 49"), None);
        assert_eq!(german.header_of(b"Meine Kennung: 1"), Some((Header::Imsi, 14)));
        assert_eq!(german.written(Header::To), Some(b"An:".as_slice()));
        assert_eq!(german.written(Header::Modem), None);
        assert_eq!(german.written(Header::Imsi), None);
        assert_eq!(german.written(Header::Sent), Some(b"Sent:".as_slice()));
        assert_eq!(read("To: = An:\nTo: = Zu:").header_of(b"An: 49"), None);
        for shared in
            ["SMSC: = Zentrale:\nFrom_SMSC: = Zentrale:", "From_SMSC: = Zentrale:\nSMSC: = Zentrale:"]
        {
            assert_eq!(read(shared).header_of(b"Zentrale: 49"), Some((Header::Smsc, 9)), "{shared}");
        }
    }

    #[test]
    fn yes_is_what_begins_with_a_sequence_or_in_english() {
        let finnish = read("yes_chars = 'K', 'k','\u{c4}'\nno_chars = 'E'\ndatetime = %d.%m.%Y\n");

        for (word, expected) in [("kyll\u{e4}", true), ("\u{c4}", true), ("yes", true), ("ei", false)] {
            assert_eq!(finnish.is_yes(word.as_bytes()), expected, "{word}");
        }
        assert_eq!(finnish.times().map(TimeFormat::as_str), Some("%d.%m.%Y"));
        assert!(!Translation::default().is_yes(b"kyll\xe4"));
    }

    #[test]
    fn every_fault_is_told_with_its_line() {
        let long = format!("To: = {}:", "x".repeat(NAME_OCTETS_MAX));
        for (line, expected) in [
            ("To: An:", "it is not `key = value`"),
            ("= An:", "it is not `key = value`"),
            ("To: =", "`To:` has no value"),
            ("To = An:", "`To` is neither a header"),
            ("UDH: = Kopf:", "`UDH:` is neither a header"),
            ("NOTICE: = Hinweis:", "`NOTICE:` is neither"),
            ("From: = -Von:", "`From:` cannot be left out"),
            ("missed = -", "`missed` cannot be left out"),
            ("call missed = -x", "`call missed` cannot be left out"),
            ("To: = An", "is no name of a header"),
            ("To: = :", "is no name of a header"),
            ("To: = A:n:", "is no name of a header"),
            ("To: = A\u{1}:", "is no name of a header"),
            (&long, "is no name of a header"),
            ("To: = Sent:", "the translation of `To:` is the name of `Sent:` too"),
            ("From: = Aus:", "the translation of `From:` is the name of `Queue:` too"),
            ("To: = Subject:", "the translation of `To:` is the name of `Subject:` too"),
            ("yes_chars = J", "`yes_chars` is not a list"),
            ("yes_chars = 'J','j", "`yes_chars` is not a list"),
            ("datetime = now", "`datetime` is no form of times"),
            ("datetime = %Q", "`datetime` is no form of times"),
        ] {
            let file = format!("Queue: = Aus:\n{line}\nincoming = yes\n{line}\n");
            let errors = Translation::read(file.as_bytes()).expect_err(line);
            let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
            assert_eq!(told.len(), 2, "{told:?}");
            assert!(told[0].starts_with("line 2: ") && told[1].starts_with("line 4: "), "{told:?}");
            assert!(told[0].contains(expected), "{told:?}");
        }
        let large = vec![b'#'; LANGUAGE_FILE_OCTETS_MAX + 1];
        assert!(Translation::read(&large).expect_err("too large")[0].to_string().contains("65536 octets"));
        assert!(Translation::read(&large[1..]).is_ok());
    }

    proptest! {
        #[test]
        fn any_octets_are_read_and_no_name_they_give_breaks_a_line(
            key in prop::sample::select(Header::ALL),
            text in prop::collection::vec(prop_oneof![any::<u8>(), Just(b':'), Just(b'-'), Just(b'\n')], 0..60),
            rest in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let file = [key.name().as_bytes(), b" = ", text.as_slice(), b"\n", rest.as_slice()].concat();
            let Ok(translation) = Translation::read(&file) else { return Ok(()) };
            for header in Header::ALL {
                let Some(written) = translation.written(*header) else { continue };
                prop_assert!(written.ends_with(b":") && !written.contains(&b'\n') && !written.contains(&0));
                prop_assert_eq!(translation.header_of(written), Some((*header, written.len())));
            }
        }
    }
}
