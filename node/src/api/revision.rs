//! Revisions outside: opaque words whose order as octets is the order of the log.
//!
//! A number is written as how many hexadecimal digits it has (one character, `0` to `g`), then the digits. Numbers so
//! written sort as they count, and one after the other they are read back without a separator.

use super::refusal::Refusal;
use crate::raft::Revision;

/// The word for a revision.
pub(super) fn word(revision: Revision) -> String {
    let mut word = String::with_capacity(16);
    push(&mut word, revision.index);
    push(&mut word, u64::from(revision.offset));
    push(&mut word, u64::from(revision.event));
    word
}

/// Reads a word back; `field` names it in the refusal.
pub(super) fn read(word: &str, field: &'static str) -> Result<Revision, Refusal> {
    parse(word).ok_or_else(|| Refusal::field(field, "is no revision of this cluster"))
}

fn parse(word: &str) -> Option<Revision> {
    let (index, rest) = pull(word)?;
    let (offset, rest) = pull(rest)?;
    let (event, rest) = pull(rest)?;
    let revision = Revision { index, offset: u32::try_from(offset).ok()?, event: u16::try_from(event).ok()? };
    rest.is_empty().then_some(revision)
}

fn push(word: &mut String, number: u64) {
    let digits = (u64::BITS - number.leading_zeros()).div_ceil(4);
    word.push(char::from_digit(digits, 17).unwrap_or('0'));
    for place in (0..digits).rev() {
        let digit = (number >> (4 * place)) & 0xF;
        word.push(char::from_digit(u32::try_from(digit).unwrap_or(0), 16).unwrap_or('0'));
    }
}

fn pull(word: &str) -> Option<(u64, &str)> {
    let digits = word.chars().next()?.to_digit(17)?;
    let end = 1 + usize::try_from(digits).ok()?;
    let (number, rest) = (word.get(1..end)?, word.get(end..)?);
    if number.is_empty() {
        return Some((0, rest));
    }
    let canonical = !number.starts_with('0') && !number.bytes().any(|octet| octet.is_ascii_uppercase());
    let number = u64::from_str_radix(number, 16).ok().filter(|_| canonical)?;
    Some((number, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revision(index: u64, offset: u32, event: u16) -> Revision {
        Revision { index, offset, event }
    }

    #[test]
    fn words_sort_as_their_revisions_and_are_read_back() {
        let mut revisions = Vec::new();
        for index in [0, 1, 9, 15, 16, 255, 4096, u64::MAX] {
            for offset in [0, 7, 1023, u32::MAX] {
                revisions.extend([0, 1, 300, u16::MAX].map(|event| revision(index, offset, event)));
            }
        }

        for pair in revisions.windows(2) {
            assert!(word(pair[0]) < word(pair[1]), "{:?} {:?}", pair[0], pair[1]);
        }
        for revision in revisions {
            assert_eq!(parse(&word(revision)), Some(revision));
        }
    }

    #[test]
    fn a_word_that_no_node_has_written_is_refused() {
        for word in
            ["", "0", "00", "0000", "1", "1g00", "2 100", "20100", "1A00", "g00", "1é0", "+1+1+1", "110"]
        {
            assert_eq!(parse(word), None, "{word}");
        }
        assert_eq!(parse("000"), Some(revision(0, 0, 0)));
        assert!(read("x", "from_revision").is_err());
    }
}
