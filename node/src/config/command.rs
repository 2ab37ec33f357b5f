//! A program of the operator as a value: a list of words, or a line for the shell.

use smsgrid::worker::handlers::Command;
use toml::de::DeValue;

use super::value::{Value, Wrong};

impl Value for Command {
    const KIND: &'static str = "a program";
    const HOW: &'static str = "write its path between quotes, or [\"/path\", \"argument\", …]";

    /// A text is a line here; whether a shell may see it is decided by the whole section.
    fn read(value: &DeValue<'_>) -> Result<Command, Wrong> {
        let words = match value.as_array() {
            Some(_) => Vec::<String>::read(value)?,
            None => {
                let line = value.as_str().ok_or(Wrong::Kind)?;
                return match line.trim() {
                    "" => Err(Wrong::Because("it is empty".to_owned())),
                    line if line.contains(char::is_control) => {
                        Err(Wrong::Because("it is more than one line".to_owned()))
                    }
                    line => Ok(Command::Line(line.to_owned())),
                };
            }
        };
        match words.first() {
            Some(program) if !program.is_empty() && words.iter().all(|word| !word.contains('\0')) => {
                Ok(Command::Direct(words))
            }
            Some(_) | None => Err(Wrong::Because("it names no program".to_owned())),
        }
    }

    fn show(&self) -> String {
        match self {
            Command::Direct(words) => words.show(),
            Command::Line(line) => line.show(),
        }
    }
}
