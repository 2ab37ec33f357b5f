//! Time to encode and to decode one part.
fn main() {}
