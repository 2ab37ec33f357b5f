//! Settings of the message service (TS 27.005 sections 3.2.1 to 3.3.1 and 3.4.1).

use crate::model::Time;

use super::super::answer::{Answer, Fault};
use super::super::line::{Argument, Command, Operation};
use super::super::modem::Modem;
use super::super::settings::Indications;
use super::super::store::Memory;
use super::{Next, Verdict, numbers, setting};

/// No acknowledgement is expected.
const NONE_EXPECTED: Fault = Fault::Cms(340);
/// Most digits of a service centre's number.
const SERVICE_CENTRE_DIGITS_MAX: usize = 20;

impl Modem {
    pub(super) fn message_command(&mut self, command: &Command, answer: &mut Answer, now: Time) -> Verdict {
        match command.name.as_str() {
            "+CMGF" => {
                let mut format = u8::from(self.settings.text_mode);
                let verdict = setting(command, &mut format, (0, 1), answer);
                self.settings.text_mode = format == 1;
                verdict
            }
            "+CMMS" => setting(command, &mut self.settings.more_messages, (0, 2), answer),
            "+CGSMS" => setting(command, &mut self.settings.bearer, (0, 3), answer),
            "+CSCA" => self.service_centre(command, answer),
            "+CSMS" => self.service(command, answer),
            "+CNMI" => self.indications(command, answer, now),
            "+CPMS" => self.memories(command, answer, now),
            _ => self.acknowledgement(command, answer, now),
        }
    }

    fn service_centre(&mut self, command: &Command, answer: &mut Answer) -> Verdict {
        let number = &self.usable_card()?.service_centre;
        match &command.operation {
            Operation::Read => {
                let kind = if number.starts_with('+') { 145 } else { 129 };
                answer.line(format!("+CSCA: \"{number}\",{kind}"));
            }
            Operation::Test => {}
            Operation::Execute => return Err(Fault::PDU),
            Operation::Set(arguments) => {
                let number = chosen_number(arguments).ok_or(Fault::PDU)?;
                if let Some(card) = &mut self.card {
                    card.service_centre = number;
                }
            }
        }
        Ok(Next::Command)
    }

    /// `+CSMS`: the services are those of phase 2 and 2+: receiving, sending, no cell broadcast.
    fn service(&mut self, command: &Command, answer: &mut Answer) -> Verdict {
        match &command.operation {
            Operation::Read => answer.line(format!("+CSMS: {},1,1,0", self.settings.service)),
            Operation::Test => answer.line("+CSMS: (0,1)"),
            Operation::Execute => return Err(Fault::NOT_ALLOWED),
            Operation::Set(arguments) => match numbers(arguments)?.as_slice() {
                [Some(service @ (0 | 1))] => {
                    self.settings.service = u8::try_from(*service).unwrap_or(0);
                    answer.line("+CSMS: 1,1,0");
                }
                _ => return Err(Fault::Cms(303)),
            },
        }
        Ok(Next::Command)
    }

    fn indications(&mut self, command: &Command, answer: &mut Answer, now: Time) -> Verdict {
        let Indications { mode, message, broadcast, report, buffer } = self.settings.indications;
        match &command.operation {
            Operation::Read => {
                answer.line(format!("+CNMI: {mode},{message},{broadcast},{report},{buffer}"));
            }
            Operation::Test => answer.line("+CNMI: (0-3),(0-3),(0,2),(0-2),(0,1)"),
            Operation::Execute => self.settings.indications = Indications::default(),
            Operation::Set(arguments) => {
                let present = [mode, message, broadcast, report, buffer];
                let [mode, message, broadcast, report, buffer] =
                    chosen(arguments, present, [3, 3, 2, 2, 1]).ok_or(Fault::NOT_ALLOWED)?;
                self.settings.indications = Indications { mode, message, broadcast, report, buffer };
                self.hand_over(now);
            }
        }
        Ok(Next::Command)
    }

    fn memories(&mut self, command: &Command, answer: &mut Answer, now: Time) -> Verdict {
        self.usable_card()?;
        match &command.operation {
            Operation::Read => {
                let shown: Vec<String> = self
                    .settings
                    .memories
                    .map(|memory| format!("\"{memory}\",{}", self.filled(memory)))
                    .into();
                answer.line(format!("+CPMS: {}", shown.join(",")));
            }
            Operation::Test => answer.line("+CPMS: (\"SM\",\"ME\"),(\"SM\",\"ME\"),(\"SM\",\"ME\")"),
            Operation::Execute => return Err(Fault::NOT_ALLOWED),
            Operation::Set(arguments) => {
                self.choose_memories(arguments)?;
                let shown: Vec<String> = self.settings.memories.map(|memory| self.filled(memory)).into();
                answer.line(format!("+CPMS: {}", shown.join(",")));
                self.hand_over(now);
            }
        }
        Ok(Next::Command)
    }

    fn choose_memories(&mut self, arguments: &[Argument]) -> Result<(), Fault> {
        const INVALID_MEMORY: Fault = Fault::Cms(302);
        let named = |argument: &Argument| Memory::named(&argument.text).filter(|_| argument.quoted);
        let memories: Option<Vec<Memory>> = arguments.iter().map(named).collect();
        let memories = memories.filter(|m| (1..=3).contains(&m.len())).ok_or(INVALID_MEMORY)?;
        for (chosen, memory) in self.settings.memories.iter_mut().zip(memories) {
            *chosen = memory;
        }
        Ok(())
    }

    /// `used,total` of a memory.
    fn filled(&mut self, memory: Memory) -> String {
        self.store(memory)
            .map_or_else(|| "0,0".to_owned(), |store| format!("{},{}", store.used(), store.total()))
    }

    /// `+CNMA`, with or without the `0` that acknowledges.
    fn acknowledgement(&mut self, command: &Command, answer: &mut Answer, now: Time) -> Verdict {
        match &command.operation {
            Operation::Test => {
                answer.line("+CNMA: (0)");
                return Ok(Next::Command);
            }
            Operation::Execute => {}
            Operation::Set(arguments) if numbers(arguments)?.as_slice() == [Some(0)] => {}
            Operation::Read | Operation::Set(_) => return Err(Fault::NOT_ALLOWED),
        }
        if self.settings.service == 1 && self.acknowledge(now) {
            Ok(Next::Command)
        } else {
            Err(NONE_EXPECTED)
        }
    }
}

/// A number in quotes, perhaps with its type of address; a type for international numbers adds the plus.
fn chosen_number(arguments: &[Argument]) -> Option<String> {
    let (number, kind) = match arguments {
        [number] => (number, None),
        [number, kind] => (number, Some(kind.number()?)),
        _ => return None,
    };
    let digits = number.text.strip_prefix('+').unwrap_or(&number.text);
    let legal = digits.len() <= SERVICE_CENTRE_DIGITS_MAX && digits.bytes().all(|b| b.is_ascii_digit());
    if !legal || !number.quoted {
        return None;
    }
    let international = !digits.is_empty() && (number.text.starts_with('+') || kind == Some(145));
    Some(if international { format!("+{digits}") } else { digits.to_owned() })
}

/// The values chosen, each at most as large as allowed; those left out stay as they are.
fn chosen(arguments: &[Argument], present: [u8; 5], most: [u8; 5]) -> Option<[u8; 5]> {
    let numbers = numbers(arguments).ok().filter(|numbers| numbers.len() <= present.len())?;
    let mut values = present;
    for ((value, most), number) in values.iter_mut().zip(most).zip(numbers) {
        if let Some(number) = number {
            *value = u8::try_from(number).ok().filter(|value| *value <= most)?;
        }
    }
    Some(values)
}
