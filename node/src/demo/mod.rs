//! `smsnode demo`: a whole cluster in one process, with simulated modems, and nothing that stays behind.
//!
//! ```text
//!                 ┌── gw-a ─┐ kill: cut off where it stands   ┌─ GSM1 ─┐
//! orders ─▶ fleet ┼── gw-b ─┼──────── ptys ──────────────────┼─ GSM2 ─┼─▶ one ledger
//!                 └── gw-c ─┘ start: as after a crash         └─ GSM3 ─┘ they belong to the demo and outlive the nodes
//! ```
//!
//! Demo and production share every line but the modems at the end of the ptys: each node has its own configuration
//! file, data directory, ports and spool folder, and may be run by hand afterwards where the folder is kept.

mod control;
mod devices;
mod fleet;
mod places;
mod sites;
mod tally;
mod tell;
mod traffic;

use std::io::{self, Write};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use smsgrid::model::Name;
use smsgrid_proto::{Exit, Problem};
use tokio::sync::mpsc;

use crate::cli;
use crate::clock::Clock;
use crate::config::Log;
use crate::run;
use crate::tasks::Tasks;
use crate::telemetry;
use control::{Control, Order, Request};
use devices::Devices;
use fleet::Fleet;
use places::Places;
use traffic::Traffic;

/// How long the demo's own tasks may take to end.
const DRAIN: Duration = Duration::from_secs(5);

/// Try everything with simulated modems; data is thrown away on exit
///
/// A cluster of whole nodes in one process. It prints where everything is and what to try; smsctl demo steers it.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Args {
    /// Nodes
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(1..=9))]
    nodes: u8,
    /// Simulated modems of each node, of different tempers
    #[arg(long, default_value_t = 2, value_parser = clap::value_parser!(u8).range(1..=32))]
    modems: u8,
    /// Port of the first node for clients; each node has two, one after the other. Where one is taken, or with 0, free ones
    #[arg(long, default_value_t = sites::PORT)]
    port: u16,
    /// Keep everything in this folder instead of a temporary one, and go on with what is there
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Say where everything is as one line of JSON
    #[arg(long)]
    json: bool,
    /// Send no messages of the demo's own
    #[arg(long)]
    quiet: bool,
}

pub(crate) fn carry_out(args: &Args, out: &mut dyn Write, talk: &mut dyn Write) -> io::Result<Exit> {
    let started = Instant::now();
    let places = Places::make(args.keep.as_deref())?;
    let log = Log { level: crate::config::Level::Warn, ..Log::default() };
    if let Some(problem) = Name::new("demo").ok().and_then(|name| telemetry::install(&log, &name).err()) {
        return cli::tell(&[*problem], talk);
    }
    let runtime = run::runtime()?;
    let ended = runtime.block_on(demonstrate(args, &places, started, out, talk));
    // Nothing is waited for any more: every node was drained or cut off.
    runtime.shutdown_background();
    ended
}

async fn demonstrate(
    args: &Args,
    places: &Places,
    started: Instant,
    out: &mut dyn Write,
    talk: &mut dyn Write,
) -> io::Result<Exit> {
    let mut signals = run::Signals::listen();
    let (clock, tasks) = (Clock::system(), Tasks::new());
    let sites = match sites::prepare(places, args.nodes, args.modems, args.port).await? {
        Ok(sites) => sites,
        Err(problems) => return cli::tell(&problems, talk),
    };
    let devices = match Devices::start(&sites, places, &clock, &tasks) {
        Ok(devices) => devices,
        Err(failure) => return give_up(&failure.to_string(), talk),
    };
    let (requests, orders) = mpsc::channel(1);
    let control = match Control::listen(&places.control(), requests) {
        Ok(control) => control,
        Err(failure) => return give_up(&format!("{}: {failure}", places.control().display()), talk),
    };
    tasks.spawn("control", |cancel| control.serve(cancel));
    let mut fleet = Fleet::new(clock);
    if let Err(problem) = fleet.start_all(sites).await {
        return cli::tell(&[problem], talk);
    }
    let mut demo = Demo { fleet, devices, orders, tasks, traffic: Traffic::default() };
    let exit = tokio::select! {
        () = signals.stop() => Exit::Done,
        () = demo.fleet.ready() => {
            tell::beginning(&demo.fleet, &demo.devices, places, args, started.elapsed(), out)?;
            demo.serve(args.quiet, &mut signals, talk).await?
        }
    };
    demo.end(exit, places, args.json, &mut signals, out).await
}

fn give_up(what: &str, talk: &mut dyn Write) -> io::Result<Exit> {
    writeln!(talk, "the demo did not start: {what}")?;
    Ok(Exit::Unexpected)
}

/// A demo under way.
struct Demo {
    fleet: Fleet,
    devices: Devices,
    orders: mpsc::Receiver<Request>,
    tasks: Tasks,
    traffic: Traffic,
}

impl Demo {
    /// Runs until Ctrl-C: carries out orders, and tells of nodes that stop by themselves.
    async fn serve(
        &mut self,
        quiet: bool,
        signals: &mut run::Signals,
        talk: &mut dyn Write,
    ) -> io::Result<Exit> {
        let mut exit = Exit::Done;
        self.traffic.enter(self.fleet.submitters());
        if !quiet {
            let traffic = self.traffic.clone();
            self.tasks.spawn("traffic", |cancel| traffic.run(cancel));
        }
        loop {
            tokio::select! {
                () = signals.stop() => return Ok(exit),
                end = self.fleet.unexpected_end() => {
                    let fallen = self.fleet.fell(end).await;
                    writeln!(talk, "{fallen}")?;
                    exit = Exit::Unexpected;
                }
                Some(request) = self.orders.recv() => {
                    let answer = self.carry_out(&request.order).await;
                    request.answer(answer);
                }
            }
            self.traffic.enter(self.fleet.submitters());
        }
    }

    async fn carry_out(&mut self, order: &Order) -> Result<String, control::Refusal> {
        match order {
            Order::Kill { name } => {
                self.traffic.enter(Vec::new());
                self.fleet.kill(name).await
            }
            Order::Start { name } => self.fleet.start(name).await,
            Order::Unplug { name } => self.devices.unplug(name).await,
            Order::Plug { name } => self.devices.plug(name).await,
        }
    }

    /// Stops in order and counts; a second signal stops at once.
    async fn end(
        mut self,
        exit: Exit,
        places: &Places,
        json: bool,
        signals: &mut run::Signals,
        out: &mut dyn Write,
    ) -> io::Result<Exit> {
        let accepted = self.traffic.accepted();
        tokio::select! {
            () = self.fleet.drain() => {}
            () = signals.stop() => return Ok(Exit::Interrupted),
        }
        self.tasks.drain(DRAIN).await;
        let tally = self.fleet.freshest(|queue| tally::count(queue, &places.ledger(), &accepted));
        tell::end(tally.as_ref(), json, out)?;
        Ok(exit)
    }
}

/// A problem in the words of a failed start, with the node it belongs to.
fn problem_of(name: &Name, failure: &crate::node::StartError) -> Problem {
    let problem = run::problem(failure);
    Problem { title: format!("{name}: {}", problem.title), ..problem }
}
