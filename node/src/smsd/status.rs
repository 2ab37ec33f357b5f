//! The file `status`: the letters of all modems, and a line of each.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use chrono::{DateTime, Local};
use smsgrid::model::Timestamp;

use super::states::{State, letters};
use super::uptime::uptime;
use crate::config::smsd::{Shown, Statistics};

/// A tab stands at every eighth column.
const TAB: usize = 8;

/// What one line needs beside the state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counted {
    /// Parts ever sent.
    pub(super) sent: u64,
    /// Messages given up in this period.
    pub(super) failed: u64,
}

/// The whole file.
pub(super) fn text(
    states: &[State],
    counted: &[Counted],
    settings: &Statistics,
    (begun, now): (DateTime<Local>, DateTime<Local>),
) -> String {
    let widest = states.iter().map(|state| state.modem.as_str().len() + 1).max().unwrap_or(0).max(TAB - 1);
    let mut text = format!("{}{},\t{}\n", name("Status", widest), time(now), letters(states));
    for (at, state) in states.iter().enumerate() {
        let counted = counted.get(at).copied().unwrap_or_default();
        let shown = settings.shown.get(at).copied().unwrap_or(Shown::ALL);
        text.push_str(&name(state.modem.as_str(), widest));
        text.push_str(&line(state, counted, shown));
    }
    if settings.include_uptime {
        let up = uptime((now - begun).to_std().unwrap_or_default());
        text.push_str(&format!("\n{}{},\tup {up}\n", name("Start", widest), time(begun)));
    }
    text
}

/// A name with tabs up to the column that all lines share.
fn name(name: &str, widest: usize) -> String {
    let columns = (widest / TAB + 1) * TAB;
    let tabs = (columns - (name.len() + 1).min(columns - 1)).div_ceil(TAB);
    format!("{name}:{}", "\t".repeat(tabs))
}

fn line(state: &State, counted: Counted, shown: Shown) -> String {
    let since = state.news.as_ref().map_or_else(|| "-".to_owned(), |news| time(local(news.since)));
    let word = state.activity.word();
    let mut line = format!("{since},\t{word}");
    if shown.counters {
        let tabs = if word.len() + 1 < TAB { "\t\t" } else { "\t" };
        line.push_str(&format!(",{tabs}{},\t{},\t0", counted.sent, counted.failed));
    }
    if let Some(news) = state.news.as_ref().filter(|_| shown.signal_quality) {
        let signal = news.signal.map_or_else(|| "??".to_owned(), |dbm| format!("{dbm} dBm ({})", level(dbm)));
        line.push_str(&format!(",\tssi: {signal}"));
        if shown.bit_errors {
            line.push_str(&format!(", ber: {}", bit_errors(news.bit_errors)));
        }
    }
    line.push('\n');
    line
}

/// smsd's word for a strength.
fn level(dbm: i32) -> &'static str {
    match dbm {
        -73.. => "Excellent",
        -83..=-74 => "Good",
        -93..=-84 => "Workable",
        ..=-94 => "Marginal",
    }
}

/// smsd's words for a class of bit errors (TS 27.007 section 8.5).
fn bit_errors(class: Option<u8>) -> &'static str {
    match class {
        Some(0) => "< 0.2 %",
        Some(1) => "0.2 - 0.4 %",
        Some(2) => "0.4 - 0.8 %",
        Some(3) => "0.8 - 1.6 %",
        Some(4) => "1.6 - 3.2 %",
        Some(5) => "3.2 - 6.4 %",
        Some(6) => "6.4 - 12.8 %",
        Some(7) => "> 12.8 %",
        Some(_) | None => "??",
    }
}

fn time(time: DateTime<Local>) -> String {
    time.format("%y-%m-%d %H:%M:%S").to_string()
}

fn local(timestamp: Timestamp) -> DateTime<Local> {
    let millis = i64::try_from(timestamp.as_unix_millis()).unwrap_or(i64::MAX);
    DateTime::from_timestamp_millis(millis).unwrap_or_default().into()
}

