//! From a data directory to a member of a cluster: the other nodes are answered, and the cluster founded, once.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use smsgrid::model::NodeId;
use tokio::net::TcpListener;
use tracing::info;

use super::{Addresses, StartError};
use crate::cluster::{Begin, Formation, Founders};
use crate::config::Config;
use crate::identity::DataDir;
use crate::machine::Consensus;
use crate::peer::{self, Belonging, Client, Desk};
use crate::raft::{InitialiseError, Member};
use crate::tasks::Tasks;

/// The cluster of this node, as far as it is founded.
pub(super) struct Founded {
    /// The name of the cluster.
    pub(super) cluster_name: String,
    /// The way to the other members; none when there are none.
    pub(super) client: Option<Client>,
    /// Where the parts that answer the others are put.
    pub(super) desk: Desk,
    /// The members as the configuration lists them.
    pub(super) listed: BTreeMap<NodeId, Member>,
    formation: Formation,
    begin: Begin,
}

/// Who founds the cluster of `config`. A node that is alone is reached where it listens.
pub(super) fn founders(config: &Config, addresses: &Addresses) -> Founders {
    match &config.cluster {
        Some(_) => Founders::of(config),
        None => Founders::alone(&config.node.name, String::new(), addresses.api.to_string()),
    }
}

/// Answers the others on `listener` and founds the cluster with them, as long as it takes.
pub(super) async fn found(
    config: &Config,
    founders: Founders,
    data_dir: Arc<Mutex<DataDir>>,
    listener: Option<TcpListener>,
    tasks: &Tasks,
) -> Result<Founded, StartError> {
    let (members, cluster_name) = (founders.members().clone(), founders.cluster_name().to_string());
    let is_alone = members.len() == 1 && is_as_founded(&founders, &data_dir);
    let belonging = Belonging::none();
    let formation = Formation::new(founders, data_dir, belonging.clone());
    let desk = Desk::new(Arc::new(formation.clone()));
    if let Some(listener) = listener {
        let (belonging, desk) = (belonging.clone(), desk.clone());
        tasks.spawn("peers", |cancel| async move {
            Ok(peer::serve(listener, belonging, desk, cancel.cancelled_owned()).await?)
        });
    }
    let client = Client::new(belonging, local(config.listen.peer.ip()));
    let begin = formation.run(&client).await?;
    let client = (!is_alone).then_some(client);
    Ok(Founded { cluster_name, client, desk, formation, listed: members, begin })
}

/// Whether the list is the one that the cluster was founded with, or will be. A file that has lost members since is no
/// reason to call nobody.
fn is_as_founded(founders: &Founders, data_dir: &Mutex<DataDir>) -> bool {
    let data_dir = data_dir.lock().unwrap_or_else(PoisonError::into_inner);
    data_dir.identity().founders == founders.digest()
}

impl Founded {
    /// Begins the log, when it is this node's part, and notes when it is there.
    pub(super) async fn begin(&self, consensus: &Consensus, tasks: &Tasks) -> Result<(), StartError> {
        match self.begin {
            Begin::Resume if consensus.is_initialised() => return Ok(()),
            Begin::Resume => return Err(StartError::LogLost),
            Begin::Initialise if !consensus.is_initialised() => {
                match consensus.initialise(self.listed.clone()).await {
                    Ok(()) | Err(InitialiseError::Initialised) => {}
                    Err(failure @ (InitialiseError::NotAMember | InitialiseError::Failed(_))) => {
                        return Err(failure.into());
                    }
                }
            }
            Begin::Initialise | Begin::Await => {}
        }
        if consensus.is_initialised() {
            return Ok(self.formation.formed().await?);
        }
        let (formation, consensus) = (self.formation.clone(), consensus.clone());
        tasks.spawn("formation", |cancel| async move {
            cancel.run_until_cancelled(initialised(&consensus)).await;
            if !cancel.is_cancelled() {
                formation.formed().await?;
                cancel.cancelled().await;
            }
            Ok(())
        });
        Ok(())
    }
}

/// Waits until the first member has begun the log.
async fn initialised(consensus: &Consensus) {
    let mut leadership = consensus.leadership();
    while !consensus.is_initialised() {
        info!("waiting for the first member to begin the log");
        if leadership.changed().await.is_err() {
            return;
        }
    }
}

/// Calls come from the address that is listened on, where that is one.
fn local(listened: IpAddr) -> Option<IpAddr> {
    (!listened.is_unspecified()).then_some(listened)
}
