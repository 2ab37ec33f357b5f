//! What a cluster is made of, and the configuration of each of its nodes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::addresses::Addresses;

/// Port of gRPC and HTTP on each node's host.
const API: u16 = 7170;
/// Port of node-to-node calls on each node's host.
const PEER: u16 = 7171;
/// Hosts of the advertised addresses begin here: node n is reached through the proxy on host `ADVERTISED + n`.
const ADVERTISED: u8 = 100;

/// What a cluster is made of.
#[derive(Clone, Debug)]
pub struct Setup {
    /// How many nodes.
    pub nodes: usize,
    /// Modems on ptys of each node, in words of the simulator: `fast`, `steady?latency=50ms..250ms`.
    pub modems: Vec<Vec<String>>,
    /// Modems behind TCP that every node may reach, one at a time.
    pub shared: Vec<String>,
    /// Whether the nodes reach each other through the [proxy](crate::proxy).
    pub is_proxied: bool,
    /// Lines put before the first section of every configuration.
    pub extra: String,
    /// Variables in the environment of every node.
    pub environment: Vec<(String, String)>,
    /// Where each node keeps its data, when not below the cluster's folder.
    pub data: Option<Vec<PathBuf>>,
}

impl Setup {
    /// Three nodes with `each` modems of this personality on every one, behind the proxy.
    pub fn three(each: usize, personality: &str) -> Setup {
        Setup {
            nodes: 3,
            modems: vec![vec![personality.to_owned(); each]; 3],
            shared: Vec::new(),
            is_proxied: true,
            extra: String::new(),
            environment: Vec::new(),
            data: None,
        }
    }

    /// The name of node number `node`.
    pub fn name(node: usize) -> String {
        format!("gw-{}", char::from(b'a' + node as u8))
    }

    /// Where clients reach a node.
    pub fn api(addresses: &Addresses, node: usize) -> SocketAddr {
        addresses.at(node as u8 + 1, API)
    }

    /// Where a node listens for the others.
    pub fn peer(addresses: &Addresses, node: usize) -> SocketAddr {
        addresses.at(node as u8 + 1, PEER)
    }

    /// Where the others are told to reach a node.
    pub fn advertised(&self, addresses: &Addresses, node: usize) -> SocketAddr {
        if self.is_proxied {
            addresses.at(ADVERTISED + node as u8, PEER)
        } else {
            Setup::peer(addresses, node)
        }
    }

    /// Where node number `node` keeps its data.
    pub fn data_dir(&self, dir: &Path, node: usize) -> PathBuf {
        match &self.data {
            Some(data) => data[node].clone(),
            None => dir.join(Setup::name(node)).join("data"),
        }
    }

    /// The configuration of node number `node` with modems on `ports`: names and port settings.
    pub(super) fn config(
        &self,
        addresses: &Addresses,
        dir: &Path,
        node: usize,
        ports: &[(String, String)],
    ) -> String {
        let member = |node| {
            let (name, peer, api) =
                (Setup::name(node), self.advertised(addresses, node), Setup::api(addresses, node));
            format!("  {{ name = \"{name}\", peer = \"{peer}\", api = \"{api}\" }},\n")
        };
        let members: String = (0..self.nodes).map(member).collect();
        let mut config = format!(
            "{}\n[node]\nname = \"{}\"\ndata_dir = \"{}\"\n\n[listen]\napi = \"{}\"\npeer = \"{}\"\n\n\
             [cluster]\nname = \"under-test\"\nmembers = [\n{members}]\n",
            self.extra,
            Setup::name(node),
            self.data_dir(dir, node).display(),
            Setup::api(addresses, node),
            Setup::peer(addresses, node),
        );
        for (name, port) in ports {
            // A late answer of these simulators is at most a second late.
            config.push_str(&format!("\n[modems.{name}]\nport = \"{port}\"\nquiet_time = \"1s\"\n"));
        }
        config
    }
}
