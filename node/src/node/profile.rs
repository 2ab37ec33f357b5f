//! What the configuration of a modem means for its worker.

use smsgrid::at::{BreakerLimits, Chunking, Pin, PinPlan, Profile, StartCommand};
use smsgrid::model::Name;
use smsgrid::worker::dialled;
use smsgrid::worker::modem::{Pace, Settings};

use crate::config::{Modem, PduMode};

/// The settings of a modem, as far as its configuration says them; `is_tried` says that its PIN was tried before.
pub(super) fn settings(name: &Name, modem: &Modem, is_tried: bool) -> Settings {
    Settings {
        carries: modem.tags.iter().cloned().collect(),
        prefers: if modem.tags_in_order { modem.tags.clone() } else { Vec::new() },
        pin: PinPlan {
            pin: modem.pin.as_ref().and_then(|pin| Pin::new(pin.reveal())),
            already_tried: is_tried,
            ..PinPlan::default()
        },
        profile: profile(modem),
        form: modem.form(),
        pace: Pace {
            message_limit: modem.message_limit,
            count_clear: modem.message_count_clear,
            sent_pause: modem.sent_pause,
        },
        sim_retries: modem.check_sim.sim_retries(),
        breaker: breaker(modem),
        keep_open: modem.keep_open,
        ..Settings::new(name.clone())
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
        check_sim: modem.check_sim.check(),
        identity: modem.identity.clone(),
        check_registration: modem.check_network,
        registration_wait: modem.registration_timeout,
        result_timeout: modem.send_timeout,
        command_timeout: modem.command_timeout,
        prompt_timeout: modem.prompt_timeout,
        prompt_delay: modem.prompt_delay,
        quiet: modem.quiet_time,
        bare_pdu: modem.pdu_mode == PduMode::Old,
        verify_pdu: modem.verify_pdu,
        calling: modem.calling,
        ..Profile::default()
    }
}
