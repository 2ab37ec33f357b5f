//! `smsctl node`: the nodes of the cluster.

use smsgrid_proto::Exit;

use super::cluster::say_if_stale;
use super::modem::one_of;
use crate::args::NodeCommand;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::render::{node_card, node_sheet};
use crate::view::Node;

/// Carries out a command about nodes.
pub(crate) async fn run(command: &NodeCommand, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let (nodes, freshness) = desk.client()?.nodes().await?;
    match command {
        NodeCommand::List => desk.list(&node_sheet(&nodes))?,
        NodeCommand::Show { names } => show(names, &nodes, desk)?,
    }
    say_if_stale(&freshness, desk);
    Ok(Exit::Done)
}

fn show(names: &[String], nodes: &[Node], desk: &mut Desk<'_>) -> Result<(), Failure> {
    let known: Vec<&str> = nodes.iter().map(|node| node.name.as_str()).collect();
    let mut chosen = Vec::new();
    for name in names {
        let name = one_of("node", name, &known)?;
        chosen.extend(nodes.iter().find(|node| node.name == name).cloned());
    }
    let pages: Vec<String> = chosen.iter().map(|node| node_card(node, desk.style)).collect();
    desk.pages(&pages, &node_sheet(&chosen))
}
