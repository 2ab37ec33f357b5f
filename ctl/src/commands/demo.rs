//! `smsctl demo`: orders to a running `smsnode demo` through its socket, since a killed node cannot answer.
//!
//! One order a line as JSON, `{"order":"kill","name":"gw-b"}`; one answer a line, `{"ok":true,"done":"…"}` or
//! `{"ok":false,"error":"…","names":["gw-a",…]}` with the names that the order takes.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use smsgrid_proto::{Exit, Reason};

use crate::args::DemoCommand;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::nearest::nearest;
use crate::render::quoted;

/// How a demo's temporary folder begins.
const FOLDER_PREFIX: &str = "smsgrid-demo-";
/// The socket in the folder of a demo.
const SOCKET: &str = "control";
/// How long a demo may take to carry out an order.
const ORDER_TIMEOUT: Duration = Duration::from_secs(60);
/// Most octets of an answer.
const ANSWER_OCTETS_MAX: u64 = 64 * 1024;

/// Gives an order to a running demo.
pub(crate) fn run(command: &DemoCommand, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let (order, name) = match command {
        DemoCommand::Kill { node } => ("kill", node),
        DemoCommand::Start { node } => ("start", node),
        DemoCommand::Unplug { modem } => ("unplug", modem),
        DemoCommand::Plug { modem } => ("plug", modem),
    };
    let socket = socket(desk)?;
    if desk.global.dry_run {
        desk.say(&format!("Would {order} {} at {}. Nothing was done.", quoted(name), socket.display()));
        return Ok(Exit::Done);
    }
    let answer = give(&socket, order, name).map_err(|error| {
        Failure::of(Reason::Unreachable, format!("the demo at {} does not answer", socket.display()))
            .why(error.to_string())
            .fix("is `smsnode demo` still running?")
    })?;
    if answer.get("ok") != Some(&Value::Bool(true)) {
        return Err(refused(name, &answer));
    }
    let done = answer.get("done").and_then(Value::as_str).unwrap_or("done").to_owned();
    desk.one(name, &crate::render::tame(&done), json!({ "order": order, "name": name, "done": done }))?;
    Ok(Exit::Done)
}

fn give(socket: &Path, order: &str, name: &str) -> std::io::Result<Value> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(ORDER_TIMEOUT))?;
    stream.set_write_timeout(Some(ORDER_TIMEOUT))?;
    writeln!(stream, "{}", json!({ "order": order, "name": name }))?;
    let mut answer = String::new();
    BufReader::new(stream.take(ANSWER_OCTETS_MAX)).read_line(&mut answer)?;
    Ok(serde_json::from_str(&answer)?)
}

fn refused(name: &str, answer: &Value) -> Failure {
    let error = answer.get("error").and_then(Value::as_str).unwrap_or("the demo said no");
    let names: Vec<&str> = answer
        .get("names")
        .and_then(Value::as_array)
        .map(|names| names.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default();
    let hint = nearest(name, names.iter().copied()).filter(|near| *near != name);
    let hint = hint.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
    let exit = if names.contains(&name) { Exit::Rejected } else { Exit::NotFound };
    Failure::new(exit, error).fix(if names.is_empty() {
        hint
    } else {
        format!("{hint}there are {}", names.join(", "))
    })
}

/// The socket of the demo meant: the one named by `SMSCTL_DEMO`, or the only one that runs.
fn socket(desk: &Desk<'_>) -> Result<PathBuf, Failure> {
    if let Some(named) = &desk.environment.demo {
        let named = PathBuf::from(named);
        return Ok(if named.is_dir() { named.join(SOCKET) } else { named });
    }
    let running = running(&std::env::temp_dir());
    match running.as_slice() {
        [one] => Ok(one.clone()),
        [] => Err(Failure::of(Reason::Unreachable, "no demo is running here")
            .fix("start one: smsnode demo; or name its socket in SMSCTL_DEMO")),
        several => {
            let names: Vec<String> = several.iter().map(|socket| socket.display().to_string()).collect();
            Err(Failure::wrong("several demos are running here")
                .fix(format!("name one in SMSCTL_DEMO: {}", names.join(", "))))
        }
    }
}

/// The sockets of demos in `folder` that belong to this user and answer.
fn running(folder: &Path) -> Vec<PathBuf> {
    let owner = fs::metadata("/proc/self").map(|own| own.uid()).ok();
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let sockets = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(FOLDER_PREFIX))
        .map(|entry| entry.path().join(SOCKET));
    let is_ours = |socket: &PathBuf| {
        let ours = fs::symlink_metadata(socket)
            .is_ok_and(|about| about.file_type().is_socket() && Some(about.uid()) == owner);
        ours && UnixStream::connect(socket).is_ok()
    };
    let mut sockets: Vec<PathBuf> = sockets.filter(is_ours).collect();
    sockets.sort();
    sockets
}

#[cfg(test)]
mod tests {
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_demo_that_has_ended_is_not_found() {
        let folder = std::env::temp_dir().join(format!("smsctl-demo-test-{}", std::process::id()));
        let (alive, dead) = (folder.join("smsgrid-demo-a"), folder.join("smsgrid-demo-b"));
        fs::create_dir_all(&alive).and_then(|()| fs::create_dir_all(&dead)).expect("a folder");
        let listener = UnixListener::bind(alive.join(SOCKET)).expect("a socket");
        drop(UnixListener::bind(dead.join(SOCKET)).expect("a socket"));

        let found = running(&folder);

        assert_eq!(found, [alive.join(SOCKET)]);
        drop(listener);
        fs::remove_dir_all(&folder).expect("removed");
    }

    #[test]
    fn a_wrong_name_is_answered_with_the_nearest() {
        let answer = json!({ "ok": false, "error": "no node is called gw-x", "names": ["gw-a", "gw-b"] });

        let failure = refused("gw-x", &answer);

        assert_eq!(failure.exit, Exit::NotFound);
        assert!(failure.to_string().contains("did you mean gw-a?"), "{failure}");
        assert_eq!(
            refused("gw-a", &json!({ "ok": false, "error": "it runs", "names": ["gw-a"] })).exit,
            Exit::Rejected
        );
    }
}
