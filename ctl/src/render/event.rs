//! Events, one a line.

use super::message::{joined, place};
use super::sheet::{Cell, Column, Sheet};
use super::style::{Style, role};
use super::words::tame;
use crate::view::{self, Event};

/// Events as a list.
pub(crate) fn event_sheet(events: &[Event], style: Style) -> Sheet {
    let columns = [
        Column::new("time"),
        Column::new("kind"),
        Column::new("state"),
        Column::new("id"),
        Column::new("node"),
        Column::new("modem"),
        Column::new("why"),
        Column::wide("client"),
        Column::wide("revision"),
    ];
    let mut sheet = Sheet::new("events", &columns);
    for event in events {
        let state = event.state.map(|state| state.word());
        let mut stands = Cell::maybe(state);
        if event.state.is_some() {
            stands = stands.role(role(event.state));
        }
        let cells = vec![
            Cell::maybe(event.time.map(|time| style.moment(time)))
                .plain(event.time.map(view::rfc3339).unwrap_or_default()),
            Cell::new(&event.kind),
            stands,
            Cell::maybe(Some(&event.id)),
            Cell::maybe(Some(&event.node)),
            Cell::maybe(Some(&event.modem)),
            Cell::maybe(Some(&event.why)),
            Cell::maybe(Some(&event.client)),
            Cell::new(&event.revision),
        ];
        sheet.push(&event.revision, cells, event.json());
    }
    sheet
}

/// One event as it happens.
pub(crate) fn event_line(event: &Event, style: Style) -> String {
    let what = match event.state {
        Some(state) => style.paint(role(event.state), &format!("{:<19}", state.word())),
        None => format!("{:<19}", event.kind.replace('_', " ")),
    };
    let subject = joined(&tame(&event.id), &place(&event.node, &event.modem));
    let mut why = tame(&event.why);
    if event.part > 0 && !event.verdict.is_empty() {
        why = joined(&format!("part {} was {}", event.part, event.verdict), &why);
    }
    if !event.client.is_empty() {
        why = joined(&why, &format!("by {}", tame(&event.client)));
    }
    format!("{}  {what}  {}", style.maybe(event.time), joined(&subject, &why)).trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use smsgrid_proto::State;

    use super::super::style::fixed::{at, plain};
    use super::*;

    #[test]
    fn an_event_is_one_line_whatever_it_says() {
        let sent = Event {
            time: at("07:41:14"),
            kind: "message_changed".into(),
            id: "01HX8".into(),
            state: Some(State::Sent),
            node: "gw-a".into(),
            modem: "GSM3".into(),
            why: "reference 91\nline".into(),
            ..Event::default()
        };
        let lost =
            Event { time: at("07:41:15"), kind: "node_lost".into(), node: "gw-c".into(), ..Event::default() };

        assert_eq!(
            event_line(&sent, plain()),
            "09:41:14  sent                 01HX8  gw-a / GSM3  reference 91\\nline"
        );
        assert_eq!(event_line(&lost, plain()), "09:41:15  node lost            gw-c");
    }
}
