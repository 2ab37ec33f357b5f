//! The form of the lines in which a dialogue is told: with times, with what the framer leaves away, octet by octet.

use std::fmt::Write;

use super::trace::masked;
use crate::model::Time;

/// Most octets of one line that are told.
const OCTETS_TOLD_MAX: usize = 1024;

/// What is told of a dialogue beside its lines. Nothing of it shows more of a number, a text or a secret than the lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceForm {
    /// How long each command took to be written, and the modem to answer.
    pub times: bool,
    /// The lines of the modem with their blanks, line ends and control characters.
    pub unmodified: bool,
    /// Every octet a line of the modem has, in a line before it.
    pub octets: bool,
}

impl TraceForm {
    /// Whether what the modem says has to be kept as it came.
    pub(super) fn wants_raw(self) -> bool {
        self.unmodified || self.octets
    }

    /// The lines about one that was sent; it took so long to be written.
    pub(super) fn sent(self, shown: &str, since: Option<Time>, now: Time) -> String {
        format!("{}> {}", self.time(since, now), masked(shown))
    }

    /// The lines about one that the modem said, `raw` as it came. One with something masked is shown so in every form.
    pub(super) fn heard(
        self,
        (line, raw): (&str, &[u8]),
        shown: &str,
        times: (Option<Time>, Time),
    ) -> Vec<String> {
        let whole = Some(raw).filter(|_| shown == line);
        let octets = self.octets.then(|| match whole {
            Some(raw) => format!("read {}", octets(raw)),
            None => format!("read {} octets: {shown}", raw.len()),
        });
        let text = match whole.filter(|_| self.unmodified) {
            Some(raw) => raw.iter().map(|octet| char::from(*octet)).collect(),
            None => shown.to_owned(),
        };
        let answer = format!("{}< {text}", self.time(times.0, times.1));
        octets.into_iter().chain([answer]).collect()
    }

    fn time(self, since: Option<Time>, now: Time) -> String {
        match since.filter(|_| self.times) {
            Some(since) => format!("time {} ms ", now.since(since).as_millis()),
            None => String::new(),
        }
    }
}

/// Each octet in hex digits with its character.
fn octets(raw: &[u8]) -> String {
    let mut text = String::new();
    for octet in raw.iter().take(OCTETS_TOLD_MAX) {
        let character = if octet.is_ascii_graphic() || *octet == b' ' { char::from(*octet) } else { '.' };
        // Writing to a String cannot fail.
        let _ = write!(text, "{octet:02X}[{character}] ");
    }
    if raw.len() > OCTETS_TOLD_MAX {
        let _ = write!(text, "and {} more", raw.len() - OCTETS_TOLD_MAX);
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: TraceForm = TraceForm { times: true, unmodified: true, octets: true };

    fn at(millis: u64) -> Time {
        Time::from_millis(millis)
    }

    #[test]
    fn each_form_adds_what_it_is_for() {
        let heard = |form: TraceForm| form.heard(("OK", b"\r\nOK \r"), "OK", (Some(at(5)), at(28)));

        assert_eq!(heard(TraceForm::default()), ["< OK"]);
        assert_eq!(heard(TraceForm { times: true, ..TraceForm::default() }), ["time 23 ms < OK"]);
        assert_eq!(heard(TraceForm { unmodified: true, ..TraceForm::default() }), ["< \r\nOK \r"]);
        assert_eq!(heard(ALL), ["read 0D[.] 0A[.] 4F[O] 4B[K] 20[ ] 0D[.]", "time 23 ms < \r\nOK \r"]);
        assert_eq!(ALL.sent("AT", Some(at(1)), at(4)), "time 3 ms > AT");
        assert_eq!(ALL.heard(("RING", b"RING\r"), "RING", (None, at(4)))[1], "< RING\r");
    }

    #[test]
    fn no_form_shows_more_of_what_is_masked() {
        let line = "262011234567890";
        let raw = format!("\r\n{line}\r");

        let told = ALL.heard((line, raw.as_bytes()), "***************", (Some(at(0)), at(1)));

        assert_eq!(told, ["read 18 octets: ***************", "time 1 ms < ***************"]);
        assert_eq!(ALL.sent("AT+CPIN=\"4711\"", None, at(1)), "> AT+CPIN=****");
    }

    #[test]
    fn what_is_told_of_a_line_is_bounded() {
        let told = octets(&[b'x'; OCTETS_TOLD_MAX + 3]);

        assert!(told.ends_with("78[x] and 3 more") && told.len() < 7 * OCTETS_TOLD_MAX, "{}", told.len());
    }
}
