//! Signal, registration, operator.

use crate::at::command::Command;
use crate::at::driver::Optional;
use crate::at::exchange::{End, Reply};
use crate::at::response::{after_prefix, fields, number};
use crate::at::{Event, ProcedureKind, Registration, SignalQuality, Survey};

use super::{Context, Dialogue, Flow, Input, Step, silent};

/// Largest values of `+CSQ` that mean something.
const RSSI_MAX: u8 = 31;
const BER_MAX: u8 = 7;

/// The questions, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Question {
    Signal,
    Registration,
    PacketRegistration,
    Operator,
    SmsService,
}

const ALL: &[Question] = &[
    Question::Signal,
    Question::Registration,
    Question::PacketRegistration,
    Question::Operator,
    Question::SmsService,
];
/// The questions that need no second look.
const REST: &[Question] = &[Question::Operator, Question::SmsService];
/// The questions that tell whether a message can go out.
const REGISTRATION: &[Question] = &[Question::Signal, Question::Registration, Question::PacketRegistration];

/// A survey under way.
#[derive(Debug)]
pub(super) struct Surveying {
    questions: std::slice::Iter<'static, Question>,
    asked: Option<Question>,
    survey: Survey,
}

impl Default for Surveying {
    fn default() -> Surveying {
        Surveying { questions: ALL.iter(), asked: None, survey: Survey::default() }
    }
}

impl Dialogue for Surveying {
    fn kind(&self) -> ProcedureKind {
        ProcedureKind::Survey
    }

    fn advance(&mut self, input: Input, context: &mut Context<'_>) -> Step {
        match self.step(input, context) {
            Flow::Next(step) => step,
            Flow::Done(Some(survey)) => {
                context.events.push_back(Event::Surveyed(survey));
                Step::End
            }
            Flow::Done(None) => silent(ProcedureKind::Survey, context),
        }
    }
}

impl Surveying {
    /// A survey of signal and registration alone.
    pub(super) fn of_registration() -> Surveying {
        Surveying { questions: REGISTRATION.iter(), ..Surveying::default() }
    }

    /// A survey that completes one of signal and registration.
    pub(super) fn of_the_rest(survey: Survey) -> Surveying {
        Surveying { questions: REST.iter(), survey, ..Surveying::default() }
    }

    /// Ends with what was found, or none when the modem stopped answering.
    pub(super) fn step(&mut self, input: Input, context: &mut Context<'_>) -> Flow<Option<Survey>> {
        if let Input::Reply(reply) = input {
            if reply.end == End::Silent {
                return Flow::Done(None);
            }
            self.learn(&reply, context);
        }
        while let Some(question) = self.questions.next() {
            if self.is_worth_asking(*question, context) {
                self.asked = Some(*question);
                return Flow::Next(Step::Ask(question.command()));
            }
        }
        Flow::Done(Some(std::mem::take(&mut self.survey)))
    }

    fn is_worth_asking(&self, question: Question, context: &Context<'_>) -> bool {
        let permitted = question.optional().is_none_or(|optional| context.modem.may_ask(optional));
        let wanted = match question {
            Question::Signal | Question::Operator | Question::SmsService => true,
            Question::Registration => context.profile.check_registration,
            Question::PacketRegistration => {
                context.profile.check_registration && !self.survey.registration.is_registered()
            }
        };
        permitted && wanted
    }

    fn learn(&mut self, reply: &Reply, context: &mut Context<'_>) {
        let Some(question) = self.asked.take() else { return };
        if !reply.is_ok() {
            context.modem.unsupported.extend(question.optional());
            return;
        }
        let answer = |prefix| reply.lines.iter().find_map(|line| after_prefix(line, prefix)).map(fields);
        match question {
            Question::Signal => self.survey.signal = answer("+CSQ").map(signal).unwrap_or_default(),
            Question::Registration => self.registered(answer("+CREG")),
            Question::PacketRegistration => self.registered(answer("+CEREG")),
            Question::Operator => {
                let name = answer("+COPS").and_then(|fields| fields.get(2).cloned());
                self.survey.operator = name.filter(|name| !name.is_empty());
            }
            Question::SmsService => {
                self.survey.sms_service = answer("+CGSMS").and_then(|fields| number(&fields, 0));
            }
        }
    }

    fn registered(&mut self, answer: Option<Vec<String>>) {
        let Some(fields) = answer else { return };
        let Some(stat) = number(&fields, 1) else { return };
        self.survey.registration = self.survey.registration.max(Registration::from_stat(stat));
        if let (Some(area), Some(cell)) = (fields.get(2), fields.get(3)) {
            self.survey.cell = Some((area.clone(), cell.clone()));
        }
    }
}

impl Question {
    fn command(self) -> Command {
        match self {
            Question::Signal => Command::query("AT+CSQ", "+CSQ"),
            Question::Registration => Command::registration("AT+CREG?", "+CREG"),
            Question::PacketRegistration => Command::registration("AT+CEREG?", "+CEREG"),
            Question::Operator => Command::query("AT+COPS?", "+COPS"),
            Question::SmsService => Command::query("AT+CGSMS?", "+CGSMS"),
        }
    }

    fn optional(self) -> Option<Optional> {
        match self {
            Question::Signal | Question::Registration => None,
            Question::PacketRegistration => Some(Optional::PacketRegistration),
            Question::Operator => Some(Optional::Operator),
            Question::SmsService => Some(Optional::SmsService),
        }
    }
}

fn signal(fields: Vec<String>) -> SignalQuality {
    SignalQuality {
        rssi: number(&fields, 0).filter(|rssi| *rssi <= RSSI_MAX),
        ber: number(&fields, 1).filter(|ber| *ber <= BER_MAX),
    }
}
