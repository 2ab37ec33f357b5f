//! What the parts of Smsgrid say to each other.
