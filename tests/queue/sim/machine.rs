//! What the actors talk to: the queue, or a queue gone wrong.

use smsgrid::model::Position;
use smsgrid::queue::{Command, Event, Queue, Reply};

/// Something that applies commands.
pub(crate) trait Machine {
    fn apply(&mut self, position: Position, command: &Command, events: &mut Vec<Event>) -> Reply;
    fn queue(&self) -> &Queue;
    /// Takes the state of this image instead of its own. False when it cannot.
    fn install(&mut self, image: &[u8]) -> bool;
}

impl Machine for Queue {
    fn apply(&mut self, position: Position, command: &Command, events: &mut Vec<Event>) -> Reply {
        Queue::apply(self, position, command, events)
    }

    fn queue(&self) -> &Queue {
        self
    }

    fn install(&mut self, mut image: &[u8]) -> bool {
        *self = Queue::restore(&mut image).expect("an image of a replica");
        true
    }
}
