//! A list of numbers, as a blacklist or a whitelist of smsd has them: one beginning a line.

use std::collections::BTreeMap;

/// Most lines that say something; a file with more is another kind of file.
pub const LINES_MAX: usize = 1_000_000;

/// A list that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NumberList {
    /// Each entry with the first line that has it.
    entries: BTreeMap<Box<[u8]>, Entry>,
    /// Queues that sections name.
    queues: Vec<String>,
    /// The longest entry, in octets.
    longest: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    /// Its line among those that say something.
    order: usize,
    /// Its section, as a place in `queues`.
    queue: Option<usize>,
}

/// A number that is on a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Listed<'a> {
    /// The queue its section names.
    pub queue: Option<&'a str>,
}

/// Why octets are no list of numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// More lines than anybody keeps.
    #[error("it has more than {LINES_MAX} lines")]
    TooLong,
}

impl NumberList {
    /// Reads a file: `#` begins a comment anywhere, blanks around a line do not count, `[NAME]` names the queue of
    /// what follows and `[]` ends it. What is no beginning of a number is on the list and matches none.
    pub fn read(octets: &[u8]) -> Result<NumberList, ListError> {
        let mut list = NumberList::default();
        let mut queue = None;
        for line in octets.split(|octet| *octet == b'\n') {
            let said = line.split(|octet| *octet == b'#').next().unwrap_or_default().trim_ascii();
            match said {
                [] => {}
                [b'[', name @ .., b']'] => queue = list.section(name),
                entry => list.add(entry, queue)?,
            }
        }
        Ok(list)
    }

    fn section(&mut self, name: &[u8]) -> Option<usize> {
        if name.is_empty() {
            return None;
        }
        let name = String::from_utf8_lossy(name).into_owned();
        let known = self.queues.iter().position(|queue| *queue == name);
        known.or_else(|| {
            self.queues.push(name);
            self.queues.len().checked_sub(1)
        })
    }

    fn add(&mut self, entry: &[u8], queue: Option<usize>) -> Result<(), ListError> {
        let order = self.entries.len();
        if order >= LINES_MAX {
            return Err(ListError::TooLong);
        }
        self.longest = self.longest.max(entry.len());
        self.entries.entry(entry.into()).or_insert(Entry { order, queue });
        Ok(())
    }

    /// Whether the number is on the list: its first entry that the number begins with. Of a short number the digits
    /// count too, without their `s`.
    pub fn find(&self, number: &str) -> Option<Listed<'_>> {
        let bare = number.strip_prefix('s').unwrap_or_default();
        let found = self.first(number).into_iter().chain(self.first(bare)).min()?;
        let queue = found.queue.and_then(|queue| self.queues.get(queue)).map(String::as_str);
        Some(Listed { queue })
    }

    fn first(&self, number: &str) -> Option<Entry> {
        let lengths = 1..=self.longest.min(number.len());
        lengths.filter_map(|length| self.entries.get(number.as_bytes().get(..length)?)).min().copied()
    }

    /// Entries that no number begins with, such as `+49`, for whoever wrote them.
    pub fn dead(&self) -> impl Iterator<Item = String> + '_ {
        let is_dead = |entry: &&[u8]| {
            let digits = entry.strip_prefix(b"s").unwrap_or(entry);
            !digits.iter().all(|octet| matches!(octet, b'0'..=b'9' | b'*' | b'#'))
        };
        let entries = self.entries.keys().map(AsRef::as_ref);
        entries.filter(is_dead).map(|entry| String::from_utf8_lossy(entry).into_owned())
    }

    /// How many entries it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> NumberList {
        NumberList::read(text.as_bytes()).expect("a list")
    }

    #[test]
    fn a_number_is_listed_when_it_begins_with_an_entry() {
        let list = list("# nobody\n4466\n 0047 # c\n4400 x\ns9\n33\n61,62\n+68\n65\t\r\n");

        for (number, expected) in [
            ("446611", true),
            ("4465", false),
            ("446", false),
            ("004799", true),
            ("4799", false),
            ("440011", false),
            ("s91", true),
            ("91", false),
            ("33", true),
            ("s3344", true),
            ("6100", false),
            ("6800", false),
            ("651", true),
            ("", false),
            ("s", false),
        ] {
            assert_eq!(list.find(number).is_some(), expected, "{number}");
        }
        assert_eq!(list.dead().collect::<Vec<_>>(), ["+68", "4400 x", "61,62"]);
        assert_eq!(list.len(), 8);
    }

    #[test]
    fn a_section_names_the_queue_of_the_entries_below_it() {
        let list = list("1\n[ C ]\n4555\n [B] # c\n4556\n[A]\r\n4557\n[]x\n4558\n[A\n4559\n[]\n45\n4556\n");
        let queue = |number| list.find(number).map(|listed| listed.queue);

        assert_eq!(queue("12"), Some(None));
        assert_eq!(queue("45551"), Some(Some(" C ")));
        assert_eq!(queue("45561"), Some(Some("B")), "the first entry decides");
        assert_eq!(queue("45571"), Some(Some("A")));
        assert_eq!(queue("45581"), Some(Some("A")), "`[]x` ends no section");
        assert_eq!(queue("45591"), Some(Some("A")), "`[A` begins none");
        assert_eq!(queue("4599"), Some(None));
        assert_eq!(queue("s45561"), Some(Some("B")));
        assert_eq!(queue("9"), None);
    }

    #[test]
    fn the_earlier_line_counts_and_not_the_longer_one() {
        let list = list("[A]\n49\n[B]\n491\ns4\n");

        assert_eq!(list.find("4917").and_then(|listed| listed.queue), Some("A"));
        assert_eq!(list.find("s4917").and_then(|listed| listed.queue), Some("A"));
        assert_eq!(list.find("s48").and_then(|listed| listed.queue), Some("B"));
    }

    #[test]
    fn a_file_without_end_is_refused() {
        let octets = (0..=LINES_MAX).flat_map(|line| format!("{line}\n").into_bytes()).collect::<Vec<_>>();
        assert_eq!(NumberList::read(&octets), Err(ListError::TooLong));
        assert!(list("").is_empty());
    }
}
