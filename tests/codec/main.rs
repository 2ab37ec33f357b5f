//! The codec against vectors, properties and hostile octets.
//!
//! `data/` has the vectors, readable by a telecom person; `agree.py` and `tables.py` beside this file hold the codec
//! against implementations nobody here wrote.

mod arbitrary;
mod hostile;
mod render;
mod round_trip;
mod segmentation;
mod smsd_files;
mod vectors;

use proptest::test_runner::Config;

/// A property is tried `usual` times, or as often as the environment's `PROPTEST_CASES` says.
fn cases(usual: u32) -> Config {
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => Config::default(),
        None => Config::with_cases(usual),
    }
}
