//! Programs of the operator: which are run when, with which arguments, and what their answers mean.
//!
//! ```text
//! a result is filed   --Event--> SENT FILE [ID…] ----+
//! something is wrong  --Alarm--> ALARM DATE TIME SEVERITY WHO TEXT --+--Command::argv--> what is executed
//! a file is taken     ---------> FILE ---------------+                       |
//!                                                                            v
//!                       done, repeated, given up; accepted, rejected <----- Exit
//! ```
//!
//! Arguments are those of SMS Server Tools 3. Where a shell stands between us and the program every argument is quoted,
//! so that a name somebody chose for a file is never a command.

mod alarm;
mod alert;
mod command;
mod event;
mod exit;
mod modem_alarm;
mod quota;
mod run;
mod spool_alarm;

pub use alarm::{Alarm, Severity};
pub use alert::{Alert, Telling};
pub use command::Command;
pub use event::{Event, MessageReferences, Occasion};
pub use exit::{Exit, Otherwise, Verdict};
pub use modem_alarm::of_modem;
pub use quota::Quota;
pub use run::{Run, wait_before};
pub use spool_alarm::{SpoolPaths, of_lost_folder, of_spool, of_unreadable_list};
