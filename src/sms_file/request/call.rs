//! The body of a file with `Voicecall: yes`: how long is waited, and which tones are played how often.
//!
//! ```text
//! [TONE:] [TIME: seconds] [count blank] tones
//! ```

use crate::model::{Address, Call, is_tone};

use super::super::{Rejection, value};

/// What is played when a body names no tones, and how often when it says no number.
const TONES: &str = "111#000#11001";
const ROUNDS: u8 = 3;

/// The call a body asks for. In the list of tones everything that is no key of a telephone is nothing, as in smsd.
pub(super) fn read(body: &[u8], to: &Address) -> Result<Call, Rejection> {
    if !to.reveal().bytes().all(is_tone) {
        return Err(refused("its number has something else than digits"));
    }
    let rest = behind(body.trim_ascii(), b"TONE:").unwrap_or(body.trim_ascii());
    let (wait_seconds, rest) = wait(rest)?;
    if rest.is_empty() {
        return Ok(Call { tones: TONES.to_owned(), rounds: ROUNDS, wait_seconds });
    }
    let (rounds, list) = rounds(rest)?;
    let tones: String = list.iter().copied().filter(|octet| is_tone(*octet)).map(char::from).collect();
    if tones.len() > Call::TONES_MAX {
        return Err(refused("it has more than 160 tones"));
    }
    Ok(Call { tones, rounds, wait_seconds })
}

/// `TIME: seconds`, and what follows it.
fn wait(text: &[u8]) -> Result<(Option<u16>, &[u8]), Rejection> {
    let Some(text) = behind(text, b"TIME:") else { return Ok((None, text)) };
    let (digits, rest) = text.split_at(digits(text));
    let wait = value::leading_number(digits);
    match u16::try_from(wait).ok().filter(|wait| *wait <= Call::WAIT_SECONDS_MAX) {
        None => Err(refused("an answer is waited for 600 seconds at most")),
        Some(0) => Ok((None, rest.trim_ascii_start())),
        Some(wait) => Ok((Some(wait), rest.trim_ascii_start())),
    }
}

/// A number with a blank behind it is how often the tones are played; without, it is one of the tones. None is as often
/// as smsd plays them.
fn rounds(text: &[u8]) -> Result<(u8, &[u8]), Rejection> {
    let (count, rest) = text.split_at(digits(text));
    if count.is_empty() || !rest.first().is_some_and(u8::is_ascii_whitespace) {
        return Ok((ROUNDS, text));
    }
    match u8::try_from(value::leading_number(count)).ok().filter(|count| *count <= Call::ROUNDS_MAX) {
        None => Err(refused("its tones are played 99 times at most")),
        Some(0) => Ok((ROUNDS, rest)),
        Some(count) => Ok((count, rest)),
    }
}

fn digits(text: &[u8]) -> usize {
    text.iter().take_while(|octet| octet.is_ascii_digit()).count()
}

/// What stands behind a word at the start, in whatever case.
fn behind<'a>(text: &'a [u8], word: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = text.split_at_checked(word.len())?;
    start.eq_ignore_ascii_case(word).then(|| rest.trim_ascii_start())
}

fn refused(what: &'static str) -> Rejection {
    Rejection::Call { what }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(body: &str) -> Result<(String, u8, Option<u16>), String> {
        let to = Address::international("491721234567").expect("digits");
        let call = read(body.as_bytes(), &to).map_err(|fault| fault.to_string())?;
        assert!(call.is_legal(), "{call:?}");
        Ok((call.tones, call.rounds, call.wait_seconds))
    }

    /// As Debian's smsd plays them, seen at a modem of its own.
    #[test]
    fn a_body_is_played_as_smsd_plays_it() {
        for (body, tones, rounds, wait) in [
            ("TONE: 2 1,2,3,#\n", "123#", 2, None),
            ("hello\n", "", 3, None),
            ("tone:\n", TONES, 3, None),
            ("tone: time: 20 2 12*#AB 5\n", "12*#5", 2, Some(20)),
            ("1,2\n", "12", 3, None),
            ("TIME: 10 TONE: 2 1,2\n", "212", 3, Some(10)),
            ("TIME: 5\n", TONES, 3, Some(5)),
            ("TONE: 0 1,2\n", "12", 3, None),
            ("TONE: 12\n", "12", 3, None),
            ("TONE: 12 1\n", "1", 12, None),
            ("TIME: 6\n2 1,2\n", "12", 2, Some(6)),
            ("TONE:2 5\n", "5", 2, None),
            ("hello TONE: 2 5\n", "25", 3, None),
            ("TONE:\n2 5,6\n", "56", 2, None),
            ("TONE: 2\t7\n", "7", 2, None),
            ("TONE: 2 5 6\n", "56", 2, None),
        ] {
            assert_eq!(of(body), Ok((tones.to_owned(), rounds, wait)), "{body}");
        }
    }

    #[test]
    fn a_call_beyond_its_bounds_is_refused_and_says_which() {
        for (body, words) in [
            ("TIME: 601 1".to_owned(), "600 seconds"),
            ("TIME: 99999999999999999999 1".to_owned(), "600 seconds"),
            ("100 1".to_owned(), "99 times"),
            (format!("TONE: {}", "1".repeat(161)), "160 tones"),
        ] {
            let fault = of(&body).expect_err("too much");
            assert!(fault.contains(words), "{body}: {fault}");
        }
        let name = Address::alphanumeric("Bank").expect("a name");
        assert!(read(b"1", &name).is_err(), "nobody can dial a name");
    }
}
