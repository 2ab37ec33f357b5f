//! The words that say which messages are meant: `state:failed modem:GSM2 after:1h`.

use chrono::{DateTime, FixedOffset};
use smsgrid_proto::State;

use crate::args::past;
use crate::client::Query;
use crate::failure::Failure;
use crate::nearest::nearest;
use crate::render::quoted;

/// The keys of a query.
const KEYS: [&str; 5] = ["state", "to", "modem", "after", "before"];

/// Reads a query; `now` is the moment that `1h` is before.
pub(crate) fn parse(words: &[String], now: DateTime<FixedOffset>) -> Result<Query, Failure> {
    let mut query = Query::default();
    for word in words.iter().flat_map(|words| split(words)) {
        let Some((key, value)) = word.split_once(':') else {
            return Err(Failure::wrong(format!("{} is no part of a query", quoted(&word)))
                .fix("write KEY:VALUE, such as state:failed"));
        };
        let moment = || {
            past(value, now).map_err(|how| {
                Failure::wrong(format!("{} is no moment", quoted(value)))
                    .fix(format!("{how}, or a span such as 1h"))
            })
        };
        match key {
            "state" => query.states.extend(states(value)?),
            "to" => value.clone_into(&mut query.to),
            "modem" => value.clone_into(&mut query.modem),
            "after" => query.after = Some(moment()?),
            "before" => query.before = Some(moment()?),
            _ => return Err(unknown("key", key, &KEYS)),
        }
    }
    Ok(query)
}

/// The words of a query given as one argument.
fn split(words: &str) -> Vec<String> {
    // A date and a time stand apart: after:"2026-11-24 09:00" keeps its blank when nothing after it has a key.
    let mut found: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        let begins =
            word.split_once(':').is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_alphabetic()));
        match found.last_mut() {
            Some(last) if !begins => {
                last.push(' ');
                last.push_str(word);
            }
            Some(_) | None => found.push(word.to_owned()),
        }
    }
    found
}

fn states(value: &str) -> Result<Vec<State>, Failure> {
    let words: Vec<&str> = State::ALL.iter().map(|state| state.word()).collect();
    let state = |word: &str| {
        let found = State::ALL.iter().copied().find(|state| state.word().eq_ignore_ascii_case(word));
        found.ok_or_else(|| unknown("state", word, &words))
    };
    value.split(',').map(state).collect()
}

fn unknown(what: &str, word: &str, known: &[&str]) -> Failure {
    let hint = nearest(word, known.iter().copied());
    let hint = hint.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    Failure::wrong(format!("{} is no {what}", quoted(word)))
        .fix(format!("{hint}there are {}", known.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339("2026-11-24T09:30:00+02:00").expect("a moment")
    }

    fn read(words: &[&str]) -> Result<Query, Failure> {
        parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>(), now())
    }

    #[test]
    fn a_query_is_read_in_one_argument_or_several() {
        let apart = read(&["state:failed,Expired", "modem:GSM2", "after:1h", "to:+49"]);
        let together = read(&["state:failed,expired modem:GSM2 after:1h to:+49"]);

        assert_eq!(apart, together);
        let query = apart.expect("a query");
        assert_eq!(query.states, [State::Failed, State::Expired]);
        assert_eq!((query.modem.as_str(), query.to.as_str()), ("GSM2", "+49"));
        assert_eq!(query.after.map(|after| after.to_rfc3339()).as_deref(), Some("2026-11-24T06:30:00+00:00"));
    }

    #[test]
    fn a_date_with_its_time_is_one_value() {
        let query = read(&["after:2026-11-24 09:00 state:sent"]).expect("a query");

        assert_eq!(query.after.map(|after| after.to_rfc3339()).as_deref(), Some("2026-11-24T07:00:00+00:00"));
        assert_eq!(query.states, [State::Sent]);
    }

    #[test]
    fn a_wrong_word_is_answered_with_the_nearest_right_one() {
        for (word, near) in [("staet:failed", "state"), ("state:faild", "failed")] {
            let failure = read(&[word]).expect_err("wrong");
            assert!(failure.to_string().contains(&format!("did you mean {near}?")), "{failure}");
        }
        for word in ["failed", "after:soon", "state:", ":x"] {
            assert_eq!(read(&[word]).expect_err("wrong").exit.code(), 2, "{word}");
        }
    }
}
