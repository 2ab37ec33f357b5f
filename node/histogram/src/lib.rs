//! Counts of values in steps of powers of two: how often which size came, in two kilobytes, whatever comes.

use std::fmt;
use std::marker::PhantomData;

/// Steps between a power of two and the next.
const STEPS: u32 = 4;
/// Bits of a value that name its step.
const STEP_BITS: u32 = STEPS.trailing_zeros();
/// Counters of a histogram: the largest value is in the last step of the 64th power.
const COUNTERS: usize = (STEPS * (64 - STEP_BITS + 1)) as usize;

/// Counts of values. The type stands for what callers may say of a time slot; there are none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Histogram<T = ()> {
    counts: Vec<u64>,
    slots: PhantomData<T>,
}

impl<T> Default for Histogram<T> {
    fn default() -> Histogram<T> {
        Histogram { counts: vec![0; COUNTERS], slots: PhantomData }
    }
}

impl<T> Histogram<T> {
    /// Nothing counted.
    pub fn new() -> Histogram<T> {
        Histogram::default()
    }

    /// Counts a value.
    pub fn record(&mut self, value: u64) {
        self.record_n(value, 1);
    }

    /// Counts a value so many times.
    pub fn record_n(&mut self, value: u64, times: u64) {
        if let Some(count) = self.counts.get_mut(step(value)) {
            *count = count.saturating_add(times);
        }
    }

    /// How many values were counted.
    pub fn total(&self) -> u64 {
        self.counts.iter().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// The smallest value of the step in which `part` of all values, 0 to 1, is reached; 0 when nothing was counted.
    pub fn percentile(&self, part: f64) -> u64 {
        let rank = (self.total() as f64 * part).ceil().max(1.0) as u64;
        let mut counted = 0_u64;
        let reached = self.counts.iter().position(|count| {
            counted = counted.saturating_add(*count);
            counted >= rank
        });
        reached.map_or(0, smallest)
    }

    /// The percentiles people look at.
    pub fn percentile_stats(&self) -> PercentileStats {
        PercentileStats {
            samples: self.total(),
            p0_1: self.percentile(0.001),
            p1: self.percentile(0.01),
            p5: self.percentile(0.05),
            p10: self.percentile(0.1),
            p50: self.percentile(0.5),
            p90: self.percentile(0.9),
            p99: self.percentile(0.99),
            p99_9: self.percentile(0.999),
        }
    }
}

/// The step of a value: small ones each have their own.
fn step(value: u64) -> usize {
    let power = value.checked_ilog2().unwrap_or(0);
    if power < STEP_BITS {
        return value as usize;
    }
    let shift = power - STEP_BITS;
    (shift * STEPS) as usize + (value >> shift) as usize
}

/// The smallest value of a step.
fn smallest(step: usize) -> u64 {
    let (step, steps) = (step as u64, u64::from(STEPS));
    if step < 2 * steps {
        return step;
    }
    let shift = step / steps - 1;
    (step - shift * steps) << shift
}

/// Percentiles of counted values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PercentileStats {
    /// How many there are.
    pub samples: u64,
    /// A thousandth is not above it.
    pub p0_1: u64,
    /// A hundredth is not above it.
    pub p1: u64,
    /// A twentieth is not above it.
    pub p5: u64,
    /// A tenth is not above it.
    pub p10: u64,
    /// Half are not above it.
    pub p50: u64,
    /// Nine tenths are not above it.
    pub p90: u64,
    /// All but a hundredth are not above it.
    pub p99: u64,
    /// All but a thousandth are not above it.
    pub p99_9: u64,
}

impl fmt::Display for PercentileStats {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} samples, p50 {}, p90 {}, p99 {}", self.samples, self.p50, self.p90, self.p99)
    }
}

/// Histograms side by side, a line each.
#[derive(Clone, Debug, Default)]
pub struct AsciiChart {
    lines: Vec<(String, PercentileStats)>,
}

impl AsciiChart {
    /// No line.
    pub fn new() -> AsciiChart {
        AsciiChart::default()
    }

    /// One line more.
    #[must_use]
    pub fn add(mut self, name: &str, histogram: Histogram) -> AsciiChart {
        self.lines.push((name.to_owned(), histogram.percentile_stats()));
        self
    }
}

impl fmt::Display for AsciiChart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.lines.iter().try_for_each(|(name, stats)| writeln!(f, "{name}: {stats}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_value_is_in_the_step_that_begins_at_or_a_quarter_below_it() {
        for value in (0..4_000).chain([1 << 20, (1 << 33) + 77, u64::MAX / 3, u64::MAX]) {
            let begin = smallest(step(value));

            assert!(begin <= value && value - begin <= begin / 4, "{value} is in the step of {begin}");
            assert_eq!(step(begin), step(value));
        }
        assert_eq!(step(u64::MAX), COUNTERS - 1);
    }

    #[test]
    fn percentiles_are_those_of_what_was_counted() {
        let mut histogram = Histogram::<()>::new();
        assert_eq!(histogram.percentile_stats().p50, 0);
        (1..=1_000).for_each(|value| histogram.record(value));

        let stats = histogram.percentile_stats();
        assert_eq!((stats.samples, stats.p0_1, stats.p1), (1_000, 1, 10));
        assert_eq!((stats.p50, stats.p90, stats.p99), (448, 896, 896));
        assert_eq!(
            AsciiChart::new().add("a", histogram).to_string(),
            "a: 1000 samples, p50 448, p90 896, p99 896\n"
        );
    }
}
