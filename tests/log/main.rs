//! The segment log on a simulated disk: every prefix, torn tails, lost blocks, flipped bits.
