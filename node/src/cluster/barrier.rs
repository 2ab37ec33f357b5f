//! What a read waits for when it must see everything that was applied anywhere before it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::BoxFuture;

/// Makes the applied state of this node as new as any was. Clones are the same.
#[derive(Clone)]
pub struct Barrier(Arc<Reach>);

type Reach = dyn Fn(Duration) -> BoxFuture<'static, bool> + Send + Sync;

impl Barrier {
    /// A barrier that is reached as `reach` says.
    pub fn new(reach: impl Fn(Duration) -> BoxFuture<'static, bool> + Send + Sync + 'static) -> Barrier {
        Barrier(Arc::new(reach))
    }

    /// Waits until this node has applied what was applied anywhere when this was called; whether it came to that
    /// within that time. A majority has to answer for it.
    pub fn reach(&self, within: Duration) -> BoxFuture<'static, bool> {
        (self.0)(within)
    }
}

impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Barrier")
    }
}
