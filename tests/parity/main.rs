//! What is said beside smsd: the page of differences holds what is listed, and the table of parity names tests that are
//! there.

mod pages;
mod shown;
mod table;
