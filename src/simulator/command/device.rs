//! Commands of the device: echo, wording, identity, functionality, and the makers' own.

use crate::model::Time;

use super::super::answer::{Answer, Fault, Wording};
use super::super::line::{Command, Operation};
use super::super::modem::Modem;
use super::super::personality::Vendor;
use super::super::settings::Settings;
use super::{Next, Verdict, number, numbers, setting};

impl Modem {
    pub(super) fn device_command(&mut self, command: &Command, answer: &mut Answer, now: Time) -> Verdict {
        let wording: &mut Wording = &mut self.settings.wording;
        match command.name.as_str() {
            "E" => self.settings.echo = flag(command)?,
            "V" => wording.verbose = flag(command)?,
            "Q" => wording.quiet = flag(command)?,
            "Z" | "&F" => self.forget_settings(now),
            "+CMEE" => return setting(command, &mut wording.errors, (0, 2), answer),
            "+CFUN" => return self.functionality(command, answer, now),
            _ => return self.maker_command(command, answer, now),
        }
        Ok(Next::Command)
    }

    pub(super) fn identity_command(&self, command: &Command, answer: &mut Answer) -> Verdict {
        match &command.operation {
            Operation::Execute => {}
            Operation::Test => return Ok(Next::Command),
            Operation::Set(_) if command.name == "I" => {}
            Operation::Read | Operation::Set(_) => return Err(Fault::PARAMETERS),
        }
        let [manufacturer, model, revision] = self.personality.vendor.names();
        match command.name.as_str() {
            "+CGMI" | "+GMI" => answer.line(manufacturer),
            "+CGMM" | "+GMM" => answer.line(model),
            "+CGMR" | "+GMR" => answer.line(revision),
            "I" => answer.line(format!("{manufacturer}\r\n{model}\r\n{revision}")),
            _ => answer.line(self.imei.as_str()),
        }
        Ok(Next::Command)
    }

    /// `ATZ` and `AT&F`: there is no profile but the one of the factory. The radio stays as it is.
    fn forget_settings(&mut self, now: Time) {
        let functionality = self.settings.functionality;
        self.settings = Settings { functionality, ..Settings::default() };
        self.start_chatter(now);
    }

    /// `+CFUN`: 0 and 4 switch the radio off, 1 on; `1,1` restarts.
    fn functionality(&mut self, command: &Command, answer: &mut Answer, now: Time) -> Verdict {
        let arguments = match &command.operation {
            Operation::Read => {
                answer.line(format!("+CFUN: {}", self.settings.functionality));
                return Ok(Next::Command);
            }
            Operation::Test => {
                answer.line("+CFUN: (0,1,4),(0,1)");
                return Ok(Next::Command);
            }
            Operation::Execute => return Err(Fault::PARAMETERS),
            Operation::Set(arguments) => numbers(arguments)?,
        };
        match arguments.as_slice() {
            [Some(1), Some(1)] => return Ok(Next::Restart),
            [Some(level @ (0 | 1 | 4))] | [Some(level @ (0 | 1 | 4)), Some(0)] => {
                let level = u8::try_from(*level).map_err(|_| Fault::PARAMETERS)?;
                if std::mem::replace(&mut self.settings.functionality, level) != level {
                    self.search(now);
                }
            }
            _ => return Err(Fault::PARAMETERS),
        }
        Ok(Next::Command)
    }

    /// `^CURC` of Huawei, `^SM20` of Siemens; others do not know them.
    fn maker_command(&mut self, command: &Command, answer: &mut Answer, now: Time) -> Verdict {
        match (self.personality.vendor, command.name.as_str()) {
            (Vendor::Huawei, "^CURC") => {
                let mut chatter = u8::from(self.settings.chatter);
                let verdict = setting(command, &mut chatter, (0, 1), answer);
                self.settings.chatter = chatter == 1;
                self.start_chatter(now);
                verdict
            }
            (Vendor::SimCom, "+CURC") => setting(command, &mut 0, (0, 1), answer),
            (Vendor::Cinterion, "^SM20") => self.old_time_answers(command, answer),
            _ => Err(Fault::UNKNOWN),
        }
    }

    /// `^SM20`: whether a failed send is answered `OK`, and one that is no concern of a send.
    fn old_time_answers(&mut self, command: &Command, answer: &mut Answer) -> Verdict {
        match &command.operation {
            Operation::Read => answer.line(format!("^SM20: {},1", u8::from(self.settings.failure_is_ok))),
            Operation::Test => answer.line("^SM20: (0,1),(0,1)"),
            Operation::Execute => return Err(Fault::PARAMETERS),
            Operation::Set(arguments) => match numbers(arguments)?.as_slice() {
                [Some(answers @ (0 | 1))] | [Some(answers @ (0 | 1)), Some(0 | 1)] => {
                    self.settings.failure_is_ok = *answers == 1;
                }
                _ => return Err(Fault::PARAMETERS),
            },
        }
        Ok(Next::Command)
    }
}

/// A register: S3, S4 and S5 keep the values of the standard, others take any.
pub(super) fn register(command: &Command, answer: &mut Answer) -> Verdict {
    let fixed = match command.name.as_str() {
        "S3" => Some(13),
        "S4" => Some(10),
        "S5" => Some(8),
        _ => None,
    };
    match (&command.operation, fixed) {
        (Operation::Read, fixed) => answer.line(format!("{:03}", fixed.unwrap_or(0))),
        (Operation::Set(_), Some(fixed)) if number(command) != Some(fixed) => return Err(Fault::Plain),
        (Operation::Set(_), _) if number(command).is_some_and(|value| value <= 255) => {}
        (Operation::Set(_) | Operation::Execute | Operation::Test, _) => return Err(Fault::Plain),
    }
    Ok(Next::Command)
}

/// 0 or 1 behind a letter.
fn flag(command: &Command) -> Result<bool, Fault> {
    match number(command) {
        Some(0) => Ok(false),
        Some(1) => Ok(true),
        _ => Err(Fault::Plain),
    }
}
