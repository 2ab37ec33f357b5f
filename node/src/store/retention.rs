//! How long rows are kept: by what the log says, never by a clock of this node.

use std::time::Duration;

use smsgrid::model::Timestamp;
use smsgrid::queue::Queue;

/// How long a row is kept after its message ended.
const HISTORY_RETENTION: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Rows that ended before this moment are dropped.
pub(super) fn horizon(queue: &Queue) -> Timestamp {
    queue.now() - HISTORY_RETENTION
}
