//! A modem behind a telnet host: a small real one, over real sockets.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use smsgrid_tests::addresses::Addresses;
use smsgrid_tests::gateway::Gateway;
use smsgrid_tests::sim::Simulator;
use smsgrid_tests::wait;

use super::SMSNODE;
use super::pair::PATIENCE;

const PORT: u16 = 5000;
const IAC: u8 = 255;
const DO: u8 = 253;
const WONT: u8 = 252;
const DONT: u8 = 254;
const WILL: u8 = 251;
const NOP: u8 = 241;
/// What the host asks for before anything else: terminal type, echo, and a sub-negotiation.
const OPENING: [u8; 13] = [IAC, DO, 24, IAC, WILL, 1, IAC, 250, 24, 1, IAC, 240, 0];
/// The host's password, and what the node says instead in one test.
const PASSWORD: &str = "s3cret-of-the-box";
const WRONG: &str = "an0ther-secret";

/// What a host has heard of the nodes that connected.
type Heard = Arc<Mutex<Vec<u8>>>;

/// Listens on a free port and has `serve` talk to each who connects.
fn host(serve: impl Fn(TcpStream, &Heard) -> io::Result<()> + Send + 'static) -> (SocketAddr, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let (address, heard) = (listener.local_addr().expect("bound"), Heard::default());
    let shared = heard.clone();
    thread::spawn(move || {
        for node in listener.incoming().map_while(Result::ok) {
            // A node that hangs up ends this talk, and may come again.
            let _ = serve(node, &shared);
        }
    });
    (address, heard)
}

/// Asks as smsd's users know it, and leads to the modem.
fn sign_in(node: &mut TcpStream, heard: &Heard) -> io::Result<bool> {
    node.write_all(&OPENING)?;
    node.write_all(b"Welcome to the box\r\nLast login: Monday\r\nlogin: ")?;
    let login = line(node, heard)?;
    node.write_all(b"\r\nPassword: ")?;
    let password = line(node, heard)?;
    if (login.as_str(), password.as_str()) != ("sms", PASSWORD) {
        node.write_all(b"\r\nLogin incorrect\r\nlogin: ")?;
        // Until the node hangs up.
        line(node, heard)?;
        return Ok(false);
    }
    node.write_all(b"\r\nbox# ")?;
    Ok(line(node, heard)? == "module 2")
}

/// A line of the node's own, without the refusals before it.
fn line(node: &mut TcpStream, heard: &Heard) -> io::Result<String> {
    let mut line = Vec::new();
    loop {
        let mut octet = [0];
        node.read_exact(&mut octet)?;
        locked(heard).push(octet[0]);
        match octet[0] {
            IAC => {
                let mut option = [0; 2];
                node.read_exact(&mut option)?;
                locked(heard).extend(option);
            }
            b'\n' => return Ok(String::from_utf8_lossy(&line).trim_end().to_owned()),
            octet => line.push(octet),
        }
    }
}

/// Passes octets on both ways; those of the modem with talk about the connection in between.
fn carry(mut node: TcpStream, modem: SocketAddr) -> io::Result<()> {
    let mut device = TcpStream::connect(modem)?;
    let (mut from_modem, mut to_node) = (device.try_clone()?, node.try_clone()?);
    let back = thread::spawn(move || {
        let mut buffer = [0; 64];
        while let Ok(read @ 1..) = from_modem.read(&mut buffer) {
            let talk: Vec<u8> = buffer[..read].iter().flat_map(|octet| [IAC, NOP, *octet, 0]).collect();
            if to_node.write_all(&talk).is_err() {
                break;
            }
        }
        let _ = to_node.shutdown(Shutdown::Both);
    });
    let end = io::copy(&mut node, &mut device).map(drop);
    device.shutdown(Shutdown::Both)?;
    back.join().expect("the other direction ends with this one");
    end
}

fn locked(heard: &Heard) -> std::sync::MutexGuard<'_, Vec<u8>> {
    heard.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A node with GSM1 behind the host, and GSM2 on a pty of `simulator`.
