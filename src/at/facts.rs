//! What a modem says about itself and its network.

use crate::model::ModemIdentity;

use super::Memory;

/// What was learned while the modem was initialised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModemFacts {
    /// Device and SIM. A modem that refuses `AT+CIMI` is known by its serial number in both places.
    pub identity: ModemIdentity,
    /// `+CGMI`.
    pub manufacturer: Option<String>,
    /// `+CGMM`.
    pub model: Option<String>,
    /// `+CGMR`.
    pub revision: Option<String>,
    /// `+CSCA?`: the service centre stored on the SIM, digits with `+` for international.
    pub service_centre: Option<String>,
    /// The driver in use.
    pub driver: &'static str,
    /// The memories to be listed, with what they hold, the preferred one first.
    pub memories: Vec<MemoryUse>,
    /// How new messages are announced: the parameters of `AT+CNMI=` the modem took; none means by polling only.
    pub indications: Option<String>,
    /// Whether a PIN was used now.
    pub pin_used: bool,
    /// Signal and registration.
    pub survey: Survey,
}

/// How full a memory is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryUse {
    /// Which.
    pub memory: Memory,
    /// Slots taken.
    pub used: u16,
    /// Slots there are.
    pub capacity: u16,
}

/// Signal, registration and operator at one moment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Survey {
    /// `+CSQ`.
    pub signal: SignalQuality,
    /// The better of `+CREG` and `+CEREG`.
    pub registration: Registration,
    /// `+COPS`, as the modem writes it.
    pub operator: Option<String>,
    /// `+CGSMS`: 0 packet domain, 1 circuit switched, 2 packet preferred, 3 circuit switched preferred.
    pub sms_service: Option<u8>,
    /// Location area and cell, in hex as the modem writes them, when `+CREG` tells.
    pub cell: Option<(String, String)>,
}

/// Strength and quality of the signal (TS 27.007 section 8.5).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SignalQuality {
    /// 0 to 31; none when not known.
    pub rssi: Option<u8>,
    /// Bit error class 0 to 7; none when not known.
    pub ber: Option<u8>,
}

/// Registration with the network (TS 27.007 section 7.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Registration {
    /// The modem does not tell, or was not asked.
    #[default]
    Unknown,
    /// Neither registered nor looking for a network.
    Idle,
    /// The network refuses this SIM.
    Denied,
    /// Looking for a network.
    Searching,
    /// Registered abroad.
    Roaming,
    /// Registered at home.
    Home,
}

impl SignalQuality {
    /// The strength in dBm: -113 to -51.
    pub fn dbm(self) -> Option<i16> {
        self.rssi.map(|rssi| -113 + 2 * i16::from(rssi))
    }
}

impl Registration {
    /// The meaning of `<stat>` (TS 27.007 section 7.2). 6 and 7 are registered for SMS only, 8 for emergency
    /// calls only, 9 and 10 without preference for circuit-switched fallback.
    pub(super) const fn from_stat(stat: u8) -> Registration {
        match stat {
            0 => Registration::Idle,
            1 | 6 | 9 => Registration::Home,
            2 => Registration::Searching,
            3 => Registration::Denied,
            5 | 7 | 10 => Registration::Roaming,
            _ => Registration::Unknown,
        }
    }

    /// Whether a message can go out.
    pub const fn is_registered(self) -> bool {
        match self {
            Registration::Home | Registration::Roaming => true,
            Registration::Unknown | Registration::Idle | Registration::Denied | Registration::Searching => {
                false
            }
        }
    }
}
