//! From the configuration of a modem to its running task.

use std::collections::BTreeSet;

use smsgrid::at::{Pin, PinPlan, Profile};
use smsgrid::model::{Address, Name, NodeId, TypeOfNumber};
use smsgrid::queue::Claim;
use smsgrid::worker::modem::Settings;

use super::StartError;
use crate::config::{Config, Modem, Port};
use crate::machine::View;
use crate::modem::port::Location;
use crate::modem::{ModemTask, PinMark, Shared, Wakers};
use crate::sim::Inside;
use crate::tasks::Tasks;

/// Modems that had a part in flight when an earlier life of this process ended: a late answer may still come.
pub(super) fn in_flight(view: &View, node: NodeId) -> BTreeSet<Name> {
    view.read(|queue| {
        let session = queue.session(node).map(|session| session.id);
        let claims = session.into_iter().flat_map(|session| queue.claims_of(session));
        claims.filter(|claim: &&Claim| claim.in_flight().is_some()).map(|claim| claim.modem.clone()).collect()
    })
}

/// Starts one task for each modem of the configuration; those that are simulated run in `simulated`, which has to
/// outlive `tasks`.
pub(super) fn start(
    config: &Config,
    tasks: &Tasks,
    simulated: &Tasks,
    shared: &Shared,
    wakers: &Wakers,
    quiet: &BTreeSet<Name>,
) -> Result<(), StartError> {
    let data_dir = &config.node.data_dir;
    let mut inside =
        Inside::new(&data_dir.join("sim"), &data_dir.join("sim-ledger.jsonl"), shared.clock.clone());
    for (name, modem) in &config.modems {
        let pin = modem.pin.as_ref().map(|pin| {
            let mark = PinMark::of(data_dir, name);
            (mark, pin.reveal().to_owned())
        });
        let tried = pin.as_ref().is_some_and(|(mark, pin)| mark.is_set(pin));
        let settings = Settings {
            carries: modem.tags.iter().cloned().collect(),
            pin: PinPlan {
                pin: modem.pin.as_ref().and_then(|pin| Pin::new(pin.reveal())),
                already_tried: tried,
                ..PinPlan::default()
            },
            profile: profile(modem),
            quiet_first: quiet.contains(name),
            ..Settings::new(name.clone())
        };
        let location = location(name, modem, &mut inside, simulated)?;
        let task = ModemTask::new(shared.clone(), location, settings, wakers.add(), pin);
        tasks.spawn(name.as_str(), |drain| async move {
            task.run(drain).await;
            Ok(())
        });
    }
    Ok(())
}

fn profile(modem: &Modem) -> Profile {
    Profile {
        service_centre: modem.smsc.as_ref().map(dialled),
        init: modem.init.clone(),
        check_registration: modem.check_network,
        registration_wait: modem.registration_timeout,
        result_timeout: modem.send_timeout,
        command_timeout: modem.command_timeout,
        prompt_timeout: modem.prompt_timeout,
        prompt_delay: modem.prompt_delay,
        quiet: modem.quiet_time,
        trace: tracing::enabled!(tracing::Level::TRACE),
        ..Profile::default()
    }
}

fn dialled(address: &Address) -> String {
    let plus = if address.type_of_number() == TypeOfNumber::International { "+" } else { "" };
    format!("{plus}{}", address.reveal())
}

fn location(
    name: &Name,
    modem: &Modem,
    inside: &mut Inside,
    simulated: &Tasks,
) -> Result<Location, StartError> {
    let serial = |device| Location::Serial { device, baudrate: modem.baudrate, rtscts: modem.rtscts };
    match &modem.port {
        Port::Serial(device) => Ok(serial(device.clone())),
        Port::Tcp(address) => Ok(Location::Tcp { address: address.clone() }),
        Port::Simulated { spec, .. } => {
            let device = inside
                .start(name.as_str(), spec, simulated)
                .map_err(|failure| StartError::Simulator { modem: name.clone(), failure })?;
            Ok(serial(device))
        }
    }
}
