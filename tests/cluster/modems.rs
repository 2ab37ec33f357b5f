//! A modem that two nodes can reach has one owner, and another one when that dies.

use std::time::Duration;

use smsgrid_proto::v1;
use smsgrid_tests::cluster::{Cluster, Setup, ask};
use smsgrid_tests::load::{Load, Settings};
use smsgrid_tests::{checker, verdict};

use super::{smsnode, tell, three};

const FIND: Duration = Duration::from_secs(60);
/// Sessions end, ports are taken over, the modem is at rest again.
const TAKEOVER: Duration = Duration::from_secs(45);

fn owner(cluster: &Cluster) -> Option<usize> {
    let node = *cluster.running().first()?;
    let status = cluster.asker().status(node, ask::stale()).ok()?;
    let mut owners = status.modems.iter().filter(|modem: &&v1::Modem| modem.name == "shared1");
    let owner = owners.next()?;
    assert!(owners.next().is_none(), "one modem, two owners: {:?}", status.modems);
    cluster.number(&owner.node).filter(|_| !owner.imei.is_empty())
}

#[test]
fn a_modem_behind_tcp_is_taken_over_when_its_node_dies() {
    let shared = vec!["steady?latency=40ms..160ms".to_owned()];
    let mut cluster = Cluster::start(smsnode(), Setup { modems: Vec::new(), shared, ..three() });
    let settings =
        Settings { submitters: 1, pace: Duration::from_millis(100), long_percent: 0, ..Settings::default() };
    let load = Load::start(&cluster.apis(), cluster.begun(), settings);

    for _ in 0..3 {
        let first = cluster.until("an owner of the modem", FIND, || owner(&cluster));
        let aired = cluster.simulator().ledger().entries().len();
        cluster.until("messages on the air", FIND, || {
            (cluster.simulator().ledger().entries().len() > aired + 3).then_some(())
        });
        cluster.kill(first);
        let aired = cluster.simulator().ledger().entries().len();
        let second =
            cluster.until("another owner", TAKEOVER, || owner(&cluster).filter(|owner| *owner != first));
        cluster.until("messages on the air again", TAKEOVER, || {
            (cluster.simulator().ledger().entries().len() > aired).then_some(())
        });
        assert_ne!(first, second);
        cluster.start_all();
    }
    let history = load.finish();
    verdict::resolve_by_truth(&cluster);
    let evidence = verdict::judge(&cluster, history).unwrap_or_else(|broken| panic!("{broken}"));

    tell(&format!("taken over three times: {}", checker::summary(&evidence)));
}
