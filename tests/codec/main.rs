//! The codec against vectors, properties and hostile octets.
//!
//! `data/` has the vectors, readable by a telecom person; `agree.py` and `tables.py` beside this file hold the codec
//! against implementations nobody here wrote.

mod arbitrary;
mod hostile;
mod render;
mod round_trip;
mod segmentation;
mod vectors;
