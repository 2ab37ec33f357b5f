//! What a person decided about one modem.

use std::time::Duration;

use super::{Pace, SimRetries};
use crate::at::{BreakerLimits, LadderLimits, PinPlan, Profile};
use crate::model::{Name, OpenNumber};
use crate::queue::Tags;
use crate::worker::PduForm;

/// The configuration of one worker.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The name people gave the modem.
    pub name: Name,
    /// What it may carry.
    pub carries: Tags,
    /// Tags whose messages it takes before those of other tags, the first before the second.
    pub prefers: Vec<Name>,
    /// How to unlock its SIM.
    pub pin: PinPlan,
    /// How to talk to it.
    pub profile: Profile,
    /// How it wants its PDUs.
    pub form: PduForm,
    /// How much and how fast it sends.
    pub pace: Pace,
    /// How the profile's check of the SIM is repeated.
    pub sim_retries: SimRetries,
    /// When too many failures take it out of the pool.
    pub breaker: BreakerLimits,
    /// Which resets may be tried, and how fast.
    pub ladder: LadderLimits,
    /// Whether the port stays open while the modem has nothing to do. Default true.
    pub keep_open: bool,
    /// How often an idle modem is asked for its signal and registration. Default 60 s. Shorter wears
    /// slow modems; longer notices a lost network late.
    pub survey_interval: Duration,
    /// How often a modem without a network is asked. Default 5 s.
    pub search_interval: Duration,
    /// Wait before a port that could not be opened is tried again. Default 5 s, doubled up to a minute.
    pub reopen_min: Duration,
    /// Wait before a modem that needs a person is looked at again. Default 60 s.
    pub person_interval: Duration,
    /// Other nodes can reach the port too: it is opened only after a look-up says that none of them holds the modem.
    pub is_shared: bool,
    /// How long this node lets others go first to a port that is shared and free, so that they do not cut each other
    /// off. Different for each node.
    pub turn: Duration,
    /// An earlier life of this process may have left a part on its way in this modem: read for
    /// [`Profile::quiet`] before the first command.
    pub quiet_first: bool,
    /// Openings of ports that the session has seen: those of this worker get higher numbers, or they would be taken for
    /// the ones of an earlier worker of the same modem.
    pub opened: OpenNumber,
}

impl Settings {
    /// The settings of a modem about which only the name was said.
    pub fn new(name: Name) -> Settings {
        Settings {
            name,
            carries: Tags::new(),
            prefers: Vec::new(),
            pin: PinPlan::default(),
            profile: Profile::default(),
            form: PduForm::default(),
            pace: Pace::default(),
            sim_retries: SimRetries::default(),
            breaker: BreakerLimits::default(),
            ladder: LadderLimits::default(),
            keep_open: true,
            survey_interval: Duration::from_secs(60),
            search_interval: Duration::from_secs(5),
            reopen_min: Duration::from_secs(5),
            person_interval: Duration::from_secs(60),
            is_shared: false,
            turn: Duration::ZERO,
            quiet_first: false,
            opened: OpenNumber::default(),
        }
    }
}
