//! Founding over real sockets and real directories, and the decisions one by one.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::sync::atomic::{AtomicU8, Ordering};

use smsgrid::model::Name;
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

use super::*;
use crate::config::Config;
use crate::peer::{Desk, Stage, serve};

const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn three_members_form_a_cluster_of_one_id_and_stay_in_it() {
    let lab = Lab::new().await;

    let (a, b, c) = tokio::join!(lab.start("gw-a"), lab.start("gw-b"), lab.start("gw-c"));

    let begins = [&a, &b, &c].map(|node| *node.begin.as_ref().expect("it may go on"));
    assert_eq!(begins, [Begin::Initialise, Begin::Await, Begin::Await]);
    let ids = [&a, &b, &c].map(|node| node.belonging.get().expect("it has a cluster"));
    assert!(ids.iter().all(|(cluster, _)| *cluster == ids[0].0));
    assert_eq!(ids.map(|(_, node)| node.0), [1, 2, 3]);
    for node in [&a, &b, &c] {
        node.formation.formed().await.expect("written");
    }
    drop((a, b, c));
    let again = lab.start("gw-b").await;
    assert_eq!(*again.begin.as_ref().expect("it may go on"), Begin::Resume);
    assert_eq!(again.belonging.get(), Some(ids[1]));
}

#[tokio::test]
async fn a_missing_member_is_waited_for_and_nobody_has_an_id_meanwhile() {
    let lab = Lab::new().await;

    let early =
        tokio::time::timeout(ROUND * 5, async { tokio::join!(lab.start("gw-a"), lab.start("gw-b")) }).await;
    let phases = ["gw-a", "gw-b"].map(|name| lab.phase(name));
    let (a, b, c) = tokio::join!(lab.start("gw-a"), lab.start("gw-b"), lab.start("gw-c"));

    assert!(early.is_err());
    assert_eq!(phases, [Phase::Empty, Phase::Empty]);
    assert!([a, b, c].iter().all(|node| node.begin.is_ok()));
}

#[tokio::test]
async fn a_member_whose_directory_was_emptied_is_refused_by_one_of_the_others_alone() {
    let lab = Lab::formed().await;
    lab.wipe("gw-b");

    let (c, b) = tokio::join!(lab.start("gw-c"), lab.start("gw-b"));

    assert!(c.begin.is_ok());
    let fault = b.begin.expect_err("its votes are gone");
    assert_eq!(fault.problem().reason, Reason::StoreLost, "{fault}");
    assert!(fault.to_string().contains("gw-c says that this node is a member of cluster"), "{fault}");
    assert_eq!((lab.phase("gw-b"), b.belonging.get()), (Phase::Empty, None));
}

#[tokio::test]
async fn the_first_member_with_an_emptied_directory_founds_no_second_cluster() {
    let lab = Lab::formed().await;
    lab.wipe("gw-a");
    lab.wipe("gw-b");

    let (a, b) = tokio::join!(
        tokio::time::timeout(ROUND * 5, lab.start("gw-a")),
        tokio::time::timeout(ROUND * 5, lab.start("gw-b")),
    );
    let (a_again, c) = tokio::join!(lab.start("gw-a"), lab.start("gw-c"));

    assert!(a.is_err() && b.is_err(), "both wait for gw-c");
    assert!(c.begin.is_ok());
    assert_eq!(a_again.begin.expect_err("refused").problem().reason, Reason::StoreLost);
}

#[tokio::test]
async fn a_member_of_another_cluster_is_not_taken_into_this_one() {
    let (lab, other) = (Lab::formed().await, Lab::new().await);
    // gw-c of the other list is the very node gw-c of the formed cluster.
    let other = Lab { addresses: [other.addresses[0], other.addresses[1], lab.addresses[2]], ..other };

    let (a, b, c) = tokio::join!(other.start("gw-a"), other.start("gw-b"), lab.start("gw-c"));

    assert!(c.begin.is_ok());
    for node in [a, b] {
        let fault = node.begin.expect_err("gw-c is taken");
        assert!([Reason::ClusterMismatch, Reason::StoreLost].contains(&fault.problem().reason), "{fault}");
        assert_eq!(node.belonging.get(), None);
    }
    assert!(["gw-a", "gw-b"].iter().all(|name| other.phase(name) == Phase::Empty));
}

