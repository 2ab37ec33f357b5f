//! `smsctl version`: which one this is.

use std::io::Write;

use serde_json::json;
use smsgrid_proto::Exit;

use crate::args::Format;
use crate::output::{self, Failure, Row};

/// Prints the version of this program.
pub(crate) fn print(format: Format, out: &mut dyn Write) -> Result<Exit, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    let row = Row {
        name: version.to_owned(),
        line: format!("smsctl {version}"),
        object: json!({ "program": "smsctl", "version": version }),
    };
    output::one(out, format, &row)?;
    Ok(Exit::Done)
}
