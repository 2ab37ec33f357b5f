//! Answers: information lines, then one final result code (V.250 section 5.7, TS 27.007 section 9, 27.005 section 3.2.5).

/// A refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// `ERROR`.
    Plain,
    /// `+CME ERROR: n`, or as `+CMEE` has it.
    Cme(u16),
    /// `+CMS ERROR: n`, whatever `+CMEE` says.
    Cms(u16),
}

impl Fault {
    /// Operation not supported: an unknown command.
    pub(super) const UNKNOWN: Fault = Fault::Cme(4);
    /// Incorrect parameters.
    pub(super) const PARAMETERS: Fault = Fault::Cme(50);
    /// Invalid PDU mode parameter.
    pub(super) const PDU: Fault = Fault::Cms(304);
    /// Operation not allowed.
    pub(super) const NOT_ALLOWED: Fault = Fault::Cms(302);
    /// Invalid memory index.
    pub(super) const INDEX: Fault = Fault::Cms(321);
}

/// How a modem words its answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Wording {
    /// `ATV1`: words; `ATV0`: numbers.
    pub(super) verbose: bool,
    /// `ATQ1`: no result codes.
    pub(super) quiet: bool,
    /// `+CMEE`: 0 `ERROR`, 1 numbers, 2 words.
    pub(super) errors: u8,
}

/// Information lines in the making.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Answer(pub(super) Vec<String>);

impl Answer {
    /// Adds a line.
    pub(super) fn line(&mut self, line: impl Into<String>) {
        self.0.push(line.into());
    }

    /// The lines and the final result code as they go to the driver.
    pub(super) fn words(&self, result: Result<(), Fault>, wording: Wording) -> Vec<u8> {
        let mut words = self.information(wording);
        if !wording.quiet {
            words.extend(result_code(result, wording));
        }
        words
    }

    /// The lines alone. Lines that belong together, a header and its PDU, stand in one entry.
    pub(super) fn information(&self, wording: Wording) -> Vec<u8> {
        self.0.iter().flat_map(|line| information(line, wording)).collect()
    }
}

/// One information line or unsolicited result code.
pub(super) fn information(line: &str, wording: Wording) -> Vec<u8> {
    let lead = if wording.verbose { "\r\n" } else { "" };
    format!("{lead}{line}\r\n").into_bytes()
}

fn result_code(result: Result<(), Fault>, wording: Wording) -> Vec<u8> {
    let (number, words) = match (result, wording.errors) {
        (Ok(()), _) => (Some(0), "OK".to_owned()),
        (Err(Fault::Cme(code)), 1) => (None, format!("+CME ERROR: {code}")),
        (Err(Fault::Cme(code)), 2) => (None, format!("+CME ERROR: {}", meaning(code))),
        (Err(Fault::Cms(code)), _) => (None, format!("+CMS ERROR: {code}")),
        (Err(Fault::Plain | Fault::Cme(_)), _) => (Some(4), "ERROR".to_owned()),
    };
    match number {
        Some(number) if !wording.verbose => format!("{number}\r").into_bytes(),
        _ => information(&words, wording),
    }
}

/// The words of TS 27.007 section 9.2 for the codes this modem gives.
fn meaning(code: u16) -> String {
    match code {
        3 => "operation not allowed".to_owned(),
        4 => "operation not supported".to_owned(),
        10 => "SIM not inserted".to_owned(),
        11 => "SIM PIN required".to_owned(),
        12 => "SIM PUK required".to_owned(),
        13 => "SIM failure".to_owned(),
        16 => "incorrect password".to_owned(),
        50 => "Incorrect parameters".to_owned(),
        code => code.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: Wording = Wording { verbose: true, quiet: false, errors: 0 };

    #[test]
    fn an_answer_is_worded_as_the_driver_chose() {
        let mut answer = Answer::default();
        answer.line("+CSQ: 20,99");
        let numbers = Wording { verbose: false, ..WORDS };
        let quiet = Wording { quiet: true, ..WORDS };

        assert_eq!(answer.words(Ok(()), WORDS), b"\r\n+CSQ: 20,99\r\n\r\nOK\r\n");
        assert_eq!(answer.words(Ok(()), numbers), b"+CSQ: 20,99\r\n0\r");
        assert_eq!(answer.words(Ok(()), quiet), b"\r\n+CSQ: 20,99\r\n");
        assert_eq!(Answer::default().words(Err(Fault::Plain), numbers), b"4\r");
    }

    #[test]
    fn cmee_changes_equipment_errors_and_leaves_message_errors_alone() {
        let words = |fault, errors| {
            let words = Answer::default().words(Err(fault), Wording { errors, ..WORDS });
            String::from_utf8(words).unwrap().trim().to_owned()
        };

        assert_eq!(words(Fault::Cme(11), 0), "ERROR");
        assert_eq!(words(Fault::Cme(11), 1), "+CME ERROR: 11");
        assert_eq!(words(Fault::Cme(11), 2), "+CME ERROR: SIM PIN required");
        assert!((0..3).all(|errors| words(Fault::Cms(304), errors) == "+CMS ERROR: 304"));
    }
}