#[tokio::test]
async fn a_node_alone_founds_its_own_cluster_and_asks_nobody() {
    let dir = tempfile::tempdir().expect("a folder");
    let found = || async {
        let founders = Founders::alone(&Name::new("gw-a").expect("a name"), String::new(), String::new());
        let data_dir = open(dir.path(), &founders).await;
        let (data_dir, belonging) = (Arc::new(Mutex::new(data_dir)), Belonging::none());
        let formation = Formation::new(founders, data_dir, belonging.clone());
        let begin = formation.run(&Client::new(belonging.clone(), None)).await.expect("nobody is asked");
        (begin, belonging.get().expect("it has a cluster"))
    };

    let (first, again) = (found().await, found().await);

    assert_eq!((first.0, first.1.1), (Begin::Initialise, NodeId(1)));
    assert_eq!(again, first, "the id is drawn once, and the log may still be empty");
}

#[test]
fn a_member_with_another_list_holds_the_founding_up_and_is_named() {
    let lab = |api: u16| {
        let addresses = [1, 2, 3].map(|host| SocketAddr::from(([127, 0, 0, host], 7171)));
        founders("gw-a", &addresses, api)
    };
    let mut machine = Machine::new(lab(7000), Phase::Empty, 1);
    let answer = |own: &str, api, stage| {
        let founder = Founder { name: Name::new(own).expect("a name"), ..lab(api).founder() };
        Answer::Standing(Standing { from: founder, stage, knows_caller: false, life: 7 })
    };

    assert_eq!(machine.step(), Step::Ask(vec![NodeId(2), NodeId(3)]));
    machine.handle_answer(NodeId(2), answer("gw-b", 7000, Stage::Empty));
    machine.handle_answer(NodeId(3), answer("gw-c", 7001, Stage::Empty));
    let Step::Wait(hindrances) = machine.step() else { panic!("{:?}", machine.step()) };
    assert_eq!(hindrances.len(), 1);
    assert_eq!(hindrances[0].to_string(), "gw-c lists other members, or another cluster name");
    machine.begin_round();
    machine.handle_answer(NodeId(2), answer("gw-b", 7000, Stage::Empty));
    machine.handle_answer(NodeId(3), answer("gw-c", 7000, Stage::Empty));
    assert_eq!(machine.step(), Step::Draw);
    let cluster = ClusterId::draw();
    machine.handle_written(Phase::Drawn(cluster));
    machine.handle_answer(NodeId(2), answer("gw-b", 7000, Stage::Empty));
    machine.handle_answer(NodeId(3), answer("gw-c", 7000, Stage::Forming(ClusterId::draw())));
    let Step::Refuse(Fault::Taken { by, .. }) = machine.step() else { panic!("{:?}", machine.step()) };
    assert_eq!(by.as_str(), "gw-c");
    machine.handle_answer(NodeId(3), answer("gw-c", 7000, Stage::Formed(cluster)));
    assert!(matches!(machine.step(), Step::Refuse(Fault::Regressed { .. })), "{:?}", machine.step());
    machine.handle_answer(NodeId(3), answer("gw-c", 7000, Stage::Forming(cluster)));
    assert_eq!(machine.step(), Step::Form(cluster, vec![(NodeId(2), 7)]));
    machine.handle_answer(NodeId(2), Answer::HasId);
    assert_eq!(machine.step(), Step::Write(Phase::Agreed(cluster)));
}

#[test]
fn an_id_is_taken_from_the_first_member_alone_once_and_in_the_life_that_was_asked() {
    let addresses = [1, 2, 3].map(|host| SocketAddr::from(([127, 0, 0, host], 7171)));
    let lab = |own: &str, api| founders(own, &addresses, api);
    let mut machine = Machine::new(lab("gw-b", 7000), Phase::Empty, 5);
    let (cluster, other) = (ClusterId::draw(), ClusterId::draw());
    let forming = |from: Founder, cluster| Forming { from, to: "gw-b".to_owned(), cluster, life: 5 };
    let first = || lab("gw-a", 7000).founder();
    let refused =
        |machine: &Machine, forming: Forming| machine.handle_form(&forming).expect_err("it is refused");

    assert_eq!(
        refused(&machine, Forming { to: "gw-c".to_owned(), ..forming(first(), cluster) }),
        "this is gw-b, not gw-c"
    );
    assert_eq!(
        refused(&machine, Forming { life: 4, ..forming(first(), cluster) }),
        "gw-b was started again since it was asked"
    );
    assert_eq!(
        refused(&machine, forming(lab("gw-c", 7000).founder(), cluster)),
        "gw-a forms this cluster, not gw-c"
    );
    assert_eq!(
        refused(&machine, forming(lab("gw-a", 7001).founder(), cluster)),
        "gw-b lists other members than gw-a"
    );
    assert_eq!(machine.handle_form(&forming(first(), cluster)), Ok(Some(Phase::Joined(cluster))));
    machine.handle_written(Phase::Joined(cluster));
    assert_eq!(machine.handle_form(&forming(first(), cluster)), Ok(None));
    assert_eq!(refused(&machine, forming(first(), other)), format!("gw-b is of cluster {cluster} already"));
    machine.handle_written(Phase::Formed(cluster));
    assert_eq!(refused(&machine, forming(first(), cluster)), format!("gw-b is of cluster {cluster} already"));
}

