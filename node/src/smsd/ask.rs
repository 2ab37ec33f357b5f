//! `-a`: settings with several values are chosen at the terminal.

use std::io::{self, BufRead, Write};

use crate::config::smsd::{Choice, choices, choose};

/// The file as it was chosen; none when whoever was asked wants nothing started.
pub(super) fn ask(
    octets: &[u8],
    input: &mut dyn BufRead,
    out: &mut dyn Write,
) -> io::Result<Option<Vec<u8>>> {
    let mut chosen = octets.to_vec();
    for choice in choices(octets) {
        match answer(&choice, input, out)? {
            Some(value) => chosen = choose(&chosen, &choice, &value),
            None => return Ok(None),
        }
    }
    Ok(Some(chosen))
}

fn answer(choice: &Choice, input: &mut dyn BufRead, out: &mut dyn Write) -> io::Result<Option<String>> {
    let other = choice.values.len() + 1;
    loop {
        let (section, key) = (&choice.section, &choice.key);
        writeln!(out, "Value for \"{section} {key}\" (Enter for the first value, 0 to exit):")?;
        for (number, value) in (1..).zip(&choice.values) {
            writeln!(out, "{number}) {value}")?;
        }
        write!(out, "{other}) Other\nSelect 1 to {other}: ")?;
        let Some(line) = read(input, out)? else { return Ok(None) };
        match line.trim() {
            "" => return Ok(choice.values.first().cloned()),
            "0" => return Ok(None),
            number => match number.parse::<usize>() {
                Ok(number) if number == other => {
                    write!(out, "Value: ")?;
                    return Ok(read(input, out)?.map(|line| line.trim().to_owned()));
                }
                Ok(number) if (1..other).contains(&number) => {
                    return Ok(choice.values.get(number - 1).cloned());
                }
                Ok(_) | Err(_) => {}
            },
        }
    }
}

/// A line; none when nobody answers any more.
fn read(input: &mut dyn BufRead, out: &mut dyn Write) -> io::Result<Option<String>> {
    out.flush()?;
    let mut line = String::new();
    Ok((input.read_line(&mut line)? > 0).then_some(line))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "devices = X\nautosplit = ? 3 | 0\n[X]\ndevice = ? /dev/a | /dev/b\n";

    fn asked(answers: &str) -> (Option<String>, String) {
        let mut out = Vec::new();
        let chosen = ask(FILE.as_bytes(), &mut answers.as_bytes(), &mut out).expect("no terminal fails");
        let text = |octets| String::from_utf8(octets).expect("text");
        (chosen.map(text), text(out))
    }

    #[test]
    fn each_choice_is_asked_for_in_the_words_of_smsd() {
        let (chosen, shown) = asked("2\n\n");

        assert_eq!(chosen.as_deref(), Some("devices = X\nautosplit = 0\n[X]\ndevice = /dev/a\n"));
        let first = "Value for \"global autosplit\" (Enter for the first value, 0 to exit):\n1) 3\n2) 0\n3) Other\n\
                     Select 1 to 3: ";
        assert!(shown.starts_with(first), "{shown}");
    }

    #[test]
    fn a_value_of_ones_own_is_the_last_choice_and_nonsense_is_asked_again() {
        let (chosen, shown) = asked("9\nx\n1\n3\n/dev/c\n");

        assert_eq!(chosen.as_deref(), Some("devices = X\nautosplit = 3\n[X]\ndevice = /dev/c\n"));
        assert_eq!(shown.matches("global autosplit").count(), 3);
    }

    #[test]
    fn zero_and_the_end_of_the_input_start_nothing() {
        assert_eq!(asked("0\n").0, None);
        assert_eq!(asked("1\n").0, None);
    }
}
