//! What the alarm handler is told of a part of the node that ended by itself: in the words of smsd, where every part is
//! a process.

use smsgrid::worker::handlers::{Alarm, Severity};

use super::Node;
use crate::tasks::UnexpectedEnd;

impl Node {
    /// The alarm for this end of a task. Modems are numbered in the order of their names, from 0: smsd numbers them in that of
    /// its `devices`.
    pub fn death(&self, end: &UnexpectedEnd) -> Alarm {
        let modems = self.board.tallies();
        death(end, modems.keys().map(smsgrid::model::Name::as_str))
    }
}

fn death<'a>(end: &UnexpectedEnd, mut modems: impl Iterator<Item = &'a str>) -> Alarm {
    let UnexpectedEnd { task, how } = end;
    let who = match modems.position(|modem| modem == task) {
        Some(number) => format!("Modem handler {number} ({task})"),
        None => format!("Task {task} of smsnode"),
    };
    Alarm::of_main(
        Severity::Critical,
        format!("{who} terminated while mainprocess is still running. It {how}. Smsnode stops."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_modem_is_told_as_smsd_tells_it_and_that_of_another_task_by_its_name() {
        let told = |task: &str, how: &str| {
            let end = UnexpectedEnd { task: task.to_owned(), how: how.to_owned() };
            death(&end, ["GSM1", "GSM2"].into_iter())
        };

        let text = "Modem handler 1 (GSM2) terminated while mainprocess is still running. It panicked. Smsnode stops.";
        assert_eq!(told("GSM2", "panicked"), Alarm::of_main(Severity::Critical, text));
        let text = "Task spool of smsnode terminated while mainprocess is still running. It failed: no room. Smsnode stops.";
        assert_eq!(told("spool", "failed: no room"), Alarm::of_main(Severity::Critical, text));
    }
}
