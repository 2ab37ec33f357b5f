//! Modems: as a list and as one page.

use smsgrid_proto::Role;

use super::sheet::{Cell, Column, Sheet};
use super::style::Style;
use super::words::tame;
use crate::view::{self, Modem};

/// Modems as a list.
pub(crate) fn modem_sheet(modems: &[Modem], style: Style) -> Sheet {
    let columns = [
        Column::new("name"),
        Column::new("node"),
        Column::new("state"),
        Column::number("signal"),
        Column::new("operator"),
        Column::new("message"),
        Column::wide("since"),
        Column::wide("imei"),
        Column::wide("imsi"),
        Column::wide("tags"),
        Column::wide("why"),
    ];
    let mut sheet = Sheet::new("modems", &columns);
    for modem in modems {
        let cells = vec![
            Cell::new(&modem.name),
            Cell::maybe(Some(&modem.node)),
            Cell::new(state(modem)).plain(modem.state.word()).role(modem.state.role()),
            Cell::maybe(modem.signal.map(|signal| format!("{signal} dBm")))
                .plain(modem.signal.map(|signal| signal.to_string()).unwrap_or_default()),
            Cell::maybe(Some(&modem.operator)),
            Cell::maybe(Some(&modem.message)),
            Cell::maybe(modem.since.map(|since| style.moment(since)))
                .plain(modem.since.map(view::rfc3339).unwrap_or_default()),
            Cell::maybe(Some(&modem.imei)),
            Cell::maybe(Some(&modem.imsi)),
            Cell::maybe(Some(modem.tags.join(" "))),
            Cell::maybe(Some(&modem.why)),
        ];
        sheet.push(&modem.name, cells, modem.json());
    }
    sheet
}

fn state(modem: &Modem) -> String {
    format!("{} {}", modem.state.letter(), modem.state.word())
}

/// All of one modem on a page.
pub(crate) fn modem_card(modem: &Modem, style: Style) -> String {
    let on =
        if modem.node.is_empty() { "on no node".to_owned() } else { format!("on {}", tame(&modem.node)) };
    let state = style.paint(modem.state.role(), &state(modem));
    let mut lines = vec![format!("{}  {on}  {state}", style.bold(&tame(&modem.name)))];
    let mut fact = |name: &str, value: &str| {
        if !value.is_empty() {
            lines.push(format!("  {name:<9} {}", tame(value)));
        }
    };
    fact("since", &style.maybe(modem.since));
    fact("operator", &modem.operator);
    fact("signal", &modem.signal.map(|signal| format!("{signal} dBm")).unwrap_or_default());
    fact("message", &modem.message);
    fact("IMEI", &modem.imei);
    fact("IMSI", &modem.imsi);
    fact("tags", &modem.tags.join(", "));
    fact("why", &modem.why);
    if !modem.reason.is_empty() {
        let reason = tame(&modem.reason);
        lines.push(format!("  {}   smsctl errors {reason}", style.paint(Role::Warn, &reason)));
    }
    if modem.blocked {
        lines.push(format!("Next  smsctl modem unblock {}", tame(&modem.name)));
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::super::sheet::table;
    use super::super::style::fixed::plain;
    use super::*;
    use crate::view::ModemState;

    fn modem() -> Modem {
        Modem {
            name: "GSM6".into(),
            node: "gw-b".into(),
            state: ModemState::Blocked,
            signal: Some(-71),
            operator: "Net".into(),
            blocked: true,
            why: "blocked by a person".into(),
            ..Modem::default()
        }
    }

    #[test]
    fn modems_are_a_list_with_their_letters() {
        let sheet = modem_sheet(&[modem(), Modem { name: "GSM7".into(), ..Modem::default() }], plain());

        assert_eq!(
            table(&sheet, &sheet.usual(false), plain()),
            "NAME  NODE  STATE       SIGNAL  OPERATOR  MESSAGE\n\
             GSM6  gw-b  b blocked  -71 dBm  Net       -\n\
             GSM7  -     ? unknown        -  -         -"
        );
    }

    #[test]
    fn a_blocked_modem_says_how_to_unblock_it() {
        assert_eq!(
            modem_card(&modem(), plain()),
            "GSM6  on gw-b  b blocked\n  operator  Net\n  signal    -71 dBm\n  why       blocked by a person\n\
             Next  smsctl modem unblock GSM6"
        );
    }
}