fn node(dir: &Path, simulator: &Simulator, host: SocketAddr, password: &str) -> Gateway {
    let telnet = format!(
        "port = \"tcp:{host}\"\ntags = \"remote\"\ntelnet_login = \"sms\"\ntelnet_password = \"{password}\"\n\
         telnet_cmd = \"module 2\"\ntelnet_cmd_prompt = \"#\""
    );
    let other = format!("port = \"{}\"", simulator.ports()[0].display());
    let gateway =
        Gateway::prepare(Path::new(SMSNODE), dir, &[("GSM1".to_owned(), telnet), ("GSM2".to_owned(), other)]);
    fs::set_permissions(gateway.config(), fs::Permissions::from_mode(0o600)).expect("our own file");
    gateway
}

fn sends(gateway: &Gateway, name: &str, queue: &str) -> String {
    gateway.drop_file(name, format!("To: 491700000001\n{queue}\nhello").as_bytes());
    wait::until_true(&format!("sent/{name}"), PATIENCE, || gateway.names("sent").contains(&name.to_owned()));
    gateway.content("sent", name)
}

fn said(gateway: &mut Gateway, words: &[&str]) -> usize {
    let holds = |line: &&String| words.iter().all(|word| line.contains(word));
    gateway.process().output().iter().filter(holds).count()
}

#[test]
fn a_modem_behind_a_telnet_host_is_signed_in_to_and_sends() {
    let (dir, addresses) = (tempfile::tempdir().expect("a folder"), Addresses::take());
    let modem = addresses.at(1, PORT);
    let simulator = Simulator::start_mixed(Path::new(SMSNODE), dir.path(), &["fast"], &[(modem, "fast")]);
    let (host, heard) = host(move |mut node, heard| match sign_in(&mut node, heard)? {
        true => carry(node, modem),
        false => Ok(()),
    });
    let mut gateway = node(dir.path(), &simulator, host, PASSWORD);
    gateway.start();

    assert!(sends(&gateway, "hello", "Queue: remote\n").contains("Modem: GSM1"));
    gateway.stop();

    let heard = locked(&heard).clone();
    let expected = [&[IAC, WONT, 24, IAC, DONT, 1][..], b"sms\r\n", PASSWORD.as_bytes(), b"\r\nmodule 2\r\n"];
    assert_eq!(String::from_utf8_lossy(&heard), String::from_utf8_lossy(&expected.concat()));
    assert_eq!(said(&mut gateway, &[PASSWORD]), 0, "a password is nobody's business");
    let check = Command::new(SMSNODE).arg("check-config").arg(gateway.config()).output().expect("it runs");
    let printed = String::from_utf8_lossy(&check.stdout);
    assert!(check.status.success() && printed.contains("telnet_password") && !printed.contains(PASSWORD));
}

#[test]
fn a_host_that_does_not_take_the_password_is_told_once_and_the_other_modem_sends() {
    let dir = tempfile::tempdir().expect("a folder");
    let simulator = Simulator::start(Path::new(SMSNODE), dir.path(), 1, "fast");
    let (host, _heard) = host(|mut node, heard| sign_in(&mut node, heard).map(drop));
    let mut gateway = node(dir.path(), &simulator, host, WRONG);
    gateway.start();

    let words = ["PORT_SIGN_IN", "GSM1", "cannot sign in at", "did not accept the user or the password"];
    wait::until_true("the refusal in the log", PATIENCE, || said(&mut gateway, &words) == 1);
    assert!(sends(&gateway, "hello", "").contains("Modem: GSM2"));
    gateway.stop();

    assert_eq!((said(&mut gateway, &words), said(&mut gateway, &[WRONG])), (1, 0));
}

#[test]
fn a_host_that_negotiates_without_end_is_given_up() {
    let dir = tempfile::tempdir().expect("a folder");
    let simulator = Simulator::start(Path::new(SMSNODE), dir.path(), 1, "fast");
    let (host, _heard) = host(|mut node, _| {
        loop {
            node.write_all(&[IAC, DO, 24, IAC, WILL, 1])?;
            let mut refusals = [0; 6];
            node.read_exact(&mut refusals)?;
        }
    });
    let mut gateway = node(dir.path(), &simulator, host, PASSWORD);
    gateway.start();

    let words = ["PORT_SIGN_IN", "GSM1", "negotiates telnet options without end"];
    wait::until_true("the end of it in the log", PATIENCE, || said(&mut gateway, &words) == 1);
    assert!(sends(&gateway, "hello", "").contains("Modem: GSM2"));
    gateway.stop();
}
