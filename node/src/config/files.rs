//! `[files]`: what a message file means that does not say it itself, by the names smsd gives it.

use std::path::PathBuf;

use smsgrid::model::Language;
use smsgrid::sms_file::{self, Autosplit, Charset, MessageIds, TimeFormat, Ucs2Notice};
use smsgrid::worker::intake::KeepPdus;
use smsgrid::worker::routing::Prefix;
use toml::de::DeValue;

use super::section::Section;
use super::value::{Value, Wrong, words};

/// How the files of this node are read, and what their results tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// How they are read; report and validity stand in `[messages]`, and what the language file says is read when the
    /// configuration is.
    pub settings: sms_file::Settings,
    /// `language_file`: other names of headers, what else means yes, and the form of times, as smsd's language files say
    /// it. Default none: all is English.
    pub language_file: Option<PathBuf>,
    /// `message_ids`: which message references the result of several parts tells: 1 the first, 2 the last, 3 all of them.
    /// Default 2.
    pub message_ids: MessageIds,
    /// `store_sent_pdu`: whose PDUs a result keeps: 0 nobody's, 1 of failed messages, 2 also of binary and UCS-2 ones, 3
    /// all. Default 1.
    pub keep_pdus: KeepPdus,
}

words!(Charset, "a character set",
    "iso" => Charset::Iso,
    "utf-8" => Charset::Utf8,
    "gsm" => Charset::Gsm,
    "ucs2" => Charset::Ucs2,
    "binary" => Charset::Binary,
);

/// The number in `To:` with which a file may be a PDU. Lists and routes are asked about the number in the PDU.
struct PduKey(String);

impl Value for PduKey {
    const KIND: &'static str = "the key for files that are PDUs";
    const HOW: &'static str = "write the digits that stand in `To:` of such a file between quotes";
    const SECRET: bool = true;

    fn read(value: &DeValue<'_>) -> Result<PduKey, Wrong> {
        let text = value.as_str().filter(|text| !text.is_empty()).ok_or(Wrong::Kind)?;
        Ok(PduKey(text.to_owned()))
    }

    fn show(&self) -> String {
        "\"***\"".to_owned()
    }
}

impl Value for TimeFormat {
    const KIND: &'static str = "a form of times";
    const HOW: &'static str = "write words of strftime, as in \"%d.%m.%Y %H:%M:%S\"; those of zones and weeks of the year are not known";

    fn read(value: &DeValue<'_>) -> Result<TimeFormat, Wrong> {
        TimeFormat::new(value.as_str().ok_or(Wrong::Kind)?).map_err(|_| Wrong::Kind)
    }

    fn show(&self) -> String {
        self.as_str().to_owned().show()
    }
}

impl Value for Language {
    const KIND: &'static str = "a national language with tables of its own";
    const HOW: &'static str = "write its name or its number from 1 to 13 between quotes, as in \"turkish\"; leave it out for the basic tables";

    fn read(value: &DeValue<'_>) -> Result<Language, Wrong> {
        let text = value.as_str().ok_or(Wrong::Kind)?;
        sms_file::language(text.as_bytes()).ok().flatten().ok_or(Wrong::Kind)
    }

    fn show(&self) -> String {
        self.identifier().to_string().show()
    }
}

/// Reads `[files]`.
pub(super) fn read(section: &mut Section<'_, '_>) -> Files {
    let smsd = sms_file::Settings::default();
    let settings = sms_file::Settings {
        charset: section.or("alphabet", Charset::Iso),
        autosplit: numbered(section, "autosplit", Autosplit::from_number, smsd.autosplit, (3, 3)),
        convert: section.or("cs_convert", smsd.convert),
        optical: section.or("cs_convert_optical", smsd.optical),
        utf8_in_iso: section.or("outgoing_utf8", smsd.utf8_in_iso),
        trim: section.or("trim_text", smsd.trim),
        reply_path: section.or("reply_path", smsd.reply_path),
        international_prefixes: prefixes(section, "international_prefixes"),
        national_prefixes: prefixes(section, "national_prefixes"),
        national_type_unknown: section.or("national_toa_unknown", smsd.national_type_unknown),
        language: language(section, "language"),
        language_ext: language(section, "language_ext"),
        ucs2_notice: numbered(section, "notice_ucs2", ucs2_notice, smsd.ucs2_notice, (2, 2)),
        times: section.or("datetime_format", TimeFormat::default()),
        priority: section.or("priority_header", smsd.priority),
        text_is_pdu_key: section
            .optional::<PduKey>("text_is_pdu_key", "none: no file may be a PDU")
            .map(|placed| placed.value.0),
        ..smsd
    };
    let language_file = section.optional::<PathBuf>("language_file", "headers are English");
    Files {
        settings,
        language_file: language_file.map(|placed| placed.value),
        message_ids: numbered(section, "message_ids", message_ids, MessageIds::default(), (2, 3)),
        keep_pdus: numbered(section, "store_sent_pdu", keep_pdus, KeepPdus::default(), (1, 3)),
    }
}

/// A setting that smsd numbers: `default` has the first number, the last is the second.
fn numbered<T>(
    section: &mut Section<'_, '_>,
    key: &'static str,
    of: fn(u8) -> Option<T>,
    default: T,
    (number, last): (u8, u8),
) -> T {
    let first = (0..last).find(|number| of(*number).is_some()).unwrap_or(last);
    of(section.within(key, number, first..=last)).unwrap_or(default)
}

fn ucs2_notice(number: u8) -> Option<Ucs2Notice> {
    [Ucs2Notice::Nothing, Ucs2Notice::Total, Ucs2Notice::Everything].get(usize::from(number)).copied()
}

fn message_ids(number: u8) -> Option<MessageIds> {
    let index = usize::from(number).checked_sub(1)?;
    [MessageIds::First, MessageIds::Last, MessageIds::All].get(index).copied()
}

fn keep_pdus(number: u8) -> Option<KeepPdus> {
    let all = [KeepPdus::Never, KeepPdus::Failed, KeepPdus::FailedOrNotText, KeepPdus::Always];
    all.get(usize::from(number)).copied()
}

fn prefixes(section: &mut Section<'_, '_>, key: &'static str) -> Vec<String> {
    let prefixes: Vec<Prefix> = section.or(key, Vec::new());
    prefixes.iter().map(|prefix| prefix.as_str().to_owned()).collect()
}

fn language(section: &mut Section<'_, '_>, key: &'static str) -> Option<Language> {
    section.optional::<Language>(key, "the basic table").map(|placed| placed.value)
}
