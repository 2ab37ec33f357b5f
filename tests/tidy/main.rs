//! Shape of the code.
