//! `smsctl status`: is it working, what needs me, what do I type next.

use std::time::Duration;

use smsgrid_proto::Role;

use super::node::state_role;
use super::sheet::{Cell, Column, Sheet, table};
use super::style::Style;
use super::words::{age, count, tame};
use crate::view::{Modem, ModemState, Need, Node, Status, Verdict};

/// The whole screen.
pub(crate) fn status_screen(status: &Status, style: Style) -> String {
    let mut lines = vec![headline(status, style), queue(status), modems(status), String::new()];
    let nodes = nodes(status);
    lines.push(table(&nodes, &nodes.usual(false), style));
    if !status.needs.is_empty() {
        lines.push(String::new());
        lines.push(style.bold("Needs you"));
        lines.extend(needs(&status.needs, style));
    }
    if status.freshness.stale {
        lines.push(String::new());
        lines.push(style.paint(Role::Warn, &stale(status)));
    }
    lines.join("\n")
}

/// One line: the letters of the modems, node by node.
pub(crate) fn status_line(status: &Status, style: Style) -> String {
    let node = |node: &Node| format!("{} {}", tame(&node.name), letters(status, node));
    status.nodes.iter().map(node).collect::<Vec<_>>().join(style.pick(" · ", " | "))
}

/// The verdict in one sentence.
pub(super) fn headline(status: &Status, style: Style) -> String {
    let name = if status.cluster.is_empty() { "cluster".to_owned() } else { tame(&status.cluster) };
    let mark = style.pick("●", "*");
    let verdict = style.paint(status.verdict.role(), &format!("{mark} {}", status.verdict.word()));
    let ready = status.nodes.iter().filter(|node| node.state == "ready").count();
    let spare = match status.verdict {
        Verdict::NoQuorum => "takes no messages".to_owned(),
        Verdict::Unknown if status.can_lose < 0 => "cannot tell".to_owned(),
        Verdict::Healthy | Verdict::Degraded | Verdict::Unknown => {
            format!("can lose {} more", status.can_lose.max(0))
        }
    };
    let leader = if status.leader.is_empty() {
        "no leader".to_owned()
    } else {
        format!("leader {}", tame(&status.leader))
    };
    let term = status.consensus.term;
    let total = status.nodes.len();
    format!(
        "{}   {verdict}   {ready} of {}, {spare}   {leader}, term {term}{}",
        style.bold(&name),
        count(total, "node"),
        versions(status)
    )
}

/// The version everywhere, or that there are several.
fn versions(status: &Status) -> String {
    let mut known: Vec<&str> =
        status.nodes.iter().map(|node| node.version.as_str()).filter(|version| !version.is_empty()).collect();
    known.sort_unstable();
    known.dedup();
    match known.as_slice() {
        [] if status.version.is_empty() => String::new(),
        [] => format!(", {}", tame(&status.version)),
        [one] => format!(", {}", tame(one)),
        several => format!(", versions {}", tame(&several.join(" and "))),
    }
}

fn queue(status: &Status) -> String {
    let queue = status.queue;
    let mut facts = Vec::new();
    let waiting = queue.queued + queue.claimed;
    let oldest = if queue.oldest_seconds > 0 {
        format!(", oldest {}", age(Duration::from_secs(queue.oldest_seconds)))
    } else {
        String::new()
    };
    facts.push(format!("{waiting} waiting{oldest}"));
    facts.push(format!("{} sending", queue.sending));
    if queue.scheduled > 0 {
        facts.push(format!("{} scheduled", queue.scheduled));
    }
    facts.push(format!("{} uncertain", queue.uncertain));
    facts.push(match queue.failed {
        1 => "1 dead letter".to_owned(),
        failed => format!("{failed} dead letters"),
    });
    format!("queue    {}", facts.join(", "))
}

fn modems(status: &Status) -> String {
    let able = |modem: &&Modem| {
        matches!(modem.state, ModemState::Idle | ModemState::Sending | ModemState::Receiving)
    };
    let mut facts = vec![format!("{} ready", status.modems.iter().filter(able).count())];
    for state in [
        ModemState::Starting,
        ModemState::Blocked,
        ModemState::Draining,
        ModemState::Pin,
        ModemState::NoNetwork,
        ModemState::Unplugged,
        ModemState::Trouble,
        ModemState::NotConfigured,
        ModemState::Unknown,
    ] {
        let there = status.modems.iter().filter(|modem| modem.state == state).count();
        if there > 0 {
            facts.push(format!("{there} {}", state.word()));
        }
    }
    format!("modems   {}", facts.join(", "))
}

fn nodes(status: &Status) -> Sheet {
    let columns = [
        Column::new("node"),
        Column::new("role"),
        Column::new("state"),
        Column::number("lag"),
        Column::new("modems"),
        Column::new("uptime"),
    ];
    let mut sheet = Sheet::new("nodes", &columns);
    for node in &status.nodes {
        let cells = vec![
            Cell::new(&node.name),
            Cell::new(node.role),
            Cell::new(node.state).role(state_role(node.state)),
            Cell::maybe(node.lag),
            Cell::new(letters(status, node)),
            super::node::span(node.uptime),
        ];
        sheet.push(&node.name, cells, node.json());
    }
    sheet
}

