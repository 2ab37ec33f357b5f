//! `sim:PERSONALITY?key=value&…`: a simulated modem as the port of a modem names it.

use std::str::FromStr;

use crate::model::{Imei, Imsi};

use super::calling::Callee;
use super::personality::{Echo, NameError, Personality};
use super::sim_card::{SIM_SLOTS, SimCard};
use super::span::Span;
use super::store::SLOTS_MAX;

/// What a port begins with when it names a simulated modem.
pub const SCHEME: &str = "sim:";
/// Largest `+CMS ERROR` code.
const CODE_MAX: u16 = 999;

/// What makes one simulated modem: personality, identity, seed.
///
/// The text is `PERSONALITY`, or `PERSONALITY?key=value&…`, with or without [`SCHEME`] in front. Keys:
///
/// | key | value | default |
/// |---|---|---|
/// | `latency` | [`Span`] of one part, `300ms` or `2s..5s` | the personality's |
/// | `fail` | [`Rate`](super::Rate) of refusals, `5%` or `0.05` | the personality's |
/// | `codes` | `+CMS ERROR` codes of refusals, `42,27` | the personality's |
/// | `report` | [`Span`] until a status report, or `off` | the personality's |
/// | `pdu` | `new`, or `old`: PDUs without a service centre field alone are taken | `new` |
/// | `echo` | what comes back of a PDU while the echo is on: `whole`, `garbled` or `lost` | `whole` |
/// | `callee` | who is called `answers`, `leaves`, is `busy`, `rings` for ever, or `no_answer`, `no_carrier` | `answers` |
/// | `ringing` | [`Span`] from dialling to what the callee does | the personality's |
/// | `dial` | dialling `waits` for the callee or `returns` at once | `waits` |
/// | `imei`, `imsi` | digits | made of the modem's number and the seed |
/// | `pin` | four to eight digits the SIM asks for | no PIN |
/// | `sim_slots` | slots of the SIM, 0 to 255 | 10 |
/// | `ledger` | path of the ledger file | the host's |
/// | `seed` | number all draws follow from | 0 |
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spec {
    /// Times, failures and quirk, with what the text overrides.
    pub personality: Personality,
    /// Identity of the device, when the text gives one.
    pub imei: Option<Imei>,
    /// Identity of the SIM, when the text gives one.
    pub imsi: Option<Imsi>,
    /// The PIN of the SIM.
    pub pin: Option<String>,
    /// Slots of the SIM.
    pub sim_slots: u16,
    /// Path of the ledger, when the text gives one. The simulator only passes it on to its host.
    pub ledger: Option<String>,
    /// What all draws follow from.
    pub seed: u64,
}

/// Why a text names no simulated modem.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpecError {
    /// No such personality.
    #[error("no simulated modem is called {name:?}; did you mean {nearest:?}?")]
    Personality {
        /// The name given.
        name: String,
        /// The most similar right one.
        nearest: String,
    },
    /// A row of the quirk table that cannot be simulated.
    #[error("the quirk {name:?} cannot be simulated; these can: {built}")]
    Unbuilt {
        /// The name given.
        name: String,
        /// All names that can be simulated, separated by spaces.
        built: String,
    },
    /// No such key.
    #[error("no simulated modem has a key {key:?}; did you mean {nearest:?}?")]
    Key {
        /// The key given.
        key: String,
        /// The most similar right one.
        nearest: String,
    },
    /// A key without `=` and value, or one given twice.
    #[error("{key:?} needs one value, as in {key}=value, and may be given once")]
    Form {
        /// The key.
        key: String,
    },
    /// A value its key cannot have.
    #[error("{key}={value:?} is not {expected}")]
    Value {
        /// The key.
        key: &'static str,
        /// The value given.
        value: String,
        /// What it takes.
        expected: &'static str,
    },
}

