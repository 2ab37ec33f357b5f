//! What a reader of the log sees, and what nobody may see.

use std::io::Write;
use std::sync::{Arc, Mutex};

use smsgrid::model::Address;
use tracing::{debug, info, info_span, warn};

use super::*;
use crate::secret::Secret;

/// A sink that keeps what was written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("no writer panicked").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn told_at(level: Level, form: Form, tell: impl FnOnce()) -> String {
    let kept = Kept::default();
    let node = Name::new("gw-a").expect("a name");
    let filter = filter(level, None).expect("a level");
    tracing::subscriber::with_default(subscriber(filter, form, &node, Box::new(kept.clone())), tell);
    let bytes = kept.0.lock().expect("no writer panicked").clone();
    String::from_utf8(bytes).expect("lines are text")
}

fn json(tell: impl FnOnce()) -> Vec<serde_json::Value> {
    let text = told_at(Level::Trace, Form::Json, tell);
    text.lines().map(|line| serde_json::from_str(line).expect("each line is one object")).collect()
}

#[test]
fn an_event_is_one_object_with_the_fields_of_its_spans() {
    let lines = json(|| {
        let _modem = info_span!("modem", modem = "GSM1", attempt = 1).entered();
        info!(event = "message.sent", attempt = 2, part = 3_u8, "part sent");
    });

    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!(line["msg"], "part sent");
    assert_eq!(line["event"], "message.sent");
    assert_eq!((&line["node"], &line["modem"]), (&"gw-a".into(), &"GSM1".into()));
    assert_eq!((&line["attempt"], &line["part"]), (&2.into(), &3.into()));
    assert_eq!(line["level"], "info");
    assert!(line["ts"].as_str().is_some_and(|ts| ts.ends_with('Z') && ts.len() == 24), "{line}");
}

#[test]
fn a_hostile_text_cannot_start_a_line_or_steer_a_terminal() {
    let hostile = "a\r\nINFO forged\n\u{1b}[31m\u{202e}txt\u{2028}\u{9b}31m\0\"}\\";

    let lines = json(|| info!(file = hostile, "file {hostile}"));
    let text =
        told_at(Level::Info, Form::Text { is_coloured: false }, || info!(file = hostile, "file {hostile}"));
    let raw = told_at(Level::Info, Form::Json, || info!(file = hostile, "file {hostile}"));

    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["file"], hostile);
    for line in [raw, text] {
        assert_eq!(line.lines().count(), 1, "{line:?}");
        let body = line.trim_end_matches('\n');
        assert!(!body.chars().any(|c| c.is_control() || ('\u{2028}'..='\u{202e}').contains(&c)), "{line:?}");
    }
}

#[test]
fn no_number_no_pin_and_no_text_is_told_at_any_level() {
    let number = Address::international("491710765432").expect("a number");
    let pin = Secret::new("7391");
    let told = |form| {
        told_at(Level::Trace, form, || {
            let _span = info_span!("message", to = %number, pin = "7391").entered();
            warn!(?number, %pin, text = "meet me at noon", "sending");
            debug!(pin = 7391, pdu = %"0011000B91", body = ?Some("meet me at noon"), "bytes");
        })
    };

    for line in [told(Form::Json), told(Form::Text { is_coloured: true })] {
        for secret in ["491710765432", "0765", "7391", "noon", "0011000B91"] {
            assert!(!line.contains(secret), "{secret} in {line}");
        }
        assert!(line.contains("+491*******32"), "{line}");
    }
}

#[test]
fn a_field_that_is_named_like_ours_does_not_take_its_place() {
    let lines = json(|| info!(level = "fatal", ts = 0, msg = "mine", "theirs"));

    assert_eq!((&lines[0]["level"], &lines[0]["field.level"]), (&"info".into(), &"fatal".into()));
    assert_eq!((&lines[0]["msg"], &lines[0]["field.msg"]), (&"theirs".into(), &"mine".into()));
}

#[test]
fn an_endless_value_is_cut_and_counted() {
    let lines = json(|| info!(answer = "x".repeat(5000), "noise"));

    assert_eq!(lines[0]["answer"].as_str().map(str::len), Some(2048 + "… and 2952 more".len()));
}

#[test]
fn an_error_is_told_with_its_causes() {
    let error = Problem::new(Reason::PortBusy, "busy");
    let lines = json(|| warn!(error = &error as &dyn std::error::Error, "cannot open"));

    assert!(lines[0]["error"].as_str().is_some_and(|text| text.starts_with("busy [PORT_BUSY]")), "{lines:?}");
}

#[test]
fn others_are_told_from_warn_on_and_ours_from_the_level() {
    let lines = told_at(Level::Debug, Form::Text { is_coloured: false }, || {
        info!(target: "h2::proto", "theirs");
        warn!(target: "h2::proto", "their warning");
        warn!(target: crate::raft::LOG_TARGET, "a refused call");
        debug!("ours");
    });

    assert!(!lines.contains("theirs") && !lines.contains("a refused call"), "{lines}");
    assert!(lines.contains("their warning") && lines.contains("ours"), "{lines}");
}

#[test]
fn the_variable_goes_before_the_level_and_a_wrong_one_is_refused() {
    let allows = |variable, level| {
        let filter = filter(Level::Warn, variable).expect("a level");
        filter.would_enable("smsgrid_node::modem", &level)
    };

    assert!(allows(Some("debug"), tracing::Level::DEBUG));
    assert!(allows(Some("warn,smsgrid_node::modem=trace"), tracing::Level::TRACE));
    assert!(!allows(Some(""), tracing::Level::INFO) && !allows(None, tracing::Level::INFO));
    let refused = filter(Level::Info, Some("loud=yes")).expect_err("no level");
    assert!(refused.title.contains("SMSGRID_LOG") && refused.reason == Reason::ConfigBadValue);
}

#[test]
fn lines_that_were_dropped_are_told_as_an_event() {
    let node = Name::new("gw-a").expect("a name");

    let line = layer::dropped(Form::Json, &node)(7);

    let line: serde_json::Value = serde_json::from_str(&line).expect("one object");
    assert_eq!((&line["event"], &line["level"]), (&"log.dropped".into(), &"warn".into()));
    assert_eq!(line["node"], "gw-a");
    assert!(
        line["msg"].as_str().is_some_and(|text| text.starts_with("7 lines of the log were dropped")),
        "{line}"
    );
}

#[test]
fn a_panic_is_one_line_without_the_stack() {
    let lines = json(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(tell_panic));
        let ended = panic::catch_unwind(|| panic!("two\nlines of {}", "a bug"));
        panic::set_hook(usual);
        assert!(ended.is_err());
    });

    let [line] = &lines[..] else { panic!("{lines:?}") };
    assert_eq!((&line["event"], &line["level"]), (&"panic".into(), &"error".into()));
    assert_eq!(line["what"], "two\nlines of a bug");
    assert!(line["place"].as_str().is_some_and(|place| place.contains("telemetry/tests.rs:")), "{line}");
}
