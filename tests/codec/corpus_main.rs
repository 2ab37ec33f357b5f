//! Prints what other implementations are compared with, one JSON object a line.
//!
//! ```text
//! pdu-corpus submit MESSAGES SEED   SMS-SUBMIT PDUs of random messages, with the fields they were made of
//! pdu-corpus tables                 every code of every table of TS 23.038, with the character we read it as
//! ```
//!
//! The same seed prints the same lines.

mod corpus;

use std::env;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let lines = match arguments.as_slice() {
        ["submit", messages, seed] => match (messages.parse(), seed.parse()) {
            (Ok(messages), Ok(seed)) => corpus::submit::lines(messages, seed),
            _ => return usage(),
        },
        ["tables"] => corpus::tables::lines(),
        _ => return usage(),
    };
    match print(&lines) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

fn print(lines: &[serde_json::Value]) -> io::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    for line in lines {
        writeln!(out, "{line}")?;
    }
    out.flush()
}

fn usage() -> ExitCode {
    let _ = writeln!(io::stderr(), "usage: pdu-corpus submit MESSAGES SEED | pdu-corpus tables");
    ExitCode::from(2)
}