impl Spec {
    /// The keys, in the order of the table above.
    pub const KEYS: [&'static str; 15] = [
        "latency",
        "fail",
        "codes",
        "report",
        "pdu",
        "echo",
        "callee",
        "ringing",
        "dial",
        "imei",
        "imsi",
        "pin",
        "sim_slots",
        "ledger",
        "seed",
    ];

    /// `personality` with nothing overridden.
    pub fn new(personality: Personality) -> Spec {
        Spec { personality, imei: None, imsi: None, pin: None, sim_slots: SIM_SLOTS, ledger: None, seed: 0 }
    }

    /// The identity of modem `number`: as given, else made of seed and number, with a check digit.
    pub(super) fn imei_of(&self, number: u32) -> Imei {
        let body = format!("3599{:04}{:06}", self.seed % 10_000, number % 1_000_000);
        let made = || Imei::new(&format!("{body}{}", luhn(&body))).expect("fifteen digits");
        self.imei.clone().unwrap_or_else(made)
    }

    /// The SIM of modem `number`; its network is 001-01, the one set aside for tests.
    pub(super) fn card_of(&self, number: u32) -> SimCard {
        let made = || {
            let digits = format!("00101{:04}{:06}", self.seed % 10_000, number % 1_000_000);
            Imsi::new(&digits).expect("fifteen digits")
        };
        SimCard::new(self.imsi.clone().unwrap_or_else(made), self.pin.clone(), self.sim_slots)
    }

    fn set(&mut self, key: &str, value: &str) -> Result<(), SpecError> {
        match key {
            "latency" => self.personality.latency = read("latency", value, "a span such as 300ms or 2s..5s")?,
            "fail" => self.personality.fail = read("fail", value, "a rate such as 5% or 0.05")?,
            "codes" => self.personality.codes = codes(value)?,
            "report" => self.personality.report = report(value)?,
            "pdu" => {
                self.personality.takes_bare_pdu = one_of("pdu", value, &[("new", false), ("old", true)])?
            }
            "echo" => self.personality.echo = one_of("echo", value, &ECHOES)?,
            "callee" => self.personality.callee = one_of("callee", value, &CALLEES)?,
            "ringing" => self.personality.ringing = read("ringing", value, "a span such as 300ms or 2s..5s")?,
            "dial" => {
                self.personality.dials_at_once =
                    one_of("dial", value, &[("waits", false), ("returns", true)])?;
            }
            "imei" => self.imei = Some(identity("imei", value, Imei::new)?),
            "imsi" => self.imsi = Some(identity("imsi", value, Imsi::new)?),
            "pin" => self.pin = Some(pin(value)?),
            "sim_slots" => {
                let slots: u16 = read("sim_slots", value, "a number from 0 to 255")?;
                self.sim_slots =
                    check("sim_slots", value, "a number from 0 to 255", slots <= SLOTS_MAX, slots)?;
            }
            "ledger" => {
                self.ledger = Some(check("ledger", value, "a path", !value.is_empty(), value.to_owned())?);
            }
            "seed" => self.seed = read("seed", value, "a number")?,
            _ => {
                let nearest = nearest(key, Spec::KEYS.into_iter());
                return Err(SpecError::Key { key: key.to_owned(), nearest });
            }
        }
        Ok(())
    }
}

impl FromStr for Spec {
    type Err = SpecError;

    fn from_str(text: &str) -> Result<Spec, SpecError> {
        let text = text.strip_prefix(SCHEME).unwrap_or(text);
        let (name, pairs) = text.split_once('?').unwrap_or((text, ""));
        let mut spec = Spec::new(personality(name)?);
        let mut seen: Vec<&str> = Vec::new();
        for pair in pairs.split('&').filter(|pair| !pair.is_empty()) {
            let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
            if !Spec::KEYS.contains(&key) {
                spec.set(key, value)?;
            }
            if !pair.contains('=') || seen.contains(&key) {
                return Err(SpecError::Form { key: key.to_owned() });
            }
            seen.push(key);
            spec.set(key, value)?;
        }
        Ok(spec)
    }
}

