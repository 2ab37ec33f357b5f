//! How long something takes, and how often something happens, as a personality's text says it.

use std::str::FromStr;
use std::time::Duration;

/// Longest span a text may name: a day. A longer wait is a mistake in the unit.
const SPAN_MAX: Duration = Duration::from_secs(86_400);

/// A wait between a shortest and a longest, drawn evenly; fixed when both are equal.
///
/// As text `300ms`, `2s`, `2s..5s` or `0`; units are `ms`, `s` and `m`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    shortest: Duration,
    longest: Duration,
}

impl Span {
    /// No time at all.
    pub const NONE: Span = Span { shortest: Duration::ZERO, longest: Duration::ZERO };

    /// The span between two waits, in either order.
    pub fn new(one: Duration, other: Duration) -> Span {
        Span { shortest: one.min(other), longest: one.max(other) }
    }

    /// The span between two waits given in milliseconds, the shorter first.
    pub const fn millis(shortest: u64, longest: u64) -> Span {
        Span { shortest: Duration::from_millis(shortest), longest: Duration::from_millis(longest) }
    }

    /// The shortest wait.
    pub const fn shortest(self) -> Duration {
        self.shortest
    }

    /// The longest wait.
    pub const fn longest(self) -> Duration {
        self.longest
    }
}

impl FromStr for Span {
    type Err = ();

    fn from_str(text: &str) -> Result<Span, ()> {
        let (shortest, longest) = text.split_once("..").unwrap_or((text, text));
        let (shortest, longest) = (duration(shortest).ok_or(())?, duration(longest).ok_or(())?);
        if shortest > longest {
            return Err(());
        }
        Ok(Span { shortest, longest })
    }
}

fn duration(text: &str) -> Option<Duration> {
    let unit_at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, unit) = text.split_at_checked(unit_at)?;
    let amount: u64 = digits.parse().ok()?;
    let ms_each = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "" if amount == 0 => 0,
        _ => return None,
    };
    let duration = Duration::from_millis(amount.checked_mul(ms_each)?);
    (duration <= SPAN_MAX).then_some(duration)
}

/// How often something happens, in millionths.
///
/// As text `5%`, `2.5%` or a fraction such as `0.05`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate(u32);

impl Rate {
    /// Never.
    pub const NEVER: Rate = Rate(0);
    /// Every time.
    pub const ALWAYS: Rate = Rate(1_000_000);
    /// The whole, in the unit of [`Rate::per_million`].
    pub const WHOLE: u64 = 1_000_000;

    /// The rate of `count` in a million; more than a million is every time.
    pub const fn from_per_million(count: u32) -> Rate {
        if count > Rate::ALWAYS.0 { Rate::ALWAYS } else { Rate(count) }
    }

    /// The rate of `percent` in a hundred.
    pub const fn percent(percent: u32) -> Rate {
        Rate::from_per_million(percent.saturating_mul(10_000))
    }

    /// How often in a million.
    pub const fn per_million(self) -> u32 {
        self.0
    }
}

impl FromStr for Rate {
    type Err = ();

    fn from_str(text: &str) -> Result<Rate, ()> {
        // Decimal places moved by hand: a rate means the same millionths on every machine.
        let (number, places) = match text.strip_suffix('%') {
            Some(number) => (number, 4),
            None => (text, 6),
        };
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        let is_number = !whole.is_empty() && whole.len() <= 3 && fraction.len() <= places;
        if !is_number || !whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()) {
            return Err(());
        }
        let digits = format!("{whole}{fraction:0<places$}");
        let per_million: u32 = digits.parse().map_err(|_| ())?;
        if per_million > Rate::ALWAYS.0 { Err(()) } else { Ok(Rate(per_million)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reads_fixed_and_between() {
        assert_eq!("300ms".parse(), Ok(Span::millis(300, 300)));
        assert_eq!("2s..5s".parse(), Ok(Span::millis(2000, 5000)));
        assert_eq!("500ms..1m".parse(), Ok(Span::millis(500, 60_000)));
        assert_eq!("0".parse(), Ok(Span::NONE));
    }

    #[test]
    fn a_span_without_unit_or_backwards_or_endless_is_refused() {
        for text in
            ["", "300", "5s..2s", "1h", "s", "..", "1s..", "-1s", "2d", "99999999999999999999s", "1441m"]
        {
            assert_eq!(text.parse::<Span>(), Err(()), "{text:?}");
        }
    }

    #[test]
    fn a_rate_reads_as_percent_and_as_fraction() {
        assert_eq!("5%".parse(), Ok(Rate::percent(5)));
        assert_eq!("2.5%".parse(), Ok(Rate::from_per_million(25_000)));
        assert_eq!("0.05".parse(), Ok(Rate::percent(5)));
        assert_eq!("1".parse(), Ok(Rate::ALWAYS));
        assert_eq!("0".parse(), Ok(Rate::NEVER));
    }

    #[test]
    fn a_rate_beyond_the_whole_or_no_number_is_refused() {
        for text in ["", "%", "101%", "1.5", "5 %", "-1%", ".5", "0.0000001", "1e-3"] {
            assert_eq!(text.parse::<Rate>(), Err(()), "{text:?}");
        }
    }
}
