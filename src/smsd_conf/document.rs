//! The text of an smsd.conf as sections and lines, before anything is known about its settings.
//!
//! smsd looks a section up by its name and reads it up to the next line that begins with `[`: of two sections with one
//! name it sees the first.

use super::fault::Faults;

/// Largest file, in octets.
pub const FILE_OCTETS_MAX: usize = 1 << 20;
/// Longest value that smsd does not cut, in octets.
const VALUE_OCTETS_MAX: usize = 4095;

/// A line that says something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// Its number, from 1.
    pub(super) line: usize,
    /// What stands before the first `=`, as it is written; the whole line where there is none.
    pub(super) key: String,
    /// What stands after it; of several choices (`? a | b`) the first, as smsd takes it. None without a `=`.
    pub(super) value: Option<String>,
    /// The choices that are not taken.
    pub(super) other_choices: Vec<String>,
    /// Whether the line is UTF-8; octets that are not are replaced.
    pub(super) is_utf8: bool,
}

/// The lines under one header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Section {
    /// What stands between the brackets.
    pub(super) name: String,
    /// Whether an earlier section has this name, so that smsd does not see this one.
    pub(super) is_repeated: bool,
    /// Its lines.
    pub(super) entries: Vec<Entry>,
}

/// A file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Document {
    /// The lines before the first section.
    pub(super) global: Vec<Entry>,
    /// The sections in their order.
    pub(super) sections: Vec<Section>,
}

impl Document {
    /// Takes a file apart. The faults are of lines that are cut or ended early by smsd.
    pub(super) fn read(octets: &[u8], faults: &mut Faults) -> Document {
        let mut document = Document::default();
        if octets.len() > FILE_OCTETS_MAX {
            let what = format!("the file has {} octets", octets.len());
            faults.push(None, what, format!("at most {FILE_OCTETS_MAX} make sense: name an smsd.conf"));
            return document;
        }
        for (line, text) in (1..).zip(octets.split(|octet| *octet == b'\n')) {
            let text = text.trim_ascii();
            if text.is_empty() || text.starts_with(b"#") {
                continue;
            }
            if text.contains(&0) {
                faults.push(Some(line), "a zero octet ends this line early", "remove it");
                continue;
            }
            document.take(line, text, faults);
        }
        document
    }

    fn take(&mut self, line: usize, text: &[u8], faults: &mut Faults) {
        if let Some(header) = text.strip_prefix(b"[") {
            let name = section_name(header);
            let is_repeated = self.sections.iter().any(|section| section.name == name);
            self.sections.push(Section { name, is_repeated, entries: Vec::new() });
            return;
        }
        let entry = entry(line, text);
        if entry.value.as_ref().is_some_and(|value| value.len() > VALUE_OCTETS_MAX) {
            let what = format!("the value has more than {VALUE_OCTETS_MAX} octets, smsd cuts it there");
            faults.push(Some(line), what, "shorten it");
        }
        match self.sections.last_mut() {
            Some(section) => section.entries.push(entry),
            None => self.global.push(entry),
        }
    }

    /// The section smsd finds under a name.
    pub(super) fn section(&self, name: &str) -> Option<&Section> {
        self.sections.iter().find(|section| section.name == name)
    }
}

/// What stands between the brackets; what follows them is not read. Without the second bracket no name is the right one.
fn section_name(header: &[u8]) -> String {
    let end = header.iter().position(|octet| *octet == b']');
    match end.and_then(|end| header.get(..end)) {
        Some(name) => String::from_utf8_lossy(name).into_owned(),
        None => format!("[{}", String::from_utf8_lossy(header)),
    }
}

fn entry(line: usize, text: &[u8]) -> Entry {
    let is_utf8 = std::str::from_utf8(text).is_ok();
    let text = String::from_utf8_lossy(text);
    let Some((key, value)) = text.split_once('=') else {
        return Entry { line, key: text.into_owned(), value: None, other_choices: Vec::new(), is_utf8 };
    };
    let (key, value) = (key.trim().to_owned(), value.trim());
    let Some(choices) = value.strip_prefix('?') else {
        return Entry { line, key, value: Some(value.to_owned()), other_choices: Vec::new(), is_utf8 };
    };
    let mut choices = choices.split('|').map(|choice| choice.trim().to_owned());
    let value = choices.next();
    Entry { line, key, value, other_choices: choices.collect(), is_utf8 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Document {
        let mut faults = Faults::default();
        let document = Document::read(text.as_bytes(), &mut faults);
        assert!(faults.is_empty(), "{:?}", faults.into_vec());
        document
    }

    fn values(entries: &[Entry]) -> Vec<(usize, &str, Option<&str>)> {
        entries.iter().map(|entry| (entry.line, entry.key.as_str(), entry.value.as_deref())).collect()
    }

    #[test]
    fn settings_have_their_lines_and_comments_are_whole_lines() {
        let text = "# c\r\n\r\n devices =  A \r\n\t# c\r\na=b=c # d\r\n=x\r\nfoo\r\nempty =\r\n";

        assert_eq!(
            values(&read(text).global),
            [
                (3, "devices", Some("A")),
                (5, "a", Some("b=c # d")),
                (6, "", Some("x")),
                (7, "foo", None),
                (8, "empty", Some("")),
            ]
        );
    }

    #[test]
    fn a_header_may_be_indented_and_followed_by_anything() {
        let document = read("  [X] tail\na = 1\n[ Y ]\n[Z\n[X]\na = 2\n[]\n");

        let names: Vec<(&str, bool)> =
            document.sections.iter().map(|section| (section.name.as_str(), section.is_repeated)).collect();
        assert_eq!(names, [("X", false), (" Y ", false), ("[Z", false), ("X", true), ("", false)]);
        assert_eq!(
            document.section("X").map(|section| values(&section.entries)),
            Some(vec![(2, "a", Some("1"))])
        );
        assert_eq!(document.section("Z"), None);
    }

    #[test]
    fn the_first_of_several_choices_counts_and_the_others_are_kept() {
        for (text, value, others) in [
            ("device = ? /dev/a | /dev/b|c", "/dev/a", vec!["/dev/b", "c"]),
            ("device = ?a", "a", vec![]),
            ("device = a | b", "a | b", vec![]),
        ] {
            let document = read(text);
            assert_eq!(document.global[0].value.as_deref(), Some(value));
            assert_eq!(document.global[0].other_choices, others);
        }
    }

    #[test]
    fn octets_of_another_character_set_are_no_trouble_in_a_comment_and_known_in_a_value() {
        let mut faults = Faults::default();
        let document = Document::read(b"# B\xFCro\ndescription = B\xFCro\nx = y\n", &mut faults);

        assert!(faults.is_empty());
        let known: Vec<bool> = document.global.iter().map(|entry| entry.is_utf8).collect();
        assert_eq!(known, [false, true]);
    }

    #[test]
    fn what_smsd_would_cut_is_a_fault_of_its_line() {
        let mut faults = Faults::default();
        Document::read(
            format!("a = {}\nb = {}\nc = \0\n", "x".repeat(4095), "x".repeat(4096)).as_bytes(),
            &mut faults,
        );
        let lines: Vec<Option<usize>> = faults.into_vec().iter().map(|fault| fault.line).collect();
        assert_eq!(lines, [Some(2), Some(3)]);

        let mut faults = Faults::default();
        assert_eq!(Document::read(&vec![b'\n'; FILE_OCTETS_MAX + 1], &mut faults), Document::default());
        assert_eq!(faults.into_vec().len(), 1);
    }
}
