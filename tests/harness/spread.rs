//! Many durations in a few words.

use std::fmt;
use std::time::Duration;

/// Durations, the shortest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Spread(Vec<Duration>);

impl FromIterator<Duration> for Spread {
    fn from_iter<I: IntoIterator<Item = Duration>>(durations: I) -> Spread {
        let mut durations: Vec<Duration> = durations.into_iter().collect();
        durations.sort_unstable();
        Spread(durations)
    }
}

impl Spread {
    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// The shortest duration that `percent` of them do not exceed; zero when there are none.
    pub fn at(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100).max(1);
        self.0.get(rank - 1).copied().unwrap_or_default()
    }

    /// All of them one after the other.
    pub fn sum(&self) -> Duration {
        self.0.iter().sum()
    }

    /// Their mean; zero when there are none.
    pub fn mean(&self) -> Duration {
        let count = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
        self.sum().checked_div(count).unwrap_or_default()
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ms = |percent| self.at(percent).as_secs_f64() * 1e3;
        write!(f, "p50 {:.2} ms, p90 {:.2} ms, p99 {:.2} ms, most {:.2} ms", ms(50), ms(90), ms(99), ms(100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_the_durations() {
        let spread: Spread = (1..=200).rev().map(Duration::from_millis).collect();

        assert_eq!([50, 99, 100].map(|percent| spread.at(percent).as_millis()), [100, 198, 200]);
        assert_eq!(spread.mean(), Duration::from_micros(100_500));
        assert_eq!((Spread::default().at(99), Spread::default().mean()), (Duration::ZERO, Duration::ZERO));
    }
}
