//! Texts of strangers made harmless: no new line, no terminal command, no turned reading direction.

use std::fmt::{self, Write};

/// Most characters of one value; the rest is cut and counted.
const CHARACTERS_MAX: usize = 2048;

/// Writes `text` as a JSON string without its quotes.
pub(super) fn json(out: &mut impl Write, text: &str) -> fmt::Result {
    cut(out, text, |out, c| match c {
        '"' | '\\' => write!(out, "\\{c}"),
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        c if is_harmful(c) => {
            c.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(out, "\\u{unit:04x}"))
        }
        c => out.write_char(c),
    })
}

/// Writes `text` for a person's eyes.
pub(super) fn text(out: &mut impl Write, text: &str) -> fmt::Result {
    cut(out, text, |out, c| match c {
        '\n' => out.write_str("\\n"),
        '\r' => out.write_str("\\r"),
        '\t' => out.write_str("\\t"),
        c if is_harmful(c) => write!(out, "\\u{{{:x}}}", u32::from(c)),
        c => out.write_char(c),
    })
}

fn cut<W: Write>(
    out: &mut W,
    text: &str,
    mut write_one: impl FnMut(&mut W, char) -> fmt::Result,
) -> fmt::Result {
    text.chars().take(CHARACTERS_MAX).try_for_each(|c| write_one(out, c))?;
    match text.chars().count().saturating_sub(CHARACTERS_MAX) {
        0 => Ok(()),
        more => write!(out, "… and {more} more"),
    }
}

/// Controls, line separators, and what turns or hides the text around it (Unicode UAX 9, UTS 39).
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}')
        || matches!(c, '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}
