//! A driver by hand, for tests that talk to a simulated modem themselves.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use rustix::fs::OFlags;
use smsgrid_tests::wait;

/// How long an answer may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// A driver by hand: it writes, and reads until it has seen what it waits for.
pub(super) struct Driver<P> {
    port: P,
    unread: String,
}

impl Driver<File> {
    pub(super) fn open(link: &Path) -> Driver<File> {
        let flags = i32::try_from((OFlags::NONBLOCK | OFlags::NOCTTY).bits()).expect("two flags");
        let port = OpenOptions::new().read(true).write(true).custom_flags(flags).open(link);
        Driver { port: port.expect("the port is there"), unread: String::new() }
    }
}

impl Driver<TcpStream> {
    pub(super) fn connect(address: &str) -> Driver<TcpStream> {
        let port = TcpStream::connect(address).expect("the modem listens");
        port.set_nonblocking(true).expect("a socket can");
        Driver { port, unread: String::new() }
    }
}

impl<P: Read + Write> Driver<P> {
    pub(super) fn prepare(&mut self) {
        self.ask("ATE0");
        assert_eq!(self.ask("AT+CMEE=1;+CMGF=0;+CNMI=2,1"), "OK");
    }

    pub(super) fn ask(&mut self, line: &str) -> String {
        self.write(&format!("{line}\r"));
        self.read_until("OK")
    }

    pub(super) fn send(&mut self, pdu: &str) -> String {
        self.write("AT+CMGS=23\r");
        assert_eq!(self.read_until(">"), ">");
        self.write(&format!("{pdu}\x1a"));
        self.read_until("OK")
    }

    pub(super) fn write(&mut self, text: &str) {
        self.port.write_all(text.as_bytes()).expect("the port takes a line");
    }

    /// Lines up to `end` or an error, joined by `|`.
    pub(super) fn read_until(&mut self, end: &str) -> String {
        let is_end = |line: &str| line == end || line.contains("ERROR");
        let words = wait::poll(PATIENCE, || {
            self.read();
            let lines: Vec<&str> = self.unread.split(['\r', '\n']).map(str::trim).collect();
            let lines: Vec<&str> = lines.into_iter().filter(|line| !line.is_empty()).collect();
            lines.last().is_some_and(|line| is_end(line)).then(|| lines.join("|"))
        });
        let words = words.unwrap_or_else(|| panic!("waited in vain for {end:?}, got {:?}", self.unread));
        self.unread.clear();
        words
    }

    /// Whether the other side is gone.
    pub(super) fn is_cut_off(&mut self) -> bool {
        let mut octets = [0; 256];
        match self.port.read(&mut octets) {
            Ok(read) => read == 0,
            Err(error) => error.kind() != ErrorKind::WouldBlock,
        }
    }

    fn read(&mut self) {
        let mut octets = [0; 4096];
        match self.port.read(&mut octets) {
            Ok(read) => self.unread.push_str(&String::from_utf8_lossy(&octets[..read])),
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
        }
    }
}
