//! Which modems may carry the message of a file, and whether it may be sent at all.
//!
//! ```text
//! number ──blacklist──▶ whitelist ──▶ queue ──────────────────────▶ tag of a modem
//!             │             │           the file's `Queue:`, else
//!             ▼             ▼           the section of the whitelist, else
//!           refused      refused        the first route with a prefix of the number
//! ```
//!
//! All of it goes by the number as smsd compares it: digits without `+` or a leading `00`, behind an `s` when it is a
//! short number. The first match decides, not the longest, as smsd has it.

mod decide;
mod list;
mod prefix;
mod route;

pub use decide::{Lists, Refusal, Routing};
pub use list::{LINES_MAX, ListError, Listed, NumberList};
pub use prefix::{PREFIX_CHARACTERS_MAX, Prefix, PrefixError};
pub use route::{NumberRoute, ROUTES_MAX};
