//! The `NOTICE:` lines about characters that an alphabet lacks, in smsd's words.

use crate::sms_file::Letter;

/// Most lines of one file that name a character.
const LINES_MAX: usize = 100;

/// Lines for `NOTICE:`, in the character set of the file.
#[derive(Debug, Default)]
pub(super) struct Notices {
    lines: Vec<Vec<u8>>,
    /// Lines that were too many.
    left_out: usize,
    conclusion: Option<String>,
}

impl Notices {
    /// One character more that was lost.
    pub(super) fn push(&mut self, line: impl FnOnce() -> Vec<u8>) {
        if self.lines.len() < LINES_MAX {
            self.lines.push(line());
        } else {
            self.left_out += 1;
        }
    }

    /// The line after those that name characters.
    pub(super) fn conclude(&mut self, line: String) {
        self.conclusion = Some(line);
    }

    pub(super) fn into_lines(mut self) -> Vec<Vec<u8>> {
        if self.left_out > 0 {
            self.lines.push(format!("{} more characters cannot be converted to GSM.", self.left_out).into());
        }
        self.lines.extend(self.conclusion.map(String::into_bytes));
        self.lines
    }
}

/// What is said of letters the GSM alphabet lacks.
pub(super) fn lost_from_gsm(lost: &[(usize, Letter)]) -> Notices {
    let mut notices = Notices::default();
    for (position, letter) in lost {
        notices.push(|| {
            let octets = letter.octets();
            let mut line =
                format!("Cannot convert {position}. character ({})", hex(&octets, "")).into_bytes();
            // What would end the line in a program written in C is not shown.
            line.extend(octets.into_iter().filter(|octet| *octet != 0));
            line.extend_from_slice(b" to GSM.");
            line
        });
    }
    notices
}

/// What is said of a character that neither of two language tables has.
pub(super) fn not_in_tables(position: usize, character: char, tables: (u8, u8)) -> Vec<u8> {
    let text = character.to_string();
    format!(
        "Cannot convert {position}. UTF-8 character {} ({text}) to GSM, not found on language tables {}/{}.",
        hex(text.as_bytes(), " "),
        tables.0,
        tables.1
    )
    .into_bytes()
}

fn hex(octets: &[u8], between: &str) -> String {
    let octets: Vec<String> = octets.iter().map(|octet| format!("{octet:02X}")).collect();
    octets.join(between)
}
