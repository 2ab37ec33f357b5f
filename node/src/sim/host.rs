//! One modem's task: bytes, moments and orders in; ledger first, then bytes out.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};

use smsgrid::model::Time;
use smsgrid::simulator::{Event, Modem};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::clock::Clock;
use crate::tasks::TaskResult;

use super::SimError;
use super::control::{Drawer, Request};
use super::ledger::LedgerFile;
use super::port::{Happened, Port};

/// Most octets read at once: as many as a terminal holds.
const READ_OCTETS: usize = 4096;
/// Most octets kept for a driver that does not read; what comes later is lost, as on a wire.
const BACKLOG_OCTETS_MAX: usize = 64 * 1024;

/// A modem, its port and what they need.
pub(super) struct Host {
    modem: Modem,
    port: Port,
    ledger: Arc<Mutex<LedgerFile>>,
    clock: Clock,
    drawer: Drawer,
    orders: mpsc::Receiver<Request>,
    /// What the port had no room for.
    backlog: Vec<u8>,
}

impl Host {
    /// Joins a modem and a port.
    pub(super) fn new(
        modem: Modem,
        port: Port,
        ledger: Arc<Mutex<LedgerFile>>,
        clock: Clock,
        drawer: Drawer,
        orders: mpsc::Receiver<Request>,
    ) -> Host {
        Host { modem, port, ledger, clock, drawer, orders, backlog: Vec::new() }
    }

    /// Carries on until `shutdown`.
    pub(super) async fn run(mut self, shutdown: CancellationToken) -> TaskResult {
        let mut buffer = vec![0; READ_OCTETS];
        loop {
            self.settle().await?;
            let due = self.modem.poll_timeout();
            tokio::select! {
                happened = self.port.wait(&mut buffer, !self.backlog.is_empty()) => {
                    self.happened(happened.map_err(|source| self.fault(source))?, &buffer);
                }
                () = until(&self.clock, due) => self.modem.handle_timeout(self.clock.now()),
                Some(request) = self.orders.recv() => {
                    let answered = request.carry_out(&mut self.modem, &self.drawer, self.clock.now());
                    self.settle().await?;
                    answered.send();
                }
                () = shutdown.cancelled() => return Ok(()),
            }
        }
    }

    fn happened(&mut self, happened: Happened, buffer: &[u8]) {
        match happened {
            Happened::Read(octets) => {
                let read = buffer.get(..octets).unwrap_or(buffer);
                self.modem.handle_input(read, self.clock.now());
            }
            Happened::Writable => {}
            Happened::Changed => self.backlog.clear(),
        }
    }

    fn fault(&self, source: io::Error) -> SimError {
        SimError::Port { modem: self.port.name(), source }
    }

    /// Carries out what the modem wants done, in the one order that is safe: the ledger is written before the
    /// answer that says so.
    async fn settle(&mut self) -> Result<(), SimError> {
        let mut accepted = Vec::new();
        while let Some(event) = self.modem.poll_event() {
            match event {
                Event::Ledger(entry) => accepted.push(entry),
                Event::Violation(violation) => {
                    tracing::warn!(modem = self.port.name(), ?violation, "the driver broke a rule");
                }
                Event::PortClosed => {
                    self.backlog.clear();
                    self.port.close();
                }
                Event::PortOpened => self.port.reopen().await?,
            }
        }
        if !accepted.is_empty() {
            self.ledger.lock().unwrap_or_else(PoisonError::into_inner).append(&accepted)?;
            self.modem.ledger_written(self.clock.now());
        }
        self.transmit().map_err(|source| self.fault(source))
    }

    fn transmit(&mut self) -> io::Result<()> {
        while let Some(bytes) = self.modem.poll_transmit() {
            if self.backlog.len() + bytes.len() <= BACKLOG_OCTETS_MAX {
                self.backlog.extend_from_slice(&bytes);
            }
        }
        if !self.backlog.is_empty() {
            let written = self.port.write(&self.backlog)?;
            self.backlog.drain(..written);
        }
        Ok(())
    }
}

async fn until(clock: &Clock, due: Option<Time>) {
    match due {
        Some(due) => clock.sleep_until(due).await,
        None => std::future::pending().await,
    }
}
