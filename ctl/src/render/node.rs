//! Nodes and members, and the cluster as its log sees it.

use std::time::Duration;

use smsgrid_proto::Role;

use super::sheet::{Cell, Column, Sheet};
use super::status::headline;
use super::style::Style;
use super::words::{age, tame};
use crate::view::{Membership, Node, Status};

/// Nodes as a list.
pub(crate) fn node_sheet(nodes: &[Node]) -> Sheet {
    let columns = [
        Column::new("node"),
        Column::new("role"),
        Column::new("state"),
        Column::number("lag"),
        Column::new("modems"),
        Column::new("contact"),
        Column::new("uptime"),
        Column::wide("version"),
        Column::wide("id"),
        Column::wide("start"),
        Column::wide("api"),
        Column::wide("peer"),
    ];
    let mut sheet = Sheet::new("nodes", &columns);
    for node in nodes {
        let cells = vec![
            Cell::new(&node.name),
            Cell::new(node.role).role(if node.role == "leader" { Role::Info } else { Role::Muted }),
            Cell::new(node.state).role(state_role(node.state)),
            Cell::maybe(node.lag),
            Cell::maybe(Some(node.modems.join(" "))),
            span(node.last_contact),
            span(node.uptime),
            Cell::maybe(Some(&node.version)),
            Cell::new(node.id.to_string()),
            Cell::new(node.start.to_string()),
            Cell::maybe(Some(&node.api)),
            Cell::maybe(Some(&node.peer)),
        ];
        sheet.push(&node.name, cells, node.json());
    }
    sheet
}

/// A span, in seconds for programs.
pub(super) fn span(span: Option<Duration>) -> Cell {
    Cell::maybe(span.map(age)).plain(span.map(|span| span.as_secs_f64().to_string()).unwrap_or_default())
}

/// What a state of a node says.
pub(super) fn state_role(state: &str) -> Role {
    match state {
        "ready" => Role::Ok,
        "lost" => Role::Bad,
        "starting" | "draining" => Role::Info,
        _ => Role::Uncertain,
    }
}

/// All of one node on a page.
pub(crate) fn node_card(node: &Node, style: Style) -> String {
    let state = style.paint(state_role(node.state), node.state);
    let mut lines = vec![format!("{}  {}  {state}", style.bold(&tame(&node.name)), node.role)];
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            lines.push(format!("  {name:<9} {}", tame(&value)));
        }
    };
    fact("id", node.id.to_string());
    fact("api", node.api.clone());
    fact("peer", node.peer.clone());
    fact("version", node.version.clone());
    fact("started", if node.start == 0 { String::new() } else { format!("{} times", node.start) });
    fact("running", node.uptime.map(age).unwrap_or_default());
    fact("lag", node.lag.map(|lag| format!("{lag} entries")).unwrap_or_default());
    fact("contact", node.last_contact.map(|contact| format!("{} ago", age(contact))).unwrap_or_default());
    fact("modems", node.modems.join(", "));
    lines.join("\n")
}

/// Members as a list.
pub(crate) fn member_sheet(membership: &Membership) -> Sheet {
    let columns = [
        Column::number("id"),
        Column::new("name"),
        Column::new("role"),
        Column::new("votes"),
        Column::number("matched"),
        Column::new("contact"),
        Column::new("peer"),
        Column::new("api"),
    ];
    let mut sheet = Sheet::new("members", &columns);
    for member in &membership.members {
        let cells = vec![
            Cell::new(member.id.to_string()),
            Cell::new(&member.name),
            Cell::new(member.role).role(if member.role == "leader" { Role::Info } else { Role::Muted }),
            Cell::new(if member.voter { "yes" } else { "no" }),
            Cell::maybe(member.matched),
            span(member.last_contact),
            Cell::maybe(Some(&member.peer)),
            Cell::maybe(Some(&member.api)),
        ];
        sheet.push(&member.name, cells, member.json());
    }
    sheet
}

/// The cluster as its log sees it.
pub(crate) fn cluster_card(status: &Status, style: Style) -> String {
    let log = status.consensus;
    let behind: Vec<String> = status
        .nodes
        .iter()
        .filter_map(|node| {
            node.lag.filter(|lag| *lag > 0).map(|lag| format!("{} {lag} behind", tame(&node.name)))
        })
        .collect();
    let mut lines = vec![headline(status, style)];
    lines.push(format!("  id        {}", tame(&status.cluster_id)));
    lines.push(format!(
        "  log       committed {}, applied {}, last {} on {}",
        log.committed,
        log.applied,
        log.last_log,
        tame(&status.freshness.node)
    ));
    lines.push(format!("  snapshot  up to {}, log kept from {}", log.snapshot, log.purged.saturating_add(1)));
    if !behind.is_empty() {
        lines.push(format!("  lag       {}", behind.join(", ")));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::sheet::table;
    use super::super::style::fixed::plain;
    use super::*;
    use crate::view::Member;

    #[test]
    fn nodes_are_a_list_and_what_is_not_known_is_a_dash() {
        let known = Node {
            name: "gw-a".into(),
            role: "leader",
            state: "ready",
            lag: Some(0),
            modems: vec!["GSM1".into(), "GSM2".into()],
            uptime: Some(Duration::from_secs(1_036_800)),
            ..Node::default()
        };
        let lost = Node { name: "gw-b".into(), role: "follower", state: "lost", ..Node::default() };
        let sheet = node_sheet(&[known, lost]);

        assert_eq!(
            table(&sheet, &sheet.usual(false), plain()),
            "NODE  ROLE      STATE  LAG  MODEMS     CONTACT  UPTIME\n\
             gw-a  leader    ready    0  GSM1 GSM2  -        12 d\n\
             gw-b  follower  lost     -  -          -        -"
        );
    }

    #[test]
    fn members_are_told_with_what_they_hold() {
        let member = Member {
            name: "gw-a".into(),
            id: 1,
            peer: "h:7171".into(),
            voter: true,
            role: "leader",
            matched: Some(17),
            last_contact: Some(Duration::from_millis(100)),
            ..Member::default()
        };
        let sheet = member_sheet(&Membership { members: vec![member], ..Membership::default() });

        assert_eq!(
            table(&sheet, &sheet.usual(false), plain()),
            "ID  NAME  ROLE    VOTES  MATCHED  CONTACT  PEER    API\n\
             \x201  gw-a  leader  yes         17  0.1 s    h:7171  -"
        );
    }
}
