//! `smsctl cluster`: the replicated log and its members.

use smsgrid_proto::Exit;

use super::status;
use crate::args::ClusterCommand;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::render::{age, cluster_card, member_sheet, tame};
use crate::view::Freshness;

/// Carries out a command about the cluster.
pub(crate) async fn run(command: &ClusterCommand, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    match command {
        ClusterCommand::Status => status::show(cluster_card, desk).await,
        ClusterCommand::Members => {
            let (membership, freshness) = desk.client()?.members().await?;
            desk.list(&member_sheet(&membership))?;
            say_if_stale(&freshness, desk);
            Ok(Exit::Done)
        }
    }
}

/// Says where an answer is only what one node knows, though nobody asked for that.
pub(super) fn say_if_stale(freshness: &Freshness, desk: &mut Desk<'_>) {
    if freshness.stale && desk.global.read.is_none() {
        let old = freshness.age.map(|span| format!(" {} ago", age(span))).unwrap_or_default();
        let node = tame(&freshness.node);
        desk.say(&format!("No majority answered: this is what {node} knew{old}."));
    }
}
