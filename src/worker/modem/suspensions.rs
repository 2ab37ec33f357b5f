//! Which modems an operator wants to be left alone for now: the lines of a suspend file, as smsd reads them.
//!
//! ```text
//! GSM1: the SIM is being changed      one modem
//! GSM*: rack 3 has no power           every modem whose name begins so
//! ALL: maintenance until 18:00        every modem
//! ```
//!
//! The colon decides, the reason may be empty. The first line that names a modem counts; any other line names none.

/// Most lines that count.
const LINES_MAX: usize = 1024;
/// Longest reason, in characters.
const REASON_CHARACTERS_MAX: usize = 200;
/// What names every modem.
const ALL: &str = "ALL";

/// The modems that are suspended, each with its reason.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Suspensions(Vec<(Whom, String)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Whom {
    All,
    Beginning(String),
    One(String),
}

impl Suspensions {
    /// Reads the text of a suspend file.
    pub fn read(text: &str) -> Suspensions {
        let line = |line: &str| {
            let (whom, reason) = line.split_once(':')?;
            let reason = reason.trim().chars().filter(|c| !c.is_control()).take(REASON_CHARACTERS_MAX);
            Some((Whom::read(whom.trim()), reason.collect()))
        };
        Suspensions(text.lines().filter_map(line).take(LINES_MAX).collect())
    }

    /// Why this modem is suspended; none when it is not.
    pub fn reason(&self, modem: &str) -> Option<&str> {
        self.0.iter().find(|(whom, _)| whom.names(modem)).map(|(_, reason)| reason.as_str())
    }
}

impl Whom {
    fn read(text: &str) -> Whom {
        match text.strip_suffix('*') {
            _ if text == ALL => Whom::All,
            Some(beginning) => Whom::Beginning(beginning.to_owned()),
            None => Whom::One(text.to_owned()),
        }
    }

    fn names(&self, modem: &str) -> bool {
        match self {
            Whom::All => true,
            Whom::Beginning(beginning) => modem.starts_with(beginning),
            Whom::One(name) => modem == name,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_modem_is_named_by_itself_by_its_beginning_or_with_all() {
        for (text, reason) in [
            ("GSM1: the SIM is changed", Some("the SIM is changed")),
            ("GSM1:", Some("")),
            ("  GSM1 : a: b  ", Some("a: b")),
            ("GSM*: rack 3", Some("rack 3")),
            ("*:", Some("")),
            ("ALL: maintenance", Some("maintenance")),
            ("GSM2: other\r\nGSM1: this\r\nALL: late", Some("this")),
            ("GSM1", None),
            ("GSM: short", None),
            ("gsm1: small", None),
            ("all: small", None),
            ("#GSM1: taken out", None),
            ("GSM11: longer", None),
            ("", None),
        ] {
            assert_eq!(Suspensions::read(text).reason("GSM1"), reason, "{text}");
        }
    }

    #[test]
    fn a_file_of_any_length_is_bounded_and_no_reason_steers_a_terminal() {
        let long = format!("{}GSM1: late", "X: y\n".repeat(LINES_MAX));
        assert_eq!(Suspensions::read(&long).reason("GSM1"), None);
        let reason = format!("GSM1: \u{1b}[2J{}", "z".repeat(1000));
        let suspensions = Suspensions::read(&reason);
        let reason = suspensions.reason("GSM1").expect("suspended");
        assert_eq!((reason.chars().count(), reason.contains('\u{1b}')), (REASON_CHARACTERS_MAX, false));
    }
}
