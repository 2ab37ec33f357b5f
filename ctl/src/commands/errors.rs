//! `smsctl errors`: the catalogue of what can go wrong. It needs no server.

use serde_json::{Value, json};
use smsgrid_proto::{Exit, Reason};

use crate::desk::Desk;
use crate::failure::Failure;
use crate::nearest::nearest;
use crate::render::{Cell, Column, Sheet, quoted};

/// Lists every reason.
pub(crate) fn list(desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let columns =
        [Column::new("reason"), Column::number("exit"), Column::new("meaning"), Column::wide("fix")];
    let mut sheet = Sheet::new("errors", &columns);
    for reason in Reason::ALL {
        let exit = reason.exit().code().to_string();
        let cells = vec![
            Cell::new(reason.word()),
            Cell::new(exit),
            Cell::new(reason.meaning()),
            Cell::new(reason.fix()),
        ];
        sheet.push(reason.word(), cells, object(*reason));
    }
    desk.list(&sheet)?;
    Ok(Exit::Done)
}

/// Explains one reason.
pub(crate) fn explain(word: &str, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let Ok(reason) = word.parse::<Reason>() else { return Err(unknown(word)) };
    let (meaning, fix, exit) = (reason.meaning(), reason.fix(), reason.exit().code());
    let text = format!("{reason} (exit {exit})\n  {meaning}\n  fix: {fix}");
    desk.one(reason.word(), &text, object(reason))?;
    Ok(Exit::Done)
}

fn object(reason: Reason) -> Value {
    json!({
        "reason": reason.word(),
        "exit": reason.exit().code(),
        "meaning": reason.meaning(),
        "fix": reason.fix(),
    })
}

fn unknown(word: &str) -> Failure {
    let hint = nearest(word, Reason::ALL.iter().map(|reason| reason.word()));
    let hint = hint.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    Failure::new(Exit::NotFound, format!("there is no reason {}", quoted(word)))
        .fix(format!("{hint}`smsctl errors` lists them"))
}
