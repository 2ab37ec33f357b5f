//! How long the process has run, in smsd's words.

use std::time::Duration;

/// `N min`, `H:MM` or `D days, …`.
pub(super) fn uptime(span: Duration) -> String {
    let minutes = span.as_secs() / 60;
    let (days, hours, rest) = (minutes / (24 * 60), minutes / 60 % 24, minutes % 60);
    let short = match hours {
        0 => format!("{rest} min"),
        hours => format!("{hours}:{rest:02}"),
    };
    match days {
        0 => short,
        1 => format!("1 day, {short}"),
        days => format!("{days} days, {short}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_span_has_its_form() {
        const MINUTE: u64 = 60;
        const DAY: u64 = 24 * 60 * MINUTE;
        for (seconds, text) in [
            (59, "0 min"),
            (59 * MINUTE, "59 min"),
            (61 * MINUTE, "1:01"),
            (DAY, "1 day, 0 min"),
            (DAY + 125 * MINUTE, "1 day, 2:05"),
            (3 * DAY + 7 * MINUTE, "3 days, 7 min"),
        ] {
            assert_eq!(uptime(Duration::from_secs(seconds)), text);
        }
    }
}
