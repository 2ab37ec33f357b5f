//! Bytes to lines and prompts.
//!
//! A line ends with CR or LF; empty lines are nothing. `>` at the beginning of a line is the prompt, at once
//! and with or without the space after it: no line of a modem in PDU mode begins with it. What is said depends on
//! the bytes alone, never on how they were cut into reads.

/// Longest line kept, in octets; the longest legal one, a PDU, has fewer than 400.
const LINE_OCTETS_MAX: usize = 4096;

/// Octets kept as they came, the longest line with noise around it.
const RAW_OCTETS_MAX: usize = 2 * LINE_OCTETS_MAX;

/// What a modem said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A line without its end and without blanks around it; octets above 127 as Latin-1.
    Line(String),
    /// The prompt for the PDU.
    Prompt,
    /// A line too long to be one; it was dropped.
    Overlong,
}

/// The bytes of a line that has not ended yet.
#[derive(Debug, Default)]
pub(super) struct Framer {
    partial: String,
    octets: usize,
    dropping: bool,
    /// What came since the last token, when it is wanted.
    raw: Option<Vec<u8>>,
}

impl Framer {
    /// Whether what comes is kept as it came, for [`Framer::take_raw`].
    pub(super) fn keep_raw(&mut self, wanted: bool) {
        if wanted != self.raw.is_some() {
            self.raw = wanted.then(Vec::new);
        }
    }

    /// The bytes of the last token, with those before it that are none.
    pub(super) fn take_raw(&mut self) -> Vec<u8> {
        self.raw.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// The next byte; a token when it completes one.
    pub(super) fn push(&mut self, byte: u8) -> Option<Token> {
        if let Some(raw) = self.raw.as_mut().filter(|raw| raw.len() < RAW_OCTETS_MAX) {
            raw.push(byte);
        }
        match byte {
            b'\r' | b'\n' => self.end_line(),
            // NUL and rubout are line noise; Ctrl-Z and ESC are echoes of our own.
            0 | 0x1A | 0x1B | 0x7F => None,
            b'>' if self.partial.is_empty() && !self.dropping => Some(Token::Prompt),
            b' ' | b'\t' if self.partial.is_empty() => None,
            _ => self.keep(byte),
        }
    }

    /// Forgets a line begun, when the port is another one now.
    pub(super) fn clear(&mut self) {
        *self = Framer { raw: self.raw.take().map(|_| Vec::new()), ..Framer::default() };
    }

    fn end_line(&mut self) -> Option<Token> {
        if std::mem::take(&mut self.dropping) {
            self.take_raw();
        }
        self.octets = 0;
        let line = std::mem::take(&mut self.partial);
        let line = line.trim_end();
        (!line.is_empty()).then(|| Token::Line(line.to_owned()))
    }

    fn keep(&mut self, byte: u8) -> Option<Token> {
        if self.dropping {
            return None;
        }
        if self.octets == LINE_OCTETS_MAX {
            self.dropping = true;
            self.partial = String::new();
            return Some(Token::Overlong);
        }
        self.octets += 1;
        self.partial.push(char::from(byte));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_line_end_ends_a_line_and_blank_lines_are_nothing() {
        let expected = ["OK", "ERROR", "A B", "0"].map(line);

        assert_eq!(tokens(b"\r\nOK\r\n\r\r\nERROR\n A B \t\r0\r"), expected);
    }

    #[test]
    fn the_prompt_is_seen_without_its_space_and_glued_to_lines() {
        assert_eq!(tokens(b"\r\n>"), [Token::Prompt]);
        assert_eq!(tokens(b"OK\r\n> "), [line("OK"), Token::Prompt]);
        assert_eq!(tokens(b"> +CMTI: \"SM\",3\r\n"), [Token::Prompt, line("+CMTI: \"SM\",3")]);
    }

    #[test]
    fn a_greater_sign_inside_a_line_is_no_prompt() {
        assert_eq!(tokens(b"+COPS: 0,0,\"A>B\"\r\n"), [line("+COPS: 0,0,\"A>B\"")]);
    }

    #[test]
    fn nul_and_our_own_control_characters_vanish_and_high_octets_stay() {
        assert_eq!(tokens(b"\0O\0K\x1a\r\n\x1bAT\r"), [line("OK"), line("AT")]);
        assert_eq!(tokens(b"\xe9\xff\r\n"), [line("\u{e9}\u{ff}")]);
    }

    #[test]
    fn an_endless_line_is_dropped_and_the_next_one_is_read() {
        let mut bytes = vec![b'A'; 3 * LINE_OCTETS_MAX];
        bytes.extend(b">\r\nOK\r\n");

        assert_eq!(tokens(&bytes), [Token::Overlong, line("OK")]);
    }

    #[test]
    fn the_longest_line_is_kept_whole() {
        let mut bytes = vec![0xE9; LINE_OCTETS_MAX];
        bytes.extend(b"\r\n");

        assert_eq!(tokens(&bytes), [line(&"\u{e9}".repeat(LINE_OCTETS_MAX))]);
    }

    #[test]
    fn what_came_is_kept_with_each_token_and_nothing_of_a_dropped_line() {
        let mut framer = Framer::default();
        framer.keep_raw(true);
        let mut raws = Vec::new();
        let mut bytes = b"\r\n\0OK \r\n> ".to_vec();
        bytes.extend([b'A'; LINE_OCTETS_MAX + 2]);
        bytes.extend(b"\rA\r");
        for byte in bytes {
            if framer.push(byte).is_some_and(|token| token != Token::Overlong) {
                raws.push(framer.take_raw());
            }
        }

        assert_eq!(raws, [&b"\r\n\0OK \r"[..], b"\n>", b"A\r"]);
        framer.keep_raw(false);
        framer.push(b'A');
        assert_eq!(framer.take_raw(), b"");
    }

    fn tokens(bytes: &[u8]) -> Vec<Token> {
        let mut framer = Framer::default();
        bytes.iter().filter_map(|byte| framer.push(*byte)).collect()
    }

    fn line(text: &str) -> Token {
        Token::Line(text.to_owned())
    }
}
