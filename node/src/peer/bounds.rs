//! What caller and called agree on, and the bounds of what a peer can make a node do.

use std::time::Duration;

/// The version of the words in `smsgrid.internal.v1`; nodes of another one are refused.
pub(super) const PROTOCOL: u64 = 2;
/// Largest message, in octets.
pub(super) const MESSAGE_OCTETS_MAX: usize = 16 << 20;
/// Octets of rows after which a page of the history ends.
pub(super) const PAGE_OCTETS: usize = 4 << 20;
/// Largest frame, in octets: an entry of the log goes in one.
pub(super) const FRAME_OCTETS_MAX: u32 = 1 << 20;
/// Octets of one message that may be on their way unread.
pub(super) const STREAM_WINDOW: u32 = 4 << 20;
/// Octets of all messages of a connection that may be on their way unread.
pub(super) const CONNECTION_WINDOW: u32 = 16 << 20;
/// How often a silent peer is asked for a sign of life, and how long it may take to give one.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(2);
/// Most calls under way to a node on one connection; the next waits for its turn, within its deadline. The node called serves
/// so many streams of a connection at once, and so many calls of a line.
pub(super) const CALLS_MAX: u32 = 256;
/// Most lines open on one connection. A caller needs one, and one more for as long as it leaves a silent one.
pub(super) const LINES_MAX: usize = 4;
/// Most connections a node accepts at once: a few from each other node.
pub(super) const CONNECTIONS_MAX: usize = 128;
/// Longest time a call may take at the node called, whatever the caller thinks.
pub(super) const SERVE_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a new connection may say nothing.
pub(super) const GREETING_TIMEOUT: Duration = Duration::from_secs(5);
/// Octets of metadata of one request.
pub(super) const METADATA_OCTETS_MAX: u32 = 8 << 10;
