//! Time-outs: smsd has a unit and multiples of it, we have three spans.

use super::made::{Made, Ours};
use crate::smsd_conf::layers::{Modem, Setting};
use crate::smsd_conf::{table, value};

/// smsd's `read_timeout` where it is not set, in seconds.
const UNIT: i64 = 5;
/// Bounds of `command_timeout` and `prompt_timeout`, in seconds.
const SHORT: (i64, i64) = (1, 120);
/// Least time the network gets for a part, and most, in seconds.
const SEND: (i64, i64) = (90, 600);

/// What becomes of `read_timeout`: with it the multiples change that are not set themselves.
pub(super) fn unit(setting: &Setting<'_>, modem: &Modem<'_>) -> Made {
    let unit = value::whole(setting.value);
    if unit == UNIT {
        return Made::unnecessary("our time-outs are at least as long as those of smsd with this value");
    }
    let mut ours = vec![short("command_timeout", unit.saturating_mul(2))];
    if modem.get("read_timeout_cmgs").is_none() {
        ours.push(short("prompt_timeout", times(unit, "read_timeout_cmgs")));
    }
    if modem.get("read_timeout_pdu").is_none() {
        ours.extend(send(times(unit, "read_timeout_pdu")));
    }
    Made::changed("one time-out for all commands, twice this; the network always has 90 s at least", ours)
}

/// What becomes of a multiple.
pub(super) fn multiple(setting: &Setting<'_>, modem: &Modem<'_>) -> Made {
    let unit = modem.get("read_timeout").map_or(UNIT, |unit| value::whole(unit.value));
    let seconds = unit.saturating_mul(value::whole(setting.value));
    match setting.key.name {
        "read_timeout_cmgs" => {
            Made::changed("of this modem alone, not of all", vec![short("prompt_timeout", seconds)])
        }
        "read_timeout_pdu" => {
            let how = "of this modem alone, and 90 s at least: less makes uncertain parts of sent ones";
            Made::changed(how, send(seconds).into_iter().collect())
        }
        _ => Made::unsupported("commands have one time-out, command_timeout of a modem"),
    }
}

fn times(unit: i64, multiple: &str) -> i64 {
    unit.saturating_mul(table::multiple(multiple))
}

fn short(key: &'static str, seconds: i64) -> Ours {
    Ours { key, value: format!("\"{}s\"", seconds.clamp(SHORT.0, SHORT.1)) }
}

/// None where the network has longer anyway.
fn send(seconds: i64) -> Option<Ours> {
    let value = format!("\"{}s\"", seconds.min(SEND.1));
    (seconds > SEND.0).then_some(Ours { key: "send_timeout", value })
}
