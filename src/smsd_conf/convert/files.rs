//! Settings of `[files]`: what a file means. Some of them smsd has for each modem; a node reads all its files alike, so
//! that these are converted when the modems that send agree.

use std::collections::BTreeMap;

use super::made::{Made, Ours, absolute, quoted, quoted_list};
use super::modem;
use crate::sms_file;
use crate::smsd_conf::fault::Faults;
use crate::smsd_conf::key::{Becomes, Form, OfFiles, Place, Target};
use crate::smsd_conf::layers::{Modem, Setting};
use crate::smsd_conf::{table, value};

/// smsd's `send_retries` where it is not set.
const RETRIES: &str = "2";
/// Most repetitions that can be asked for.
const RETRIES_MAX: i64 = 254;

/// What the modems that send say alike, by the name of the setting; none where they differ.
pub(super) struct Agreed(BTreeMap<&'static str, Option<String>>);

impl Agreed {
    /// Looks at every setting of modems that is one of a node here.
    pub(super) fn read(modems: &[Modem<'_>]) -> Agreed {
        let senders: Vec<&Modem<'_>> =
            modems.iter().filter(|modem| modem::left_out(modem).is_none()).collect();
        let shared = table::keys(Place::Modem).into_iter().filter_map(|key| {
            let own = own(key.becomes)?;
            let said = |modem: &&Modem<'_>| {
                let text = modem.get(key.slot()).map_or(own, |setting| setting.value);
                written(key.becomes, text)
            };
            let mut all = senders.iter().map(said);
            let first = all.next().unwrap_or_default();
            Some((key.name, all.all(|other| other == first).then_some(first)))
        });
        Agreed(shared.collect())
    }

    fn is_agreed(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(Option::is_some)
    }
}

/// What becomes of a setting of `[files]` that stands before the first section.
pub(super) fn made(of: &OfFiles, text: &str) -> Made {
    if of.form == Form::Time
        && !text.is_empty()
        && let Err(why) = sms_file::TimeFormat::new(text)
    {
        return Made::unsupported(format!("{why}: times are written as smsd does by default"));
    }
    let value = toml_value(of, text);
    if value == toml_value(of, of.own) || of.form == Form::Time && text.is_empty() {
        return Made::unnecessary("smsnode does so anyway");
    }
    match dead(of, text) {
        dead if dead.is_empty() => Made::converted(of.key, value),
        dead => {
            let how = format!("no number of smsd begins with {}, left out", dead.join(", "));
            Made::changed(how, vec![Ours { key: of.key, value }])
        }
    }
}

/// What becomes of one that a modem has.
pub(super) fn made_of_modem(of: &OfFiles, setting: &Setting<'_>, agreed: &Agreed) -> Made {
    if agreed.is_agreed(setting.key.name) {
        return made(of, setting.value);
    }
    Made::unsupported(format!(
        "the modems differ in it, and files are read before one is chosen: {} counts",
        of.own
    ))
}

/// What becomes of `send_retries`.
pub(super) fn retries(setting: &Setting<'_>, agreed: &Agreed) -> Made {
    if !agreed.is_agreed(setting.key.name) {
        return Made::unsupported(
            "the modems differ in it, and a message may leave by any: it is tried 5 times in all",
        );
    }
    let ours = vec![Ours { key: "retries", value: retries_value(setting.value) }];
    Made::changed("each time later and by any modem; `Retries:` counts", ours)
}

/// Refuses a language that smsd does not start with.
pub(super) fn check(setting: &Setting<'_>, faults: &mut Faults) {
    if let Becomes::Setting(Target::Files(OfFiles { form: Form::Language, .. })) = setting.key.becomes
        && sms_file::language(setting.value.as_bytes()).is_err()
    {
        let what = format!("`{}` names no language that has tables", setting.key.name);
        faults.push(Some(setting.line), what, "write its name or its number, 0 to 13");
    }
}

/// Whether it is a setting of a node, although smsd has it for each modem.
pub(super) fn is_shared(setting: &Setting<'_>) -> bool {
    own(setting.key.becomes).is_some()
}

/// smsd's own value of a setting that is one of a node here.
fn own(becomes: Becomes) -> Option<&'static str> {
    match becomes {
        Becomes::Setting(Target::Files(of)) => Some(of.own),
        Becomes::Setting(Target::Retries) => Some(RETRIES),
        Becomes::Setting(_)
        | Becomes::Unnecessary(_)
        | Becomes::Changed(_)
        | Becomes::Unsupported(_)
        | Becomes::Only(..) => None,
    }
}

