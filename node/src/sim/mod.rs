//! `smsnode sim`: simulated modems in a process of their own, so that they outlive a killed node.
//!
//! Each modem has a port, a pseudo terminal or a TCP address, and a task (`host`) that carries bytes, moments
//! and orders to its [`Modem`] and writes the ledger before an answer leaves. `control` is how a person or a
//! test steers them while they run.

mod command;
mod control;
mod error;
mod host;
mod inside;
mod ledger;
mod port;
mod pty;
mod server;
mod tcp;

use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use smsgrid::model::Time;
use smsgrid::simulator::{Modem, Personality, Spec};
use tokio_util::sync::CancellationToken;

pub(crate) use command::carry_out;
pub use error::SimError;
pub use inside::Inside;

use crate::clock::Clock;
use crate::tasks::Tasks;

use control::{Drawer, Handle};
use host::Host;
use ledger::LedgerFile;
use port::Port;
use server::Server;

/// Most modems of one process.
const MODEMS_MAX: usize = 1024;
/// How long the tasks may take to end: they wait for nothing.
const DRAIN_MAX: Duration = Duration::from_secs(2);

/// Simulated modems, until SIGTERM or SIGINT.
///
/// Ptys come first, then TCP addresses; the first is modem 0. One line of JSON on stdout says where they are.
#[derive(Clone, Debug, clap::Args)]
#[command(after_help = control::HELP)]
pub struct Args {
    /// A modem on a pseudo terminal, with a symbolic link to it at LINK; the link's file name is the modem's name
    #[arg(long, value_name = "LINK")]
    pub pty: Vec<PathBuf>,
    /// A modem that listens on ADDR, as in 127.0.0.1:0; a newer connection replaces the older
    #[arg(long, value_name = "ADDR")]
    pub tcp: Vec<String>,
    /// Temper, times and identity, as in flaky?latency=1s..2s&seed=7; given once for all modems, or once for each
    #[arg(long, value_name = "NAME?KEY=VALUE&…")]
    pub personality: Vec<Spec>,
    /// File that gets one line of JSON for each part the network accepts, before the modem answers
    #[arg(long, value_name = "FILE")]
    pub ledger: PathBuf,
    /// Unix socket for orders, one a line
    #[arg(long, value_name = "SOCKET")]
    pub control: Option<PathBuf>,
}

/// Runs the modems of `args` until `shutdown`, or until one fails; `out` gets the line that says where they are.
/// Links and socket are gone afterwards.
///
/// # Errors
/// A port, the ledger or the socket cannot be opened; later, the ledger cannot be written: a modem that
/// answered without its entry would hide a lost or a doubled message.
pub async fn run(args: Args, out: &mut dyn Write, shutdown: CancellationToken) -> Result<(), SimError> {
    let specs = specs(&args)?;
    let ledger = Arc::new(Mutex::new(LedgerFile::open(&args.ledger)?));
    let (clock, drawer, tasks) = (Clock::system(), Drawer::default(), Tasks::new());
    let now = clock.now();
    let started = clock.utc() - now.since(Time::ZERO);
    let (mut handles, mut shown) = (Vec::new(), Vec::new());
    for (number, (spec, port)) in (0..).zip(specs.iter().zip(open_ports(&args).await?)) {
        let modem = Modem::new(spec, number, started, now);
        shown.push(describe(number, &port, &modem));
        let name = port.name();
        let (handle, orders) = Handle::new(name.clone());
        handles.push(handle);
        let host = Host::new(modem, port, ledger.clone(), clock.clone(), drawer.clone(), orders);
        tasks.spawn(&name, |cancel| host.run(cancel));
    }
    if let Some(path) = &args.control {
        let server = Server::bind(path, handles)?;
        tasks.spawn("control", |cancel| server.run(cancel));
    }
    announce(out, &args, shown)?;
    let ended = tokio::select! {
        end = tasks.unexpected_end() => Err(SimError::Task(end)),
        () = shutdown.cancelled() => Ok(()),
    };
    tasks.drain(DRAIN_MAX).await;
    ended
}

/// One spec for each modem: the last given serves the rest.
fn specs(args: &Args) -> Result<Vec<Spec>, SimError> {
    let modems = args.pty.len() + args.tcp.len();
    if modems == 0 {
        return Err(SimError::NoModem);
    }
    if modems > MODEMS_MAX {
        return Err(SimError::TooManyModems { modems, most: MODEMS_MAX });
    }
    if args.personality.len() > modems {
        return Err(SimError::TooManyPersonalities { personalities: args.personality.len(), modems });
    }
    if args.personality.iter().any(|spec| spec.ledger.is_some()) {
        return Err(SimError::LedgerTwice);
    }
    let last = args.personality.last().cloned().unwrap_or_else(|| Spec::new(Personality::normal()));
    let given = args.personality.iter().cloned();
    Ok(given.chain(std::iter::repeat(last)).take(modems).collect())
}

async fn open_ports(args: &Args) -> Result<Vec<Port>, SimError> {
    let mut ports = Vec::new();
    for link in &args.pty {
        ports.push(Port::pty(link)?);
    }
    for address in &args.tcp {
        ports.push(Port::tcp(address).await?);
    }
    Ok(ports)
}

fn describe(number: u32, port: &Port, modem: &Modem) -> Value {
    json!({
        "number": number,
        "name": port.name(),
        "pty": port.device(),
        "tcp": port.address(),
        "imei": modem.imei(),
        "imsi": modem.card().map(|card| card.imsi()),
    })
}

fn announce(out: &mut dyn Write, args: &Args, modems: Vec<Value>) -> Result<(), SimError> {
    let line = json!({ "v": 1, "modems": modems, "ledger": args.ledger, "control": args.control });
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(SimError::Announce)
}
