//! Commands of the SIM: PIN, PUK and identities (TS 27.007 sections 5.6 and 8.3).

use crate::model::Time;

use super::super::answer::{Answer, Fault};
use super::super::line::{Argument, Command, Operation};
use super::super::modem::Modem;
use super::super::personality::Vendor;
use super::super::sim_card::{PinState, SimCard};
use super::super::violation::Violation;
use super::{Next, Verdict};

impl Modem {
    pub(super) fn card_command(&mut self, command: &Command, answer: &mut Answer, now: Time) -> Verdict {
        match (command.name.as_str(), &command.operation) {
            (_, Operation::Test) => {}
            ("+CPIN", Operation::Read) => answer.line(match self.inserted_card()?.pin_state() {
                PinState::Ready => "+CPIN: READY",
                PinState::Pin => "+CPIN: SIM PIN",
                PinState::Puk => "+CPIN: SIM PUK",
                PinState::Dead => return Err(Fault::Cme(13)),
            }),
            ("+CPIN", Operation::Set(arguments)) => return self.enter_pin(arguments, now),
            ("+CIMI", Operation::Execute) => answer.line(self.unlocked_card()?.imsi().as_str()),
            ("+CCID", Operation::Execute | Operation::Read) => {
                answer.line(format!("+CCID: {}", self.inserted_card()?.iccid()));
            }
            _ => return Err(Fault::PARAMETERS),
        }
        Ok(Next::Command)
    }

    /// How many tries are left, as each maker tells it.
    pub(super) fn tries_command(&self, command: &Command, answer: &mut Answer) -> Verdict {
        let card = self.inserted_card()?;
        let (pin, puk) = card.tries_left();
        let code = match card.pin_state() {
            PinState::Ready => "READY",
            PinState::Pin => "SIM PIN",
            PinState::Puk | PinState::Dead => "SIM PUK",
        };
        match (self.personality.vendor, command.name.as_str(), &command.operation) {
            (_, _, Operation::Test) => {}
            // Those of PIN2 and PUK2 come last; nothing here uses them.
            (Vendor::Huawei, "^CPIN", Operation::Read) => {
                answer.line(format!("^CPIN: {code},,{puk},{pin},10,3"));
            }
            (Vendor::Cinterion, "^SPIC", Operation::Execute) => answer.line(format!("^SPIC: {pin}")),
            (Vendor::SimCom, "+SPIC", Operation::Execute) => {
                answer.line(format!("+SPIC: {pin},{puk},3,10"));
            }
            _ => return Err(Fault::UNKNOWN),
        }
        Ok(Next::Command)
    }

    /// The card for a message command, or why there is none (TS 27.005 section 3.2.5).
    pub(in super::super) fn usable_card(&self) -> Result<&SimCard, Fault> {
        let card = self.card.as_ref().ok_or(Fault::Cms(310))?;
        match card.pin_state() {
            PinState::Ready => Ok(card),
            PinState::Pin => Err(Fault::Cms(311)),
            PinState::Puk => Err(Fault::Cms(316)),
            PinState::Dead => Err(Fault::Cms(313)),
        }
    }

    fn inserted_card(&self) -> Result<&SimCard, Fault> {
        self.card.as_ref().ok_or(Fault::Cme(10))
    }

    fn unlocked_card(&self) -> Result<&SimCard, Fault> {
        let card = self.inserted_card()?;
        match card.pin_state() {
            PinState::Ready => Ok(card),
            PinState::Pin => Err(Fault::Cme(11)),
            PinState::Puk => Err(Fault::Cme(12)),
            PinState::Dead => Err(Fault::Cme(13)),
        }
    }

    /// `+CPIN="pin"`, or `+CPIN="puk","new pin"` when the PIN is blocked.
    fn enter_pin(&mut self, arguments: &[Argument], now: Time) -> Verdict {
        let card = self.card.as_mut().ok_or(Fault::Cme(10))?;
        let right = match (card.pin_state(), arguments) {
            (PinState::Ready, _) => return Err(Fault::Cme(3)),
            (PinState::Dead, _) => return Err(Fault::Cme(13)),
            (PinState::Pin, [pin]) => card.enter_pin(&pin.text),
            (PinState::Puk, [puk, pin]) => card.enter_puk(&puk.text, &pin.text),
            (PinState::Puk, [_]) => return Err(Fault::Cme(12)),
            (PinState::Pin | PinState::Puk, _) => return Err(Fault::PARAMETERS),
        };
        if !right {
            self.violation(Violation::WrongPin);
            return Err(Fault::Cme(16));
        }
        self.search(now);
        Ok(Next::Command)
    }
}
