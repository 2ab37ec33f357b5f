//! What may be seen of a dialogue: the shape of every line, no number of a person, no text, no secret.

use super::command::Command;
use super::response::{is_answer, is_hex};

/// Digits in a row that may belong to a person's number, a SIM or a device.
const DIGITS_SHOWN_MAX: usize = 5;

/// Hex digits in a row that are no part of a PDU.
const HEX_SHOWN_MAX: usize = 2 * DIGITS_SHOWN_MAX;

/// Characters of a line that are told to a person.
const TOLD_CHARACTERS_MAX: usize = 80;

/// Commands whose parameters are PINs, passwords, unlock codes or tones, echoed too.
const SECRET: &[&str] = &["CPIN", "CPWD", "CLCK", "CPUK", "VTS"];

/// What is shown of tones, around their number.
const TONES: (&str, &str) = ("<", " tones>");

/// The line as it may stand in a message to a person: masked, one line of printable ASCII, not long.
pub(super) fn told(line: &str) -> String {
    let escaped: String = masked(line).chars().flat_map(escaped).take(TOLD_CHARACTERS_MAX + 1).collect();
    match escaped.char_indices().nth(TOLD_CHARACTERS_MAX) {
        Some((end, _)) => escaped.get(..end).unwrap_or_default().to_owned() + "...",
        None => escaped,
    }
}

/// Quotes belong to AT commands and stay as they are.
fn escaped(character: char) -> impl Iterator<Item = char> {
    let plain = (' '..='~').contains(&character);
    let escape = (!plain).then(|| character.escape_default());
    plain.then_some(character).into_iter().chain(escape.into_iter().flatten())
}

/// A line of which nothing may be seen but how long it is.
pub(super) fn by_length(line: &str) -> String {
    format!("<{} characters>", line.chars().count())
}

/// What is shown of the command that plays so many tones.
pub(super) fn shown_tones(count: usize) -> String {
    format!("AT+VTS={}{count}{}", TONES.0, TONES.1)
}

/// What may be seen of a line the modem said while this command was in flight. A modem that echoes may give a secret
/// command back, garbled or late.
pub(super) fn heard(line: &str, in_flight: Option<&Command>) -> String {
    if in_flight.is_some_and(|command| !command.is_secret() && command.is_echoed_by(line)) || is_answer(line)
    {
        return masked(line);
    }
    let is_command = line.get(..2).is_some_and(|begin| begin.eq_ignore_ascii_case("AT"));
    let parameters = line.find('=').filter(|_| is_command || in_flight.is_some_and(Command::is_secret));
    match parameters.and_then(|at| line.get(..at)) {
        Some(name) => format!("{}=****", masked(name)),
        // What lost its `=` is no command any more, but may hold what stood behind it.
        None if is_command && line.len() > HEX_SHOWN_MAX => by_length(line),
        None => masked(line),
    }
}

/// The line with its PDUs, long numbers and secrets masked.
pub(super) fn masked(line: &str) -> String {
    if let Some(shown) = without_secret(line) {
        return shown;
    }
    if line.starts_with("+CUSD:") {
        return "+CUSD: <text>".to_owned();
    }
    if line.len() > HEX_SHOWN_MAX && is_hex(line) {
        return format!("<{} hex digits>", line.len());
    }
    runs(line, |character| character.is_ascii_hexdigit()).map(masked_run).collect()
}

/// The line cut into what is of this kind and what is not.
fn runs(line: &str, is_of_kind: fn(char) -> bool) -> impl Iterator<Item = &str> {
    let mut rest = line;
    std::iter::from_fn(move || {
        let kind = is_of_kind(rest.chars().next()?);
        let end = rest.find(|character| is_of_kind(character) != kind).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(run)
    })
}

/// A run of hex digits, or of none. A long one with letters is what is left of a PDU.
fn masked_run(run: &str) -> String {
    let is_hex = run.len() > HEX_SHOWN_MAX && run.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hex && !run.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("<{} hex digits>", run.len());
    }
    runs(run, |character| character.is_ascii_digit()).map(masked_digits).collect()
}

/// The line up to the first parameter of a command that takes a secret, if there is one.
pub(super) fn without_secret(line: &str) -> Option<String> {
    let capitals = line.to_ascii_uppercase();
    let name = SECRET.iter().filter_map(|name| capitals.find(name)).min()?;
    let end = name + capitals.get(name..)?.find('=')?;
    let is_told = |rest: &str| rest == "=?" || line == shown_tones(tones_of(rest).unwrap_or_default());
    let shown = line.get(..end).filter(|_| !line.get(end..).is_some_and(is_told))?;
    Some(format!("{}=****", masked(shown)))
}

