//! `smsctl version`: which one this is.

use serde_json::json;
use smsgrid_proto::Exit;

use crate::desk::Desk;
use crate::failure::Failure;

/// Prints the version of this program.
pub(crate) fn print(desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let version = env!("CARGO_PKG_VERSION");
    desk.one(version, &format!("smsctl {version}"), json!({ "program": "smsctl", "version": version }))?;
    Ok(Exit::Done)
}
