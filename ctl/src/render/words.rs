//! Small phrases: numbers with their nouns, spans of time, texts that must not steer a terminal.

use std::time::Duration;

/// A text from elsewhere, as a terminal may show it: characters that steer it are escaped.
pub(crate) fn tame(text: &str) -> String {
    let steers = |c: char| {
        c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut tamed = String::with_capacity(text.len());
    for c in text.chars() {
        if steers(c) { tamed.extend(c.escape_default()) } else { tamed.push(c) }
    }
    tamed
}

/// A word of a command line between quotes, tamed.
pub(crate) fn quoted(word: &str) -> String {
    format!("'{}'", tame(word))
}

/// A number and its noun: `1 part`, `2 parts`.
pub(crate) fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}

/// A span for a person, in the largest unit that fits: `4 s`, `12 min`, `3 h`, `12 d`.
pub(crate) fn age(span: Duration) -> String {
    match span.as_secs() {
        0 if span.is_zero() => "0 s".to_owned(),
        0..10 => format!("{:.1} s", span.as_secs_f64()),
        seconds @ 10..120 => format!("{seconds} s"),
        seconds @ 120..7_200 => format!("{} min", seconds / 60),
        seconds @ 7_200..172_800 => format!("{} h", seconds / 3_600),
        seconds => format!("{} d", seconds / 86_400),
    }
}

#[test]
fn a_text_cannot_steer_the_terminal() {
    assert_eq!(tame("a\u{1b}[31mb\nc\u{202e}d"), "a\\u{1b}[31mb\\nc\\u{202e}d");
    assert_eq!(tame("Grüße ✓"), "Grüße ✓");
    assert_eq!(quoted("x\t"), "'x\\t'");
}

#[test]
fn a_span_is_told_in_one_unit() {
    let told = |seconds| age(Duration::from_secs(seconds));

    assert_eq!([told(0), told(10), told(119), told(120)], ["0 s", "10 s", "119 s", "2 min"]);
    assert_eq!([told(7_199), told(7_200), told(172_799), told(172_800)], ["119 min", "2 h", "47 h", "2 d"]);
    assert_eq!(age(Duration::from_millis(400)), "0.4 s");
}

#[test]
fn one_is_not_many() {
    assert_eq!([count(0, "part"), count(1, "part"), count(2, "part")], ["0 parts", "1 part", "2 parts"]);
}
