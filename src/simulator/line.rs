//! The syntax of a command line (ITU-T V.250 section 5.2, TS 27.007 section 4).

/// Longest command line, in octets.
pub(super) const LINE_OCTETS_MAX: usize = 512;

/// One command of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Command {
    /// Its name in capitals: `E`, `&F`, `+CMGS`, `^CURC`.
    pub(super) name: String,
    /// What is asked of it.
    pub(super) operation: Operation,
}

/// What is asked of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    /// Nothing but to be carried out.
    Execute,
    /// `?`
    Read,
    /// `=?`
    Test,
    /// `=` and arguments; of a basic command its number.
    Set(Vec<Argument>),
}

/// One argument; empty when it was left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Argument {
    /// Its text, without quotes.
    pub(super) text: String,
    /// Whether it stood in quotes.
    pub(super) quoted: bool,
}

impl Argument {
    /// Its value, when it is a number without quotes.
    pub(super) fn number(&self) -> Option<u16> {
        let plain = !self.quoted && self.text.bytes().all(|b| b.is_ascii_digit());
        plain.then(|| self.text.parse().ok()).flatten()
    }
}

/// What a line holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// No `AT`: a modem does not answer.
    Noise,
    /// `AT` and something that follows no syntax.
    Malformed,
    /// `AT` and its commands; none for `AT` alone.
    Commands(Vec<Command>),
}

/// Reads a line without its carriage return. What stands before `AT` is noise and is skipped.
pub(super) fn parse(line: &[u8]) -> Line {
    let Some(at) = line.windows(2).position(|pair| pair.eq_ignore_ascii_case(b"AT")) else {
        return Line::Noise;
    };
    let Ok(body) = std::str::from_utf8(line.get(at + 2..).unwrap_or(&[])) else { return Line::Malformed };
    let mut rest = body.trim();
    let mut commands = Vec::new();
    while !rest.is_empty() {
        let Some((command, after)) = next(rest) else { return Line::Malformed };
        commands.push(command);
        rest = after.trim_start();
    }
    Line::Commands(commands)
}

fn next(text: &str) -> Option<(Command, &str)> {
    match text.chars().next()? {
        '+' | '^' | '$' | '*' | '#' | '%' => extended(text),
        'D' | 'd' => dial(text),
        '&' => basic(text, 2),
        'A'..='Z' | 'a'..='z' => basic(text, 1),
        _ => None,
    }
}

/// `D` and a number, which ends with the semicolon of a voice call; nothing else is dialled.
fn dial(text: &str) -> Option<(Command, &str)> {
    let (number, rest) = text.get(1..)?.split_once(';')?;
    let argument = Argument { text: number.trim().to_owned(), quoted: false };
    Some((Command { name: "D".to_owned(), operation: Operation::Set(vec![argument]) }, rest))
}

/// A letter, perhaps behind `&`, and a number; `S` has a register number and `=value` or `?`.
fn basic(text: &str, letters: usize) -> Option<(Command, &str)> {
    let (name, rest) = text.split_at_checked(letters)?;
    if !name.ends_with(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let digits_end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (digits, rest) = rest.split_at_checked(digits_end)?;
    let mut name = name.to_ascii_uppercase();
    if name != "S" {
        let argument = Argument { text: digits.to_owned(), quoted: false };
        let operation = if digits.is_empty() { Operation::Execute } else { Operation::Set(vec![argument]) };
        return Some((Command { name, operation }, rest));
    }
    name.push_str(digits);
    if let Some(rest) = rest.strip_prefix('?') {
        return Some((Command { name, operation: Operation::Read }, rest));
    }
    let rest = rest.strip_prefix('=')?;
    let value_end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (value, rest) = rest.split_at_checked(value_end)?;
    let argument = Argument { text: value.to_owned(), quoted: false };
    Some((Command { name, operation: Operation::Set(vec![argument]) }, rest))
}

/// A sigil, a name, and perhaps `?`, `=?` or `=` and arguments; ends at a semicolon outside quotes.
fn extended(text: &str) -> Option<(Command, &str)> {
    let end = semicolon(text)?;
    let (command, rest) = text.split_at_checked(end)?;
    let rest = rest.strip_prefix(';').unwrap_or(rest);
    let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '!' | '-' | '.' | '/' | ':');
    let name_end = command.char_indices().skip(1).find(|(_, c)| !is_name(*c)).map_or(command.len(), |x| x.0);
    let (name, tail) = command.split_at_checked(name_end)?;
    let operation = match tail.trim() {
        "" => Operation::Execute,
        "?" => Operation::Read,
        "=?" => Operation::Test,
        tail => Operation::Set(arguments(tail.strip_prefix('=')?)?),
    };
    (name.len() > 1).then(|| (Command { name: name.to_ascii_uppercase(), operation }, rest))
}

