//! `smsctl errors`: the catalogue of what can go wrong. It needs no server.

use std::io::Write;

use serde_json::json;
use smsgrid_proto::{Exit, Reason};

use crate::args::Format;
use crate::output::{self, Failure, Row};

/// Lists every reason.
pub(crate) fn list(format: Format, out: &mut dyn Write) -> Result<Exit, Failure> {
    let width = Reason::ALL.iter().map(|reason| reason.word().len()).max().unwrap_or_default();
    let line = |reason: Reason| {
        format!("{:width$}  {:>3}  {}", reason.word(), reason.exit().code(), reason.meaning())
    };
    let rows: Vec<Row> = Reason::ALL.iter().map(|reason| row(*reason, line(*reason))).collect();
    if format == Format::Table {
        writeln!(out, "{:width$}  {:>3}  MEANING", "REASON", "EXIT")?;
    }
    output::list(out, format, "errors", &rows)?;
    Ok(Exit::Done)
}

/// Explains one reason.
pub(crate) fn explain(word: &str, format: Format, out: &mut dyn Write) -> Result<Exit, Failure> {
    let Ok(reason) = word.parse::<Reason>() else {
        return Err(Failure::new(Exit::NotFound, unknown(word)));
    };
    let (meaning, fix, exit) = (reason.meaning(), reason.fix(), reason.exit().code());
    let line = format!("{reason} (exit {exit})\n  {meaning}\n  fix: {fix}");
    output::one(out, format, &row(reason, line))?;
    Ok(Exit::Done)
}

fn row(reason: Reason, line: String) -> Row {
    let object = json!({
        "reason": reason.word(),
        "exit": reason.exit().code(),
        "meaning": reason.meaning(),
        "fix": reason.fix(),
    });
    Row { name: reason.word().to_owned(), line, object }
}

fn unknown(word: &str) -> String {
    let asked = word.to_ascii_uppercase();
    let distance = |reason: &&Reason| strsim::damerau_levenshtein(reason.word(), &asked);
    let nearest =
        Reason::ALL.iter().min_by_key(distance).filter(|reason| distance(reason) <= asked.len() / 3);
    let hint = match nearest {
        Some(reason) => format!("did you mean {reason}? "),
        None => String::new(),
    };
    format!("there is no reason '{}'\n  fix: {hint}`smsctl errors` lists them", word.escape_debug())
}
