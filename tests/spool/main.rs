//! Spool intake with hostile and half-written files, and crashes between two system calls.
