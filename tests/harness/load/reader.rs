//! One client that reads: linearizable, stale, and its own writes at another node.

use std::sync::Arc;
use std::time::Duration;

use smsgrid_proto::v1;
use smsgrid_proto::v1::message_service_client::MessageServiceClient;
use tonic::{Code, Request, Status};
use tonic_types::StatusExt;

use super::{ANSWER, Shared, state_of};
use crate::chance::Chance;
use crate::cluster::ask;
use crate::history::{Level, Read, Revision};

/// Rest between two reads.
const PACE: Duration = Duration::from_millis(10);

/// Reads until the end.
pub(super) async fn run(shared: Arc<Shared>, mut chance: Chance) {
    while !shared.is_ending() {
        if let Some((id, revision)) = shared.known(&mut chance) {
            read(&shared, &id, &revision, &mut chance).await;
        }
        shared.rest(PACE).await;
    }
}

async fn read(shared: &Shared, id: &str, revision: &str, chance: &mut Chance) {
    let (level, asked) = match chance.below(4) {
        0 => (Level::Stale(None), ask::stale()),
        1 => (Level::Stale(Some(Revision(revision.to_owned()))), ask::since(revision)),
        _ => (Level::Linear, ask::linear()),
    };
    let node = chance.below(shared.channels.len());
    let mut client = MessageServiceClient::new(shared.channels[node].clone());
    let request = v1::GetMessageRequest { id: id.to_owned(), read: asked };
    let invoked = shared.now();
    let answer = tokio::time::timeout(ANSWER, client.get(Request::new(request))).await;
    let seen = match answer {
        Ok(Ok(response)) => seen(&response.into_inner()),
        Ok(Err(status)) => missing(&status),
        Err(_) => None,
    };
    // A read that failed says nothing.
    if let Some((revision, state)) = seen {
        let (id, returned) = (id.to_owned(), shared.now());
        shared.record_read(Read { id, node, level, invoked, returned, revision, state });
    }
}

type Seen = Option<(Revision, Option<smsgrid::model::MessageState>)>;

fn seen(response: &v1::GetMessageResponse) -> Seen {
    let (message, freshness) = (response.message.as_ref()?, response.freshness.as_ref()?);
    Some((Revision(freshness.revision.clone()), Some(state_of(message.state)?)))
}

/// A node that says it knows no such message; where it says at which revision, that counts.
fn missing(status: &Status) -> Seen {
    if status.code() != Code::NotFound {
        return None;
    }
    let info = status.get_details_error_info()?;
    let revision = info.metadata.get("revision")?;
    Some((Revision(revision.clone()), None))
}
