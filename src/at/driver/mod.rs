//! What differs between makes of modems, as data.

mod table;

use std::time::Duration;

use crate::model::Disposition;

use super::Chunking;

/// One make of modem: how it is recognised, and what has to be done differently with it.
#[derive(Debug, PartialEq, Eq)]
pub struct Driver {
    pub(super) name: &'static str,
    /// Lower-case pieces of `+CGMI` answers; one has to occur. Empty: never chosen by itself.
    pub(super) makers: &'static [&'static str],
    /// Lower-case pieces of `+CGMM` answers; one has to occur, unless empty.
    pub(super) models: &'static [&'static str],
    /// Commands sent at every initialisation; refusals are ignored, silence is not.
    pub(super) init: &'static [&'static str],
    /// Candidates for the parameters of `AT+CNMI=`, the first accepted one stays.
    pub(super) indications: &'static [&'static str],
    /// What may be asked besides the necessary. An unknown command crashed one firmware for good.
    pub(super) optional: &'static [Optional],
    /// The command that switches the radio off; none when the modem never returns from it.
    pub(super) radio_off: Option<&'static str>,
    /// The command that restarts the device.
    pub(super) restart: &'static str,
    /// How long the answer to a PDU may take.
    pub(super) result_timeout: Duration,
    /// Pause between the prompt and the PDU.
    pub(super) prompt_delay: Duration,
    /// Whether the PDU is written in pieces.
    pub(super) chunking: Option<Chunking>,
    /// How to ask for the PIN attempts left.
    pub(super) attempts_query: Option<AttemptsQuery>,
    /// What numbers mean that the standards leave to the maker, or that this maker uses differently.
    pub(super) codes: &'static [(u16, Meaning)],
    /// Error numbers that mean "wait and repeat the same command".
    pub(super) busy: &'static [u16],
    /// `AT+CPIN?` is answered without a final result.
    pub(super) pin_without_result: bool,
    /// `+CMGS: 255` is followed by refusals of everything until the power is cut.
    pub(super) sticks_after_reference_255: bool,
}

/// A command that is useful but not necessary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Optional {
    /// `AT+CEREG?`.
    PacketRegistration,
    /// `AT+COPS?`.
    Operator,
    /// `AT+CGSMS?`.
    SmsService,
    /// `AT+CGMR`.
    Revision,
    /// `AT+CSCA?`.
    ServiceCentre,
    /// `AT+CSMS=0`.
    MessageService,
}

/// How to ask for the PIN attempts left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct AttemptsQuery {
    pub(super) command: &'static str,
    /// What the answer line starts with.
    pub(super) prefix: &'static str,
    /// Which of the comma-separated fields after the prefix holds the number, from 0.
    pub(super) field: usize,
}

/// What a number says about the part it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Certainly not sent.
    Refused(Disposition),
    /// It may or may not have been sent.
    Unknown,
}

impl Driver {
    /// The driver for any modem that keeps to the standards.
    pub fn generic() -> &'static Driver {
        &table::GENERIC
    }

    /// The driver with this name.
    pub fn named(name: &str) -> Option<&'static Driver> {
        Driver::all().iter().copied().find(|driver| driver.name == name)
    }

    /// The driver for what `+CGMI` and `+CGMM` say.
    pub fn detected(manufacturer: &str, model: &str) -> &'static Driver {
        let (manufacturer, model) = (manufacturer.to_lowercase(), model.to_lowercase());
        let fits = |driver: &&Driver| {
            driver.makers.iter().any(|piece| manufacturer.contains(piece))
                && (driver.models.is_empty() || driver.models.iter().any(|piece| model.contains(piece)))
        };
        Driver::all().iter().copied().find(fits).unwrap_or(Driver::generic())
    }

    /// Every driver, the particular models before the makes.
    pub fn all() -> &'static [&'static Driver] {
        table::ALL
    }

    /// Its name, as configurations write it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Whether the modem comes back from a radio cycle.
    pub fn survives_radio_cycle(&self) -> bool {
        self.radio_off.is_some()
    }

    /// What an error number means where this make differs from the standards.
    pub(super) fn meaning(&self, code: u16) -> Option<Meaning> {
        self.codes.iter().find(|(number, _)| *number == code).map(|(_, meaning)| *meaning)
    }

    pub(super) fn permits(&self, optional: Optional) -> bool {
        self.optional.contains(&optional)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_found_before_its_make() {
        let name = |maker, model| Driver::detected(maker, model).name();

        assert_eq!(name("Huawei", "E392"), "huawei-e392");
        assert_eq!(name("HUAWEI TECHNOLOGY", "E1750"), "huawei");
        assert_eq!(name("SIEMENS", "MC35i"), "cinterion");
        assert_eq!(name("SIMCOM_Ltd", "SIMCOM_SIM800L"), "simcom");
        assert_eq!(name("SIMCOM INCORPORATED", "SIM7080"), "simcom-narrow-band");
        assert_eq!(name("Sierra Wireless", "SL6087"), "sierra-sl");
        assert_eq!(name("", ""), "generic");
    }

    #[test]
    fn every_driver_is_found_by_its_name_and_waits_a_minute_at_least() {
        for driver in Driver::all() {
            assert_eq!(Driver::named(driver.name).map(Driver::name), Some(driver.name));
            assert!(driver.result_timeout >= Duration::from_secs(60), "{}", driver.name);
        }
        assert_eq!(Driver::named("modem"), None);
    }

    #[test]
    fn no_driver_lets_messages_pass_it_unstored() {
        for driver in Driver::all() {
            for parameters in driver.indications {
                assert_eq!(parameters.split(',').nth(1), Some("1"), "{}", driver.name);
            }
        }
    }
}
