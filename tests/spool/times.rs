//! The words of `datetime_format` beside `date`, which has them from the C library as smsd has.

use std::process::Command;

use smsgrid::model::Timestamp;
use smsgrid::sms_file::{LocalTime, TimeFormat};

/// Every word that is known.
const WORDS: &str = "YCymdeHIklMSpAaBbhuwFDxTXRt%";
/// Days around the ends of months, of years and of leap years, and hours around noon and midnight.
const DAYS: [u64; 10] = [
    0,
    951_696_000,
    951_782_400,
    1_709_164_800,
    1_735_603_200,
    1_735_689_600,
    1_772_323_200,
    1_795_305_600,
    4_107_456_000,
    4_107_542_400,
];
const HOURS: [u64; 6] = [0, 1, 11, 12, 13, 23];

#[test]
fn every_word_says_what_date_says() {
    let format: String = WORDS.chars().map(|word| format!("%{word};")).collect();
    let words = TimeFormat::new(&format).expect("every word is known");
    for seconds in DAYS.iter().flat_map(|day| HOURS.map(|hour| day + hour * 3_600 + 59 * 60 + hour)) {
        let at = Timestamp::from_unix_millis(seconds * 1_000);

        let said = date(seconds, &format);

        assert_eq!(words.write(LocalTime { at, offset_seconds: 0 }), said, "{seconds}");
    }
}

#[test]
fn a_word_that_date_has_and_results_lack_is_refused() {
    let letters = ('a'..='z').chain('A'..='Z').filter(|letter| !WORDS.contains(*letter));
    for word in letters {
        assert!(TimeFormat::new(&format!("%d %{word}")).is_err(), "%{word}");
    }
}

fn date(seconds: u64, format: &str) -> String {
    let output = Command::new("date")
        .env("LC_ALL", "C")
        .args(["-u", "-d", &format!("@{seconds}"), &format!("+{format}")])
        .output()
        .expect("date is part of every system");
    let text = String::from_utf8(output.stdout).expect("text");
    text.strip_suffix('\n').expect("a line").to_owned()
}
