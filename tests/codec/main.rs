//! The codec against vectors, properties and implementations nobody here wrote.
