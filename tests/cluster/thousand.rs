//! A thousand messages, and the node that owns the modem at work dies in the middle of them.

use std::time::Duration;

use smsgrid_tests::cluster::{Cluster, Setup};
use smsgrid_tests::load::{Load, Settings};
use smsgrid_tests::{checker, verdict};

use super::{smsnode, tell};

const MESSAGES: usize = 1_000;
/// How long the messages may take to be accepted.
const ACCEPT: Duration = Duration::from_secs(120);
/// How long half of them may take to be on the air.
const HALF: Duration = Duration::from_secs(180);

#[test]
fn the_owner_dies_in_the_middle_of_a_thousand_messages_and_the_ledger_has_each_once() {
    let mut cluster = Cluster::start(smsnode(), Setup::three(2, "steady?latency=10ms..40ms"));
    let settings = Settings {
        submitters: 16,
        pace: Duration::ZERO,
        messages: MESSAGES,
        readers: 1,
        watchers: 1,
        long_percent: 0,
        ..Settings::default()
    };
    let load = Load::start(&cluster.apis(), cluster.begun(), settings);

    cluster.until("half of the messages on the air", HALF, || {
        (cluster.simulator().ledger().entries().len() >= MESSAGES / 2).then_some(())
    });
    let owner = cluster.owner_at_work(HALF);
    cluster.kill(owner);
    cluster.until("all messages accepted", ACCEPT, || load.is_done().then_some(()));
    cluster.start_all();
    let history = load.finish();
    verdict::resolve_by_truth(&cluster);
    let evidence = verdict::judge(&cluster, history).unwrap_or_else(|broken| panic!("{broken}"));

    assert_eq!(evidence.finals[0].messages.len(), MESSAGES);
    let copies = cluster.simulator().ledger().copies();
    let twice = copies.values().filter(|copies| **copies > 1).count();
    assert!(copies.len() == MESSAGES && twice == 0, "{} texts, {twice} twice", copies.len());
    tell(&format!("a thousand: {}", checker::summary(&evidence)));
}
