//! What a node shows: the API, and the history behind it.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use smsgrid::model::MessageId;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::StartError;
use super::open::Opened;
use crate::api::{self, Context, Metrics};
use crate::clock::Clock;
use crate::config::Config;
use crate::history::{self, History, Members};
use crate::machine::Consensus;
use crate::modem::Board;
use crate::peer::{self, Client};
use crate::store::{Row, Source, SourceError, Store};
use crate::submit::Submitter;
use crate::tasks::Tasks;

/// How long another node may take for a page of its history.
const PAGE_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(10);

/// Opens the store and starts its task.
pub(super) async fn start_store(
    config: &Config,
    opened: &Opened,
    tasks: &Tasks,
) -> Result<Store, StartError> {
    let (directory, owner, view) = (config.node.data_dir.join("store"), opened.owner, opened.view.clone());
    let store = super::open::blocking(move || Ok(Store::open(&directory, owner, view)?)).await?;
    let source = opened.founded.client.clone().map(|client| {
        let source: Arc<dyn Source> =
            Arc::new(Others { client, consensus: opened.consensus.clone(), own: opened.identity.node });
        source
    });
    let running = store.clone();
    tasks.spawn("store", |cancel| async move {
        running.run(source, cancel).await;
        Ok(())
    });
    Ok(store)
}

/// Serves the API on `listener` until `tasks` end.
pub(super) fn start_api(
    (config, submitter): (&Config, Submitter),
    opened: &Opened,
    listener: TcpListener,
    store: Store,
    (board, metrics, draining, clock): (Board, Metrics, CancellationToken, Clock),
    tasks: &Tasks,
) {
    let context = Context {
        node: opened.identity.node,
        name: config.node.name.clone(),
        cluster: opened.founded.cluster_name.clone(),
        cluster_id: opened.identity.phase.cluster().map(|cluster| cluster.to_string()).unwrap_or_default(),
        view: opened.view.clone(),
        proposer: opened.proposer.clone(),
        submitter,
        consensus: opened.consensus.clone(),
        history: History::new(store.clone(), others(opened)),
        store,
        started: clock.utc(),
        clock,
        modems: Arc::new(board),
        draining,
        metrics,
    };
    tasks.spawn("api", |cancel| async move { Ok(Box::pin(api::serve(listener, context, cancel)).await?) });
}

/// Who is asked while the own history is incomplete; nobody when the node is alone.
fn others(opened: &Opened) -> Option<Arc<dyn history::Others>> {
    let client = opened.founded.client.clone()?;
    Some(Arc::new(Members::new(client, opened.consensus.clone(), opened.identity.node)))
}

/// Other nodes, as the source of rows this node has lost.
struct Others {
    client: Client,
    consensus: Consensus,
    own: smsgrid::model::NodeId,
}

impl Source for Others {
    fn page(&self, after: Option<MessageId>, limit: usize) -> BoxFuture<'_, Result<Vec<Row>, SourceError>> {
        async move {
            let limit = u32::try_from(limit).unwrap_or(u32::MAX);
            let mut why = "there is no other node".to_owned();
            for (node, member) in self.consensus.members().into_iter().filter(|(node, _)| *node != self.own) {
                match self.client.history(node, &member, after, limit, PAGE_TIMEOUT).await {
                    Ok(page) => match rows(&page) {
                        Ok(rows) => return Ok(rows),
                        Err(broken) => why = format!("{}: {broken}", member.name),
                    },
                    Err(failure) => why = format!("{}: {failure}", member.name),
                }
            }
            Err(SourceError { why })
        }
        .boxed()
    }
}

fn rows(page: &peer::HistoryPage) -> Result<Vec<Row>, crate::store::RowError> {
    page.rows.iter().map(|octets| Row::decode(octets)).collect()
}
