//! What is known about a setting of smsd: where it may stand, what it may hold, what becomes of it.

use super::value;

/// Where a setting may stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Before the first section.
    Global,
    /// In the section of a modem, of a group of modems, or in `[default]`.
    Modem,
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Yes or no.
    Boolean,
    /// A number, read as `atoi` does.
    Whole,
    /// A number within bounds; smsd does not start outside them.
    Within(i64, i64),
    /// A level of syslog.
    Level,
    /// A text of at most so many octets.
    Text(usize),
    /// Yes, no, a number, or one of these words.
    BooleanOr(&'static [&'static str]),
    /// One of these words, in any case and by their first three letters.
    Word(&'static [&'static str]),
}

/// What becomes of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Becomes {
    /// A setting of ours, by a rule of its own.
    Setting(Target),
    /// Nothing, because nothing here needs it: why.
    Unnecessary(&'static str),
    /// Something else that does its work: what.
    Changed(&'static str),
    /// Nothing, although somebody may miss it: why.
    Unsupported(&'static str),
    /// Nothing with this value, which is what we do anyway; any other is unsupported: why.
    Only(&'static str, &'static str),
}

/// The rules that make settings of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Which modems there are.
    Devices,
    /// A folder of `[spool]`.
    Folder(Folder),
    /// `blacklist` or `whitelist` of `[spool]`.
    NumberList,
    /// `trust_outgoing` of `[spool]`.
    TrustOutgoing,
    /// `validity` of `[messages]`.
    Validity,
    /// A setting of `[files]`.
    Files(OfFiles),
    /// A setting of `[spool]` that is written as one of `[files]` is.
    Spool(OfFiles),
    /// `retries` of `[messages]`.
    Retries,
    /// `block_after` of each modem.
    BlockAfter,
    /// `block_time` of each modem.
    BlockTime,
    /// A setting of `[handlers]`, or of a modem's own programs.
    Programs(OfPrograms),
    /// `level` of `[log]`.
    LogLevel,
    /// What a dialogue shows beside its lines: a key of `[log]`.
    Dialogue(&'static str),
    /// `port` of a modem.
    Port,
    /// `baudrate` of a modem.
    Baudrate,
    /// `rtscts` of a modem.
    Rtscts,
    /// One of the `init` commands of a modem.
    Init,
    /// `pin` of a modem.
    Pin,
    /// `smsc` of a modem.
    Smsc,
    /// `check_sim` of a modem and its kin.
    CheckSim,
    /// `identity` of a modem.
    Identity,
    /// `check_network` of a modem.
    CheckNetwork,
    /// `tags` of a modem.
    Tags,
    /// `report` of `[messages]` and of a modem.
    Report,
    /// `pdu_mode` of a modem.
    Mode,
    /// `admin_to` of `[handlers]` or of a modem.
    AdminTo,
    /// `adminmessage_limit` of a modem.
    AdminLimit,
    /// `adminmessage_count_clear` of a modem.
    AdminCountClear,
    /// A yes or no of a modem, under the name smsd gives it.
    Flag,
    /// `command_timeout` of a modem.
    CommandTimeout,
    /// One of the multiples of `read_timeout`.
    TimeoutMultiple,
    /// `message_limit` of a modem.
    MessageLimit,
    /// `message_count_clear` of a modem.
    MessageCountClear,
    /// A pause of a modem.
    Pause(Pause),
    /// `wakeup` of a modem.
    Wakeup,
    /// `start` or `stop` of a modem.
    Own,
    /// A text for the telnet host in front of a modem.
    Telnet,
    /// `telnet_crlf` of a modem.
    TelnetCrlf,
    /// `keep_open` of a modem.
    KeepOpen,
    /// `suspend` of `[node]`.
    Suspend,
    /// `number` or `description` of a modem.
    OfResults,
    /// Whether the modem sends: one that does not is left out.
    Sends {
        /// What the setting says of a modem that sends.
        when: bool,
    },
}

/// A setting of `[files]`: what a file means that does not say it itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfFiles {
    /// Its name there.
    pub key: &'static str,
    /// How its value is written there.
    pub form: Form,
    /// The value that counts for smsd where it is not set.
    pub own: &'static str,
}

/// How a value of smsd is written as one of `[files]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Yes is true.
    Flag,
    /// Yes is false.
    Denied,
    /// A number.
    Number,
    /// A character set.
    Alphabet,
    /// A language; the basic table is none.
    Language,
    /// A list of prefixes of numbers.
    Prefixes,
    /// A form of times.
    Time,
    /// A path; nothing is none.
    Path,
    /// A word as it stands.
    Word,
}

/// Pauses of a modem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pause {
    /// After each part that was sent, in seconds.
    Sent,
    /// After the `start` command, in seconds.
    Start,
    /// Before each command, in milliseconds.
    Command,
    /// After each character of a PDU, in milliseconds.
    Character,
}

