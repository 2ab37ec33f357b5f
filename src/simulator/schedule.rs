//! What will happen by itself, in order of time.

use std::collections::BTreeMap;

use crate::model::Time;

use super::sim_card::Incoming;

/// Something that happens at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// The answer to a command is ready.
    Answer(Vec<u8>),
    /// The prompt for a PDU is ready.
    Prompt,
    /// What becomes of the part that is being sent is decided.
    Decide,
    /// A send that is never answered is forgotten: commands are taken again.
    Forget,
    /// The modem starts again.
    Restart,
    /// The modem has started.
    Boot,
    /// The network has registered the modem.
    Register,
    /// A status report comes back.
    Report(Incoming),
    /// A routed message was not acknowledged in time.
    Unacknowledged,
    /// The maker's own unsolicited line is due.
    Chatter,
    /// The one who is called answers, or does not.
    Callee,
}

/// Tasks in order of their time; of one time, the first added comes first.
#[derive(Clone, Debug, Default)]
pub(super) struct Schedule {
    tasks: BTreeMap<(Time, u64), Task>,
    added: u64,
}

impl Schedule {
    /// Adds a task.
    pub(super) fn add(&mut self, at: Time, task: Task) {
        self.tasks.insert((at, self.added), task);
        self.added += 1;
    }

    /// When the next task is due.
    pub(super) fn next(&self) -> Option<Time> {
        self.tasks.first_key_value().map(|(key, _)| key.0)
    }

    /// Takes the next task when it is due.
    pub(super) fn take_due(&mut self, now: Time) -> Option<Task> {
        let entry = self.tasks.first_entry()?;
        (entry.key().0 <= now).then(|| entry.remove())
    }

    /// Power went: all but what the network does is forgotten.
    pub(super) fn power_off(&mut self) {
        self.tasks.retain(|_, task| matches!(task, Task::Report(_)));
    }

    /// Forgets every task equal to `task`.
    pub(super) fn cancel(&mut self, task: &Task) {
        self.tasks.retain(|_, known| known != task);
    }

    /// Takes what the network still has for the subscriber.
    pub(super) fn take_reports(&mut self) -> Vec<Incoming> {
        let mut reports = Vec::new();
        self.tasks.retain(|_, task| match task {
            Task::Report(report) => {
                reports.push(report.clone());
                false
            }
            Task::Answer(_)
            | Task::Prompt
            | Task::Decide
            | Task::Forget
            | Task::Restart
            | Task::Boot
            | Task::Register
            | Task::Unacknowledged
            | Task::Chatter
            | Task::Callee => true,
        });
        reports
    }
}
