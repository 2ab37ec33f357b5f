//! The nodes of a demo before they run: names, ports, configuration files.
//!
//! The ports are those of the documentation (7170 and up) as far as they are free, others where they are not or where
//! nobody wants a certain one. They are bound before the files are written, because every file names the ports of all; a
//! file that is there already, in a folder that was kept, is what counts.

use std::fs;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use smsgrid_proto::Problem;
use tokio::net::TcpListener;

use super::places::Places;
use crate::config::Config;
use crate::node::Listeners;

/// The first port of the first node where nobody says another; each node has this one for clients and the next for
/// nodes.
pub(super) const PORT: u16 = 7170;
/// Ports below those that Linux gives to outgoing connections, and how many pairs of them are tried.
const FREE: std::ops::Range<u16> = 20_000..32_000;
const TRIES: u32 = 200;
/// The tempers of the modems, in turn.
const TEMPERS: [&str; 4] = ["fast", "steady", "normal", "flaky"];
/// Names of the nodes end with these letters.
const LETTERS: &str = "abcdefghi";

/// A node that may run here.
pub(super) struct Site {
    /// Its configuration file.
    pub(super) file: PathBuf,
    pub(super) config: Config,
    /// Bound for its first start.
    pub(super) listeners: Listeners,
}

/// A site that has its ports and not yet its file.
struct Ground {
    name: String,
    api: TcpListener,
    peer: TcpListener,
}

/// The temper of the modem with this number, from 1.
pub(super) fn temper(number: usize) -> &'static str {
    TEMPERS.iter().cycle().nth(number.saturating_sub(1)).copied().unwrap_or("fast")
}

/// The sites of `nodes` nodes with `modems` modems each, from `port` on, or those that are there already.
pub(super) async fn prepare(
    places: &Places,
    nodes: u8,
    modems: u8,
    port: u16,
) -> io::Result<Result<Vec<Site>, Vec<Problem>>> {
    let names: Vec<String> = LETTERS.chars().map(|letter| format!("gw-{letter}")).collect();
    let kept: Vec<&String> = names.iter().take_while(|name| places.config(name).exists()).collect();
    if kept.is_empty() {
        let mut grounds = Vec::new();
        for (name, offset) in names.into_iter().take(nodes.into()).zip((0..).step_by(2)) {
            let (api, peer) = pair(port.checked_add(offset).filter(|_| port != 0)).await?;
            grounds.push(Ground { name, api, peer });
        }
        return settle(places, grounds, modems);
    }
    let mut sites = Vec::new();
    for name in kept {
        let file = places.config(name);
        match Config::load(&file) {
            Ok(config) => sites.push(Site { file, config, listeners: Listeners::default() }),
            Err(problems) => return Ok(Err(problems)),
        }
    }
    Ok(Ok(sites))
}

/// This port and the next, or two that are free: those that no connection from this host gets by itself, since a demo
/// that is kept wants them again.
async fn pair(port: Option<u16>) -> io::Result<(TcpListener, TcpListener)> {
    let bind = async |port: u16| TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], port))).await;
    let both = async |port: u16| Some((bind(port).await.ok()?, bind(port.checked_add(1)?).await.ok()?));
    let count = u32::from((FREE.end - FREE.start) / 2);
    let first = std::process::id() % count;
    let free = (first..first + TRIES).filter_map(|at| u16::try_from(at % count * 2).ok());
    for port in port.into_iter().chain(free.map(|offset| FREE.start + offset)) {
        if let Some(pair) = both(port).await {
            return Ok(pair);
        }
    }
    Ok((bind(0).await?, bind(0).await?))
}

/// Writes the files.
fn settle(places: &Places, grounds: Vec<Ground>, modems: u8) -> io::Result<Result<Vec<Site>, Vec<Problem>>> {
    let members = members(&grounds)?;
    let mut sites = Vec::new();
    let mut number = 0;
    for ground in grounds {
        let numbers = (number + 1)..=(number + usize::from(modems));
        number += usize::from(modems);
        let text = text(places, &ground, &members, numbers)?;
        let file = places.config(&ground.name);
        fs::create_dir_all(places.node(&ground.name))?;
        fs::write(&file, &text)?;
        match Config::parse(&file.display().to_string(), &text) {
            Ok(config) => {
                let listeners = Listeners { api: Some(ground.api), peer: Some(ground.peer) };
                sites.push(Site { file, config, listeners });
            }
            Err(problems) => return Ok(Err(problems)),
        }
    }
    Ok(Ok(sites))
}

