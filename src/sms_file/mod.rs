//! The message files of SMS Server Tools 3: what a file asks for, and how its result is written.
//!
//! ```text
//! octets --Document::read--> Document --Request::read--> Request (worker makes parts of it)
//!                               |
//!                               +--Sent::file, Failed::file--> octets for sent/ and failed/
//! Received::file, Call::file --> octets for incoming/, report/ and phonecalls/
//! ```
//!
//! Any octets are read without panicking and in bounded memory; a [`Rejection`] tells why a file is not
//! sent, in the words of smsd. Every value that is written goes through one encoder, so that no text of
//! a person becomes a header.

mod document;
mod entry;
mod fields;
mod header;
mod hex_body;
mod include;
mod incoming;
mod iso;
mod language;
mod local_time;
mod macros;
mod number;
mod recipients;
mod rejection;
mod request;
mod result;
mod settings;
mod several;
mod time_format;
mod translation;
mod udh_type;
mod validity;
mod value;

pub use document::Document;
pub use entry::Entry;
pub use header::Header;
pub use include::{INCLUDES_MAX, Included};
pub use incoming::{Call, Received, report_body, status_text, type_of_address_text};
pub use iso::{Letter, look_alike};
pub use language::of_value as language;
pub use local_time::LocalTime;
pub use recipients::{Recipient, recipients};
pub use rejection::Rejection;
pub use request::{Body, Coding, Request, ShiftTables, SystemMessage, is_urgent};
pub use result::{Device, Failed, MessageIds, Sent};
pub use settings::{Autosplit, Charset, Settings, Ucs2Notice};
pub use several::{RecipientResult, Several};
pub use time_format::{DEFAULT as TIME_FORMAT_DEFAULT, TimeFormat, TimeFormatError};
pub use translation::{LANGUAGE_FILE_OCTETS_MAX, Translation, TranslationError, TranslationFault};
pub use validity::relative_octet;
pub use value::{decode as decode_value, encode as encode_value};

/// Largest file that is read, in octets.
pub const FILE_OCTETS_MAX: usize = 64 * 1024;
/// Largest body smsd accepts: 255 parts of 153 characters.
pub const BODY_OCTETS_MAX: usize = 39_015;
/// Smallest file that is picked up, in octets.
pub const FILE_OCTETS_MIN: u64 = 8;
