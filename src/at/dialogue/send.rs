//! Sending one part (TS 27.005 section 4.3).
//!
//! ```text
//! Announce ─prompt▶ Delay ─▶ Pieces ─▶ Confirm ─yes▶ HandedOver ─▶ SendEnded
//!   │  ▲busy             all but the last │no             │
//!   │  └─ wait, repeat                    │               ├─ in step ──▶ idle
//!   └────────── no prompt ────────────────┴─▶ NotWritten  ├─ no OK ────▶ Recover
//!                                             └─▶ Recover └─ uncertain ▶ quiet, Recover
//! ```
//!
//! With `verify_pdu` the echo is on from before the announcement until after the answer, and what came back of the PDU
//! is told. A part is what its answer says: the echo changes nothing in that.
//!
//! Nothing of the attempt is on the air before Ctrl-Z, and Ctrl-Z is taken from the engine by itself.

use std::collections::VecDeque;
use std::time::Duration;

use crate::at::codes;
use crate::at::command::Command;
use crate::at::exchange::{End, Exchange, Reply};
use crate::at::response::FinalResult;
use crate::at::{Chunking, Event, PduEcho, ProcedureKind, SendEnd, SendPart};
use crate::model::{Cause, Disposition, Doubt, NotWrittenReason, PartOutcome, Refusal};

use super::{Abandoned, Context, Dialogue, Input, Recover, Step, Unsettled};

/// Pause before a command is repeated that a busy modem refused, and how often.
const BUSY_PAUSE: Duration = Duration::from_secs(1);
const BUSY_REPEATS_MAX: u8 = 5;
/// Pause after the prompt of a modem that was seen to need one.
const LEARNED_PROMPT_DELAY: Duration = Duration::from_millis(100);
/// The reference after which some modems refuse everything, and with what.
const STICKING_REFERENCE: u8 = 255;
const STICKING_CAUSE: Cause = Cause::Cms(1);

#[derive(Debug)]
pub(super) struct Send {
    part: SendPart,
    stage: Stage,
    pieces: VecDeque<String>,
    busy_repeats: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    EchoOn,
    Announce,
    Pieces,
    Confirm,
    HandedOver,
    EchoOff,
}

impl Send {
    pub(super) fn new(part: SendPart) -> Send {
        Send { part, stage: Stage::EchoOn, pieces: VecDeque::new(), busy_repeats: 0 }
    }
}

impl Dialogue for Send {
    fn kind(&self) -> ProcedureKind {
        ProcedureKind::SendPart
    }

    fn advance(&mut self, input: Input, context: &mut Context<'_>) -> Step {
        match (self.stage, input) {
            (Stage::EchoOn, Input::Reply(_)) => self.announce(),
            (Stage::EchoOn, _) if context.profile.verify_pdu => Step::Ask(Command::set("ATE1")),
            (Stage::EchoOn, _) => self.announce(),
            (Stage::EchoOff, Input::Reply(reply)) if reply.is_ok() => Step::End,
            (Stage::EchoOff, _) => Step::Continue(Box::new(Recover::new(Duration::ZERO))),
            (Stage::Announce, Input::Reply(reply)) => self.after_announcement(&reply, context),
            (Stage::Announce, _) => self.announce(),
            (Stage::Pieces, _) => self.next_piece(context),
            (Stage::Confirm, Input::Confirmed) => self.hand_over(context),
            (Stage::Confirm, _) => self.not_written(NotWrittenReason::LeaseLost, None, context),
            (Stage::HandedOver, Input::Reply(reply)) => self.after_answer(&reply, context),
            (Stage::HandedOver, _) => self.not_written(NotWrittenReason::NoPrompt, None, context),
        }
    }

    fn abandoned(&mut self, why: Abandoned, exchange: Option<Exchange>, context: &mut Context<'_>) {
        if self.stage == Stage::EchoOff {
            return;
        }
        let on_the_wire = exchange.filter(|exchange| self.stage == Stage::HandedOver && exchange.handed_over);
        if let Some(exchange) = on_the_wire {
            let end = if why == Abandoned::PortLost { End::PortLost } else { End::Silent };
            let end = codes::end_of_part(&exchange.reply(end), &self.part, context.modem.driver);
            self.note(&end, context);
            self.ended(end, context);
            return;
        }
        let reason = match why {
            Abandoned::PortLost => NotWrittenReason::PortLost,
            Abandoned::Aborted(reason) => reason,
            Abandoned::Overdue => NotWrittenReason::NoPrompt,
        };
        self.ended(SendEnd::NotWritten { reason, cause: None }, context);
    }
}

impl Send {
    fn announce(&mut self) -> Step {
        self.stage = Stage::Announce;
        Step::Ask(Command::announce(self.part.tpdu_length))
    }

    fn after_announcement(&mut self, reply: &Reply, context: &mut Context<'_>) -> Step {
        let cause = match reply.end {
            End::Prompt => return self.after_prompt(context),
            End::Result(FinalResult::Error(cause)) => cause,
            End::Result(FinalResult::Ok) | End::Numeric(_) | End::Silent | End::Restarted | End::PortLost => {
                None
            }
        };
        if is_busy(cause, context) && self.busy_repeats < BUSY_REPEATS_MAX {
            self.busy_repeats += 1;
            return Step::Wait(BUSY_PAUSE);
        }
        self.not_written(NotWrittenReason::NoPrompt, cause, context)
    }

    fn after_prompt(&mut self, context: &mut Context<'_>) -> Step {
        self.stage = Stage::Pieces;
        let chunking = context.profile.chunking.or(context.modem.driver.chunking);
        self.pieces = pieces(&self.part.pdu_hex, chunking);
        let learned = if context.modem.slow_at_prompt { LEARNED_PROMPT_DELAY } else { Duration::ZERO };
        let chosen = context.profile.prompt_delay.unwrap_or(context.modem.driver.prompt_delay);
        let delay = chosen.max(learned);
        match delay.is_zero() {
            true => self.next_piece(context),
            false => Step::Wait(delay),
        }
    }