/// `[cluster]`, equal in every file; nothing for one node.
fn members(grounds: &[Ground]) -> io::Result<String> {
    if grounds.len() == 1 {
        return Ok(String::new());
    }
    let mut text = "\n[cluster]\nname = \"demo\"\nmembers = [\n".to_owned();
    for ground in grounds {
        let (api, peer) = (ground.api.local_addr()?, ground.peer.local_addr()?);
        text.push_str(&format!("  {{ name = \"{}\", peer = \"{peer}\", api = \"{api}\" }},\n", ground.name));
    }
    text.push_str("]\n");
    Ok(text)
}

fn text(
    places: &Places,
    ground: &Ground,
    members: &str,
    modems: std::ops::RangeInclusive<usize>,
) -> io::Result<String> {
    let folder = places.node(&ground.name);
    let (data, spool) = (quoted(&folder.join("data")), quoted(&folder.join("spool")));
    let (api, peer) = (ground.api.local_addr()?, ground.peer.local_addr()?);
    let mut text = format!(
        "[node]\nname = \"{}\"\ndata_dir = {data}\n\n[listen]\napi = \"{api}\"\npeer = \"{peer}\"\n{members}\n\
         [spool]\ndir = {spool}\n",
        ground.name
    );
    for number in modems {
        let device = quoted(&places.modems().join(format!("GSM{number}")));
        text.push_str(&format!("\n# simulated, {}\n[modems.GSM{number}]\nport = {device}\n", temper(number)));
    }
    Ok(text)
}

/// A path as a TOML string: what Rust escapes TOML reads back.
fn quoted(path: &Path) -> String {
    format!("{:?}", path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn prepared(folder: &Path, nodes: u8) -> Vec<Site> {
        let places = Places::make(Some(folder)).expect("a folder");
        prepare(&places, nodes, 2, 0).await.expect("ports").unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    #[tokio::test]
    async fn every_node_has_its_own_ports_folders_and_modems() {
        let folder = tempfile::tempdir().expect("a folder");

        let sites = prepared(folder.path(), 3).await;

        let names: Vec<String> =
            sites.iter().flat_map(|site| site.config.modems.keys()).map(ToString::to_string).collect();
        assert_eq!(names, ["GSM1", "GSM2", "GSM3", "GSM4", "GSM5", "GSM6"]);
        let members = sites[0].config.cluster.as_ref().expect("a cluster").members.len();
        assert_eq!(members, 3);
        for site in &sites {
            let api = site.listeners.api.as_ref().and_then(|api| api.local_addr().ok()).expect("bound");
            assert!(FREE.contains(&api.port()), "{api} may be gone before a kept demo wants it again");
        }
        for (site, other) in sites.iter().zip(sites.iter().skip(1)) {
            assert_ne!(site.config.listen, other.config.listen);
            assert_ne!(site.config.node.data_dir, other.config.node.data_dir);
            assert_eq!(site.config.cluster, other.config.cluster);
        }
    }

    #[tokio::test]
    async fn a_folder_that_was_kept_is_gone_on_with() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = prepared(folder.path(), 2).await;

        let second = prepared(folder.path(), 3).await;

        let listen = |sites: &[Site]| sites.iter().map(|site| site.config.listen.clone()).collect::<Vec<_>>();
        assert_eq!(listen(&first), listen(&second), "what is there counts");
        assert!(second.iter().all(|site| site.listeners.api.is_none()));
    }

    #[test]
    fn tempers_take_turns() {
        let first: Vec<&str> = (1..=6).map(temper).collect();

        assert_eq!(first, ["fast", "steady", "normal", "flaky", "fast", "steady"]);
    }
}