/// What a setting says of programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfPrograms {
    /// Which is run when something happens.
    Command,
    /// Which is run at start, or all the time.
    Lasting,
    /// Arguments of such a one.
    Arguments,
    /// Which alarms are told.
    Level,
    /// How often it is run.
    Interval,
    /// Whether it is looked at before anything starts.
    Check,
    /// Whether what it says goes unheard.
    Silent,
    /// The shell.
    Shell,
    /// A file of a regular run.
    Path,
    /// A command a modem is asked in a regular run.
    Question,
}

/// The folders files are exchanged through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Folder {
    /// Where programs put messages.
    Outgoing,
    /// Where a message rests that was taken.
    Checked,
    /// Where a sent message goes.
    Sent,
    /// Where a failed message goes.
    Failed,
}

/// A setting of smsd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// What becomes of it.
    pub becomes: Becomes,
}

/// The settings whose value is never shown.
const SECRETS: [&str; 3] = ["pin", "telnet_password", "text_is_pdu_key"];
/// The settings whose repetitions add up instead of replacing each other.
const ADDING_UP: [&str; 2] = ["regular_run_cmd", "ignore_unexpected_input"];

impl Key {
    /// Whether its value is never shown.
    pub fn is_secret(&self) -> bool {
        SECRETS.contains(&self.name)
    }

    /// Whether each repetition counts.
    pub(super) fn adds_up(&self) -> bool {
        ADDING_UP.contains(&self.name)
    }

    /// Why smsd would not start with this value, and what it may be.
    pub fn refuses(&self, text: &str) -> Option<String> {
        let fix = |is_right: bool, fix: String| (!is_right).then_some(fix);
        match self.kind {
            Kind::Boolean => fix(value::boolean(text).is_some(), "write yes or no".to_owned()),
            Kind::Whole => None,
            Kind::Within(min, max) => {
                fix((min..=max).contains(&value::whole(text)), format!("write {min} to {max}"))
            }
            Kind::Level => {
                let words = "write 1 to 7, or critical, error, warning, notice, info or debug";
                fix(value::level(text).is_some(), words.to_owned())
            }
            Kind::Text(max) => fix(text.len() <= max, format!("write at most {max} octets")),
            Kind::BooleanOr(words) => {
                let is_number = text.starts_with(|c: char| c.is_ascii_digit());
                let is_right = is_number || value::boolean(text).is_some() || is_word(text, words);
                fix(is_right, format!("write yes, no or {}", words.join(" or ")))
            }
            Kind::Word(words) => fix(is_word(text, words), format!("write {}", words.join(" or "))),
        }
    }

    /// Whether `text` says the same as `other`.
    pub(super) fn equal(&self, text: &str, other: &str) -> bool {
        match self.kind {
            Kind::Boolean => value::boolean(text) == value::boolean(other),
            Kind::Whole | Kind::Within(..) => value::whole(text) == value::whole(other),
            Kind::Level => value::level(text) == value::level(other),
            Kind::BooleanOr(_) if !is_number(other) && value::boolean(other).is_some() => {
                value::boolean(text) == value::boolean(other)
            }
            Kind::Text(_) | Kind::BooleanOr(_) => text == other,
            Kind::Word(_) => is_word(text, &[other]),
        }
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|octet| octet.is_ascii_digit())
}

fn is_word(text: &str, words: &[&str]) -> bool {
    let start = |text: &str| text.get(..3).unwrap_or(text).to_ascii_lowercase();
    words.iter().any(|word| start(word) == start(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: Kind) -> Key {
        Key { name: "k", kind, becomes: Becomes::Unnecessary("") }
    }

    #[test]
    fn each_kind_refuses_what_smsd_does_not_start_with() {
        const WORDS: &[&str] = &["high", "once"];
        for (kind, right, wrong) in [
            (Kind::Boolean, "on", "ON"),
            (Kind::Within(0, 3), "3", "4"),
            (Kind::Level, "debug", "LOG_ERR"),
            (Kind::Text(3), "abc", "abcd"),
            (Kind::BooleanOr(WORDS), "High", "maybe"),
            (Kind::BooleanOr(WORDS), "2", ""),
            (Kind::Word(WORDS), "ONCE", "new"),
        ] {
            assert_eq!(key(kind).refuses(right), None, "{right}");
            assert!(key(kind).refuses(wrong).is_some(), "{wrong}");
        }
        assert_eq!(key(Kind::Whole).refuses("garbage"), None);
    }

    #[test]
    fn values_are_compared_by_what_they_say() {
        assert!(key(Kind::Boolean).equal("1", "yes") && !key(Kind::Boolean).equal("no", "yes"));
        assert!(key(Kind::Whole).equal("03 s", "3") && !key(Kind::Whole).equal("30", "3"));
        assert!(key(Kind::BooleanOr(&["high"])).equal("off", "no"));
        assert!(!key(Kind::BooleanOr(&["high"])).equal("high", "no"));
        assert!(key(Kind::Text(9)).equal("a", "a") && !key(Kind::Text(9)).equal("A", "a"));
        assert!(key(Kind::Word(&["ISO"])).equal("iso-8859-15", "ISO"));
    }
}
