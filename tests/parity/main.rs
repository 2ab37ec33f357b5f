//! What is said beside smsd: the page of differences holds what is listed.

mod pages;
