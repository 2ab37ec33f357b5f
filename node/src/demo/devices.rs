//! The simulated modems of a demo. They belong to the demo, not to a node: a node that is killed leaves its modems and
//! their network as a real one would.

use serde_json::Value;
use smsgrid::simulator::Spec;

use super::control::Refusal;
use super::places::Places;
use super::sites::{self, Site};
use crate::clock::Clock;
use crate::config::Port;
use crate::sim::{Inside, SimError};
use crate::tasks::Tasks;

/// Every simulated modem of a demo.
pub(super) struct Devices {
    inside: Inside,
    names: Vec<String>,
}

impl Devices {
    /// Starts a modem for each device that the configurations name.
    pub(super) fn start(
        sites: &[Site],
        places: &Places,
        clock: &Clock,
        tasks: &Tasks,
    ) -> Result<Devices, SimError> {
        let mut inside = Inside::new(&places.modems(), &places.ledger(), clock.clone());
        let mut names = Vec::new();
        for (name, modem) in sites.iter().flat_map(|site| &site.config.modems) {
            let is_ours = matches!(&modem.port, Port::Serial(path) if path.starts_with(places.modems()));
            let number = name.as_str().trim_start_matches(|c: char| !c.is_ascii_digit()).parse();
            let spec = sites::temper(number.unwrap_or(1)).parse::<Spec>();
            let Ok(spec) = spec else { continue };
            if is_ours {
                inside.start(name.as_str(), &spec, tasks)?;
                names.push(name.to_string());
            }
        }
        Ok(Devices { inside, names })
    }

    /// Their names.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Pulls a modem out of its port.
    pub(super) async fn unplug(&self, name: &str) -> Result<String, Refusal> {
        self.order("vanish", name).await?;
        Ok(format!("{name} is unplugged.   Undo: smsctl demo plug {name}"))
    }

    /// Puts a modem back.
    pub(super) async fn plug(&self, name: &str) -> Result<String, Refusal> {
        self.order("return", name).await?;
        Ok(format!("{name} is plugged in."))
    }

    async fn order(&self, order: &str, name: &str) -> Result<(), Refusal> {
        if !self.names.iter().any(|known| known == name) {
            return Err(Refusal::unknown("modem", name, self.names.clone()));
        }
        let answer = self.inside.order(&format!("{order} {name}")).await;
        if answer.get("ok") == Some(&Value::Bool(true)) {
            return Ok(());
        }
        let error = answer.get("error").and_then(Value::as_str).unwrap_or("the modem does not answer");
        Err(Refusal { error: error.to_owned(), names: self.names.clone() })
    }
}
