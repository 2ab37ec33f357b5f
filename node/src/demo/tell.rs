//! What a demo prints: where everything is, what to try, and what became of the messages.

use std::fmt::Write as _;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};

use super::Args;
use super::devices::Devices;
use super::fleet::{Fleet, Seat};
use super::places::Places;
use super::sites;
use super::tally::Tally;

/// Says where everything is.
pub(super) fn beginning(
    fleet: &Fleet,
    devices: &Devices,
    places: &Places,
    args: &Args,
    took: Duration,
    out: &mut dyn Write,
) -> io::Result<()> {
    if args.json {
        writeln!(out, "{}", object(fleet, devices, places, took))?;
    } else {
        writeln!(out, "{}", text(fleet, devices, places, took))?;
    }
    out.flush()
}

/// Says what became of the messages; nobody can when no node ever ran.
pub(super) fn end(tally: Option<&Tally>, json: bool, out: &mut dyn Write) -> io::Result<()> {
    let Some(Tally { accepted, sent, failed, waiting, lost }) = tally else { return Ok(()) };
    if json {
        let line =
            json!({ "accepted": accepted, "sent": sent, "failed": failed, "waiting": waiting, "lost": lost });
        return writeln!(out, "{line}");
    }
    writeln!(out, "\n{accepted} accepted, {sent} sent, {failed} failed, {waiting} waiting, {lost} lost")
}

fn object(fleet: &Fleet, devices: &Devices, places: &Places, took: Duration) -> Value {
    let node = |seat: &Seat| {
        json!({
            "name": seat.name.as_str(), "api": api(seat), "config": seat.file,
            "outgoing": spool(seat, "outgoing"), "sent": spool(seat, "sent"), "failed": spool(seat, "failed"),
            "modems": seat.config.modems.keys().map(|name| name.as_str()).collect::<Vec<_>>(),
        })
    };
    json!({
        "v": 1,
        "nodes": fleet.seats().iter().map(node).collect::<Vec<_>>(),
        "modems": devices.names(),
        "server": servers(fleet),
        "control": places.control(),
        "ledger": places.ledger(),
        "folder": places.root(),
        "leader": fleet.leader().map(|name| name.to_string()),
        "ready_ms": u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
    })
}

fn text(fleet: &Fleet, devices: &Devices, places: &Places, took: Duration) -> String {
    let stays = if places.is_kept() { "data stays there" } else { "data is thrown away on exit" };
    let (nodes, modems) =
        (count(fleet.seats().len(), "node"), count(devices.names().len(), "simulated modem"));
    let mut text = format!("Smsgrid demo: {nodes}, {modems}, {stays}     (not for production)\n\n");
    for seat in fleet.seats() {
        let modem = |name: &smsgrid::model::Name| {
            let number = name.as_str().trim_start_matches(|c: char| !c.is_ascii_digit()).parse();
            format!("{name} ({})", sites::temper(number.unwrap_or(1)))
        };
        let modems: Vec<String> = seat.config.modems.keys().map(modem).collect();
        // A String takes every write.
        let _ = writeln!(text, "  {}   {:<16} modems {}", seat.name, api(seat), modems.join(", "));
    }
    let leader = fleet.leader().map(|name| format!(", leader {name}")).unwrap_or_default();
    let first = fleet.seats().first();
    let api = first.map(api).unwrap_or_default();
    let outgoing = first.and_then(|seat| spool(seat, "outgoing")).unwrap_or_default();
    let _ = write!(
        text,
        "\n\x20 gRPC, HTTP  one port for each node, reflection on\n\
         \x20 metrics     http://{api}/metrics\n\
         \x20 spool       {}   a folder for each node\n\
         \x20 ledger      {}   what the simulated network took\n\n\
         \x20 ready in {:.1} s{leader}\n\n{}\n\nCtrl-C ends it{}.",
        outgoing.display(),
        places.ledger().display(),
        took.as_secs_f64(),
        hints(fleet, devices, places.control().as_path()),
        if places.is_kept() { "" } else { " and removes everything" },
    );
    text
}

/// What to try.
fn hints(fleet: &Fleet, devices: &Devices, control: &Path) -> String {
    let node = fleet.seats().get(1).or_else(|| fleet.seats().first()).map(|seat| seat.name.to_string());
    let node = node.unwrap_or_default();
    let modem = devices.names().last().cloned().unwrap_or_default();
    format!(
        "Try, in another terminal:\n\
         \x20 export SMSCTL_SERVER={} SMSCTL_DEMO={}\n\
         \x20 smsctl send +491700000001 -m \"hello\" --watch\n\
         \x20 smsctl status\n\
         \x20 smsctl demo kill {node}            # watch a failover, then: smsctl demo start {node}\n\
         \x20 smsctl demo unplug {modem}         # then: smsctl demo plug {modem}",
        servers(fleet),
        control.display(),
    )
}

/// The value of `SMSCTL_SERVER`.
fn servers(fleet: &Fleet) -> String {
    fleet.seats().iter().map(|seat| format!("http://{}", api(seat))).collect::<Vec<_>>().join(",")
}

fn api(seat: &Seat) -> String {
    seat.addresses.map(|addresses| addresses.api.to_string()).unwrap_or_default()
}

fn spool(seat: &Seat, folder: &str) -> Option<PathBuf> {
    let spool = seat.config.spool.as_ref()?;
    Some(match folder {
        "outgoing" => spool.outgoing.clone(),
        "sent" => spool.sent.clone(),
        _ => spool.failed.clone(),
    })
}

fn count(number: usize, noun: &str) -> String {
    if number == 1 { format!("1 {noun}") } else { format!("{number} {noun}s") }
}
