//! What may be seen of a dialogue: the shape of every line, no number of a person, no text, no secret.

use super::response::is_hex;

/// Digits in a row that may belong to a person's number, a SIM or a device.
const DIGITS_SHOWN_MAX: usize = 5;

/// The line with its PDUs and long numbers masked.
pub(super) fn masked(line: &str) -> String {
    if line.starts_with("+CUSD:") {
        return "+CUSD: <text>".to_owned();
    }
    if line.len() > 2 * DIGITS_SHOWN_MAX && is_hex(line) {
        return format!("<{} hex digits>", line.len());
    }
    let mut shown = String::new();
    let mut digits = String::new();
    for character in line.chars() {
        if character.is_ascii_digit() {
            digits.push(character);
            continue;
        }
        shown.push_str(&masked_digits(&digits));
        digits.clear();
        shown.push(character);
    }
    shown + &masked_digits(&digits)
}

fn masked_digits(digits: &str) -> String {
    match digits.len() > DIGITS_SHOWN_MAX {
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
}
