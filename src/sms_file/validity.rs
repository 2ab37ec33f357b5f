//! `Validity:` as TP-VP in the relative format (3GPP TS 23.040 section 9.2.3.12.1).

/// The octet of a `Validity:` value: a number 0 to 255, or a span such as `3 days`; none when it is neither, or a
/// span of nothing.
pub fn relative_octet(value: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(value).ok()?.trim();
    let digits_end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at(digits_end);
    if unit.is_empty() {
        return digits.parse().ok();
    }
    let count = match digits {
        "" if unit.starts_with(|first: char| first.is_ascii_alphabetic()) => 1,
        digits => digits.parse::<u32>().ok()?,
    };
    span_octet(count, &unit.to_ascii_lowercase())
}

fn span_octet(count: u32, unit: &str) -> Option<u8> {
    if count == 0 {
        None
    } else if unit.contains("min") {
        Some(minutes_octet(count))
    } else if unit.contains("hour") {
        Some(hours_octet(count))
    } else if unit.contains("day") {
        Some(days_octet(count))
    } else if unit.contains("week") {
        Some(weeks_octet(count))
    } else if unit.contains("month") {
        Some(days_octet(if count == 12 { 365 } else { count.saturating_mul(30) }))
    } else if unit.contains("year") {
        Some(if count == 1 { weeks_octet(52) } else { u8::MAX })
    } else {
        None
    }
}

fn minutes_octet(minutes: u32) -> u8 {
    if minutes > 720 {
        return hours_octet(minutes / 60);
    }
    octet((minutes / 5).saturating_sub(1))
}

fn hours_octet(hours: u32) -> u8 {
    match hours {
        0..=12 => minutes_octet(hours * 60),
        13..=24 => octet((hours - 12) * 2 + 143),
        _ => days_octet(hours / 24),
    }
}

fn days_octet(days: u32) -> u8 {
    match days {
        0..=1 => hours_octet(days * 24),
        2..=30 => octet(days + 166),
        31..=34 => octet(30 + 166),
        _ => weeks_octet(days / 7),
    }
}

fn weeks_octet(weeks: u32) -> u8 {
    match weeks {
        0..=4 => days_octet(weeks * 7),
        5..=63 => octet(weeks + 192),
        _ => u8::MAX,
    }
}

fn octet(value: u32) -> u8 {
    u8::try_from(value).unwrap_or(u8::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_span_becomes_the_octet_smsd_sends() {
        let table = [
            ("0", Some(0)),
            ("255", Some(255)),
            ("256", None),
            ("5 min", Some(0)),
            ("0 min", None),
            ("0 weeks", None),
            ("1 min", Some(0)),
            ("30 minutes", Some(5)),
            ("720 min", Some(143)),
            ("780 min", Some(145)),
            ("12 hours", Some(143)),
            ("13 HOURS", Some(145)),
            ("24 hour", Some(167)),
            ("25 hours", Some(167)),
            ("day", Some(167)),
            ("2 days", Some(168)),
            ("30 days", Some(196)),
            ("33 days", Some(196)),
            ("35 days", Some(197)),
            ("4 weeks", Some(194)),
            ("5 weeks", Some(197)),
            ("63weeks", Some(255)),
            ("1 month", Some(196)),
            ("12 months", Some(244)),
            ("1 year", Some(244)),
            ("2 years", Some(255)),
            ("4000000000 months", Some(255)),
            ("soon", None),
            ("3 days ago", Some(169)),
            ("-1", None),
            ("-5 min", None),
            ("", None),
        ];
        for (value, expected) in table {
            assert_eq!(relative_octet(value.as_bytes()), expected, "{value}");
        }
    }
}
