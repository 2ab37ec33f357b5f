//! What the modems of this node do, counted where it happens, and how they are, read when somebody asks.
//!
//! Labels are names of the configuration and words of closed sets. A fact that is not known has no series.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use smsgrid::model::{Alphabet, Disposition, Name, Timestamp};
use smsgrid_proto::v1;

use super::Fraction;
use super::gauges::seconds;
use crate::api::context::Network;

/// How long a modem takes for a part, in seconds.
const SEND_SECONDS: [f64; 9] = [0.5, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 30.0, 60.0];
/// What a modem can be, as far as a node of today can tell.
const STATES: [v1::ModemState; 9] = [
    v1::ModemState::Starting,
    v1::ModemState::Idle,
    v1::ModemState::Sending,
    v1::ModemState::Draining,
    v1::ModemState::Blocked,
    v1::ModemState::Trouble,
    v1::ModemState::NoNetwork,
    v1::ModemState::Pin,
    v1::ModemState::Unplugged,
];
/// With which networks a modem can be registered.
const NETWORKS: [(Network, &str); 2] = [(Network::Home, "home"), (Network::Roaming, "roaming")];

/// How one modem of this node is now.
#[derive(Clone, Debug)]
pub(in crate::api) struct ModemReading {
    /// Its name.
    pub(in crate::api) name: Name,
    /// What it is.
    pub(in crate::api) state: v1::ModemState,
    /// Since when its own news are what they are.
    pub(in crate::api) since: Timestamp,
    /// Received signal strength in dBm.
    pub(in crate::api) signal: Option<i32>,
    /// The network it is registered with.
    pub(in crate::api) network: Option<Network>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Modem {
    modem: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct InState {
    modem: String,
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Registered {
    modem: String,
    kind: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Part {
    modem: String,
    encoding: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Tried {
    modem: String,
    result: &'static str,
}

/// The metrics of all modems of this node.
pub(super) struct Modems {
    state: Family<InState, Gauge>,
    changed: Family<Modem, Fraction>,
    signal: Family<Modem, Gauge>,
    registered: Family<Registered, Gauge>,
    parts: Family<Part, Counter>,
    tried: Family<Tried, Counter>,
    took: Family<Modem, Histogram>,
}

/// What one modem counts. Clones count into the same.
#[derive(Clone, Debug)]
pub struct ModemCounts {
    ok: Counter,
    retry: Counter,
    permanent: Counter,
    uncertain: Counter,
    gsm7: Counter,
    data8: Counter,
    ucs2: Counter,
    took: Histogram,
}

impl Modems {
    pub(super) fn register(registry: &mut Registry) -> Modems {
        let modems = Modems {
            state: Family::default(),
            changed: Family::default(),
            signal: Family::default(),
            registered: Family::default(),
            parts: Family::default(),
            tried: Family::default(),
            took: Family::new_with_constructor(|| Histogram::new(SEND_SECONDS)),
        };
        registry.register("modem_state", "What each modem of this node is", modems.state.clone());
        let help = "When the modem's condition changed; taking a message and ending it is no change";
        registry.register_with_unit(
            "modem_state_changed_timestamp",
            help,
            Unit::Seconds,
            modems.changed.clone(),
        );
        let help = "Received signal strength in dBm, as far as the modem tells it";
        registry.register("modem_signal_dbm", help, modems.signal.clone());
        let help = "Whether the modem is registered with a network, as far as it tells";
        registry.register("modem_registered", help, modems.registered.clone());
        let help = "Parts that the network took from this node";
        registry.register("message_parts_sent", help, modems.parts.clone());
        let help = "Attempts at parts: ok, certainly not sent (retry or permanent), or uncertain";
        registry.register("send_attempts", help, modems.tried.clone());
        let help = "From AT+CMGS to the network's reference";
        registry.register_with_unit("message_send", help, Unit::Seconds, modems.took.clone());
        modems
    }

    /// The counters of one modem, which stand at zero from now on.
    pub(super) fn of(&self, modem: &Name) -> ModemCounts {
        let modem = modem.to_string();
        let tried = |result| self.tried.get_or_create_owned(&Tried { modem: modem.clone(), result });
        let part = |alphabet| {
            let encoding = encoding(alphabet);
            self.parts.get_or_create_owned(&Part { modem: modem.clone(), encoding })
        };
        ModemCounts {
            ok: tried("ok"),
            retry: tried("retry"),
            permanent: tried("permanent"),
            uncertain: tried("uncertain"),
            gsm7: part(Alphabet::Gsm7 { locking: None, single: None }),
            data8: part(Alphabet::Data8),
            ucs2: part(Alphabet::Ucs2),
            took: self.took.get_or_create_owned(&Modem { modem: modem.clone() }),
        }
    }

    /// What is known now, and nothing of before.
    pub(super) fn set(&self, modems: &[ModemReading]) {
        self.state.clear();
        self.changed.clear();
        self.signal.clear();
        self.registered.clear();
        for reading in modems {
            let modem = reading.name.to_string();
            for state in STATES {
                let labels = InState { modem: modem.clone(), state: word(state) };
                self.state.get_or_create(&labels).set(i64::from(state == reading.state));
            }
            if let Some(network) = reading.network {
                for (known, kind) in NETWORKS {
                    let labels = Registered { modem: modem.clone(), kind };
                    self.registered.get_or_create(&labels).set(i64::from(known == network));
                }
            }
            let modem = Modem { modem };
            self.changed.get_or_create(&modem).set(seconds(reading.since));
            if let Some(signal) = reading.signal {
                self.signal.get_or_create(&modem).set(i64::from(signal));
            }
        }
    }
}

impl ModemCounts {
    /// The network took a part, and said so in time.
    pub fn sent(&self, took: Duration) {
        self.ok.inc();
        self.took.observe(took.as_secs_f64());
    }

    /// The network took a part of this alphabet, whenever it said so.
    pub fn part(&self, alphabet: Alphabet) {
        let parts = match alphabet {
            Alphabet::Gsm7 { .. } => &self.gsm7,
            Alphabet::Data8 => &self.data8,
            Alphabet::Ucs2 => &self.ucs2,
        };
        parts.inc();
    }

    /// A part was certainly not sent.
    pub fn refused(&self, disposition: Disposition) {
        match disposition {
            Disposition::Permanent => self.permanent.inc(),
            Disposition::Temporary | Disposition::ModemFault => self.retry.inc(),
        };
    }

    /// Nobody knows whether a part was sent.
    pub fn uncertain(&self) {
        self.uncertain.inc();
    }
}

const fn encoding(alphabet: Alphabet) -> &'static str {
    match alphabet {
        Alphabet::Gsm7 { .. } => "gsm7",
        Alphabet::Data8 => "data8",
        Alphabet::Ucs2 => "ucs2",
    }
}

/// The word of a state. A new one does not compile without; it belongs into `STATES` as well, when a node can tell it.
const fn word(state: v1::ModemState) -> &'static str {
    match state {
        v1::ModemState::Unspecified => "unspecified",
        v1::ModemState::NotConfigured => "not_configured",
        v1::ModemState::Starting => "starting",
        v1::ModemState::Idle => "idle",
        v1::ModemState::Sending => "sending",
        v1::ModemState::Receiving => "receiving",
        v1::ModemState::Draining => "draining",
        v1::ModemState::Blocked => "blocked",
        v1::ModemState::Trouble => "trouble",
        v1::ModemState::NoNetwork => "no_network",
        v1::ModemState::Pin => "pin",
        v1::ModemState::Unplugged => "unplugged",
    }
}
