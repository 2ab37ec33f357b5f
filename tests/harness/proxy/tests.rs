//! The proxy between echo servers and a client, both in this process.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::*;
use crate::addresses::Addresses;

/// Port of the proxies.
const PORT: u16 = 7171;
const PATIENCE: Duration = Duration::from_secs(10);
/// How long silence has to last to count as silence.
const SILENCE: Duration = Duration::from_millis(200);

/// Node 1 echoes; node 0 is whoever connects, this process.
struct Pair {
    network: Network,
    address: SocketAddr,
    _addresses: Addresses,
}

#[allow(clippy::disallowed_methods, reason = "the other side of the test")]
fn echo() -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("loopback");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || {
                let (mut read, mut write) = (&stream, &stream);
                let _ = std::io::copy(&mut read, &mut write);
            });
        }
    });
    address
}

fn pair(pids: [Option<u32>; 2]) -> Pair {
    let addresses = Addresses::take();
    let advertised = [addresses.at(1, PORT), addresses.at(2, PORT)];
    let owners = Owners::among(Arc::new(Mutex::new(pids.to_vec())));
    let network = Network::start(&advertised, &[echo(), echo()], owners);
    Pair { network, address: advertised[1], _addresses: addresses }
}

fn open_pair() -> Pair {
    pair([Some(std::process::id()), None])
}

fn connect(pair: &Pair) -> TcpStream {
    let stream = TcpStream::connect(pair.address).expect("the proxy listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket can");
    stream
}

fn say(stream: &mut TcpStream, word: &[u8]) {
    stream.write_all(word).expect("the proxy reads");
}

fn hear(stream: &mut TcpStream, word: &[u8]) {
    let mut heard = vec![0; word.len()];
    stream.read_exact(&mut heard).expect("an echo in time");
    assert_eq!(heard, word);
}

fn is_silent(stream: &mut TcpStream) -> bool {
    stream.set_read_timeout(Some(SILENCE)).expect("a socket can");
    let read = stream.read(&mut [0; 16]);
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket can");
    read.is_err_and(|error| matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut))
}

#[test]
fn octets_pass_and_a_held_direction_delivers_them_late() {
    let pair = open_pair();
    let mut stream = connect(&pair);
    say(&mut stream, b"one");
    hear(&mut stream, b"one");

    for (from, to) in [(0, 1), (1, 0)] {
        pair.network.set(from, to, Rule::Hold);
        say(&mut stream, b"two");
        assert!(is_silent(&mut stream), "{from} to {to} was held");
        pair.network.heal();
        hear(&mut stream, b"two");
    }
}

#[test]
fn a_refused_link_breaks_connections_and_lets_none_come_about() {
    let pair = open_pair();
    let mut stream = connect(&pair);
    say(&mut stream, b"one");
    hear(&mut stream, b"one");

    pair.network.set(0, 1, Rule::Refuse);

    assert!(!matches!(stream.read(&mut [0; 16]), Ok(1..)), "the old connection is broken");
    let mut again = connect(&pair);
    assert!(!matches!(again.read(&mut [0; 16]), Ok(1..)), "a new one is closed");
    pair.network.heal();
    let mut healed = connect(&pair);
    say(&mut healed, b"two");
    hear(&mut healed, b"two");
}

#[test]
fn a_half_open_connection_stays_and_answers_nothing() {
    let pair = open_pair();
    let mut stream = connect(&pair);
    say(&mut stream, b"one");
    hear(&mut stream, b"one");

    pair.network.half_open(0, 1);
    assert!(is_silent(&mut stream));
    say(&mut stream, b"two");

    assert!(is_silent(&mut stream), "it neither answers nor ends");
    let mut fresh = connect(&pair);
    say(&mut fresh, b"three");
    hear(&mut fresh, b"three");
}

#[test]
fn a_slow_link_is_late_by_at_least_its_delay() {
    let pair = open_pair();
    let mut stream = connect(&pair);
    pair.network.set(1, 0, Rule::Delay(SILENCE));

    let begun = Instant::now();
    say(&mut stream, b"one");
    hear(&mut stream, b"one");

    assert!(begun.elapsed() >= SILENCE);
}

#[test]
fn a_stranger_is_not_let_through() {
    let pair = pair([None, None]);
    let mut stream = connect(&pair);

    assert!(!matches!(stream.read(&mut [0; 16]), Ok(1..)));
}
