//! Final results and the fields of information lines (TS 27.007 section 4, TS 27.005 section 3.2.5).

use crate::model::Cause;

/// Fields of one line that are looked at.
const FIELDS_MAX: usize = 64;

/// The line that ends the answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FinalResult {
    /// `OK`.
    Ok,
    /// `ERROR`, `+CME ERROR: n` or `+CMS ERROR: n`, with the number if there is one.
    Error(Option<Cause>),
}

impl FinalResult {
    /// The final result `line` is, and is exactly; none for any other line.
    pub(super) fn parse(line: &str) -> Option<FinalResult> {
        match line {
            "OK" => return Some(FinalResult::Ok),
            // Two of Huawei's own.
            "ERROR" | "COMMAND NOT SUPPORT" | "TOO MANY PARAMETERS" => return Some(FinalResult::Error(None)),
            _ => {}
        }
        if let Some(number) = line.strip_prefix("+CME ERROR:") {
            return Some(FinalResult::Error(number.trim().parse().ok().map(Cause::Cme)));
        }
        let number = line.strip_prefix("+CMS ERROR:")?;
        Some(FinalResult::Error(number.trim().parse().ok().map(Cause::Cms)))
    }

    /// The final result in numbers, as `ATV0` modems give it.
    pub(super) fn parse_numeric(line: &str) -> Option<FinalResult> {
        match line {
            "0" => Some(FinalResult::Ok),
            "4" => Some(FinalResult::Error(None)),
            _ => None,
        }
    }
}

/// Whether the line has the form of an answer to an SMS command, so that nobody takes it for noise.
pub(super) fn is_answer(line: &str) -> bool {
    FinalResult::parse(line).is_some() || line.starts_with("+CMGS:")
}

/// What follows `prefix` and its colon.
pub(super) fn after_prefix<'a>(line: &'a str, prefix: &str) -> Option<&'a str> {
    line.strip_prefix(prefix)?.strip_prefix(':').map(str::trim)
}

/// The comma-separated fields of an information line, quotes and blanks removed. Commas inside quotes or
/// parentheses separate nothing.
pub(super) fn fields(text: &str) -> Vec<String> {
    let mut fields = vec![String::new()];
    let (mut quoted, mut depth) = (false, 0_u8);
    for character in text.chars() {
        match character {
            '"' => quoted = !quoted,
            ',' if !quoted && depth == 0 && fields.len() < FIELDS_MAX => fields.push(String::new()),
            _ => {
                match character {
                    '(' if !quoted => depth = depth.saturating_add(1),
                    ')' if !quoted => depth = depth.saturating_sub(1),
                    _ => {}
                }
                if let Some(field) = fields.last_mut() {
                    field.push(character);
                }
            }
        }
    }
    fields.iter().map(|field| field.trim().to_owned()).collect()
}

/// The number in field `index`, from 0; zero padding is tolerated.
pub(super) fn number<T: std::str::FromStr>(fields: &[String], index: usize) -> Option<T> {
    fields.get(index)?.parse().ok()
}

/// Whether the line is octets in hex and nothing else.
pub(super) fn is_hex(line: &str) -> bool {
    !line.is_empty() && line.len().is_multiple_of(2) && line.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_final_result_is_the_whole_line() {
        assert_eq!(FinalResult::parse("OK"), Some(FinalResult::Ok));
        assert_eq!(FinalResult::parse("+CMS ERROR: 38"), Some(FinalResult::Error(Some(Cause::Cms(38)))));
        assert_eq!(FinalResult::parse("+CMS ERROR:38"), Some(FinalResult::Error(Some(Cause::Cms(38)))));
        assert_eq!(FinalResult::parse("+CME ERROR: SIM busy"), Some(FinalResult::Error(None)));
        for line in ["OKAY", "NOT OK", "ok", "ERRORS", "+CMS ERROR", "+COPS: 0,0,\"OK\"", ""] {
            assert_eq!(FinalResult::parse(line), None, "{line}");
        }
    }

    #[test]
    fn numbers_are_results_only_where_they_are_asked_for() {
        assert_eq!(FinalResult::parse("0"), None);
        assert_eq!(FinalResult::parse_numeric("0"), Some(FinalResult::Ok));
        assert_eq!(FinalResult::parse_numeric("4"), Some(FinalResult::Error(None)));
        assert_eq!(FinalResult::parse_numeric("1"), None);
    }

    #[test]
    fn fields_keep_commas_inside_quotes_and_parentheses() {
        assert_eq!(fields("0,0,\"A, B\",7"), ["0", "0", "A, B", "7"]);
        assert_eq!(fields("(1,2,5),(0-4)"), ["(1,2,5)", "(0-4)"]);
        assert_eq!(fields(""), [""]);
        assert_eq!(fields(&",".repeat(1000)).len(), FIELDS_MAX);
        assert_eq!(number::<u8>(&fields("000, 001"), 1), Some(1));
        assert_eq!(number::<u8>(&fields("0,256"), 1), None);
    }
}
