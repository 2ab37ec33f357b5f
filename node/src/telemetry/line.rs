//! The line of one event, for a program or for a person.

use std::fmt::{self, Write};
use std::time::SystemTime;

use tracing::Level;

use super::escape;
use super::fields::{Fields, Shown};

/// The form of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// One JSON object.
    Json,
    /// Short, for a terminal.
    Text {
        /// Whether the level has its colour.
        is_coloured: bool,
    },
}

/// One event.
pub(super) struct Line<'a> {
    pub(super) time: SystemTime,
    pub(super) level: Level,
    pub(super) source: &'a str,
    pub(super) node: &'a str,
    pub(super) fields: &'a Fields,
}

/// Fields with a place of their own in the line.
const PLACED: [&str; 2] = ["message", "event"];
/// Names every JSON line uses itself.
const RESERVED: [&str; 6] = ["ts", "level", "event", "msg", "node", "source"];

impl Line<'_> {
    /// The line with its end.
    pub(super) fn written(&self, form: Form) -> String {
        let mut line = String::with_capacity(256);
        let written = match form {
            Form::Json => self.json(&mut line),
            Form::Text { is_coloured } => self.text(&mut line, is_coloured),
        };
        // A value whose own Display fails spoils its line, not the program.
        match written {
            Ok(()) => line + "\n",
            Err(fmt::Error) => line.replace('\n', " ") + "\n",
        }
    }

    fn json(&self, line: &mut String) -> fmt::Result {
        write!(line, "{{\"ts\":\"{}\"", humantime::format_rfc3339_millis(self.time))?;
        write!(line, ",\"level\":\"{}\"", self.level.as_str().to_ascii_lowercase())?;
        if let Some(event) = self.fields.text("event") {
            member(line, "event", &Shown::Text(event.to_owned()))?;
        }
        member(line, "msg", &Shown::Text(self.message().to_owned()))?;
        member(line, "node", &Shown::Text(self.node.to_owned()))?;
        member(line, "source", &Shown::Text(self.source.to_owned()))?;
        for (name, value) in self.fields.except(&PLACED) {
            let own = if RESERVED.contains(&name) { format!("field.{name}") } else { name.to_owned() };
            member(line, &own, value)?;
        }
        line.write_char('}')
    }

    fn text(&self, line: &mut String, is_coloured: bool) -> fmt::Result {
        let time = humantime::format_rfc3339_millis(self.time).to_string();
        // The date is on the prompt of whoever watches; the time of day is enough.
        let time_of_day = time.split(['T', 'Z']).nth(1).unwrap_or(&time);
        let level = self.level.as_str();
        match is_coloured {
            true => write!(line, "\x1b[2m{time_of_day}\x1b[0m {}{level:5}\x1b[0m ", colour(self.level))?,
            false => write!(line, "{time_of_day} {level:5} ")?,
        }
        escape::text(line, self.message())?;
        for (name, value) in self.fields.except(&PLACED) {
            write!(line, " {name}=")?;
            match value {
                Shown::Bare(text) => line.write_str(text)?,
                Shown::Text(text) => escape::text(line, text)?,
            }
        }
        Ok(())
    }

    fn message(&self) -> &str {
        self.fields.text("message").unwrap_or_default()
    }
}

fn member(line: &mut String, name: &str, value: &Shown) -> fmt::Result {
    line.write_str(",\"")?;
    escape::json(line, name)?;
    line.write_str("\":")?;
    match value {
        Shown::Bare(text) => line.write_str(text),
        Shown::Text(text) => {
            line.write_char('"')?;
            escape::json(line, text)?;
            line.write_char('"')
        }
    }
}

fn colour(level: Level) -> &'static str {
    match level {
        Level::ERROR => "\x1b[31m",
        Level::WARN => "\x1b[33m",
        Level::INFO => "\x1b[32m",
        Level::DEBUG => "\x1b[34m",
        Level::TRACE => "\x1b[35m",
    }
}
