//! Lists of the messages that failed and that nobody has retried or discarded.

use std::sync::Arc;

use smsgrid::queue::{DeadLetterPlace, Queue, Record};

use super::Api;
use super::list::matches;
use crate::store::Query;

/// Most messages looked at while the state is held.
const HOLD_MAX: usize = 1024;
/// How often it is held for one page; a list whose messages lie far apart goes on at the next.
const HOLDS_MAX: usize = 10;

impl Api {
    /// At most `limit` of them behind `after`, the least recently changed first; and the place where to go on, none when
    /// there are no more.
    pub(super) async fn dead_letters(
        &self,
        query: &Query,
        after: Option<DeadLetterPlace>,
        limit: usize,
    ) -> (Vec<Arc<Record>>, Option<DeadLetterPlace>) {
        let mut page = Page { found: Vec::new(), after, limit };
        for _ in 0..HOLDS_MAX {
            let more = self.view.read(|queue| page.look(queue, query));
            if !more {
                return (page.found, None);
            }
            if page.found.len() == limit {
                break;
            }
            tokio::task::yield_now().await;
        }
        (page.found, page.after)
    }
}

struct Page {
    found: Vec<Arc<Record>>,
    /// Everything up to here was looked at.
    after: Option<DeadLetterPlace>,
    limit: usize,
}

impl Page {
    /// Looks at the next messages. Whether there are more.
    fn look(&mut self, queue: &Queue, query: &Query) -> bool {
        let mut letters = queue.dead_letters_after(self.after);
        for (place, record) in letters.by_ref().take(HOLD_MAX) {
            self.after = Some(place);
            if matches(query, record) {
                self.found.push(record.clone());
            }
            if self.found.len() == self.limit {
                break;
            }
        }
        letters.next().is_some()
    }
}
