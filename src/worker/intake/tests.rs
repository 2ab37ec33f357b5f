//! The machine driven step by step.