fn written(becomes: Becomes, text: &str) -> String {
    match becomes {
        Becomes::Setting(Target::Files(of)) => toml_value(&of, text),
        Becomes::Setting(_)
        | Becomes::Unnecessary(_)
        | Becomes::Changed(_)
        | Becomes::Unsupported(_)
        | Becomes::Only(..) => retries_value(text),
    }
}

fn retries_value(text: &str) -> String {
    value::whole(text).clamp(0, RETRIES_MAX).to_string()
}

fn toml_value(of: &OfFiles, text: &str) -> String {
    match of.form {
        Form::Flag => (value::boolean(text) == Some(true)).to_string(),
        Form::Denied => (value::boolean(text) == Some(false)).to_string(),
        Form::Number => value::whole(text).to_string(),
        Form::Alphabet => {
            let is_utf8 = text.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("utf"));
            quoted(if is_utf8 { "utf-8" } else { "iso" })
        }
        Form::Language => match sms_file::language(text.as_bytes()) {
            Ok(Some(language)) => quoted(&language.identifier().to_string()),
            Ok(None) | Err(_) => String::new(),
        },
        Form::Prefixes => {
            let live: Vec<String> = prefixes(text).filter(|prefix| is_live(prefix)).collect();
            quoted_list(live.iter().map(String::as_str))
        }
        Form::Path if text.is_empty() => String::new(),
        Form::Path => quoted(&absolute(text)),
        Form::Time | Form::Word => quoted(text),
    }
}

/// The prefixes of a list that no number begins with.
fn dead(of: &OfFiles, text: &str) -> Vec<String> {
    match of.form {
        Form::Prefixes => prefixes(text).filter(|prefix| !is_live(prefix)).collect(),
        Form::Flag
        | Form::Denied
        | Form::Number
        | Form::Alphabet
        | Form::Language
        | Form::Path
        | Form::Time
        | Form::Word => Vec::new(),
    }
}

fn prefixes(text: &str) -> impl Iterator<Item = String> {
    value::list(text).map(|item| item.chars().filter(|c| !c.is_whitespace()).collect())
}

fn is_live(prefix: &str) -> bool {
    prefix.chars().all(|c| matches!(c, '0'..='9' | '*' | '#'))
}

#[cfg(test)]
mod tests {
    use super::super::made::Outcome;
    use super::*;

    fn of(form: Form, own: &'static str) -> OfFiles {
        OfFiles { key: "k", form, own }
    }

    #[test]
    fn a_value_is_written_as_the_node_reads_it_and_left_out_where_it_changes_nothing() {
        for (of, text, outcome, value) in [
            (of(Form::Flag, "no"), "yes", Outcome::Converted, Some("true")),
            (of(Form::Flag, "no"), "off", Outcome::Unnecessary, None),
            (of(Form::Denied, "no"), "1", Outcome::Converted, Some("false")),
            (of(Form::Number, "2"), "3", Outcome::Converted, Some("3")),
            (of(Form::Number, "2"), "02", Outcome::Unnecessary, None),
            (of(Form::Alphabet, "ISO"), "UTF8", Outcome::Converted, Some("\"utf-8\"")),
            (of(Form::Alphabet, "ISO"), "latin", Outcome::Unnecessary, None),
            (of(Form::Language, "0"), "turk", Outcome::Converted, Some("\"1\"")),
            (of(Form::Language, "0"), "basic", Outcome::Unnecessary, None),
            (
                of(Form::Time, sms_file::TIME_FORMAT_DEFAULT),
                "%d.%m.%Y",
                Outcome::Converted,
                Some("\"%d.%m.%Y\""),
            ),
            (of(Form::Time, sms_file::TIME_FORMAT_DEFAULT), "%y-%m-%d %H:%M:%S", Outcome::Unnecessary, None),
            (of(Form::Time, sms_file::TIME_FORMAT_DEFAULT), "%H %Q", Outcome::Unsupported, None),
            (of(Form::Prefixes, ""), "49, 4 3", Outcome::Converted, Some("[\"49\", \"43\"]")),
            (of(Form::Prefixes, ""), "+49, 43", Outcome::Changed, Some("[\"43\"]")),
            (of(Form::Prefixes, ""), "", Outcome::Unnecessary, None),
        ] {
            let made = made(&of, text);
            let found = made.ours.first().map(|ours| ours.value.as_str());
            assert_eq!((made.outcome, found), (outcome, value), "{text}");
        }
    }
}
