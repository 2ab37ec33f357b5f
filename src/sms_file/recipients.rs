//! To whom a file goes: one number as smsd reads it, or several, which is ours.
//!
//! Several `To:` lines, and numbers with commas between them, are each one recipient. A line is a list only when every
//! piece of it has a number; any other line is one number with something around it, which is what smsd reads.

use std::collections::BTreeSet;

use crate::model::Address;

use super::number::{self, ForcedType};
use super::{Document, Header, Rejection, Settings};

/// The people a file goes to, in the order of the file, each once; at least one.
pub fn recipients(document: &Document, settings: &Settings) -> Result<Vec<Address>, Rejection> {
    let mut forced = None;
    let mut lines = Vec::new();
    for (header, value) in document.headers() {
        if header == Header::ToToa {
            forced = Some(ForcedType::of_word(&value)?);
        } else if header == Header::To {
            lines.push(value);
        }
    }
    let mut found = Vec::new();
    for line in &lines {
        found.extend(of_line(line, forced, settings)?);
    }
    let mut seen = BTreeSet::new();
    found.retain(|address: &Address| seen.insert(address.reveal().to_owned()));
    match found.len() {
        0 => Err(Rejection::NoDestination),
        count if count > settings.recipients_max => {
            Err(Rejection::TooManyRecipients { found: count, limit: settings.recipients_max })
        }
        _ => Ok(found),
    }
}

/// The numbers of one line; none when it is empty.
fn of_line(line: &[u8], forced: Option<ForcedType>, settings: &Settings) -> Result<Vec<Address>, Rejection> {
    if line.is_empty() {
        return Ok(Vec::new());
    }
    let pieces = line.split(|octet| *octet == b',');
    let list: Result<Vec<Address>, Rejection> =
        pieces.map(|piece| number::destination(piece, forced, settings)).collect();
    match list {
        Err(Rejection::NoDestination) => Ok(vec![number::destination(line, forced, settings)?]),
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
    }

    #[test]
    fn a_line_that_is_no_list_is_one_number_as_smsd_reads_it() {
        let read = |line: &str| numbers(&format!("To: {line}\n\nx"), &Settings::default());

        assert_eq!(read("Doe, John +4917").as_deref(), Ok("4917"));
        assert_eq!(read("4917, by day").as_deref(), Ok("4917"));
        assert_eq!(read("4917,").as_deref(), Ok("4917"));
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
    fn more_recipients_than_allowed_refuse_the_file() {
        let settings = Settings { recipients_max: 2, ..Settings::default() };

        assert_eq!(numbers("To: 1,2,1\n\nx", &settings).as_deref(), Ok("1 2"));
        let refused = numbers("To: 1,2,3\n\nx", &settings).expect_err("one too many");
        assert_eq!(refused.to_string(), "Too many recipients: 3, the limit is 2");
    }

    fn numbers(file: &str, settings: &Settings) -> Result<String, Rejection> {
        let found = recipients(&Document::read(file.as_bytes()).expect("small"), settings)?;
        Ok(found.iter().map(Address::reveal).collect::<Vec<_>>().join(" "))
    }
}