/// How many tones are told of.
fn tones_of(rest: &str) -> Option<usize> {
    rest.strip_prefix('=')?.strip_prefix(TONES.0)?.strip_suffix(TONES.1)?.parse().ok()
}

fn masked_digits(digits: &str) -> String {
    match digits.len() > DIGITS_SHOWN_MAX && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        true => "*".repeat(digits.len()),
        false => digits.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_people_and_pdus_are_masked_and_the_dialogue_stays_readable() {
        assert_eq!(masked("+CMGS: 27"), "+CMGS: 27");
        assert_eq!(masked("+CLIP: \"+491701234567\",145"), "+CLIP: \"+************\",145");
        assert_eq!(masked("262011234567890"), "***************");
        assert_eq!(masked("0011000B919471"), "<14 hex digits>");
    }

    #[test]
    fn a_pdu_with_a_lost_or_garbled_character_is_masked_too() {
        assert_eq!(masked("0011000B91947"), "<13 hex digits>");
        assert_eq!(masked("> 0011000B919471"), "> <14 hex digits>");
        assert_eq!(masked("0011000B919471*0011000B919471"), "<14 hex digits>*<14 hex digits>");
        assert_eq!(masked("Hardware 1.2 \u{e4}"), "Hardware 1.2 \u{e4}");
    }

    #[test]
    fn no_parameter_of_a_secret_command_is_shown_when_it_comes_back() {
        let secret = Command::set("AT^WAKE=\"1234\"").secret();
        let open = Command::set("AT+CMEE=1");

        for in_flight in [None, Some(&secret), Some(&open)] {
            assert_eq!(heard("AT^WAKE=\"1234\"", in_flight), "AT^WAKE=****");
            assert_eq!(heard("AT^WAKE\"1234\"", in_flight), "<13 characters>");
        }
        assert_eq!(heard("T^WAKE=\"1234\"", Some(&secret)), "T^WAKE=****");
        assert_eq!(heard("AT+CMEE=1", Some(&open)), "AT+CMEE=1");
        assert_eq!(heard("+CMS ERROR: 38", Some(&secret)), "+CMS ERROR: 38");
    }

    #[test]
    fn no_parameter_of_a_command_that_takes_a_secret_is_shown() {
        assert_eq!(masked("AT+CPIN=\"4711\""), "AT+CPIN=****");
        assert_eq!(masked("at+cmee=1;+cpwd=\"SC\",\"4711\",\"1234\""), "at+cmee=1;+cpwd=****");
        assert_eq!(masked("AT+CPIN2=4711"), "AT+CPIN2=****");
        assert_eq!(masked("AT^CPIN=4711;+CMGF=0"), "AT^CPIN=****");
        assert_eq!(masked("AT+CLCK=\"SC\",0,\"4711\""), "AT+CLCK=****");
        for shown in ["AT+CPIN?", "AT+CPIN=?", "+CPIN: SIM PIN", "^CPIN: SIM PIN,3,10,3,10,3"] {
            assert_eq!(masked(shown), shown);
        }
    }

    #[test]
    fn tones_that_come_back_are_not_shown_and_their_number_is() {
        let tones = Command::tones("AT+VTS=\"4\";+VTS=\"7\"".to_owned(), 2);

        assert_eq!(masked(&tones.shown()), "AT+VTS=<2 tones>");
        for line in ["AT+VTS=\"4\";+VTS=\"7\"", "at+vts=4,7", "AT+VTS=4;+VTS=7"] {
            assert!(!heard(line, Some(&tones)).contains(['4', '7']), "{line}");
            assert!(!heard(line, None).contains(['4', '7']), "{line}");
        }
        assert_eq!(heard("T+VS=4;+VTS=7", Some(&tones)), "T+VS=****");
        assert_eq!(masked("+VTS: (0-9,*,#)"), "+VTS: (0-9,*,#)");
    }

    #[test]
    fn what_is_told_to_a_person_is_masked_and_one_short_line() {
        assert_eq!(told("AT+CSCA=\"+491710760000\",145"), "AT+CSCA=\"+************\",145");
        assert_eq!(told("PH-NET PIN"), "PH-NET PIN");
        assert_eq!(told("A\u{1b}[2J\nB\u{e4}"), "A\\u{1b}[2J\\nB\\u{e4}");
        assert_eq!(told(&"x".repeat(80)), "x".repeat(80));
        assert_eq!(told(&"x".repeat(1000)), "x".repeat(80) + "...");
        assert_eq!(told(&"\u{7}".repeat(1000)).len(), 83);
    }
}