/// Where the command ends; none when a quote is left open.
fn semicolon(text: &str) -> Option<usize> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        match c {
            '"' => quoted = !quoted,
            ';' if !quoted => return Some(at),
            _ => {}
        }
    }
    (!quoted).then_some(text.len())
}

fn arguments(text: &str) -> Option<Vec<Argument>> {
    let mut arguments = Vec::new();
    let mut rest = text.trim();
    loop {
        let (argument, after) = match rest.strip_prefix('"') {
            Some(inner) => {
                let (text, after) = inner.split_once('"')?;
                (Argument { text: text.to_owned(), quoted: true }, after.trim_start())
            }
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                let (text, after) = rest.split_at_checked(end)?;
                (Argument { text: text.trim().to_owned(), quoted: false }, after)
            }
        };
        arguments.push(argument);
        match after.strip_prefix(',') {
            Some(after) => rest = after.trim_start(),
            None => return after.is_empty().then_some(arguments),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_on_one_line_are_taken_apart() {
        let Line::Commands(commands) = parse(b"ATE0V1&F+CMEE=1;+CREG?;+CPIN=\"1;2\",,3") else { panic!() };

        let names: Vec<_> = commands.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["E", "V", "&F", "+CMEE", "+CREG", "+CPIN"]);
        assert_eq!(commands[0].operation, Operation::Set(vec![plain("0")]));
        assert_eq!(commands[2].operation, Operation::Execute);
        assert_eq!(commands[4].operation, Operation::Read);
        let pin = Argument { text: "1;2".to_owned(), quoted: true };
        assert_eq!(commands[5].operation, Operation::Set(vec![pin, plain(""), plain("3")]));
    }

    #[test]
    fn case_blanks_and_noise_before_the_prefix_do_not_matter() {
        let expected =
            Line::Commands(vec![Command { name: "+CSQ".to_owned(), operation: Operation::Execute }]);

        assert_eq!(parse(b"at+csq"), expected);
        assert_eq!(parse(b"\x01\xFFgarbageAT +CSQ "), expected);
        assert_eq!(parse(b"AT"), Line::Commands(vec![]));
    }

    #[test]
    fn a_register_is_set_and_read() {
        let Line::Commands(commands) = parse(b"ATS3=13S0?") else { panic!() };

        assert_eq!(
            commands[0],
            Command { name: "S3".to_owned(), operation: Operation::Set(vec![plain("13")]) }
        );
        assert_eq!(commands[1], Command { name: "S0".to_owned(), operation: Operation::Read });
    }

    #[test]
    fn what_follows_no_syntax_is_malformed_and_what_has_no_prefix_is_noise() {
        for line in [
            &b"AT+"[..],
            b"AT+CPIN=\"12",
            b"AT+CREG!?=",
            b"AT&",
            b"AT?",
            b"AT+CMGF=\"0\"x",
            b"ATS3",
            b"AT\xFF",
        ] {
            assert_eq!(parse(line), Line::Malformed, "{line:?}");
        }
        for line in [&b""[..], b"OK", b"\x1A", b"A", b"hello"] {
            assert_eq!(parse(line), Line::Noise, "{line:?}");
        }
    }

    fn plain(text: &str) -> Argument {
        Argument { text: text.to_owned(), quoted: false }
    }
}
