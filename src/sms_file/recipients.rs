//! To whom a file goes: one number as smsd reads it, or several, which is ours.
//!
//! Several `To:` lines, and numbers with commas between them, are each one recipient. A line is a list only when every
//! piece of it has a number; any other line is one number with something around it, which is what smsd reads.
//!
//! A file that comes back from `failed` tells in its `Recipient:` lines who got the message: it goes to the others.

use std::collections::BTreeSet;

use crate::model::Address;

use super::number::{self, ForcedType};
use super::several::SENT;
use super::{Document, Header, Rejection, Settings};

/// One of those a file goes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// TP-DA.
    pub address: Address,
    /// The number as lists and routes compare it: digits, behind an `s` when it is a short one.
    pub number: String,
}

/// The people a file goes to, in the order of the file, each once; at least one.
pub fn recipients(document: &Document, settings: &Settings) -> Result<Vec<Recipient>, Rejection> {
    let mut forced = None;
    let (mut lines, mut ends) = (Vec::new(), Vec::new());
    for (header, value) in document.headers() {
        if header == Header::ToToa {
            forced = Some(ForcedType::of_word(&value)?);
        } else if header == Header::To {
            lines.push(value);
        } else if header == Header::Recipient {
            ends.extend(End::of_line(&value));
        }
    }
    if !settings.several_recipients {
        lines.drain(..lines.len().saturating_sub(1));
    }
    let mut found = Vec::new();
    for line in &lines {
        found.extend(of_line(line, forced, settings)?);
    }
    let mut seen = BTreeSet::new();
    found.retain(|recipient: &Recipient| seen.insert(recipient.number.clone()));
    let left: Vec<Recipient> = found.iter().filter(|to| !End::has_it(&ends, to)).cloned().collect();
    if !left.is_empty() && ends.iter().any(|end| !end.sent) {
        found = left;
    }
    match found.len() {
        0 => Err(Rejection::NoDestination),
        count if count > settings.recipients_max => {
            Err(Rejection::TooManyRecipients { found: count, limit: settings.recipients_max })
        }
        _ => Ok(found),
    }
}

/// What an older result says of a recipient.
struct End {
    number: String,
    sent: bool,
}

impl End {
    /// What the value of a `Recipient:` line says, if it is one of ours.
    fn of_line(value: &[u8]) -> Option<End> {
        let text = String::from_utf8_lossy(value);
        let mut words = text.split(' ');
        let (number, state) = (words.next()?, words.next()?);
        Some(End { number: number.to_owned(), sent: state == SENT })
    }

    fn has_it(ends: &[End], recipient: &Recipient) -> bool {
        ends.iter().any(|end| end.sent && end.number == recipient.number)
    }
}

/// The numbers of one line; none when it is empty.
fn of_line(
    line: &[u8],
    forced: Option<ForcedType>,
    settings: &Settings,
) -> Result<Vec<Recipient>, Rejection> {
    if line.is_empty() {
        return Ok(Vec::new());
    }
    let one = |value: &[u8]| {
        let address = number::destination(value, forced, settings)?;
        Ok(Recipient { address, number: number::compared(value) })
    };
    if !settings.several_recipients {
        return Ok(vec![one(line)?]);
    }
    match line.split(|octet| *octet == b',').map(one).collect() {
        Err(Rejection::NoDestination) => Ok(vec![one(line)?]),
        read => read,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_and_commas_are_recipients_in_the_order_of_the_file_and_each_once() {
        let read = |file: &str| numbers(file, &Settings::default());

        assert_eq!(read("To: 4917\n\nx").as_deref(), Ok("4917"));
        assert_eq!(read("To: 4917, +49 18,0049-19\n\nx").as_deref(), Ok("4917 4918 4919"));
        assert_eq!(read("To: 4917\nReport: yes\nTo: 4916,4917\n\nx").as_deref(), Ok("4917 4916"));
        assert_eq!(read("To:\nTo: 4917\n\nx").as_deref(), Ok("4917"));
        assert_eq!(read("To: s4917,4917\n\nx").as_deref(), Ok("s4917 4917"));
    }

    #[test]
    fn a_line_that_is_no_list_is_one_number_as_smsd_reads_it() {
        let read = |line: &str| numbers(&format!("To: {line}\n\nx"), &Settings::default());

        assert_eq!(read("Doe, John +4917").as_deref(), Ok("4917"));
        assert_eq!(read("4917, by day").as_deref(), Ok("4917"));
        assert_eq!(read("4917,").as_deref(), Ok("4917"));
    }

    #[test]
    fn as_with_smsd_the_last_line_counts_and_is_one_number() {
        let settings = Settings { several_recipients: false, ..Settings::default() };

        assert_eq!(numbers("To: 4916\nTo: 4917\n\nx", &settings).as_deref(), Ok("4917"));
        assert_eq!(numbers("To: nobody\nTo: 4917\n\nx", &settings).as_deref(), Ok("4917"));
        assert_eq!(numbers("To: 4917\nTo:\n\nx", &settings), Err(Rejection::NoDestination));
    }

    #[test]
    fn a_line_that_names_nobody_refuses_the_whole_file() {
        let read = |file: &str| numbers(file, &Settings::default());

        assert_eq!(read("To: 4917\nTo: nobody\n\nx"), Err(Rejection::NoDestination));
        assert_eq!(read("To: nobody, no one\n\nx"), Err(Rejection::NoDestination));
        assert_eq!(read("Report: yes\n\nx"), Err(Rejection::NoDestination));
        assert_eq!(read("To: 1\nTo_TOA: mine\n\nx"), Err(Rejection::InvalidNumberType));
        let long = format!("To: 4917,{}\n\nx", "1".repeat(21));
        assert_eq!(read(&long), Err(Rejection::DestinationTooLong));
    }

    #[test]
    fn a_file_that_comes_back_goes_to_those_who_did_not_get_it() {
        let read = |ends: &str| numbers(&format!("To: 1,2,3\n{ends}\nx"), &Settings::default());

        let one_failed =
            "Recipient: 1 sent 26-11-22 09:08:29 GSM1 7\nRecipient: 2 failed 26-11-22 09:08:29 - x\n";
        assert_eq!(read(one_failed).as_deref(), Ok("2 3"));
        let all_sent = "Recipient: 1 sent x\nRecipient: 2 sent x\nRecipient: 3 sent x\n";
        assert_eq!(read(all_sent).as_deref(), Ok("1 2 3"), "sent once more on purpose");
        assert_eq!(read("Recipient: nonsense\nRecipient:\n").as_deref(), Ok("1 2 3"));
        let edited = "Recipient: 1 sent x\nRecipient: 2 sent x\nRecipient: 3 sent x\nRecipient: 4 failed x\n";
        assert_eq!(read(edited).as_deref(), Ok("1 2 3"));
    }

    #[test]
    fn more_recipients_than_allowed_refuse_the_file() {
        let settings = Settings { recipients_max: 2, ..Settings::default() };

        assert_eq!(numbers("To: 1,2,1\n\nx", &settings).as_deref(), Ok("1 2"));
        let refused = numbers("To: 1,2,3\n\nx", &settings).expect_err("one too many");
        assert_eq!(refused.to_string(), "Too many recipients: 3, the limit is 2");
    }

    fn numbers(file: &str, settings: &Settings) -> Result<String, Rejection> {
        let found = recipients(&Document::read(file.as_bytes()).expect("small"), settings)?;
        Ok(found.iter().map(|recipient| recipient.number.as_str()).collect::<Vec<_>>().join(" "))
    }
}