fn personality(name: &str) -> Result<Personality, SpecError> {
    Personality::named(name).map_err(|fault| match fault {
        NameError::Unbuilt => {
            SpecError::Unbuilt { name: name.to_owned(), built: Personality::names().join(" ") }
        }
        NameError::Unknown => {
            let names = Personality::names();
            let nearest = nearest(name, names.iter().map(String::as_str));
            SpecError::Personality { name: name.to_owned(), nearest }
        }
    })
}

/// The words for what comes back of a PDU.
const ECHOES: [(&str, Echo); 3] = [("whole", Echo::Whole), ("garbled", Echo::Garbled), ("lost", Echo::Lost)];

/// The words for how the one who is called takes a call.
const CALLEES: [(&str, Callee); 6] = [
    ("answers", Callee::Answers),
    ("leaves", Callee::Leaves),
    ("busy", Callee::Busy),
    ("no_answer", Callee::NoAnswer),
    ("no_carrier", Callee::NoCarrier),
    ("rings", Callee::Rings),
];

fn one_of<T: Copy>(key: &'static str, value: &str, words: &[(&str, T)]) -> Result<T, SpecError> {
    let expected = "one of its words, see the table of keys";
    let found = words.iter().find(|(word, _)| *word == value).map(|(_, meaning)| *meaning);
    found.ok_or(SpecError::Value { key, value: value.to_owned(), expected })
}

fn read<T: FromStr>(key: &'static str, value: &str, expected: &'static str) -> Result<T, SpecError> {
    value.parse().map_err(|_| SpecError::Value { key, value: value.to_owned(), expected })
}

fn check<T>(
    key: &'static str,
    value: &str,
    expected: &'static str,
    legal: bool,
    parsed: T,
) -> Result<T, SpecError> {
    if legal { Ok(parsed) } else { Err(SpecError::Value { key, value: value.to_owned(), expected }) }
}

fn codes(value: &str) -> Result<Vec<u16>, SpecError> {
    const EXPECTED: &str = "a list of +CMS ERROR codes such as 42,27";
    let codes: Result<Vec<u16>, SpecError> =
        value.split(',').map(|code| read("codes", code, EXPECTED)).collect();
    let codes =
        codes.map_err(|_| SpecError::Value { key: "codes", value: value.to_owned(), expected: EXPECTED })?;
    let legal = codes.iter().all(|code| *code <= CODE_MAX);
    check("codes", value, EXPECTED, legal, codes)
}

fn report(value: &str) -> Result<Option<Span>, SpecError> {
    match value {
        "off" => Ok(None),
        _ => read("report", value, "a span such as 2s..8s, or off").map(Some),
    }
}

fn identity<T>(key: &'static str, value: &str, new: fn(&str) -> Option<T>) -> Result<T, SpecError> {
    let refused = SpecError::Value { key, value: value.to_owned(), expected: "a row of 6 to 20 digits" };
    new(value).ok_or(refused)
}

fn pin(value: &str) -> Result<String, SpecError> {
    let legal = (4..=8).contains(&value.len()) && value.bytes().all(|b| b.is_ascii_digit());
    check("pin", value, "a row of 4 to 8 digits", legal, value.to_owned())
}

/// The check digit of an IMEI (TS 23.003 annex B).
fn luhn(digits: &str) -> u32 {
    let values = digits.chars().rev().filter_map(|c| c.to_digit(10)).enumerate();
    let weighed = values.map(|(place, digit)| match place % 2 {
        0 => digit * 2 / 10 + digit * 2 % 10,
        _ => digit,
    });
    (10 - weighed.sum::<u32>() % 10) % 10
}

/// The candidate fewest changes of single characters away from `text`.
fn nearest<'a>(text: &str, candidates: impl Iterator<Item = &'a str>) -> String {
    candidates.min_by_key(|candidate| distance(text, candidate)).unwrap_or_default().to_owned()
}

