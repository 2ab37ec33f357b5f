//! The thread that starts programs: what it gives up for itself its children never have.

use std::io;
use std::process::{Child, Command};
use std::sync::mpsc;

use tokio::sync::oneshot;

/// Starts programs. Clones are the same thread, which ends with the last of them.
#[derive(Clone, Debug)]
pub(super) struct Spawner {
    orders: mpsc::Sender<Order>,
}

#[derive(Debug)]
struct Order {
    command: Command,
    reply: oneshot::Sender<io::Result<Child>>,
}

impl Spawner {
    /// `may_gain` lets programs get more rights than this process has, by set-user-id files.
    pub(super) fn start(may_gain: bool) -> io::Result<Spawner> {
        let (orders, wanted) = mpsc::channel::<Order>();
        let (ready, is_ready) = mpsc::channel();
        std::thread::Builder::new().name("handlers".to_owned()).spawn(move || {
            let given_up = if may_gain { Ok(()) } else { rustix::thread::set_no_new_privs(true) };
            let goes_on = given_up.is_ok();
            let _ = ready.send(given_up);
            if goes_on {
                wanted.into_iter().for_each(Order::carry_out);
            }
        })?;
        is_ready.recv().map_err(io::Error::other)??;
        Ok(Spawner { orders })
    }

    /// Starts `command`. Dropped before it answers, the program is ended at once.
    pub(super) async fn spawn(&self, command: Command) -> io::Result<Child> {
        let (reply, started) = oneshot::channel();
        self.orders.send(Order { command, reply }).map_err(io::Error::other)?;
        started.await.map_err(io::Error::other)?
    }
}

impl Order {
    fn carry_out(mut self) {
        if let Err(Ok(mut unwanted)) = self.reply.send(self.command.spawn()) {
            // It is gone when it is reaped; it may have ended by itself.
            let _ = unwanted.kill();
            let _ = unwanted.wait();
        }
    }
}
