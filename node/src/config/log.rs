//! `[log]`: what is told, and in which form. Not to be confused with the message log, which is not set here.

use smsgrid::at::TraceForm;

use super::section::Section;
use super::value::words;

/// What smsnode says while it runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Log {
    /// The least important thing that is still told. Default `info`. `debug` explains every decision; `trace` shows
    /// the dialogue with the modems, secrets, numbers and texts masked. The variable `SMSGRID_LOG` goes before it.
    pub level: Level,
    /// The form. Default `auto`: short coloured lines on a terminal, one JSON object a line elsewhere.
    pub format: LogFormat,
    /// What the dialogue with the modems shows beside its lines, at `trace`: `response_times` how long each command took
    /// to be written, and the modem to answer; `unmodified` the blanks, line ends and control characters of the modem's
    /// lines; `octets` each of their octets. Default `false`. What is masked stays so. A reload needs a restart for it.
    pub dialogue: TraceForm,
}

/// How important an event is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// smsnode is stopping, or something is lost.
    Error,
    /// May wake somebody.
    Warn,
    /// News for an operator.
    Info,
    /// Explains a decision.
    Debug,
    /// Follows the bytes.
    Trace,
}

/// The form of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// `Text` on a terminal, `Json` elsewhere.
    Auto,
    /// One JSON object a line.
    Json,
    /// One short line an event.
    Text,
}

words!(Level, "a level",
    "error" => Level::Error,
    "warn" => Level::Warn,
    "info" => Level::Info,
    "debug" => Level::Debug,
    "trace" => Level::Trace,
);
words!(LogFormat, "a form of the log",
    "auto" => LogFormat::Auto,
    "json" => LogFormat::Json,
    "text" => LogFormat::Text,
);

impl Default for Log {
    fn default() -> Log {
        Log { level: Level::Info, format: LogFormat::Auto, dialogue: TraceForm::default() }
    }
}

/// Reads `[log]`.
pub(super) fn read(section: &mut Section<'_, '_>) -> Log {
    let default = Log::default();
    Log {
        level: section.or("level", default.level),
        format: section.or("format", default.format),
        dialogue: TraceForm {
            times: section.or("response_times", false),
            unmodified: section.or("unmodified", false),
            octets: section.or("octets", false),
        },
    }
}
