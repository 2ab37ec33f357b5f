//! A TCP address in front of a simulated modem that writes down what the node tells it and how often it connects.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What passes octets on, with what it has seen.
pub(super) struct Tap {
    address: SocketAddr,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    /// Command lines of the node, without their CR, over all connections.
    lines: Vec<String>,
    line: Vec<u8>,
    opened: usize,
    closed: usize,
    /// The newest connection.
    node: Option<TcpStream>,
}

impl Tap {
    /// Listens on a free port and passes each connection on to `modem`.
    pub(super) fn start(modem: SocketAddr) -> Tap {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
        let address = listener.local_addr().expect("bound");
        let seen = Arc::<Mutex<Seen>>::default();
        let shared = seen.clone();
        thread::spawn(move || {
            for node in listener.incoming().map_while(Result::ok) {
                let shared = shared.clone();
                thread::spawn(move || carry(node, modem, &shared));
            }
        });
        Tap { address, seen }
    }

    /// Where the node finds the modem.
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The command lines so far.
    pub(super) fn lines(&self) -> Vec<String> {
        locked(&self.seen).lines.clone()
    }

    /// How often `line` was told.
    pub(super) fn count(&self, line: &str) -> usize {
        locked(&self.seen).lines.iter().filter(|told| *told == line).count()
    }

    /// How often the node has connected.
    pub(super) fn opened(&self) -> usize {
        locked(&self.seen).opened
    }

    /// Whether the node has a connection.
    pub(super) fn is_open(&self) -> bool {
        let seen = locked(&self.seen);
        seen.opened > seen.closed
    }

    /// Breaks the newest connection.
    pub(super) fn cut(&self) {
        if let Some(node) = &locked(&self.seen).node {
            node.shutdown(Shutdown::Both).expect("an open connection");
        }
    }
}

impl Seen {
    fn hear(&mut self, octets: &[u8]) {
        for octet in octets {
            if *octet == b'\r' {
                let line = std::mem::take(&mut self.line);
                self.lines.push(String::from_utf8_lossy(&line).into_owned());
            } else {
                self.line.push(*octet);
            }
        }
    }
}

fn carry(node: TcpStream, modem: SocketAddr, seen: &Mutex<Seen>) {
    let Ok(device) = TcpStream::connect(modem) else { return };
    {
        let mut seen = locked(seen);
        seen.opened += 1;
        seen.line.clear();
        seen.node = node.try_clone().ok();
    }
    let (back_from, back_to) = (device.try_clone().expect("a socket"), node.try_clone().expect("a socket"));
    let back = thread::spawn(move || pass(back_from, back_to, |_| {}));
    pass(node, device, |octets| locked(seen).hear(octets));
    back.join().expect("the other direction ends with this one");
    locked(seen).closed += 1;
}

/// Passes octets on until one end is gone, and then closes both.
fn pass(mut from: TcpStream, mut to: TcpStream, mut hear: impl FnMut(&[u8])) {
    let mut buffer = [0; 4096];
    loop {
        let read = match from.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Ok(0) | Err(_) => break,
            Ok(read) => read,
        };
        hear(&buffer[..read]);
        if to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    for stream in [from, to] {
        // One that is closed already has nothing to be closed.
        let _ = stream.shutdown(Shutdown::Both);
    }
}

fn locked(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}
