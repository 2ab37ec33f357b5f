//! The commands, by name. A line is carried out from left to right until one of its commands fails.

mod card;
mod device;
mod mailbox;
mod message;
mod network;

use crate::model::Time;

use super::answer::{Answer, Fault};
use super::front::{Front, Prompting};
use super::line::{Argument, Command, Line, Operation, parse};
use super::modem::Modem;
use super::schedule::Task;
use super::sending::{PLEASE_WAIT, UNKNOWN_ERROR};

/// What follows a command that did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// The next command of the line, or `OK`.
    Command,
    /// A prompt for a PDU of so many octets.
    Prompt(usize),
    /// `OK`, then a restart.
    Restart,
    /// A call rings; the answer comes with what the callee does.
    Ring,
}

/// What a command comes to.
type Verdict = Result<Next, Fault>;

impl Modem {
    /// Carries out a command line.
    pub(super) fn execute(&mut self, line: &[u8], now: Time) {
        let commands = match parse(line) {
            Line::Noise => return,
            Line::Malformed => Err(Fault::Plain),
            Line::Commands(commands) => Ok(commands),
        };
        self.front = Front::Executing { answered: false };
        let mut answer = Answer::default();
        let verdict = commands.and_then(|commands| self.run_all(&commands, &mut answer, now));
        if let Ok(Next::Prompt(announced)) = verdict {
            self.open_prompt(announced, &answer, now);
            return;
        }
        if verdict == Ok(Next::Ring) {
            self.ring(now);
            return;
        }
        if self.chatters() {
            answer.0.extend(self.chatter_line().map(str::to_owned));
        }
        let mut words = self.owed.take().unwrap_or_default();
        words.extend(answer.words(verdict.map(|_| ()), self.settings.wording));
        let wait = self.personality.command_delay;
        self.after(wait, Task::Answer(words), now);
        if verdict == Ok(Next::Restart) {
            self.schedule.add(now + wait, Task::Restart);
        }
    }

    fn open_prompt(&mut self, announced: usize, answer: &Answer, now: Time) {
        let mut words = self.owed.take().unwrap_or_default();
        words.extend(answer.information(self.settings.wording));
        self.write(&words);
        let prompting = Prompting { announced, prompted: None, early: false, line_feed: false };
        self.front = Front::Prompting(prompting);
        self.network.collided = false;
        let wait = self.personality.prompt_delay;
        self.after(wait, Task::Prompt, now);
    }

    fn run_all(&mut self, commands: &[Command], answer: &mut Answer, now: Time) -> Verdict {
        for (command, left) in commands.iter().zip((0..commands.len()).rev()) {
            match self.run(command, answer, now)? {
                Next::Command => {}
                // Nothing can follow a command that does not end here.
                Next::Prompt(_) | Next::Restart if left > 0 => return Err(Fault::Plain),
                Next::Ring if left > 0 => {
                    self.call = None;
                    return Err(Fault::Plain);
                }
                last @ (Next::Prompt(_) | Next::Restart | Next::Ring) => return Ok(last),
            }
        }
        Ok(Next::Command)
    }

    fn run(&mut self, command: &Command, answer: &mut Answer, now: Time) -> Verdict {
        match command.name.as_str() {
            "E" | "V" | "Q" | "Z" | "&F" | "+CMEE" | "+CFUN" | "^CURC" | "+CURC" | "^SM20" => {
                self.device_command(command, answer, now)
            }
            "+CGMI" | "+GMI" | "+CGMM" | "+GMM" | "+CGMR" | "+GMR" | "+CGSN" | "+GSN" | "I" => {
                self.identity_command(command, answer)
            }
            "D" => self.dial(command).map(|()| Next::Ring),
            "H" | "+CHUP" | "+VTS" | "+CPAS" | "+CLCC" => {
                self.call_command(command, answer, now).map(|()| Next::Command)
            }
            "&C" | "&D" | "&W" | "&K" | "X" | "L" | "M" => Ok(Next::Command),
            name if name.starts_with('S') => device::register(command, answer),
            "+CPIN" | "+CIMI" | "+CCID" => self.card_command(command, answer, now),
            "^CPIN" | "^SPIC" | "+SPIC" => self.tries_command(command, answer),
            "+CSQ" | "+CREG" | "+CGREG" | "+CEREG" | "+COPS" | "+CLIP" => {
                self.network_command(command, answer)
            }
            "+CMGF" | "+CSCA" | "+CSMS" | "+CNMI" | "+CPMS" | "+CMMS" | "+CGSMS" | "+CNMA" => {
                self.serves_messages(now)?;
                self.message_command(command, answer, now)
            }
            "+CMGL" | "+CMGR" | "+CMGD" | "+CMGS" => {
                self.serves_messages(now)?;
                self.mailbox_command(command, answer, now)
            }
            _ => Err(Fault::UNKNOWN),
        }
    }

    /// Whether quirks let the message service work at all.
    fn serves_messages(&self, now: Time) -> Result<(), Fault> {
        if self.network.broken {
            Err(UNKNOWN_ERROR)
        } else if now < self.network.waiting_until {
            Err(PLEASE_WAIT)
        } else {
            Ok(())
        }
    }
}

/// The one number of a command such as `E0`; 0 when it is left out.
fn number(command: &Command) -> Option<u16> {
    match &command.operation {
        Operation::Execute => Some(0),
        Operation::Set(arguments) => match arguments.as_slice() {
            [argument] => argument.number(),
            _ => None,
        },
        Operation::Read | Operation::Test => None,
    }
}

/// The numbers of a command's arguments; none for each that was left out. Fails on anything else.
fn numbers(arguments: &[Argument]) -> Result<Vec<Option<u16>>, Fault> {
    let number = |argument: &Argument| match (argument.text.is_empty(), argument.number()) {
        (true, _) => Ok(None),
        (false, Some(number)) => Ok(Some(number)),
        (false, None) => Err(Fault::PARAMETERS),
    };
    arguments.iter().map(number).collect()
}

/// A setting of one number from `least` to `most`, as most settings are.
fn setting(command: &Command, value: &mut u8, (least, most): (u8, u8), answer: &mut Answer) -> Verdict {
    let name = &command.name;
    match &command.operation {
        Operation::Read => answer.line(format!("{name}: {value}")),
        Operation::Test => answer.line(format!("{name}: ({least}-{most})")),
        Operation::Execute => *value = least,
        Operation::Set(arguments) => {
            let numbers = numbers(arguments)?;
            let chosen = match numbers.as_slice() {
                [Some(number)] => u8::try_from(*number).ok(),
                _ => None,
            };
            *value = chosen.filter(|v| (least..=most).contains(v)).ok_or(Fault::PARAMETERS)?;
        }
    }
    Ok(Next::Command)
}
