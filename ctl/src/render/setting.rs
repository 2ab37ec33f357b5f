//! Settings of an smsd.conf, with what became of each.

use smsgrid_proto::Role;

use super::sheet::{Cell, Column, Sheet};
use crate::view::Setting;

/// Settings as a list.
pub(crate) fn setting_sheet(settings: &[Setting]) -> Sheet {
    let columns = [
        Column::number("line"),
        Column::new("section"),
        Column::new("setting"),
        Column::wide("value"),
        Column::new("outcome"),
        Column::new("becomes"),
    ];
    let mut sheet = Sheet::new("settings", &columns);
    for setting in settings {
        let cells = vec![
            Cell::maybe(setting.line),
            Cell::maybe(Some(&setting.section)),
            Cell::new(&setting.key),
            Cell::maybe(Some(&setting.value)),
            Cell::new(setting.outcome).role(role(setting.outcome)),
            Cell::new(&setting.text),
        ];
        sheet.push(&setting.key, cells, setting.json());
    }
    sheet
}

fn role(outcome: &str) -> Role {
    match outcome {
        "converted" => Role::Ok,
        "unnecessary" => Role::Muted,
        "changed" => Role::Warn,
        _ => Role::Bad,
    }
}

#[cfg(test)]
mod tests {
    use super::super::sheet::table;
    use super::super::style::fixed::plain;
    use super::*;

    #[test]
    fn settings_are_a_list_and_what_has_no_line_or_section_is_a_dash() {
        let setting = Setting {
            line: Some(12),
            section: "GSM1".into(),
            key: "device".into(),
            value: "/dev/ttyS0".into(),
            outcome: "converted",
            text: "port of [modems] GSM1".into(),
        };
        let not_set =
            Setting { key: "sent".into(), outcome: "changed", text: "kept".into(), ..Setting::default() };
        let sheet = setting_sheet(&[setting, not_set]);

        assert_eq!(
            table(&sheet, &sheet.usual(false), plain()),
            "LINE  SECTION  SETTING  OUTCOME    BECOMES\n\
             \x20 12  GSM1     device   converted  port of [modems] GSM1\n\
             \x20  -  -        sent     changed    kept"
        );
    }
}
