//! How an answer is printed, and how a failure is told.

use std::io::{self, Write};

use serde_json::{Value, json};
use smsgrid_proto::Exit;

use crate::args::Format;

/// Why a command did not end as asked.
#[derive(Debug)]
pub(crate) struct Failure {
    exit: Exit,
    text: String,
}

impl Failure {
    /// The failure that `text` tells, ending with `exit`.
    pub(crate) fn new(exit: Exit, text: impl Into<String>) -> Failure {
        Failure { exit, text: text.into() }
    }

    /// A command line that cannot be understood.
    pub(crate) fn usage(error: &clap::Error) -> Failure {
        Failure::new(Exit::Usage, error.to_string().trim_end())
    }

    /// Says it, and gives the exit code.
    pub(crate) fn tell(&self, talk: &mut dyn Write) -> Exit {
        if !self.text.is_empty() {
            // With standard error gone there is nobody left to tell.
            let _ = writeln!(talk, "{}", self.text);
        }
        self.exit
    }
}

impl From<io::Error> for Failure {
    /// A reader that has seen enough, as in `smsctl errors | head`, is no failure.
    fn from(error: io::Error) -> Failure {
        if error.kind() == io::ErrorKind::BrokenPipe {
            return Failure::new(Exit::Done, "");
        }
        Failure::new(Exit::Unexpected, format!("cannot write the answer: {error}"))
    }
}

/// One row of a list: its name, how a person reads it, and the object a program reads.
pub(crate) struct Row {
    pub(crate) name: String,
    pub(crate) line: String,
    pub(crate) object: Value,
}

/// Prints a list; in JSON it is the member `members` of one object.
pub(crate) fn list(out: &mut dyn Write, format: Format, members: &str, rows: &[Row]) -> io::Result<()> {
    match format {
        Format::Table => rows.iter().try_for_each(|row| writeln!(out, "{}", row.line)),
        Format::Name => rows.iter().try_for_each(|row| writeln!(out, "{}", row.name)),
        Format::Ndjson => rows.iter().try_for_each(|row| writeln!(out, "{}", versioned(row.object.clone()))),
        Format::Json => {
            let objects: Vec<&Value> = rows.iter().map(|row| &row.object).collect();
            writeln!(out, "{:#}", versioned(json!({ members: objects })))
        }
    }
}

/// Prints one thing.
pub(crate) fn one(out: &mut dyn Write, format: Format, row: &Row) -> io::Result<()> {
    match format {
        Format::Table => writeln!(out, "{}", row.line),
        Format::Name => writeln!(out, "{}", row.name),
        Format::Ndjson => writeln!(out, "{}", versioned(row.object.clone())),
        Format::Json => writeln!(out, "{:#}", versioned(row.object.clone())),
    }
}

/// Every object says the version of its form.
fn versioned(mut object: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.insert("v".to_owned(), json!(1));
    }
    object
}