/// Three directories and three addresses.
struct Lab {
    dir: TempDir,
    addresses: [SocketAddr; 3],
}

/// What a member's founding came to, as long as its process lives.
struct Member {
    formation: Formation,
    belonging: Belonging,
    begin: Result<Begin, FormationError>,
    _process: Process,
}

/// A runtime that ends like a process that is killed.
struct Process(Option<Runtime>);

impl Drop for Process {
    fn drop(&mut self) {
        self.0.take().into_iter().for_each(Runtime::shutdown_background);
    }
}

impl Lab {
    async fn new() -> Lab {
        let [a, b, c] = [1, 2, 3].map(free_address);
        Lab { dir: tempfile::tempdir().expect("a folder"), addresses: [a.await, b.await, c.await] }
    }

    /// Three members that have formed a cluster and were stopped.
    async fn formed() -> Lab {
        let lab = Lab::new().await;
        let (a, b, c) = tokio::join!(lab.start("gw-a"), lab.start("gw-b"), lab.start("gw-c"));
        for node in [&a, &b, &c] {
            node.formation.formed().await.expect("written");
        }
        lab
    }

    /// Starts a member and waits until it may go on, or must not.
    async fn start(&self, name: &str) -> Member {
        let place = ["gw-a", "gw-b", "gw-c"].iter().position(|known| *known == name).expect("a member");
        let founders = founders(name, &self.addresses, 7000);
        let data_dir = open(&self.dir.path().join(name), &founders).await;
        let belonging = Belonging::none();
        let formation = Formation::new(founders, Arc::new(Mutex::new(data_dir)), belonging.clone());
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let (address, running, settled) = (self.addresses[place], formation.clone(), belonging.clone());
        let founding = runtime.spawn(async move {
            let listener = bind(address).await;
            let desk = Desk::new(Arc::new(running.clone()));
            tokio::spawn(serve(listener, settled.clone(), desk, std::future::pending()));
            tokio::time::timeout(SOON, running.run(&Client::new(settled, None))).await.expect("it ends")
        });
        let process = Process(Some(runtime));
        let begin = founding.await.expect("not cut off");
        Member { formation, belonging, begin, _process: process }
    }

    fn wipe(&self, name: &str) {
        std::fs::remove_dir_all(self.dir.path().join(name)).expect("removed");
    }

    fn phase(&self, name: &str) -> Phase {
        let text = std::fs::read(self.dir.path().join(name).join("identity")).expect("read");
        serde_json::from_slice::<crate::identity::Identity>(&text).expect("an identity").phase
    }
}

/// An address that no other test of this host meets: the loopback has a net for each process and lab.
async fn free_address(host: u8) -> SocketAddr {
    static LABS: AtomicU8 = AtomicU8::new(0);
    let net = 64 + (std::process::id() % 128) as u8;
    let ip = IpAddr::from([127, net, LABS.fetch_add(1, Ordering::Relaxed), host]);
    let listener = TcpListener::bind(SocketAddr::new(ip, 0)).await.expect("a port");
    listener.local_addr().expect("its address")
}

/// Waits until the process before has let go of it.
async fn bind(address: SocketAddr) -> TcpListener {
    let bound = async {
        loop {
            match TcpListener::bind(address).await {
                Ok(listener) => return listener,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(SOON, bound).await.expect("it is free")
}

/// Waits until the process before has let go of it.
async fn open(path: &Path, founders: &Founders) -> DataDir {
    let opened = async {
        loop {
            match DataDir::open(path, founders) {
                Ok(data_dir) => return data_dir,
                Err(IdentityError::InUse { .. }) => tokio::task::yield_now().await,
                Err(failure) => panic!("{failure}"),
            }
        }
    };
    tokio::time::timeout(SOON, opened).await.expect("it is free")
}

fn founders(own: &str, addresses: &[SocketAddr; 3], api: u16) -> Founders {
    let member = |(name, address): (&str, &SocketAddr)| {
        format!("{{ name = \"{name}\", peer = \"{address}\", api = \"{}:{api}\" }}", address.ip())
    };
    let members: Vec<String> = ["gw-a", "gw-b", "gw-c"].into_iter().zip(addresses).map(member).collect();
    let text = format!(
        "[node]\nname = \"{own}\"\ndata_dir = \"/d\"\n[cluster]\nname = \"prod-sms\"\nmembers = [{}]\n",
        members.join(", ")
    );
    Founders::of(&Config::parse("f", &text).unwrap_or_else(|problems| panic!("{problems:?}")))
}