    fn next_piece(&mut self, context: &mut Context<'_>) -> Step {
        let chunking = context.profile.chunking.or(context.modem.driver.chunking);
        if self.pieces.len() > 1
            && let Some(piece) = self.pieces.pop_front()
        {
            return Step::Write(
                piece.into_bytes(),
                chunking.map_or(Duration::ZERO, |chunking| chunking.pause),
            );
        }
        self.stage = Stage::Confirm;
        context.events.push_back(Event::PromptReached { attempt: self.part.attempt });
        Step::Confirm
    }

    fn hand_over(&mut self, context: &Context<'_>) -> Step {
        self.stage = Stage::HandedOver;
        let last = self.pieces.pop_front().unwrap_or_default();
        let timeout = context.profile.result_timeout.unwrap_or(context.modem.driver.result_timeout);
        let command = Command::hand_over(&last, timeout);
        Step::Ask(if context.profile.verify_pdu { command.verified() } else { command })
    }

    fn after_answer(&mut self, reply: &Reply, context: &mut Context<'_>) -> Step {
        if !reply.handed_over {
            // Either the host could not write, or the modem restarted before it could.
            let reason = match reply.end {
                End::Silent | End::PortLost => NotWrittenReason::PortLost,
                End::Result(_) | End::Numeric(_) | End::Prompt | End::Restarted => NotWrittenReason::NoPrompt,
            };
            return self.not_written(reason, None, context);
        }
        if context.profile.verify_pdu {
            let echo = PduEcho::of(reply.echo.as_deref(), &self.part.pdu_hex);
            context.events.push_back(Event::PduEchoed { attempt: self.part.attempt, echo });
        }
        let end = self.unstuck(codes::end_of_part(reply, &self.part, context.modem.driver), context);
        self.note(&end, context);
        self.ended(end, context);
        if matches!(end, SendEnd::Outcome(PartOutcome::Uncertain(_))) {
            return Step::Continue(Box::new(Recover::new(context.profile.quiet)));
        }
        match reply.end {
            End::Result(_) if context.profile.verify_pdu => {
                self.stage = Stage::EchoOff;
                Step::Ask(Command::set("ATE0"))
            }
            End::Result(_) => Step::End,
            End::Numeric(_) | End::Prompt | End::Silent | End::Restarted | End::PortLost => {
                Step::Continue(Box::new(Recover::new(Duration::ZERO)))
            }
        }
    }

    fn not_written(
        &mut self,
        reason: NotWrittenReason,
        cause: Option<Cause>,
        context: &mut Context<'_>,
    ) -> Step {
        self.ended(SendEnd::NotWritten { reason, cause }, context);
        Step::Continue(Box::new(Recover::new(Duration::ZERO)))
    }

    /// A refusal by which a stuck modem gives itself away is the modem's fault, not the message's.
    fn unstuck(&self, end: SendEnd, context: &mut Context<'_>) -> SendEnd {
        let SendEnd::Outcome(PartOutcome::Refused(refusal)) = end else { return end };
        let stuck = context.modem.driver.sticks_after_reference_255
            && context.modem.reference == Some(STICKING_REFERENCE)
            && refusal.cause == STICKING_CAUSE;
        if !stuck {
            return end;
        }
        context.modem.configured = false;
        context.events.push_back(Event::NeedsPowerCycle);
        SendEnd::Outcome(PartOutcome::Refused(Refusal { disposition: Disposition::ModemFault, ..refusal }))
    }

    /// Remembers what later answers have to be judged by.
    fn note(&self, end: &SendEnd, context: &mut Context<'_>) {
        match end {
            SendEnd::Outcome(PartOutcome::Sent { message_reference, .. }) => {
                context.modem.reference = Some(*message_reference);
            }
            SendEnd::Outcome(PartOutcome::Uncertain(doubt)) => {
                let unanswered = *doubt == Doubt::Silent;
                context.modem.unsettled = Some(Unsettled { part: self.part.clone(), unanswered });
                context.modem.quiet_until = Some(context.now + context.profile.quiet);
            }
            SendEnd::Outcome(PartOutcome::Refused(_) | PartOutcome::Called(_))
            | SendEnd::NotWritten { .. }
            | SendEnd::EarlierCopyAccepted => {}
        }
    }

    fn ended(&self, end: SendEnd, context: &mut Context<'_>) {
        context.events.push_back(Event::SendEnded { attempt: self.part.attempt, end });
    }
}

fn is_busy(cause: Option<Cause>, context: &Context<'_>) -> bool {
    matches!(cause, Some(Cause::Cms(code) | Cause::Cme(code)) if context.modem.driver.busy.contains(&code))
}

fn pieces(pdu_hex: &str, chunking: Option<Chunking>) -> VecDeque<String> {
    let Some(chunking) = chunking else { return VecDeque::from([pdu_hex.to_owned()]) };
    let characters: Vec<char> = pdu_hex.chars().collect();
    characters.chunks(chunking.characters.max(1)).map(|piece| piece.iter().collect()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pieces_are_the_pdu() {
        let chunking = Chunking { characters: 18, pause: Duration::ZERO };
        let hex = "0123456789ABCDEF".repeat(3);

        let lengths: Vec<usize> = pieces(&hex, Some(chunking)).iter().map(String::len).collect();
        assert_eq!(lengths, [18, 18, 12]);
        assert_eq!(pieces(&hex, Some(chunking)).into_iter().collect::<String>(), hex);
        assert_eq!(pieces(&hex, None), [hex]);
    }
}
