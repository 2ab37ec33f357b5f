//! What one node takes through the API before it says no.

use std::time::Duration;

/// Longest text of a message, in octets of UTF-8: more than 255 parts of any alphabet hold.
pub(super) const TEXT_OCTETS_MAX: usize = 16_384;
/// Most messages in a batch.
pub(super) const BATCH_MESSAGES_MAX: usize = 500;
/// Most octets of a batch.
pub(super) const BATCH_OCTETS_MAX: usize = 256 * 1024;
/// Most octets of any request; a batch a little too large is read so that it can be refused by name.
pub(super) const REQUEST_OCTETS_MAX: usize = 1024 * 1024;
/// Most octets of any answer.
pub(super) const ANSWER_OCTETS_MAX: usize = 16 * 1024 * 1024;
/// Most tags a message asks for: what the log takes.
pub(super) const TAGS_MAX: usize = 8;
/// Most messages or modems a watch names.
pub(super) const WATCHED_MAX: usize = 100;
/// Most entries in any list a request filters by.
pub(super) const FILTER_MAX: usize = 32;
/// Messages in a page, unless the request says so.
pub(super) const PAGE_DEFAULT: usize = 50;
/// Most messages in a page.
pub(super) const PAGE_MAX: usize = 1000;
/// Longest id, name or token a request may hold, in octets.
pub(super) const WORD_OCTETS_MAX: usize = 512;

/// Furthest ahead a message may be scheduled.
pub(super) const AT_AHEAD_MAX: Duration = Duration::from_secs(366 * 24 * 3600);
/// Longest validity: what TP-VP can say, 63 weeks.
pub(super) const VALIDITY_MAX: Duration = Duration::from_secs(63 * 7 * 24 * 3600);
/// Shortest validity.
pub(super) const VALIDITY_MIN: Duration = Duration::from_secs(1);

/// How long a read may wait for a majority, and then for the state to be applied here.
pub(super) const READ_TIMEOUT: Duration = Duration::from_secs(2);
/// How long what a person asks may wait for the log.
pub(super) const ACT_TIMEOUT: Duration = Duration::from_secs(10);
/// When to ask again after a refusal that passes.
pub(super) const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Most connections.
pub(super) const CONNECTIONS_MAX: usize = 1024;
/// Most requests at once on one connection.
pub(super) const STREAMS_MAX: u32 = 1024;
/// Most octets of the headers of a request.
pub(super) const HEADERS_OCTETS_MAX: u32 = 16 * 1024;
/// How long a request may take as a whole; watches are answered at once and go on.
pub(super) const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
/// A connection that sends nothing for this long is closed. HTTP/2 connections are asked for a sign of life before.
pub(super) const SILENCE_MAX: Duration = Duration::from_secs(60);
/// A new connection that sends nothing for this long is closed.
pub(super) const FIRST_OCTET: Duration = Duration::from_secs(10);
/// How often an HTTP/2 connection is asked for a sign of life.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// How long connections may take to end when the node stops.
pub(super) const DRAIN: Duration = Duration::from_secs(3);

/// Most watches at once.
pub(super) const WATCHES_MAX: usize = 1024;
/// Items of a watch that wait for its client.
pub(super) const WATCH_ITEMS_MAX: usize = 256;
/// Most events a watch looks at before others have their turn.
pub(super) const WATCH_SLICE: usize = 256;
/// A client that takes no item for this long loses its watch, with the revision to go on from.
pub(super) const WATCH_STALL_MAX: Duration = Duration::from_secs(10);
/// How often a watch tells how far it is when nothing happens.
pub(super) const WATCH_PROGRESS: Duration = Duration::from_secs(15);
