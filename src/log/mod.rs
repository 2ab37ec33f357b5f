//! The record format of the segment log and the rules of its recovery.
