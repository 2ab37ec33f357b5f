//! How many parts a second the simulated modem takes: by itself, and as 32 modems behind ptys.
//!
//! `cargo bench -p smsgrid-tests --bench simulator`. It prints figures and asserts nothing about time.
//!
//! A simulator slower than the gateway would make the gateway look slow. What counts for that is the time the
//! simulator's own process spends on a part, which the last figure shows.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use smsgrid::model::{Time, Timestamp};
use smsgrid::simulator::{Event, Modem, Spec};
use smsgrid_tests::sim::Simulator;

/// A text of 160 characters to a number of eleven digits, and the octets of its TPDU.
const PDU_HEAD: &str = "0001000B916407281553F80000A0";
const TPDU_OCTETS: usize = 13 + 140;
/// Parts through one modem in memory, and through each modem behind a pty.
const PARTS_IN_MEMORY: u32 = 200_000;
const PARTS_EACH: u32 = 2_000;
/// Modems behind ptys.
const MODEMS: u32 = 32;
/// Clock ticks a second of the times in /proc, on every Linux.
const TICKS: u64 = 100;

fn main() -> io::Result<()> {
    let mut out = io::stdout();
    let busy = in_memory()?;
    writeln!(out, "in memory, one modem:   {:>9.0} parts/s a core", per_second(PARTS_IN_MEMORY, busy))?;
    let (taken, busy) = behind_ptys()?;
    let parts = MODEMS * PARTS_EACH;
    writeln!(out, "{MODEMS} modems behind ptys:  {:>9.0} parts/s", per_second(parts, taken))?;
    let each = busy.as_secs_f64() * 1e6 / f64::from(parts);
    writeln!(
        out,
        "simulator's processor:  {each:>9.1} us a part, {:.0} parts/s a core",
        per_second(parts, busy)
    )
}

fn per_second(parts: u32, taken: Duration) -> f64 {
    f64::from(parts) / taken.as_secs_f64()
}

fn pdu() -> String {
    format!("{PDU_HEAD}{}", "55".repeat(140))
}

/// Processor time of what a host does for one modem, without a port and without a file.
fn in_memory() -> io::Result<Duration> {
    let spec: Spec = "fast".parse().expect("a personality");
    let mut modem = Modem::new(&spec, 0, Timestamp::ZERO, Time::ZERO);
    let mut tell = |bytes: &[u8]| {
        modem.handle_input(bytes, Time::ZERO);
        let mut accepted = 0;
        while let Some(event) = modem.poll_event() {
            accepted += u32::from(matches!(event, Event::Ledger(_)));
        }
        modem.ledger_written(Time::ZERO);
        (accepted, modem.poll_transmit())
    };
    tell(b"ATE0\r");
    tell(b"AT+CMGF=0\r");
    let (command, pdu) = (format!("AT+CMGS={TPDU_OCTETS}\r"), format!("{}\x1a", pdu()));
    let before = processor_time(std::process::id())?;
    for _ in 0..PARTS_IN_MEMORY {
        tell(command.as_bytes());
        let (accepted, answer) = tell(pdu.as_bytes());
        assert_eq!(accepted, 1, "{answer:?}");
    }
    Ok(processor_time(std::process::id())?.saturating_sub(before))
}

/// The time 32 drivers took, each a thread that waits for its modem, and the processor time of the simulator.
fn behind_ptys() -> io::Result<(Duration, Duration)> {
    let dir = tempfile::tempdir()?;
    let smsnode = Path::new(env!("CARGO_BIN_EXE_smsnode-under-test"));
    let mut simulator = Simulator::start(smsnode, dir.path(), MODEMS as usize, "fast");
    let pid = simulator.process().pid();
    let before = processor_time(pid)?;
    let begun = Instant::now();
    let drivers: Vec<_> =
        simulator.ports().iter().cloned().map(|port| thread::spawn(move || drive(&port))).collect();
    for driver in drivers {
        driver.join().expect("no driver panics")?;
    }
    let taken = begun.elapsed();
    let busy = processor_time(pid)?.saturating_sub(before);
    assert_eq!(simulator.ledger().entries().len(), (MODEMS * PARTS_EACH) as usize);
    Ok((taken, busy))
}

fn drive(port: &Path) -> io::Result<()> {
    let flags = i32::try_from(OFlags::NOCTTY.bits()).expect("a flag");
    let mut port = OpenOptions::new().read(true).write(true).custom_flags(flags).open(port)?;
    ask(&mut port, "ATE0\r", "OK\r\n")?;
    ask(&mut port, "AT+CMGF=0\r", "OK\r\n")?;
    let (command, pdu) = (format!("AT+CMGS={TPDU_OCTETS}\r"), format!("{}\x1a", pdu()));
    for _ in 0..PARTS_EACH {
        ask(&mut port, &command, "> ")?;
        ask(&mut port, &pdu, "OK\r\n")?;
    }
    Ok(())
}

fn ask(port: &mut File, question: &str, end: &str) -> io::Result<()> {
    port.write_all(question.as_bytes())?;
    let mut answer = Vec::new();
    let mut octets = [0; 256];
    while !answer.ends_with(end.as_bytes()) {
        let read = port.read(&mut octets)?;
        answer.extend_from_slice(&octets[..read]);
    }
    Ok(())
}

/// User and system time of a process so far.
fn processor_time(pid: u32) -> io::Result<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    // utime and stime are fields 14 and 15, the eleventh after the name; the harness passes only its own pids.
    let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
    Ok(Duration::from_millis(ticks * 1000 / TICKS))
}
