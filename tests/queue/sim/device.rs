//! A modem with its SIM and the network behind it: what really happens, whoever believes what.

use std::collections::VecDeque;

use smsgrid::model::{
    Attempt, CallEnd, Cause, Disposition, Imei, Imsi, ModemIdentity, Name, PartOutcome, Refusal,
};

use super::random::Random;

/// Who is connected: node and a number of the opening that is never used twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Connection {
    pub(crate) node: usize,
    pub(crate) number: u64,
}

/// A send dialogue, from the first octet to its answer or its end.
#[derive(Clone, Debug)]
pub(crate) struct Dialogue {
    pub(crate) connection: Connection,
    pub(crate) attempt: Attempt,
    /// Ctrl-Z was given.
    pub(crate) handed_over: bool,
}

/// An answer on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Answer {
    pub(crate) outcome: PartOutcome,
    /// Looks until it is there.
    pub(crate) delay: u32,
}

/// How the network behaves.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Air {
    /// Refusals in 100 sends.
    pub(crate) refused: usize,
    /// Sends without an answer in time, in 100.
    pub(crate) silent: usize,
}

pub(crate) struct Device {
    pub(crate) name: Name,
    pub(crate) imei: Imei,
    pub(crate) imsi: Imsi,
    /// Two connections at once are possible: the fault that rule 2 forbids.
    pub(crate) shares: bool,
    pub(crate) connections: Vec<Connection>,
    pub(crate) dialogue: Option<Dialogue>,
    pub(crate) answers: VecDeque<Answer>,
    references: u8,
}

impl Device {
    pub(crate) fn new(index: usize, shares: bool) -> Device {
        Device {
            name: Name::new(&format!("modem{index}")).expect("a legal name"),
            imei: Imei::new(&format!("{:015}", 490_000_000 + index)).expect("15 digits"),
            imsi: Imsi::new(&format!("{:015}", 262_010_000 + index)).expect("15 digits"),
            shares,
            connections: Vec::new(),
            dialogue: None,
            answers: VecDeque::new(),
            references: 0,
        }
    }

    pub(crate) fn identity(&self) -> ModemIdentity {
        ModemIdentity { imei: self.imei.clone(), imsi: self.imsi.clone() }
    }

    pub(crate) fn is_connected(&self, connection: Option<Connection>) -> bool {
        connection.is_some_and(|connection| self.connections.contains(&connection))
    }

    /// Opens the port and quiesces it. Drops an older connection, unless the device shares.
    pub(crate) fn connect(&mut self, connection: Connection) {
        if !self.shares {
            self.connections.clear();
            self.quiesce();
        }
        self.connections.push(connection);
    }

    /// The port is closed or lost. A dialogue that was handed over goes on without anyone to hear its answer.
    pub(crate) fn disconnect(&mut self, connection: Connection) {
        self.connections.retain(|known| *known != connection);
        if self.dialogue.as_ref().is_some_and(|dialogue| dialogue.connection == connection) {
            self.quiesce();
        }
    }

    /// Resynchronised: nothing of an earlier dialogue is answered any more.
    pub(crate) fn quiesce(&mut self) {
        self.dialogue = None;
        self.answers.clear();
    }

    /// Ctrl-Z: whether the part is on the air now, with the answer on its way.
    pub(crate) fn hand_over(&mut self, air: Air, random: &mut Random) -> bool {
        if let Some(dialogue) = &mut self.dialogue {
            dialogue.handed_over = true;
        }
        self.references = self.references.wrapping_add(1);
        // A call that was made is as good as a part that was sent, however it ended.
        let sent = match self.references % 4 {
            0 => PartOutcome::Called(CallEnd::Busy),
            _ => PartOutcome::Sent { message_reference: self.references, service_centre_time: None },
        };
        let delay = random.below(3) as u32;
        if random.chance(air.silent) {
            let aired = random.chance(50);
            if random.chance(50) {
                let outcome = if aired { sent } else { refused(random) };
                self.answers.push_back(Answer { outcome, delay: 4 + random.below(8) as u32 });
            }
            return aired;
        }
        let aired = !random.chance(air.refused);
        let outcome = if aired { sent } else { refused(random) };
        self.answers.push_back(Answer { outcome, delay });
        aired
    }

    /// Reads the port: the next answer, if it is there.
    pub(crate) fn read(&mut self) -> Option<PartOutcome> {
        let answer = self.answers.front_mut()?;
        if answer.delay > 0 {
            answer.delay -= 1;
            return None;
        }
        self.dialogue = None;
        self.answers.pop_front().map(|answer| answer.outcome)
    }
}

fn refused(random: &mut Random) -> PartOutcome {
    let disposition = random.pick(&[
        Disposition::Permanent,
        Disposition::Temporary,
        Disposition::Temporary,
        Disposition::ModemFault,
    ]);
    PartOutcome::Refused(Refusal { cause: Cause::Cms(42), disposition })
}
