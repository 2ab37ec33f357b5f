//! Time to encode and to decode one part: 160 septets, and 70 characters of UCS-2. The aim is below 1 µs a part.
//!
//! Each figure is the smallest and the median of several runs; a run is a loop over one part.

use std::hint::black_box;
use std::io::{self, Write};
use std::time::{Duration, Instant};

use smsgrid::model::{Address, Alphabet, Content, Part, PartNumber, SendOptions, ValidityPeriod};
use smsgrid::pdu::{self, Deliver, Pdu, ServiceCentreTime, Tpdu};
use smsgrid::text::{self, SegmentOptions};

/// Parts a run.
const PARTS: u32 = 20_000;
/// Runs a figure.
const RUNS: usize = 15;

fn main() -> io::Result<()> {
    let septets = "The quick brown fox jumps over the lazy dog; 0123456789. ".repeat(3);
    let septets: String = septets.chars().take(160).collect();
    let ucs2 = "Съешь же ещё этих мягких французских булок, да выпей чаю. ".repeat(2);
    let ucs2: String = ucs2.chars().take(70).collect();
    let mut out = io::stdout().lock();
    for (name, text) in [("160 septets", septets.as_str()), ("70 characters of UCS-2", ucs2.as_str())] {
        let content = content(text);
        let part = &content.parts[0];
        let deliver = deliver(&content);
        report(&mut out, name, "encode", || pdu::submit(black_box(&content), black_box(part)).is_ok())?;
        report(&mut out, name, "decode", || pdu::read(black_box(&deliver)).is_ok())?;
        report(&mut out, name, "decode with text", || {
            let Ok(Pdu { tpdu: Tpdu::Deliver(deliver), .. }) = pdu::read(black_box(&deliver)) else {
                return false;
            };
            text::join([&deliver.user_data]).is_some()
        })?;
        report(&mut out, name, "segment", || {
            text::segment(black_box(text), &SegmentOptions::default()).is_ok()
        })?;
    }
    Ok(())
}

fn report(out: &mut impl Write, name: &str, what: &str, deed: impl Fn() -> bool) -> io::Result<()> {
    let mut runs: Vec<Duration> = (0..RUNS).map(|_| run(&deed)).collect();
    runs.sort();
    let nanoseconds = |run: Duration| run.as_nanos() / u128::from(PARTS);
    let (least, median) = (nanoseconds(runs[0]), nanoseconds(runs[RUNS / 2]));
    writeln!(out, "{name}, {what}: {least} ns a part at least, {median} ns median")
}

fn run(deed: &impl Fn() -> bool) -> Duration {
    let start = Instant::now();
    for _ in 0..PARTS {
        assert!(black_box(deed()), "the part is legal");
    }
    start.elapsed()
}

fn content(text: &str) -> Content {
    let segmented = text::segment(text, &SegmentOptions::default()).expect("one part");
    let parts = segmented.parts.into_iter().zip(1..);
    Content {
        destination: Address::international("358401234567").expect("twelve digits"),
        alphabet: Alphabet::GSM7,
        parts: parts.map(|(user_data, number)| Part { number: PartNumber(number), user_data }).collect(),
        options: SendOptions {
            validity_period: Some(ValidityPeriod::Relative(255)),
            report_unsaid: false,
            status_report: true,
            ..SendOptions::default()
        },
        call: None,
    }
}

fn deliver(content: &Content) -> String {
    let deliver = Deliver {
        more_messages: false,
        loop_prevention: false,
        status_report_indication: false,
        reply_path: false,
        originator: Some(content.destination.clone()),
        protocol_identifier: content.options.protocol_identifier,
        service_centre_time: ServiceCentreTime([0x62, 0x11, 0x42, 0x21, 0x43, 0x65, 0x80]),
        user_data: content.parts[0].user_data.clone(),
    };
    let pdu =
        Pdu { service_centre: Address::international("358405202000").ok(), tpdu: Tpdu::Deliver(deliver) };
    pdu.to_hex().expect("a legal SMS-DELIVER")
}
