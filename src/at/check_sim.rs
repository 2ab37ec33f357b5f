//! A look at the SIM before the rest of the set-up, as smsd's `check_sim` has it, and what is said before the next one.

use std::time::Duration;

/// Longest text of resets, in characters.
const CHARACTERS_MAX: usize = 98;
/// Longest pause of a reset.
const REST_MAX: Duration = Duration::from_secs(600);
/// Words for the radio, with the commands they stand for.
const RADIO: [(&str, &str); 2] =
    [("RADIO_OFF_ON", "AT+CFUN=0;+CFUN=1"), ("RADIO_OFF_ON_SLOW", "AT+CFUN=0[3]AT+CFUN=1[5]")];

/// How the SIM is looked at before the rest of the set-up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckSim {
    /// The command; an answer with an error says that the SIM is not ready.
    pub command: String,
    /// Whether a SIM that was ready once is not looked at again.
    pub once: bool,
    /// What is said before the SIM is looked at again.
    pub reset: SimReset,
}

/// Commands and pauses, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SimReset(Vec<SimResetStep>);

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SimResetStep {
    /// A command.
    Say(String),
    /// A pause.
    Rest(Duration),
}

/// Why a text says no resets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SimResetError {
    /// Too long.
    #[error("it has more than 98 characters")]
    Long,
    /// A command that is none.
    #[error("a command in it does not begin with AT")]
    NoCommand,
    /// Brackets that hold no pause.
    #[error("what stands between [ and ] is no number of seconds up to 600")]
    NoPause,
}

impl SimReset {
    /// Reads commands with `[n]` between them, a pause of n seconds; or one of smsd's words for the radio.
    pub fn read(text: &str) -> Result<SimReset, SimResetError> {
        if text.chars().count() > CHARACTERS_MAX {
            return Err(SimResetError::Long);
        }
        let text = RADIO.iter().find(|(word, _)| *word == text).map_or(text, |(_, commands)| *commands);
        let mut pieces = text.split('[');
        let first = pieces.next().unwrap_or_default();
        let mut steps = command(first)?;
        for piece in pieces {
            let (seconds, behind) = piece.split_once(']').ok_or(SimResetError::NoPause)?;
            steps.push(SimResetStep::Rest(rest(seconds)?));
            steps.append(&mut command(behind)?);
        }
        Ok(SimReset(steps))
    }

    /// What is to be done, in order.
    pub fn steps(&self) -> &[SimResetStep] {
        &self.0
    }

    /// How long its pauses are together.
    pub(super) fn rests(&self) -> Duration {
        let rest = |step: &SimResetStep| match step {
            SimResetStep::Rest(rest) => *rest,
            SimResetStep::Say(_) => Duration::ZERO,
        };
        self.0.iter().map(rest).sum()
    }

    /// Its commands.
    pub(super) fn commands(&self) -> impl Iterator<Item = &String> {
        self.0.iter().filter_map(|step| match step {
            SimResetStep::Say(line) => Some(line),
            SimResetStep::Rest(_) => None,
        })
    }
}

/// The command a piece of text is; none where it is blank.
fn command(text: &str) -> Result<Vec<SimResetStep>, SimResetError> {
    let line = text.trim();
    if line.is_empty() {
        return Ok(Vec::new());
    }
    let is_command = line.get(..2).is_some_and(|start| start.eq_ignore_ascii_case("AT"));
    let is_plain = line.chars().all(|c| matches!(c, ' '..='~'));
    (is_command && is_plain).then(|| vec![SimResetStep::Say(line.to_owned())]).ok_or(SimResetError::NoCommand)
}

fn rest(seconds: &str) -> Result<Duration, SimResetError> {
    let seconds = seconds.trim().parse().map_err(|_| SimResetError::NoPause)?;
    Some(Duration::from_secs(seconds)).filter(|rest| *rest <= REST_MAX).ok_or(SimResetError::NoPause)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reset_is_commands_with_pauses_between_them_or_a_word_for_the_radio() {
        let say = |line: &str| SimResetStep::Say(line.to_owned());
        let rest = |seconds| SimResetStep::Rest(Duration::from_secs(seconds));
        for (text, expected) in [
            ("AT+CFUN=1,1", vec![say("AT+CFUN=1,1")]),
            (
                "AT+CFUN=1,1 [15] AT[2]at^x",
                vec![say("AT+CFUN=1,1"), rest(15), say("AT"), rest(2), say("at^x")],
            ),
            ("[ 3 ]", vec![rest(3)]),
            ("RADIO_OFF_ON", vec![say("AT+CFUN=0;+CFUN=1")]),
            ("RADIO_OFF_ON_SLOW", vec![say("AT+CFUN=0"), rest(3), say("AT+CFUN=1"), rest(5)]),
            ("", vec![]),
        ] {
            assert_eq!(SimReset::read(text).expect("a reset").steps(), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_command_and_no_pause_is_refused() {
        for (text, expected) in [
            ("CFUN=1", SimResetError::NoCommand),
            ("AT\u{e9}", SimResetError::NoCommand),
            ("AT[x]", SimResetError::NoPause),
            ("AT[601]", SimResetError::NoPause),
            ("AT[2", SimResetError::NoPause),
            (&format!("AT{}", "A".repeat(97)), SimResetError::Long),
        ] {
            assert_eq!(SimReset::read(text), Err(expected), "{text}");
        }
    }
}
