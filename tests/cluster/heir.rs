//! The event handler of a node that stays dead is run elsewhere, once, and again when it comes back.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

use smsgrid_proto::v1;
use smsgrid_proto::v1::modem_service_client::ModemServiceClient;
use smsgrid_tests::cluster::{Cluster, Setup, ask};
use smsgrid_tests::wait::until_true;
use tonic::Request;

use super::smsnode;

/// Anything on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Files of the node that dies.
const FILES: usize = 6;
/// Nodes with a modem.
const SENDERS: [usize; 2] = [3, 4];

/// Five nodes, each with a spool and an event handler that writes what it is told into `events`.
fn cluster() -> Cluster {
    let one = || vec!["steady?latency=300ms".to_owned()];
    let modems = vec![vec![], vec![], vec![], one(), one()];
    let setup = Setup { nodes: 5, modems, is_proxied: false, ..Setup::three(1, "fast") };
    let cluster = Cluster::prepare(smsnode(), setup);
    for node in 0..cluster.size() {
        equip(cluster.dir(), &Setup::name(node));
    }
    cluster
}

fn equip(dir: &Path, node: &str) {
    let folder = dir.join(node);
    let program = folder.join("on-event");
    let events = dir.join("events");
    let body = format!(
        "#!/bin/sh\ncp \"$2\" {}/told-$SMSGRID_EVENT_ID || exit 1\necho \"{node} $SMSGRID_EVENT_ID $1\" >>{}\n",
        folder.display(),
        events.display()
    );
    fs::write(&program, body).expect("room");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("ours");
    let path = folder.join("smsgrid.toml");
    let config = fs::read_to_string(&path).expect("a file");
    let spool = ["outgoing", "checked", "sent", "failed"]
        .map(|name| format!("{name} = \"{}\"\n", folder.join(name).display()));
    let handlers = format!("[handlers]\neventhandler = {program:?}\ntakeover_after = \"1s\"\n");
    fs::write(&path, format!("{config}\n[spool]\n{}\n{handlers}", spool.concat())).expect("room");
}

/// What the handlers were told: node, id and event.
fn told(cluster: &Cluster) -> Vec<(String, String, String)> {
    let text = fs::read_to_string(cluster.dir().join("events")).unwrap_or_default();
    let event = |line: &str| {
        let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
        <[String; 3]>::try_from(words).ok().map(|[node, id, event]| (node, id, event))
    };
    text.lines().filter_map(event).collect()
}

/// Lets the modems send, or not.
fn block(cluster: &Cluster, is_blocked: bool) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let api = cluster.apis()[cluster.leader(PATIENCE)];
    runtime.block_on(async {
        let mut modems = ModemServiceClient::new(ask::channel(api));
        for node in SENDERS {
            let name = format!("{}-m1", Setup::name(node));
            match is_blocked {
                true => modems.block(Request::new(v1::BlockModemRequest { name })).await.map(drop),
                false => modems.unblock(Request::new(v1::UnblockModemRequest { name })).await.map(drop),
            }
            .expect("the cluster answers");
        }
    });
}

fn names(folder: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(folder)
        .map(|entries| entries.filter_map(Result::ok).collect())
        .unwrap_or_else(|_| Vec::new());
    entries.iter().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
}

#[test]
fn events_of_a_node_that_stays_dead_are_told_once_whoever_leads_and_by_itself_when_it_is_back() {
    let mut cluster = cluster();
    cluster.start_all();
    block(&cluster, true);
    let leader = cluster.leader(PATIENCE);
    let dead = (0..3).find(|node| *node != leader).expect("three have no modem");
    let home = cluster.dir().join(Setup::name(dead));
    for number in 0..FILES {
        let draft = home.join("draft");
        fs::write(
            &draft,
            format!("To: +49170000000{number}\nX-Ticket: {number}\n\nhello {number} [\u{20ac}]"),
        )
        .expect("room");
        fs::rename(&draft, home.join("outgoing").join(format!("file{number}"))).expect("one file system");
    }
    cluster.until("all files accepted", PATIENCE, || {
        cluster.asker().ids(leader, ask::stale()).is_ok_and(|(ids, _)| ids.len() == FILES).then_some(())
    });

    cluster.kill(dead);
    let leader = cluster.leader(PATIENCE);
    cluster.until("its session to end", PATIENCE, || {
        cluster.nodes()[leader].log().contains("heir.begins").then_some(())
    });
    assert_eq!(told(&cluster), []);
    block(&cluster, false);
    cluster.until("some events", PATIENCE, || (told(&cluster).len() >= 2).then_some(()));
    // In order: what it has told is said in the log, and the next one goes on there.
    cluster.stop(leader);
    cluster.until("all events", PATIENCE, || (told(&cluster).len() >= FILES).then_some(()));

    let events = told(&cluster);
    let ids: BTreeSet<String> = events.iter().map(|(_, id, _)| id.clone()).collect();
    assert_eq!((events.len(), ids.len()), (FILES, FILES), "{events:?}");
    let tellers: BTreeSet<&str> = events.iter().map(|(node, _, _)| node.as_str()).collect();
    assert!(tellers.len() == 2 && tellers.contains(Setup::name(leader).as_str()), "{events:?}");
    assert!(events.iter().all(|(_, _, event)| event == "SENT"), "{events:?}");
    for (node, id, _) in &events {
        let file = fs::read_to_string(cluster.dir().join(node).join(format!("told-{id}"))).expect("a copy");
        for line in ["To: 49170000000", "Modem: gw-", "Sent: ", "\n\nhello "] {
            assert!(file.contains(line), "{line:?} in {file}");
        }
        assert!(!file.contains("X-Ticket"), "nobody else has the file: {file}");
        let folder = cluster.dir().join(node).join("data/inherited");
        until_true("no file to be left", PATIENCE, || names(&folder).is_empty());
    }

    cluster.start_node(dead);
    let own = Setup::name(dead);
    cluster.until("its own events", PATIENCE, || {
        (told(&cluster).iter().filter(|(node, _, _)| *node == own).count() >= FILES).then_some(())
    });
    let again: BTreeSet<String> =
        told(&cluster).into_iter().filter_map(|(node, id, _)| (node == own).then_some(id)).collect();
    assert_eq!(again, ids, "under the same ids");
    assert_eq!(names(&home.join("sent")), (0..FILES).map(|number| format!("file{number}")).collect());
    until_true("the heir to end", PATIENCE, || cluster.report().contains("heir.ends"));
}
