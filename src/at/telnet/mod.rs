//! The way to a modem behind a telnet host: what of its octets is talk about the connection, and the sign-in before the
//! first command.
//!
//! ```text
//!  octets ──▶ Filter ──▶ data ──▶ SignIn, until its last answer ──▶ the dialogue with the modem
//!               └──▶ refusals of every option, back to the host
//! ```

mod filter;
mod sign_in;

pub use filter::{TelnetFault, TelnetFilter, escaped};
pub use sign_in::{Asked, SignIn, SignInFault, Words};