/// Puts `text` in the place of the file at `path`, so that nobody reads half of it.
pub(super) fn replace(path: &Path, text: &str) -> io::Result<()> {
    let draft = path.with_extension("draft");
    let mut file = fs::File::create(&draft)?;
    file.write_all(text.as_bytes())?;
    fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use smsgrid::at::SignalQuality;
    use smsgrid::model::Name;

    use super::super::states::Activity;
    use super::*;
    use crate::api::{ModemCondition, ModemNews};

    fn noon() -> DateTime<Local> {
        Local.with_ymd_and_hms(2026, 11, 28, 12, 1, 18).single().expect("an hour that is there")
    }

    fn state(name: &str, activity: Activity, signal: Option<i32>) -> State {
        let since =
            Timestamp::from_unix_millis(u64::try_from(noon().timestamp_millis()).expect("after 1970"));
        let news = ModemNews {
            condition: ModemCondition::Ready,
            since,
            signal,
            bit_errors: signal.map(|_| 0),
            operator: None,
            network: None,
            why: None,
            reason: None,
        };
        State { modem: Name::new(name).expect("a name"), activity, news: Some(news) }
    }

    fn settings(include_uptime: bool, shown: Vec<Shown>) -> Statistics {
        Statistics {
            folder: "/s".to_owned(),
            interval: 3600,
            no_zeroes: false,
            status_interval: 1,
            include_uptime,
            shown,
        }
    }

    #[test]
    fn the_file_is_as_smsd_writes_it() {
        let silent = State { news: None, ..state("GSM2", Activity::Unknown, None) };
        let states = [state("GSM1", Activity::Idle, Some(-73)), silent];
        let counted = [Counted { sent: 7, failed: 1 }, Counted::default()];

        let text = text(
            &states,
            &counted,
            &settings(true, Vec::new()),
            (noon(), noon() + chrono::Duration::seconds(61)),
        );

        assert_eq!(
            text,
            format!(
                "Status:\t26-11-28 12:02:19,\ti{}\nGSM1:\t26-11-28 12:01:18,\tIdle,\t\t7,\t1,\t0,\tssi: -73 dBm (Excellent), \
                 ber: < 0.2 %\nGSM2:\t-,\tUnknown,\t0,\t0,\t0\n\nStart:\t26-11-28 12:01:18,\tup 1 min\n",
                "-".repeat(63)
            )
        );
    }

    #[test]
    fn long_names_move_the_column_and_switches_leave_fields_out() {
        let shown = Shown { counters: false, signal_quality: false, bit_errors: true };
        let states = [state("A", Activity::Sending, None), state("MODEM01", Activity::Blocked, None)];

        let text = text(&states, &[], &settings(false, vec![shown, shown]), (noon(), noon()));

        let lines: Vec<&str> = text.lines().collect();
        assert!(lines[0].starts_with("Status:\t\t26-"), "{text}");
        assert_eq!(lines[1], "A:\t\t26-11-28 12:01:18,\tSending");
        assert_eq!(lines[2], "MODEM01:\t26-11-28 12:01:18,\tBlocked");
    }

    /// What a line says of a signal that `+CSQ` tells like this.
    fn signal_in_words(rssi: u8, ber: u8, shown: Shown) -> String {
        let quality = SignalQuality {
            rssi: Some(rssi).filter(|rssi| *rssi <= 31),
            ber: Some(ber).filter(|ber| *ber <= 7),
        };
        let mut state = state("GSM1", Activity::Idle, quality.dbm().map(i32::from));
        state.news = state.news.map(|news| ModemNews { bit_errors: quality.ber, ..news });
        let line = line(&state, Counted::default(), shown);
        line.split_once("ssi: ").expect("it is shown").1.trim_end().to_owned()
    }

    #[test]
    fn signals_have_the_words_smsd_was_heard_to_say() {
        for (rssi, ber, words) in [
            (0, 0, "-113 dBm (Marginal), ber: < 0.2 %"),
            (1, 1, "-111 dBm (Marginal), ber: 0.2 - 0.4 %"),
            (2, 2, "-109 dBm (Marginal), ber: 0.4 - 0.8 %"),
            (20, 3, "-73 dBm (Excellent), ber: 0.8 - 1.6 %"),
            (30, 4, "-53 dBm (Excellent), ber: 1.6 - 3.2 %"),
            (31, 5, "-51 dBm (Excellent), ber: 3.2 - 6.4 %"),
            (31, 6, "-51 dBm (Excellent), ber: 6.4 - 12.8 %"),
            (15, 7, "-83 dBm (Good), ber: > 12.8 %"),
            (99, 99, "??, ber: ??"),
            (9, 99, "-95 dBm (Marginal), ber: ??"),
            (10, 99, "-93 dBm (Workable), ber: ??"),
        ] {
            assert_eq!(signal_in_words(rssi, ber, Shown::ALL), words, "{rssi},{ber}");
        }
        let without = Shown { bit_errors: false, ..Shown::ALL };
        assert_eq!(signal_in_words(20, 3, without), "-73 dBm (Excellent)");
    }

    #[test]
    fn strengths_have_smsds_words() {
        for (dbm, word) in [(-51, "Excellent"), (-73, "Excellent"), (-75, "Good"), (-83, "Good")] {
            assert_eq!(level(dbm), word);
        }
        for (dbm, word) in [(-85, "Workable"), (-93, "Workable"), (-95, "Marginal"), (-113, "Marginal")] {
            assert_eq!(level(dbm), word);
        }
    }
}
