//! Drawn numbers: one small generator, seeded by the caller, the same on every machine (SplitMix64).

use std::time::Duration;

use super::span::{Rate, Span};

/// A sequence of numbers that follows from its seed.
#[derive(Clone, Debug)]
pub(super) struct Random(u64);

impl Random {
    /// The sequence of `seed` for the modem with this number.
    pub(super) fn new(seed: u64, modem: u32) -> Random {
        let mut random = Random(seed);
        let own = random.next() ^ u64::from(modem).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        Random(own)
    }

    /// The next 64 bits.
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number from 0 up to but without `bound`; 0 when `bound` is 0.
    pub(super) fn below(&mut self, bound: u64) -> u64 {
        let scaled = u128::from(self.next()) * u128::from(bound);
        u64::try_from(scaled >> 64).unwrap_or(0)
    }

    /// Whether something that happens at `rate` happens now.
    pub(super) fn hits(&mut self, rate: Rate) -> bool {
        self.below(Rate::WHOLE) < u64::from(rate.per_million())
    }

    /// Heads or tails.
    pub(super) fn coin(&mut self) -> bool {
        self.next() & 1 == 1
    }

    /// A wait within `span`, to the millisecond.
    pub(super) fn wait(&mut self, span: Span) -> Duration {
        let width = span.longest().saturating_sub(span.shortest());
        let width_ms = u64::try_from(width.as_millis()).unwrap_or(u64::MAX - 1);
        span.shortest() + Duration::from_millis(self.below(width_ms + 1))
    }

    /// One of `choices`, or none when there is none.
    pub(super) fn pick<T: Copy>(&mut self, choices: &[T]) -> Option<T> {
        let index = usize::try_from(self.below(choices.len() as u64)).unwrap_or(0);
        choices.get(index).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_numbers_and_another_modem_others() {
        let draw = |seed, modem| {
            let mut random = Random::new(seed, modem);
            [random.next(), random.next(), random.next()]
        };

        assert_eq!(draw(7, 0), draw(7, 0));
        assert_ne!(draw(7, 0), draw(7, 1));
        assert_ne!(draw(7, 0), draw(8, 0));
    }

    #[test]
    fn a_rate_of_five_percent_hits_about_once_in_twenty() {
        let mut random = Random::new(1, 0);
        let rate = Rate::from_per_million(50_000);

        let hits = (0..20_000).filter(|_| random.hits(rate)).count();

        assert!((900..1100).contains(&hits), "{hits} of 20000");
        assert!(!(0..1000).any(|_| random.hits(Rate::NEVER)));
        assert!((0..1000).all(|_| random.hits(Rate::ALWAYS)));
    }

    #[test]
    fn a_wait_stays_within_its_span_and_reaches_both_ends() {
        let mut random = Random::new(3, 0);
        let span = Span::new(Duration::from_millis(2), Duration::from_millis(5));

        let waits: std::collections::BTreeSet<_> = (0..200).map(|_| random.wait(span).as_millis()).collect();

        assert_eq!(waits.into_iter().collect::<Vec<_>>(), vec![2, 3, 4, 5]);
    }
}
