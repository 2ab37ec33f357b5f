//! The form of times in message files (`datetime_format`), as `strftime` has it in the C locale.

use super::local_time::{Civil, LocalTime};

/// What smsd writes where nothing else is said.
pub const DEFAULT: &str = "%y-%m-%d %H:%M:%S";
/// Days of the week from Sunday on.
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// Letters of names that are cut.
const SHORT: usize = 3;

/// A form of times: words of `strftime` that are all known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeFormat(String);

/// A form that cannot be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TimeFormatError {
    /// smsd does not start with it either: it says nothing of the time.
    #[error("it has no %-word of strftime")]
    Constant,
    /// A word that is none of those that are written here.
    #[error("`%{0}` is none of its words")]
    Word(char),
}

impl Default for TimeFormat {
    fn default() -> TimeFormat {
        TimeFormat(DEFAULT.to_owned())
    }
}

impl TimeFormat {
    /// The form this text stands for.
    pub fn new(text: &str) -> Result<TimeFormat, TimeFormatError> {
        let epoch = LocalTime { at: crate::model::Timestamp::from_unix_millis(0), offset_seconds: 0 };
        let mut says_something = false;
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            if character == '%' {
                let word = characters.next().unwrap_or('%');
                says_something |= word != '%';
                written(word, &epoch.civil()).ok_or(TimeFormatError::Word(word))?;
            }
        }
        if says_something { Ok(TimeFormat(text.to_owned())) } else { Err(TimeFormatError::Constant) }
    }

    /// The text it was made of.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A moment in this form.
    pub fn write(&self, time: LocalTime) -> String {
        let civil = time.civil();
        let mut text = String::new();
        let mut characters = self.0.chars();
        while let Some(character) = characters.next() {
            match character {
                '%' => text.push_str(&written(characters.next().unwrap_or('%'), &civil).unwrap_or_default()),
                other => text.push(other),
            }
        }
        text
    }
}

/// What a word of `strftime` stands for at this moment; none for one that is not known.
fn written(word: char, civil: &Civil) -> Option<String> {
    let (hour, minute, second) = civil.clock();
    let twelve = (hour + 11) % 12 + 1;
    let day = name(&DAYS, civil.weekday);
    let month = name(&MONTHS, civil.month - 1);
    let short = |name: &str| name.get(..SHORT).unwrap_or(name).to_owned();
    Some(match word {
        'Y' => civil.year.to_string(),
        'C' => format!("{:02}", civil.year / 100),
        'y' => format!("{:02}", civil.year % 100),
        'm' => format!("{:02}", civil.month),
        'd' => format!("{:02}", civil.day),
        'e' => format!("{:2}", civil.day),
        'H' => format!("{hour:02}"),
        'I' => format!("{twelve:02}"),
        'k' => format!("{hour:2}"),
        'l' => format!("{twelve:2}"),
        'M' => format!("{minute:02}"),
        'S' => format!("{second:02}"),
        'p' => if hour < 12 { "AM" } else { "PM" }.to_owned(),
        'A' => day.to_owned(),
        'a' => short(day),
        'B' => month.to_owned(),
        'b' | 'h' => short(month),
        'u' => (if civil.weekday == 0 { 7 } else { civil.weekday }).to_string(),
        'w' => civil.weekday.to_string(),
        'F' => format!("{}-{:02}-{:02}", civil.year, civil.month, civil.day),
        'D' | 'x' => format!("{:02}/{:02}/{:02}", civil.month, civil.day, civil.year % 100),
        'T' | 'X' => format!("{hour:02}:{minute:02}:{second:02}"),
        'R' => format!("{hour:02}:{minute:02}"),
        't' => "\t".to_owned(),
        '%' => "%".to_owned(),
        _ => return None,
    })
}

fn name(names: &[&'static str], number: u64) -> &'static str {
    usize::try_from(number).ok().and_then(|number| names.get(number)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Timestamp;

    fn at(seconds: u64, format: &str) -> String {
        let time = LocalTime { at: Timestamp::from_unix_millis(seconds * 1000), offset_seconds: 3600 };
        TimeFormat::new(format).expect(format).write(time)
    }

    #[test]
    fn a_time_is_written_as_strftime_does() {
        // What `date -d @1795338506` says in Berlin's winter.
        for (format, expected) in [
            (DEFAULT, "26-11-22 10:08:26"),
            ("%d.%m.%Y %H:%M", "22.11.2026 10:08"),
            ("%Y-%m-%dT%H:%M:%S", "2026-11-22T10:08:26"),
            ("%a %A %b %B %h", "Sun Sunday Nov November Nov"),
            ("%I:%M %p, %l|%k|%e", "10:08 AM, 10|10|22"),
            ("%F %T %R %D %u %w %C%%", "2026-11-22 10:08:26 10:08 11/22/26 7 0 20%"),
        ] {
            assert_eq!(at(1_795_338_506, format), expected);
        }
        assert_eq!(at(43_200 - 3_600, "%I %p %a"), "12 PM Thu");
        assert_eq!(at(86_400 * 3 + 82_800, "%I %p %a %e"), "12 AM Mon  5");
    }

    #[test]
    fn a_form_that_says_nothing_or_has_other_words_is_none() {
        assert_eq!(TimeFormat::new("now"), Err(TimeFormatError::Constant));
        assert_eq!(TimeFormat::new("100%"), Err(TimeFormatError::Constant));
        assert_eq!(TimeFormat::new("%H %Q"), Err(TimeFormatError::Word('Q')));
    }
}
