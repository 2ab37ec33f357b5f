//! The message files of SMS Server Tools 3.
