//! Which modems there are: the list `devices` with its wildcards.

use crate::model::Name;

use super::document::Entry;
use super::fault::Faults;
use super::value::{list, whole};

/// Most modems of a file, as smsd is built.
pub const MODEMS_MAX: usize = 64;
/// Longest name of a modem, in octets.
const NAME_OCTETS_MAX: usize = 31;
/// Names that mean something else to smsd.
const RESERVED: [&str; 4] = ["default", "modemname", "ALL", "communicate"];

/// The modems that `devices` names, in its order.
pub(super) fn read(entry: &Entry, faults: &mut Faults) -> Vec<Name> {
    let mut names: Vec<Name> = Vec::new();
    for item in list(entry.value.as_deref().unwrap_or_default()) {
        for written in expand(entry, item, faults) {
            match usable(&written) {
                Ok(name) if names.contains(&name) => {
                    faults.push(
                        Some(entry.line),
                        format!("modem {name} stands twice in `devices`"),
                        "name it once",
                    );
                }
                Ok(name) => names.push(name),
                Err(why) => {
                    let what = format!("`{}` cannot be the name of a modem: {why}", written.escape_debug());
                    faults.push(Some(entry.line), what, "use up to 31 letters, digits, '_', '-' or '.'");
                }
            }
        }
    }
    if names.len() > MODEMS_MAX {
        let what = format!("`devices` names {} modems, smsd knows {MODEMS_MAX}", names.len());
        faults.push(Some(entry.line), what, "share them between several files");
    }
    if names.is_empty() && faults.is_empty() {
        faults.push(Some(entry.line), "`devices` names no modem", "name at least one");
    }
    names
}

/// `PREFIX* a-b` as `PREFIXa` to `PREFIXb`; any other item as it is.
fn expand(entry: &Entry, item: &str, faults: &mut Faults) -> Vec<String> {
    let Some((prefix, range)) = item.split_once('*') else { return vec![item.to_owned()] };
    let Some((first, last)) = range.split_once('-') else { return vec![item.to_owned()] };
    let (first, last) = (whole(first), whole(last));
    let count = last.checked_sub(first).and_then(|count| usize::try_from(count).ok());
    match count {
        Some(count) if count < MODEMS_MAX => {
            (first..=last).map(|number| format!("{prefix}{number}")).collect()
        }
        Some(_) | None => {
            let what =
                format!("`{}` stands for no modem, or for more than {MODEMS_MAX}", item.escape_debug());
            faults.push(Some(entry.line), what, "write the smaller number first, as in GSM* 1-8");
            Vec::new()
        }
    }
}

fn usable(name: &str) -> Result<Name, String> {
    if RESERVED.contains(&name) {
        return Err("smsd keeps it for itself".to_owned());
    }
    if name.len() > NAME_OCTETS_MAX {
        return Err(format!("it has more than {NAME_OCTETS_MAX} octets"));
    }
    Name::new(name).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(devices: &str) -> (Vec<String>, usize) {
        let value = Some(devices.to_owned());
        let entry =
            Entry { line: 1, key: "devices".to_owned(), value, other_choices: Vec::new(), is_utf8: true };
        let mut faults = Faults::default();
        let names = read(&entry, &mut faults).iter().map(Name::to_string).collect();
        (names, faults.into_vec().len())
    }

    #[test]
    fn wildcards_and_names_are_mixed_in_order() {
        for (devices, expected) in [
            ("GSM* 1-3, X", "GSM1 GSM2 GSM3 X"),
            ("A*1-2,B* 9 - 10", "A1 A2 B9 B10"),
            ("G* 01-02", "G1 G2"),
            ("a,, b ,", "a b"),
        ] {
            let (found, faults) = names(devices);
            assert_eq!((found.join(" ").as_str(), faults), (expected, 0), "{devices}");
        }
    }

    #[test]
    fn names_smsd_does_not_start_with_are_faults() {
        let long = "a".repeat(32);
        for devices in [
            "",
            ",",
            "A B",
            "C/D",
            "default",
            "A, A",
            "C* 7",
            "G* 3-1",
            "G* 1-99999999999",
            ".a",
            long.as_str(),
        ] {
            assert_eq!(names(devices).1, 1, "{devices}");
        }
        assert_eq!(names("G* 1-64").1, 0);
        assert_eq!(names("G* 1-64, X").1, 1);
    }
}
