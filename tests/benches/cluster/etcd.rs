//! Three members of etcd beside our own three nodes: the same disk, the same client program, the same minutes.
//!
//! Its client is two messages of its protocol, written down here, since nothing else of it is needed.

use std::path::Path;
use std::time::Duration;

use smsgrid_tests::addresses::Addresses;
use smsgrid_tests::cluster::ask;
use smsgrid_tests::process::Process;
use tonic::client::Grpc;
use tonic::codegen::http::uri::PathAndQuery;
use tonic::transport::Channel;
use tonic_prost::ProstCodec;

/// The program, as Debian's package `etcd-server` installs it.
const PROGRAM: &str = "/usr/bin/etcd";
const MEMBERS: u8 = 3;
const CLIENT: u16 = 2379;
const PEER: u16 = 2380;
/// How long it may take to elect a leader.
const START: Duration = Duration::from_secs(30);

/// `etcdserverpb.PutRequest`, as far as it is used.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Put {
    #[prost(bytes = "vec", tag = "1")]
    pub(crate) key: Vec<u8>,
    #[prost(bytes = "vec", tag = "2")]
    pub(crate) value: Vec<u8>,
}

/// `etcdserverpb.PutResponse`; what it says is not looked at.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Taken {}

/// A running cluster of etcd.
pub(crate) struct Etcd {
    members: Vec<Process>,
    _addresses: Addresses,
    channels: Vec<Channel>,
}

/// Whether etcd is installed.
pub(crate) fn is_installed() -> bool {
    Path::new(PROGRAM).exists()
}

impl Etcd {
    /// Starts three members with their data below `folder`, and waits until they take a value.
    pub(crate) async fn start(folder: &Path) -> Etcd {
        let addresses = Addresses::take();
        let name = |number: u8| format!("e{number}");
        let url = |number: u8, port: u16| format!("http://{}", addresses.at(number + 1, port));
        let cluster: Vec<String> =
            (0..MEMBERS).map(|number| format!("{}={}", name(number), url(number, PEER))).collect();
        let cluster = cluster.join(",");
        let member = |number: u8| {
            let (client, peer) = (url(number, CLIENT), url(number, PEER));
            let arguments = [
                ["--name", &name(number)],
                ["--data-dir", &folder.join(name(number)).display().to_string()],
                ["--listen-client-urls", &client],
                ["--advertise-client-urls", &client],
                ["--listen-peer-urls", &peer],
                ["--initial-advertise-peer-urls", &peer],
                ["--initial-cluster", &cluster],
                ["--log-level", "error"],
            ];
            let arguments: Vec<String> =
                arguments.iter().flatten().map(|argument| (*argument).to_string()).collect();
            Process::start(Path::new(PROGRAM), &arguments)
        };
        let members = (0..MEMBERS).map(member).collect();
        let channels = (0..MEMBERS).map(|number| ask::channel(addresses.at(number + 1, CLIENT))).collect();
        let etcd = Etcd { members, _addresses: addresses, channels };
        tokio::time::timeout(START, etcd.first_value()).await.expect("etcd takes a value in time");
        etcd
    }

    /// A channel to each member.
    pub(crate) fn channels(&self) -> &[Channel] {
        &self.channels
    }

    /// The processes.
    pub(crate) fn pids(&self) -> Vec<u32> {
        self.members.iter().map(Process::pid).collect()
    }

    async fn first_value(&self) {
        for channel in &self.channels {
            let first = || Put { key: b"first".to_vec(), value: b"value".to_vec() };
            while put(channel.clone(), first()).await.is_err() {
                crate::load::pass(Duration::from_millis(50)).await;
            }
        }
    }
}

/// Puts one value, durable on a majority when this returns.
pub(crate) async fn put(channel: Channel, put: Put) -> Result<(), tonic::Status> {
    let mut grpc = Grpc::new(channel);
    grpc.ready().await.map_err(|error| tonic::Status::unavailable(error.to_string()))?;
    let path = PathAndQuery::from_static("/etcdserverpb.KV/Put");
    let codec = ProstCodec::<Put, Taken>::default();
    grpc.unary(tonic::Request::new(put), path, codec).await.map(|_| ())
}
