//! Conversations with a modem, in files a telecom person can read.
