//! Sending, listing, reading and deleting messages (TS 27.005 sections 3.4.2, 3.4.3, 3.5.1, 3.5.4), PDU mode only.

use crate::model::Time;

use super::super::answer::{Answer, Fault};
use super::super::line::{Command, Operation};
use super::super::modem::Modem;
use super::super::octets::to_hex;
use super::super::store::{Store, Stored};
use super::super::submit::TPDU_OCTETS_MAX;
use super::{Next, Verdict, numbers};

/// `<stat>`: all messages.
const ALL: u16 = 4;

impl Modem {
    pub(super) fn mailbox_command(&mut self, command: &Command, answer: &mut Answer, now: Time) -> Verdict {
        self.usable_card()?;
        match (command.name.as_str(), &command.operation) {
            ("+CMGL", Operation::Test) => answer.line("+CMGL: (0-4)"),
            ("+CMGD", Operation::Test) => answer.line(self.used_indexes()?),
            (_, Operation::Test) => {}
            ("+CMGD", Operation::Set(arguments)) => {
                self.delete(&numbers(arguments)?)?;
                self.hand_over(now);
            }
            // In text mode these commands mean something else, which no driver of ours wants.
            _ if self.settings.text_mode => return Err(Fault::NOT_ALLOWED),
            ("+CMGL", Operation::Execute) => self.list(0, answer)?,
            ("+CMGL", Operation::Set(arguments)) => match numbers(arguments)?.as_slice() {
                [Some(stat @ 0..=4)] => self.list(*stat, answer)?,
                _ => return Err(Fault::NOT_ALLOWED),
            },
            ("+CMGR", Operation::Set(arguments)) => match numbers(arguments)?.as_slice() {
                [Some(index)] => self.read(*index, answer)?,
                _ => return Err(Fault::INDEX),
            },
            ("+CMGS", Operation::Set(arguments)) => match numbers(arguments)?.as_slice() {
                [Some(length)] if (1..=TPDU_OCTETS_MAX).contains(&usize::from(*length)) => {
                    return Ok(Next::Prompt(usize::from(*length)));
                }
                _ => return Err(Fault::PDU),
            },
            _ => return Err(Fault::NOT_ALLOWED),
        }
        Ok(Next::Command)
    }

    fn list(&mut self, stat: u16, answer: &mut Answer) -> Result<(), Fault> {
        for (index, stored) in self.read_store()?.messages() {
            if stat == ALL || stat == u16::from(stored.stat()) {
                answer.line(format!("+CMGL: {index},{}", shown(stored)));
            }
        }
        Ok(())
    }

    fn read(&mut self, index: u16, answer: &mut Answer) -> Result<(), Fault> {
        let stored = self.read_store()?.get_mut(index).ok_or(Fault::INDEX)?;
        answer.line(format!("+CMGR: {}", shown(stored)));
        Ok(())
    }

    /// `+CMGD=index`, or with a flag: 1 to 3 all that were read, 4 all. Nothing else is kept here that 2 and 3 add.
    fn delete(&mut self, arguments: &[Option<u16>]) -> Result<(), Fault> {
        let store = self.read_store()?;
        match arguments {
            [Some(index)] | [Some(index), Some(0)] if store.has(*index) => store.delete(*index),
            [Some(_), Some(1..=3)] => store.delete_all(false),
            [Some(_), Some(4)] => store.delete_all(true),
            _ => return Err(Fault::INDEX),
        }
        Ok(())
    }

    fn used_indexes(&mut self) -> Result<String, Fault> {
        let used: Vec<String> = self.read_store()?.messages().map(|(index, _)| index.to_string()).collect();
        Ok(format!("+CMGD: ({}),(0-4)", used.join(",")))
    }

    fn read_store(&mut self) -> Result<&mut Store, Fault> {
        let memory = self.memory(0);
        self.store(memory).ok_or(Fault::Cms(310))
    }
}

/// `<stat>,<alpha>,<length>` and the PDU; shown once, a message counts as read.
fn shown(stored: &mut Stored) -> String {
    let text = format!("{},,{}\r\n{}", stored.stat(), stored.tpdu_octets(), to_hex(&stored.pdu));
    stored.read = true;
    text
}