/// Insertions, deletions and replacements from one text to the other.
fn distance(one: &str, other: &str) -> usize {
    let width = other.chars().count();
    let mut row: Vec<usize> = (0..=width).collect();
    for (line, left) in one.chars().enumerate() {
        let mut next = vec![line + 1];
        for ((right, above), diagonal) in other.chars().zip(row.iter().skip(1)).zip(&row) {
            let before = next.last().copied().unwrap_or(0);
            next.push((diagonal + usize::from(left != right)).min(above + 1).min(before + 1));
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::Rate;
    use super::*;

    #[test]
    fn every_key_is_read() {
        let text = "sim:flaky?latency=1s..2s&fail=10%&codes=42,500&report=off&imei=359900000000001&\
                    imsi=001010000000001&pin=1234&sim_slots=20&ledger=/tmp/a.jsonl&seed=9";

        let spec: Spec = text.parse().unwrap();

        assert_eq!(spec.personality.latency, Span::millis(1000, 2000));
        assert_eq!((spec.personality.fail, spec.personality.codes), (Rate::percent(10), vec![42, 500]));
        assert_eq!(spec.personality.report, None);
        assert_eq!(spec.imei.unwrap().as_str(), "359900000000001");
        assert_eq!(spec.imsi.unwrap().as_str(), "001010000000001");
        assert_eq!((spec.pin.as_deref(), spec.sim_slots, spec.seed), (Some("1234"), 20, 9));
        assert_eq!(spec.ledger.as_deref(), Some("/tmp/a.jsonl"));
    }

    #[test]
    fn every_name_that_is_listed_can_be_read() {
        for name in Personality::names() {
            let spec: Spec = name.parse().unwrap();
            assert_eq!(spec.personality.name, name);
        }
    }

    #[test]
    fn a_misspelt_name_or_key_is_answered_with_the_right_one() {
        assert_eq!(fault("sim:fasst"), "no simulated modem is called \"fasst\"; did you mean \"fast\"?");
        assert_eq!(
            fault("fast?latncy=1s"),
            "no simulated modem has a key \"latncy\"; did you mean \"latency\"?"
        );
        assert_eq!(fault(""), "no simulated modem is called \"\"; did you mean \"q02\"?");
        assert!(matches!("q41".parse::<Spec>(), Err(SpecError::Personality { .. })));
        assert!(matches!("q2".parse::<Spec>(), Err(SpecError::Personality { .. })));
    }

    #[test]
    fn a_quirk_that_cannot_be_simulated_says_which_can() {
        let fault = fault("sim:q01");

        assert!(fault.starts_with("the quirk \"q01\" cannot be simulated; these can: fast"), "{fault}");
        assert!(fault.contains("q22") && !fault.contains("q23"), "{fault}");
    }

    #[test]
    fn a_wrong_value_names_its_key() {
        let wrong = [
            "latency=5",
            "fail=200%",
            "codes=",
            "codes=42,",
            "codes=1000",
            "report=never",
            "imei=12",
            "imsi=x",
            "pin=123",
            "pin=12a4",
            "sim_slots=256",
            "ledger=",
            "seed=-1",
        ];
        for pair in wrong {
            let key = pair.split('=').next().unwrap();
            let fault = fault(&format!("fast?{pair}"));
            assert!(fault.starts_with(&format!("{key}=")), "{pair}: {fault}");
        }
        assert!(matches!("fast?seed".parse::<Spec>(), Err(SpecError::Form { .. })));
        assert!(matches!("fast?seed=1&seed=2".parse::<Spec>(), Err(SpecError::Form { .. })));
    }

    #[test]
    fn identities_differ_by_modem_and_carry_their_check_digit() {
        let spec = Spec::new(Personality::fast());

        assert_eq!(spec.imei_of(0).as_str(), "359900000000008");
        assert_ne!(spec.imei_of(0), spec.imei_of(1));
        assert_ne!(spec.card_of(0).imsi(), spec.card_of(1).imsi());
        assert_eq!(luhn("49015420323751"), 8, "the example everyone uses");
    }

    fn fault(text: &str) -> String {
        text.parse::<Spec>().expect_err(text).to_string()
    }
}
