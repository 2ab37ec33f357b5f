//! The nodes of a demo: started, killed, started again.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use futures_util::future::{join_all, select_all};
use smsgrid::model::Name;
use smsgrid::queue::Queue;
use smsgrid_proto::Problem;
use tokio::net::TcpSocket;
use tracing::{Instrument, info_span};

use super::control::Refusal;
use super::problem_of;
use super::sites::Site;
use crate::clock::Clock;
use crate::config::Config;
use crate::machine::View;
use crate::node::{Addresses, Listeners, Node, StartError};
use crate::submit::Submitter;
use crate::tasks::UnexpectedEnd;

/// How often it is looked whether the cluster is ready.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// All nodes of a demo, running or not.
pub(super) struct Fleet {
    seats: Vec<Seat>,
    clock: Clock,
}

/// A node, running or not.
pub(super) struct Seat {
    pub(super) name: Name,
    pub(super) file: PathBuf,
    pub(super) config: Config,
    /// Where it listens, or did.
    pub(super) addresses: Option<Addresses>,
    node: Option<Node>,
    /// What it had applied last, running or not.
    view: Option<View>,
    /// Its ports while it does not run: bound and not listening, so that nobody else gets them and whoever calls is
    /// refused as by a host that is down.
    reserved: Vec<TcpSocket>,
}

impl Fleet {
    /// No nodes yet.
    pub(super) fn new(clock: Clock) -> Fleet {
        Fleet { seats: Vec::new(), clock }
    }

    /// Starts a node at every site.
    pub(super) async fn start_all(&mut self, sites: Vec<Site>) -> Result<(), Problem> {
        let clock = self.clock.clone();
        let starting = sites.into_iter().map(|site| async {
            let name = site.config.node.name.clone();
            let started = start(site.config.clone(), clock.clone(), site.listeners).await;
            let node = started.map_err(|failure| problem_of(&name, &failure))?;
            let mut seat = Seat {
                name,
                file: site.file,
                config: site.config,
                addresses: None,
                node: None,
                view: None,
                reserved: Vec::new(),
            };
            seat.take(node);
            Ok(seat)
        });
        for seat in join_all(starting).await {
            self.seats.push(seat?);
        }
        Ok(())
    }

    /// All nodes, running or not.
    pub(super) fn seats(&self) -> &[Seat] {
        &self.seats
    }

    /// Waits until a modem takes messages.
    pub(super) async fn ready(&self) {
        let is_ready = |view: &View| view.read(|queue| queue.registrations().any(|modem| modem.armed));
        while !self.seats.iter().filter_map(|seat| seat.view.as_ref()).any(is_ready) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// The name of the leader, as the running nodes see it.
    pub(super) fn leader(&self) -> Option<Name> {
        self.running().find_map(|(_, node)| {
            let status = node.consensus().status();
            let leader = status.leader?;
            status.members.get(&leader).map(|member| member.name.clone())
        })
    }

    /// Cuts a node off where it stands.
    pub(super) async fn kill(&mut self, name: &str) -> Result<String, Refusal> {
        let led = self.leader().is_some_and(|leader| leader.as_str() == name);
        let names = self.names();
        let seat = self.seat(name)?;
        let Some(node) = seat.node.take() else {
            return Err(Refusal { error: format!("{name} is not running"), names });
        };
        node.kill().await;
        seat.reserve();
        let role = if led { "It led: another node is elected now." } else { "It did not lead." };
        Ok(format!("{name} is killed. {role}   Start it again: smsctl demo start {name}"))
    }

    /// Starts a node that does not run, with its configuration as the file now is.
    pub(super) async fn start(&mut self, name: &str) -> Result<String, Refusal> {
        let (names, clock) = (self.names(), self.clock.clone());
        let seat = self.seat(name)?;
        if seat.node.is_some() {
            return Err(Refusal { error: format!("{name} is running"), names });
        }
        let config = Config::load(&seat.file)
            .map_err(|problems| Refusal { error: first_line(&problems), names: names.clone() })?;
        let started = start(config.clone(), clock, Listeners::default()).await;
        let node = started.map_err(|failure| {
            let problem = problem_of(&seat.name, &failure);
            Refusal { error: problem.to_string(), names }
        })?;
        seat.config = config;
        seat.take(node);
        Ok(format!("{name} runs again."))
    }

    /// Takes messages, at every running node.
    pub(super) fn submitters(&self) -> Vec<Submitter> {
        self.running().map(|(_, node)| node.submitter()).collect()
    }

    /// Waits until a node stops by itself. Safe to drop.
    pub(super) async fn unexpected_end(&self) -> (Name, UnexpectedEnd) {
        let ends: Vec<_> = self
            .running()
            .map(|(name, node)| {
                let name = name.clone();
                Box::pin(async move { (name, node.unexpected_end().await) })
            })
            .collect();
        if ends.is_empty() {
            return std::future::pending().await;
        }
        select_all(ends).await.0
    }

    /// A node stopped by itself: what is left of it is cut off. Gives the sentence that tells it.
    pub(super) async fn fell(&mut self, (name, end): (Name, UnexpectedEnd)) -> String {
        let seat = self.seats.iter_mut().find(|seat| seat.name == name);
        if let Some(seat) = seat {
            if let Some(node) = seat.node.take() {
                node.kill().await;
            }
            seat.reserve();
        }
        format!("{name} stopped: {end}. Start it again: smsctl demo start {name}")
    }

    /// Stops every running node in order, all at once.
    pub(super) async fn drain(&mut self) {
        join_all(self.seats.iter_mut().filter_map(|seat| seat.node.take()).map(Node::drain)).await;
    }

    /// Reads the state of the node that had applied most.
    pub(super) fn freshest<T>(&self, read: impl FnOnce(&Queue) -> T) -> Option<T> {
        let views = self.seats.iter().filter_map(|seat| seat.view.as_ref());
        views.max_by_key(|view| view.applied()).map(|view| view.read(read))
    }

    fn running(&self) -> impl Iterator<Item = (&Name, &Node)> {
        self.seats.iter().filter_map(|seat| seat.node.as_ref().map(|node| (&seat.name, node)))
    }

    fn names(&self) -> Vec<String> {
        self.seats.iter().map(|seat| seat.name.to_string()).collect()
    }

    fn seat(&mut self, name: &str) -> Result<&mut Seat, Refusal> {
        let names = self.names();
        let found = self.seats.iter_mut().find(|seat| seat.name.as_str() == name);
        found.ok_or_else(|| Refusal::unknown("node", name, names))
    }
}

impl Seat {
    fn take(&mut self, node: Node) {
        self.addresses = Some(node.addresses());
        self.view = Some(node.view().clone());
        self.node = Some(node);
        self.reserved.clear();
    }

    /// Keeps the ports for the next start. One that cannot be had was taken already, and the start tells so.
    fn reserve(&mut self) {
        let addresses = self.addresses.into_iter().flat_map(|it| [Some(it.api), it.peer]).flatten();
        self.reserved = addresses.filter_map(|address| reserved(address).ok()).collect();
    }
}

fn reserved(address: SocketAddr) -> std::io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    // The listener of the next start sets it too, and takes the port beside this socket.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    Ok(socket)
}

/// Starts a node; everything it logs is told apart by its name.
async fn start(config: Config, clock: Clock, listeners: Listeners) -> Result<Node, StartError> {
    let span = info_span!("node", node = %config.node.name);
    Box::pin(Node::start_on(config, clock, listeners)).instrument(span).await
}

fn first_line(problems: &[Problem]) -> String {
    problems.first().map(|problem| problem.title.clone()).unwrap_or_default()
}
