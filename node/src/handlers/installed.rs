//! The programs as they are now: a reload puts others in their place.

use std::sync::{Arc, PoisonError, RwLock};

use super::Handlers;

/// The programs of the node, where there are any. Clones are the same place.
#[derive(Clone, Default)]
pub struct Installed(Arc<RwLock<Option<Handlers>>>);

impl Installed {
    /// These, until others take their place.
    pub fn new(handlers: Option<Handlers>) -> Installed {
        Installed(Arc::new(RwLock::new(handlers)))
    }

    /// Those of now.
    pub fn get(&self) -> Option<Handlers> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Puts others in their place. What runs goes on under the rules it was started with.
    pub(crate) fn replace(&self, handlers: Option<Handlers>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = handlers;
    }
}
