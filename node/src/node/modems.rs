//! From the configuration of a modem to its running task.

use std::collections::BTreeSet;
use std::time::Duration;

use smsgrid::at::{BreakerLimits, Chunking, Pin, PinPlan, Profile, StartCommand};
use smsgrid::model::{Address, Name, TypeOfNumber};
use smsgrid::worker::modem::{Pace, Settings};
use tracing::{info, warn};

use super::StartError;
use super::begin::{self, Begun};
use crate::config::{Config, Modem, PduMode, Port};
use crate::modem::port::Location;
use crate::modem::{ModemTask, PinMark, Shared, Tried, Wakers};
use crate::sim::Inside;
use crate::tasks::Tasks;

/// Starts one task for each modem of the configuration, which waits until the node has begun; those that are simulated run in `simulated`, which has to
/// outlive `tasks`.
pub(super) fn start(
    config: &Config,
    tasks: &Tasks,
    simulated: &Tasks,
    shared: &Shared,
    wakers: &Wakers,
    turn: Duration,
    begun: &Begun,
) -> Result<(), StartError> {
    let data_dir = &config.node.data_dir;
    let mut inside =
        Inside::new(&data_dir.join("sim"), &data_dir.join("sim-ledger.jsonl"), shared.clock.clone());
    for (name, modem) in &config.modems {
        let location = location(name, modem, &mut inside, simulated)?;
        let mut mark = modem.pin.as_ref().map(|pin| PinMark::new(data_dir, name, &location.to_string(), pin));
        let tried = mark.as_mut().and_then(PinMark::recall);
        if let Some(tried) = &tried {
            tell_tried(name, tried);
        }
        let settings = Settings {
            carries: modem.tags.iter().cloned().collect(),
            pin: PinPlan {
                pin: modem.pin.as_ref().and_then(|pin| Pin::new(pin.reveal())),
                already_tried: tried.is_some(),
                ..PinPlan::default()
            },
            profile: profile(modem),
            form: modem.form(),
            pace: Pace {
                message_limit: modem.message_limit,
                count_clear: modem.message_count_clear,
                sent_pause: modem.sent_pause,
            },
            breaker: breaker(modem),
            keep_open: modem.keep_open,
            is_shared: matches!(location, Location::Tcp { .. }),
            turn,
            ..Settings::new(name.clone())
        };
        shared.board.add(name, settings.is_shared, shared.clock.utc());
        let counts = shared.metrics.modem(name);
        let (shared, waker, begun) = (shared.clone(), wakers.add(), begun.clone());
        tasks.spawn(name.as_str(), |drain| async move {
            let Some(quiet) = begin::wait(begun, &drain).await else { return Ok(()) };
            let settings = Settings { quiet_first: is_quiet(&quiet, &settings), ..settings };
            ModemTask::new(shared, location, settings, waker, mark, counts).run(drain).await;
            Ok(())
        });
    }
    Ok(())
}

fn is_quiet(quiet: &BTreeSet<Name>, settings: &Settings) -> bool {
    let is_quiet = quiet.contains(&settings.name);
    if is_quiet {
        let seconds = settings.profile.quiet.as_secs();
        info!(modem = %settings.name, seconds, "waiting for a late answer before it is used");
    }
    is_quiet
}

/// A SIM that asks for no PIN now will ask after the next power cut: said while there is time.
fn tell_tried(modem: &Name, Tried { file, doubt }: &Tried) {
    let file = file.display();
    match doubt {
        Some(why) => {
            warn!(%modem, %file, why, "a mark of a tried PIN cannot be read; the PIN counts as tried")
        }
        None => {
            info!(%modem, %file, "the PIN was tried before and is not known to be right; it is not tried again")
        }
    }
}

fn breaker(modem: &Modem) -> BreakerLimits {
    let defaults = BreakerLimits::default();
    BreakerLimits {
        failures_max: modem.block_after,
        open_min: modem.block_time,
        open_max: modem.block_time.max(defaults.open_max),
        ..defaults
    }
}

fn profile(modem: &Modem) -> Profile {
    Profile {
        command_pause: modem.command_pause,
        wakeup: modem.wakeup.clone(),
        chunking: modem.character_pause.map(|pause| Chunking { characters: 1, pause }),
        service_centre: modem.smsc.as_ref().map(dialled),
        init: modem.init.clone(),
        start: modem.start.clone().map(|line| StartCommand { line, rest: modem.start_pause }),
        stop: modem.stop.clone(),
        check_registration: modem.check_network,
        registration_wait: modem.registration_timeout,
        result_timeout: modem.send_timeout,
        command_timeout: modem.command_timeout,
        prompt_timeout: modem.prompt_timeout,
        prompt_delay: modem.prompt_delay,
        quiet: modem.quiet_time,
        bare_pdu: modem.pdu_mode == PduMode::Old,
        verify_pdu: modem.verify_pdu,
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
        Port::Tcp(address) => {
            Ok(Location::Tcp { address: address.clone(), words: Box::new(modem.telnet.words()) })
        }
        Port::Simulated { spec, .. } => {
            let device = inside
                .start(name.as_str(), spec, simulated)
                .map_err(|failure| StartError::Simulator { modem: name.clone(), failure })?;
            Ok(serial(device))
        }
    }
}