/// One letter for each modem of a node, in order of the names.
fn letters(status: &Status, node: &Node) -> String {
    let mut modems: Vec<&Modem> = status.modems.iter().filter(|modem| modem.node == node.name).collect();
    modems.sort_by_key(|modem| &modem.name);
    if modems.is_empty() {
        return "-".to_owned();
    }
    modems.iter().map(|modem| modem.state.letter()).collect()
}

fn needs(needs: &[Need], style: Style) -> Vec<String> {
    let width = needs.iter().map(|need| need.what.chars().count()).max().unwrap_or_default();
    let line = |need: &Need| {
        let (sign, role) = if need.problem { ("x", Role::Bad) } else { ("!", Role::Warn) };
        let what = format!("{:<width$}", tame(&need.what));
        format!("  {} {what}   {}", style.paint(role, sign), tame(&need.command)).trim_end().to_owned()
    };
    needs.iter().map(line).collect()
}

fn stale(status: &Status) -> String {
    let node = tame(&status.freshness.node);
    match status.freshness.age {
        Some(span) => {
            format!("As {node} knew it {} ago: a majority was not asked or did not answer.", age(span))
        }
        None => format!("As {node} knows it; how old that is, nobody can say: a majority did not answer."),
    }
}

#[cfg(test)]
mod tests {
    use super::super::style::fixed::{plain, rich};
    use super::*;
    use crate::view::{Consensus, Freshness, QueueCounts};

    fn modem(name: &str, node: &str, state: ModemState) -> Modem {
        Modem { name: name.into(), node: node.into(), state, ..Modem::default() }
    }

    fn status() -> Status {
        let node =
            |name: &str, role, state, lag| Node { name: name.into(), role, state, lag, ..Node::default() };
        Status {
            verdict: Verdict::Healthy,
            leader: "gw-b".into(),
            can_lose: 1,
            nodes: vec![
                node("gw-a", "follower", "ready", Some(0)),
                node("gw-b", "leader", "ready", None),
                node("gw-c", "follower", "draining", Some(2)),
            ],
            modems: vec![
                modem("GSM2", "gw-a", ModemState::Sending),
                modem("GSM1", "gw-a", ModemState::Idle),
                modem("GSM6", "gw-b", ModemState::Blocked),
            ],
            queue: QueueCounts {
                queued: 12,
                oldest_seconds: 4,
                sending: 3,
                uncertain: 1,
                ..QueueCounts::default()
            },
            needs: vec![
                Need {
                    what: "1 message uncertain since 09:12".into(),
                    command: "smsctl uncertain list".into(),
                    ..Need::default()
                },
                Need {
                    what: "GSM6 blocked".into(),
                    command: "smsctl modem show GSM6".into(),
                    problem: true,
                    ..Need::default()
                },
            ],
            cluster: "prod-sms".into(),
            consensus: Consensus { term: 14, ..Consensus::default() },
            version: "0.4.1".into(),
            ..Status::default()
        }
    }

    #[test]
    fn the_screen_says_whether_it_works_what_needs_me_and_what_to_type() {
        assert_eq!(
            status_screen(&status(), plain()),
            "prod-sms   * healthy   2 of 3 nodes, can lose 1 more   leader gw-b, term 14, 0.4.1\n\
             queue    12 waiting, oldest 4.0 s, 3 sending, 1 uncertain, 0 dead letters\n\
             modems   2 ready, 1 blocked\n\
             \n\
             NODE  ROLE      STATE     LAG  MODEMS  UPTIME\n\
             gw-a  follower  ready       0  is      -\n\
             gw-b  leader    ready       -  b       -\n\
             gw-c  follower  draining    2  -       -\n\
             \n\
             Needs you\n\
             \x20 ! 1 message uncertain since 09:12   smsctl uncertain list\n\
             \x20 x GSM6 blocked                      smsctl modem show GSM6"
        );
    }

    #[test]
    fn a_cluster_without_majority_says_so_and_how_old_the_picture_is() {
        let status = Status {
            verdict: Verdict::NoQuorum,
            leader: String::new(),
            can_lose: -1,
            freshness: Freshness { stale: true, node: "gw-a".into(), age: None, ..Freshness::default() },
            ..status()
        };

        let screen = status_screen(&status, plain());

        assert!(
            screen.starts_with("prod-sms   * no-quorum   2 of 3 nodes, takes no messages   no leader,"),
            "{screen}"
        );
        assert!(screen.ends_with("a majority did not answer."), "{screen}");
    }

    #[test]
    fn one_line_has_a_letter_for_each_modem() {
        assert_eq!(status_line(&status(), plain()), "gw-a is | gw-b b | gw-c -");
        assert_eq!(status_line(&status(), rich()), "gw-a is · gw-b b · gw-c -");
    }
}
