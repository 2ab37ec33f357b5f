//! Numbers that look random and follow from a seed.

use std::time::Duration;

/// A small generator (xorshift64*). The same seed gives the same numbers everywhere.
#[derive(Clone, Debug)]
pub struct Chance(u64);

impl Chance {
    /// The generator of `seed`.
    pub fn new(seed: u64) -> Chance {
        // Zero is the one state it never leaves.
        Chance(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    /// The next number.
    pub fn number(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `end`, which is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        (self.number() % (end as u64)) as usize
    }

    /// A time up to `most`, in whole milliseconds.
    pub fn up_to(&mut self, most: Duration) -> Duration {
        Duration::from_millis(self.number() % (most.as_millis() as u64 + 1))
    }

    /// One of `choices`, which are not empty.
    pub fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len())]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_gives_the_same_numbers_and_another_seed_others() {
        let numbers = |seed| {
            let mut chance = Chance::new(seed);
            (0..100).map(|_| chance.below(1000)).collect::<Vec<_>>()
        };

        assert_eq!(numbers(7), numbers(7));
        assert_ne!(numbers(7), numbers(8));
        assert!(numbers(0).iter().any(|number| *number > 500));
    }
}
