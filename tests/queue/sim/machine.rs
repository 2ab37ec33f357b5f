//! What the actors talk to: the queue, or a queue gone wrong.

use smsgrid::model::Position;
use smsgrid::queue::{Command, Event, Queue, Reply};

/// Something that applies commands.
pub(crate) trait Machine {
    fn apply(&mut self, position: Position, command: &Command, events: &mut Vec<Event>) -> Reply;
    fn queue(&self) -> &Queue;
}

impl Machine for Queue {
    fn apply(&mut self, position: Position, command: &Command, events: &mut Vec<Event>) -> Reply {
        Queue::apply(self, position, command, events)
    }

    fn queue(&self) -> &Queue {
        self
    }
}
