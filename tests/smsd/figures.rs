//! The states of the modems and the files of figures.

use std::fs;
use std::io::{self, Write};

use rustix::process::{Pid, Signal, kill_process};
use smsgrid_tests::smsd::PATIENCE;
use smsgrid_tests::wait;

use super::with_modem;

/// What a pipe holds that nobody reads.
const PIPE_OCTETS: usize = 64 << 10;

/// A line of letters for one modem.
fn line(letter: char) -> String {
    format!("{letter}{}", "-".repeat(63))
}

#[test]
fn the_monitor_prints_a_line_at_each_change() {
    let place = with_modem("fast?latency=3s", "");
    let conf = format!("-c{}", place.conf().display());
    let mut process = place.process(&["smsd", "-s", &conf]);
    let is = |letter| move |seen: &str| seen == line(letter);

    process.wait_for_line("an idle modem", PATIENCE, is('i'));
    place.drop_file("hello", "hello");
    process.wait_for_line("a modem that sends", PATIENCE, is('s'));
    place.wait_for_sent("hello");
    assert!(process.terminate(PATIENCE).success());

    let output = process.output();
    assert!(output.iter().all(|seen| seen.len() == 64), "{output:?}");
    assert!(output.windows(2).all(|pair| pair[0] != pair[1]), "{output:?}");
}

#[test]
fn a_monitor_that_nobody_reads_holds_up_no_stop() {
    let place = with_modem("fast", "");
    let conf = format!("-c{}", place.conf().display());
    let (_unread, mut full) = io::pipe().expect("a pipe");
    full.write_all(&[b'.'; PIPE_OCTETS]).expect("it has room for these and no more");
    let mut process = place.command(&["smsd", "-s"], &[&conf]).stdout(full).spawn().expect("smsnode starts");
    place.drop_file("hello", "hello");
    place.wait_for_sent("hello");

    let pid = Pid::from_child(&process);
    kill_process(pid, Signal::TERM).expect("it runs");
    let status = wait::poll(PATIENCE, || process.try_wait().expect("it is ours"));
    let _ = process.kill();
    let _ = process.wait();

    assert_eq!(status.and_then(|status| status.code()), Some(0));
    assert!(!place.path("pidfile").exists());
}

#[test]
fn figures_are_kept_in_the_files_of_smsd() {
    let dir = tempfile::tempdir().expect("a folder");
    let stats = dir.path().display().to_string();
    let settings = format!("stats = {stats}\nstats_interval = 2\nstatus_include_uptime = yes");
    let place = with_modem("fast", &settings);
    fs::write(dir.path().join("GSM1.counter"), "GSM1: 40\n").expect("ours");
    let read = |name: &str| fs::read_to_string(dir.path().join(name)).unwrap_or_default();
    let mut process = place.foreground(&[]);

    place.drop_file("long", &"x".repeat(400));
    place.drop_file("bad", "");
    place.wait_for_sent("long");

    wait::until_true("the counter", PATIENCE, || read("GSM1.counter") == "GSM1: 43\n");
    let status = wait::until("an idle modem", PATIENCE, || {
        Some(read("status")).filter(|status| status.contains(&line('i')))
    });
    let row = status.lines().find(|line| line.starts_with("GSM1:\t")).expect(&status);
    assert!(row.contains(",\tIdle,\t\t") && row.contains(",\tssi: "), "{status}");
    assert!(status.contains("\n\nStart:\t"), "{status}");
    let periods = || {
        let names = fs::read_dir(dir.path()).expect("it is there");
        let names = names.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        names.filter(|name| name.len() == 13).map(|name| read(&name)).collect::<Vec<_>>()
    };
    let sum = |column: usize| {
        let rows = periods().into_iter().filter_map(|text| text.lines().last().map(str::to_owned));
        rows.filter_map(|row| row.split(',').nth(column)?.parse::<u64>().ok()).sum::<u64>()
    };
    wait::until_true("three parts in the periods", PATIENCE, || sum(1) == 3);
    let rejected = || {
        periods()
            .iter()
            .filter_map(|text| text.lines().nth(1)?.split(',').nth(1)?.parse::<u64>().ok())
            .sum::<u64>()
    };
    wait::until_true("a refused file in the periods", PATIENCE, || rejected() == 1);
    assert!(process.terminate(PATIENCE).success());
    assert!(read("stats.tmp").starts_with("VERSION smsnode 1\n"));
}
