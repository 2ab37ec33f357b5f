//! What a modem is asked in its regular runs: keys of `[modems.NAME]`.

use smsgrid::at::Question;
use smsgrid_proto::Reason;

use super::section::Section;
use super::value::Value;
use crate::handlers::Asks;

/// Most commands of a regular run.
const QUESTIONS_MAX: usize = 64;

/// What the modem is asked in a regular run.
pub(super) fn read(section: &mut Section<'_, '_>) -> Asks {
    let default = Asks::default();
    Asks {
        commands: questions(section),
        cmdfile: section.optional("regular_run_cmdfile", "none").map(|placed| placed.value),
        logfile: section.optional("regular_run_logfile", "that of the node").map(|placed| placed.value),
        loglevel: section.within("regular_run_loglevel", default.loglevel, 1..=7),
    }
}

fn questions(section: &mut Section<'_, '_>) -> Vec<Question> {
    const KEY: &str = "regular_run_cmd";
    let Some(commands) = section.optional::<Vec<String>>(KEY, "none") else { return Vec::new() };
    if commands.value.len() > QUESTIONS_MAX {
        let what = format!("`{KEY}` has more than {QUESTIONS_MAX} commands");
        section.fault(commands.at, Reason::ConfigBadValue, &what, None, Some("ask for less"));
    }
    let mut read = Vec::new();
    for command in &commands.value {
        match Question::read(command) {
            Ok(question) => read.push(question),
            Err(why) => {
                let what = format!("`{KEY}` holds what no modem can be asked: {}", command.show());
                let fix = "write AT and what follows, with [REGEX] in front where its answer ends otherwise";
                section.fault(commands.at, Reason::ConfigBadValue, &what, Some(&why.to_string()), Some(fix));
            }
        }
    }
    read
}
