//! Commands of the network: signal, registration, operator (TS 27.007 sections 7 and 8.5).

use super::super::answer::{Answer, Fault};
use super::super::line::{Command, Operation};
use super::super::modem::Modem;
use super::{Next, Verdict, numbers, setting};

/// Name and number of the network: 001-01 is set aside for tests.
const OPERATOR: [&str; 3] = ["Simulated network", "Simnet", "00101"];

impl Modem {
    pub(super) fn network_command(&mut self, command: &Command, answer: &mut Answer) -> Verdict {
        match command.name.as_str() {
            "+CSQ" => self.signal(command, answer),
            "+CREG" => self.registration_command(command, 0, answer),
            "+CGREG" => self.registration_command(command, 1, answer),
            "+CEREG" => self.registration_command(command, 2, answer),
            "+CLIP" => self.caller(command, answer),
            _ => self.operator(command, answer),
        }
    }

    fn signal(&self, command: &Command, answer: &mut Answer) -> Verdict {
        match &command.operation {
            Operation::Execute => answer.line(format!("+CSQ: {},99", self.network.signal)),
            Operation::Test => answer.line("+CSQ: (0-31,99),(0-7,99)"),
            Operation::Read | Operation::Set(_) => return Err(Fault::PARAMETERS),
        }
        Ok(Next::Command)
    }

    /// `which` of `+CREG`, `+CGREG` and `+CEREG`: all three say the same.
    fn registration_command(&mut self, command: &Command, which: usize, answer: &mut Answer) -> Verdict {
        let stat = self.registration().stat();
        let Some(mode) = self.settings.registration.get_mut(which) else { return Err(Fault::UNKNOWN) };
        if command.operation == Operation::Read {
            let place = if *mode == 2 { ",\"1A2B\",\"0000C3D4\"" } else { "" };
            answer.line(format!("{}: {mode},{stat}{place}", command.name));
            return Ok(Next::Command);
        }
        setting(command, mode, (0, 2), answer)
    }

    fn caller(&mut self, command: &Command, answer: &mut Answer) -> Verdict {
        if command.operation == Operation::Read {
            answer.line(format!("+CLIP: {},1", self.settings.caller));
            return Ok(Next::Command);
        }
        setting(command, &mut self.settings.caller, (0, 1), answer)
    }

    /// `+COPS`: the network cannot be chosen, the form of its name can.
    fn operator(&mut self, command: &Command, answer: &mut Answer) -> Verdict {
        let [long, short, numeric] = OPERATOR;
        match &command.operation {
            Operation::Read if self.registration().is_registered() => {
                let format = self.settings.operator_format;
                let name = OPERATOR.get(usize::from(format)).copied().unwrap_or(numeric);
                answer.line(format!("+COPS: 0,{format},\"{name}\",7"));
            }
            Operation::Read => answer.line("+COPS: 0"),
            Operation::Test => {
                answer.line(format!("+COPS: (2,\"{long}\",\"{short}\",\"{numeric}\",7),,(0,3),(0-2)"));
            }
            Operation::Execute => return Err(Fault::PARAMETERS),
            Operation::Set(arguments) => match numbers(arguments.get(..2).unwrap_or(arguments))?.as_slice() {
                [Some(0)] => {}
                [Some(0 | 3), Some(format @ 0..=2)] => {
                    self.settings.operator_format = u8::try_from(*format).unwrap_or(0);
                }
                _ => return Err(Fault::PARAMETERS),
            },
        }
        Ok(Next::Command)
    }
}
