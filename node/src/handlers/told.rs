//! What the log says of programs.

use smsgrid::worker::handlers::{Exit, Telling};
use tracing::{debug, error, info, warn};

use super::output::Said;
use super::process::Ended;

/// One program of the configuration, as the log calls it.
pub(super) type Program = &'static str;

/// What it said.
pub(super) fn output(program: Program, ended: &Ended) {
    said(program, "standard output", &ended.out);
    said(program, "standard error", &ended.err);
}

/// How it ended.
pub(super) fn ended(program: Program, ended: &Ended) {
    let duration_ms = ended.took.as_millis();
    match ended.exit {
        Exit::Code(0) => debug!(event = "handler.done", program, duration_ms, "{program} returned 0"),
        Exit::Code(_) | Exit::Signal(_) | Exit::TimedOut(_) | Exit::NotStarted(_) => {
            warn!(event = "handler.failed", program, duration_ms, "{program} {}", ended.exit);
        }
    }
}

fn said(program: Program, stream: &'static str, said: &Said) {
    for line in &said.lines {
        warn!(event = "handler.output", program, stream, "{program} said: {line}");
    }
    if said.left_out > 0 {
        let left_out = said.left_out;
        warn!(event = "handler.output", program, stream, left_out, "{program} said more; it is not kept");
    }
}

/// Trouble that begins, goes on or is over, of a program or of that of a modem.
pub(super) fn alert(program: Program, modem: Option<&str>, exit: &Exit, telling: Telling) {
    let which = modem.map_or_else(|| program.to_owned(), |modem| format!("{program} of {modem}"));
    match telling {
        Telling::Nothing => {}
        Telling::Begins => error!(
            event = "handler.alert",
            program,
            modem,
            fix = "look at what it said above, and run it by hand",
            "ALERT: problem with {which}: it {exit}"
        ),
        Telling::Continues(times) => {
            info!(event = "handler.alert", program, modem, "ALERT (continues, {times}): {which} {exit}");
        }
        Telling::Over => info!(event = "handler.alert", program, modem, "{which} succeeds again"),
    }
}

/// An event that is not told any more.
pub(super) fn gave_up(event_id: &str, occasion: &str, file: &[u8], attempts: u32) {
    error!(
        event = "handler.gave_up", event_id, file = %file.escape_ascii(), attempts,
        fix = "run the event handler by hand with these arguments",
        "the event handler was told {occasion} {attempts} times in vain; it is not told again"
    );
}
