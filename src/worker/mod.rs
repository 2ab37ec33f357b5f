//! The decisions of the modem worker and of spool intake, without their effects.
