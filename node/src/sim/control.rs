//! The orders of the control socket: one a line, each answered by one line of JSON.
//!
//! | order | what it does |
//! |---|---|
//! | `hang M` | the modem neither reads nor writes; the network goes on |
//! | `vanish M` | the modem is pulled out: its port closes |
//! | `return M` | ends `hang` where it began, `vanish` with a start |
//! | `reset M` | the modem restarts and shows its banner |
//! | `refuse M COUNT CODE` | the next COUNT parts are refused with `+CMS ERROR: CODE` |
//! | `lose-answer M COUNT` | the next COUNT parts are accepted and never answered |
//! | `deliver M SENDER TEXT…` | a message arrives |
//! | `deliver-pdu M HEX` | the same, as service centre address and TPDU |
//! | `signal M RSSI` | 0 to 31, 99 unknown |
//! | `registration M WORD` | `off home searching denied unknown roaming` |
//! | `report-status M OCTET` | TP-ST of the status reports to come |
//! | `reference M NUMBER` | TP-MR of the next part accepted |
//! | `change-sim M IMSI` | the card of that IMSI goes in: one taken out before, else a fresh one |
//! | `remove-sim M` | the card goes out |
//! | `status [M]` | the modem at a glance |
//! | `violations [M]` | how often the driver did each thing it must not do |
//!
//! M is a modem's number or name, or `all`. The answer is `{"ok":false,"error":"…"}`, or
//! `{"ok":true,"modems":[{"name":…,"status":{…}},…]}` with the status of each modem after the order; `violations` has
//! `"violations":{"input_before_prompt":1,…}` instead. An answered order is done: a port that vanished is closed.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use smsgrid::model::{Imsi, Time};
use smsgrid::simulator::{Modem, Registration, SIM_SLOTS, SimCard};
use tokio::sync::{mpsc, oneshot};

/// What `--help` says of the orders.
pub(super) const HELP: &str = "Orders of the control socket, one a line, each answered by one line of JSON:\n  \
    hang M · vanish M · return M · reset M · refuse M COUNT CODE · lose-answer M COUNT\n  \
    deliver M SENDER TEXT… · deliver-pdu M HEX · signal M RSSI · registration M WORD\n  \
    report-status M OCTET · reference M NUMBER · change-sim M IMSI · remove-sim M\n  \
    status [M] · violations [M]\nM is a modem's number or name, or all.";
/// Orders waiting for one modem; a connection that has more waits.
const ORDERS_MAX: usize = 16;

/// Cards that are in no modem, by their IMSI; shared, so that a card can go from one modem to another.
#[derive(Clone, Debug, Default)]
pub(super) struct Drawer(Arc<Mutex<BTreeMap<Imsi, SimCard>>>);

/// What one modem is ordered to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Hang,
    Vanish,
    Return,
    Reset,
    Refuse { count: u32, code: u16 },
    LoseAnswer { count: u32 },
    Deliver { sender: String, text: String },
    DeliverPdu { pdu: Vec<u8> },
    Signal { rssi: u8 },
    Registration(Registration),
    ReportStatus { octet: u8 },
    Reference { number: u8 },
    ChangeSim { imsi: Imsi },
    RemoveSim,
    Status,
    Violations,
}

/// Why a line is no order.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum OrderError {
    #[error("no order is called {verb:?}; smsnode sim --help lists them")]
    Verb { verb: String },
    #[error("no modem is called {name:?}; they have numbers from 0 and the names in status")]
    Modem { name: String },
    #[error("{verb} takes {expected}")]
    Arguments { verb: &'static str, expected: &'static str },
    #[error("the modem has ended")]
    Ended,
}

/// The way to one modem's task.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    name: String,
    orders: mpsc::Sender<Request>,
}

/// An order on its way, and where its answer goes.
#[derive(Debug)]
pub(super) struct Request {
    order: Order,
    answer: oneshot::Sender<Value>,
}

/// An order carried out, not answered yet.
#[derive(Debug)]
pub(super) struct Answered {
    value: Value,
    answer: oneshot::Sender<Value>,
}

impl Handle {
    /// A handle and the orders given through it. When too many wait, the one who gives the next waits too.
    pub(super) fn new(name: String) -> (Handle, mpsc::Receiver<Request>) {
        let (sender, orders) = mpsc::channel(ORDERS_MAX);
        (Handle { name, orders: sender }, orders)
    }

    async fn give(&self, order: Order) -> Result<Value, OrderError> {
        let (answer, answered) = oneshot::channel();
        self.orders.send(Request { order, answer }).await.map_err(|_| OrderError::Ended)?;
        answered.await.map_err(|_| OrderError::Ended)
    }
}

/// Carries out one line and returns its answer.
pub(super) async fn answer(line: &str, modems: &[Handle]) -> Value {
    match carry_out(line, modems).await {
        Ok(values) => json!({ "ok": true, "modems": values }),
        Err(error) => json!({ "ok": false, "error": error.to_string() }),
    }
}

async fn carry_out(line: &str, modems: &[Handle]) -> Result<Vec<Value>, OrderError> {
    let (verb, rest) = word(line);
    let (name, rest) = word(rest);
    let order = parse(verb, rest)?;
    let mut values = Vec::new();
    for modem in chosen(name, &order, modems)? {
        let mut value = modem.give(order.clone()).await?;
        value["name"] = json!(modem.name);
        values.push(value);
    }
    Ok(values)
}

/// The modems a name means. Only what asks and changes nothing may leave the name out.
fn chosen<'a>(name: &str, order: &Order, modems: &'a [Handle]) -> Result<Vec<&'a Handle>, OrderError> {
    let asks = matches!(order, Order::Status | Order::Violations);
    if name == "all" || (name.is_empty() && asks) {
        return Ok(modems.iter().collect());
    }
    let numbered = name.parse().ok().and_then(|number: usize| modems.get(number));
    let found = numbered.or_else(|| modems.iter().find(|modem| modem.name == name));
    found.map(|modem| vec![modem]).ok_or_else(|| OrderError::Modem { name: name.to_owned() })
}

fn parse(verb: &str, rest: &str) -> Result<Order, OrderError> {
    let wrong = |verb, expected| OrderError::Arguments { verb, expected };
    let (first, after) = word(rest);
    let (second, end) = word(after);
    let order = match verb {
        "hang" => Order::Hang,
        "vanish" => Order::Vanish,
        "return" => Order::Return,
        "reset" => Order::Reset,
        "remove-sim" => Order::RemoveSim,
        "status" => Order::Status,
        "violations" => Order::Violations,
        "deliver" if !first.is_empty() => {
            return Ok(Order::Deliver { sender: first.to_owned(), text: after.to_owned() });
        }
        "deliver" => return Err(wrong("deliver", "a modem, a sender and a text")),
        "refuse" => match (first.parse(), second.parse(), end) {
            (Ok(count), Ok(code), "") => return Ok(Order::Refuse { count, code }),
            _ => return Err(wrong("refuse", "a modem, how many parts and a +CMS ERROR code")),
        },
        _ => return parse_single(verb, first, after),
    };
    if rest.is_empty() { Ok(order) } else { Err(wrong("this order", "a modem and nothing else")) }
}

/// An order with one argument.
fn parse_single(verb: &str, argument: &str, after: &str) -> Result<Order, OrderError> {
    let (verb, expected, order) = match verb {
        "lose-answer" => {
            let order = argument.parse().ok().map(|count| Order::LoseAnswer { count });
            ("lose-answer", "a modem and how many parts", order)
        }
        "deliver-pdu" => {
            let order = octets(argument).map(|pdu| Order::DeliverPdu { pdu });
            ("deliver-pdu", "a modem and octets in hexadecimal digits", order)
        }
        "signal" => {
            let order = argument.parse().ok().map(|rssi| Order::Signal { rssi });
            ("signal", "a modem and a number from 0 to 31, or 99", order)
        }
        "registration" => {
            let order = registration(argument).map(Order::Registration);
            ("registration", "a modem and one of off home searching denied unknown roaming", order)
        }
        "report-status" => {
            let order = argument.parse().ok().map(|octet| Order::ReportStatus { octet });
            ("report-status", "a modem and a number from 0 to 255", order)
        }
        "reference" => {
            let order = argument.parse().ok().map(|number| Order::Reference { number });
            ("reference", "a modem and a number from 0 to 255", order)
        }
        "change-sim" => {
            let order = Imsi::new(argument).map(|imsi| Order::ChangeSim { imsi });
            ("change-sim", "a modem and an IMSI", order)
        }
        _ => return Err(OrderError::Verb { verb: verb.to_owned() }),
    };
    order.filter(|_| after.is_empty()).ok_or(OrderError::Arguments { verb, expected })
}

/// The first word, and what follows its blanks.
fn word(text: &str) -> (&str, &str) {
    let text = text.trim();
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    (word, rest.trim_start())
}

fn registration(word: &str) -> Option<Registration> {
    match word {
        "off" => Some(Registration::Off),
        "home" => Some(Registration::Home),
        "searching" => Some(Registration::Searching),
        "denied" => Some(Registration::Denied),
        "unknown" => Some(Registration::Unknown),
        "roaming" => Some(Registration::Roaming),
        _ => None,
    }
}

fn octets(hex: &str) -> Option<Vec<u8>> {
    let pair = |pair: &[u8]| {
        let digits = std::str::from_utf8(pair).ok().filter(|digits| !digits.starts_with('+'))?;
        u8::from_str_radix(digits, 16).ok().filter(|_| pair.len() == 2)
    };
    hex.as_bytes().chunks(2).map(pair).collect()
}

impl Request {
    /// Carries the order out. Its answer is sent when the host has done what the modem then wanted.
    pub(super) fn carry_out(self, modem: &mut Modem, drawer: &Drawer, now: Time) -> Answered {
        let mut shown = None;
        match self.order {
            Order::Hang => modem.hang(),
            Order::Vanish => modem.vanish(now),
            Order::Return => modem.come_back(now),
            Order::Reset => modem.reset(now),
            Order::Refuse { count, code } => modem.refuse(count, code),
            Order::LoseAnswer { count } => modem.lose_answers(count),
            Order::Deliver { sender, text } => modem.deliver(&sender, &text, now),
            Order::DeliverPdu { pdu } => modem.deliver_pdu(&pdu, now),
            Order::Signal { rssi } => modem.set_signal(rssi),
            Order::Registration(registration) => modem.set_registration(registration, now),
            Order::ReportStatus { octet } => modem.set_report_status(octet),
            Order::Reference { number } => modem.set_next_reference(number),
            Order::ChangeSim { imsi } => drawer.exchange(modem, Some(imsi), now),
            Order::RemoveSim => drawer.exchange(modem, None, now),
            Order::Status => {}
            Order::Violations => shown = Some(json!({ "violations": modem.violations() })),
        }
        let value = shown.unwrap_or_else(|| json!({ "status": modem.status() }));
        Answered { value, answer: self.answer }
    }
}

impl Answered {
    /// Sends the answer.
    pub(super) fn send(self) {
        // Whoever asked may have gone; the order is carried out all the same.
        let _ = self.answer.send(self.value);
    }
}

impl Drawer {
    fn exchange(&self, modem: &mut Modem, wanted: Option<Imsi>, now: Time) {
        let mut cards = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let card = wanted.map(|imsi| {
            let kept = cards.remove(&imsi);
            kept.unwrap_or_else(|| SimCard::new(imsi, None, SIM_SLOTS))
        });
        if let Some(old) = modem.change_card(card, now) {
            cards.insert(old.imsi().clone(), old);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_order_is_read_with_its_arguments() {
        let cases = [
            ("hang", "", Order::Hang),
            ("refuse", "3 38", Order::Refuse { count: 3, code: 38 }),
            ("lose-answer", "1", Order::LoseAnswer { count: 1 }),
            ("signal", "99", Order::Signal { rssi: 99 }),
            ("registration", "roaming", Order::Registration(Registration::Roaming)),
            ("deliver-pdu", "00fF", Order::DeliverPdu { pdu: vec![0, 255] }),
            (
                "change-sim",
                "001010000000009",
                Order::ChangeSim { imsi: Imsi::new("001010000000009").unwrap() },
            ),
        ];
        for (verb, rest, order) in cases {
            assert_eq!(parse(verb, rest), Ok(order));
        }
        let (sender, text) = ("+491".to_owned(), "two  words".to_owned());
        assert_eq!(parse("deliver", "+491 two  words"), Ok(Order::Deliver { sender, text }));
    }

    #[test]
    fn an_order_with_wrong_arguments_says_what_it_takes() {
        for (verb, rest) in [
            ("refuse", "3"),
            ("refuse", "3 38 1"),
            ("signal", "strong"),
            ("deliver", ""),
            ("deliver-pdu", "0g"),
            ("deliver-pdu", "000"),
            ("deliver-pdu", "+1"),
            ("registration", "at home"),
            ("hang", "now"),
            ("change-sim", "12"),
        ] {
            assert!(matches!(parse(verb, rest), Err(OrderError::Arguments { .. })), "{verb} {rest}");
        }
        assert_eq!(parse("hurl", ""), Err(OrderError::Verb { verb: "hurl".to_owned() }));
    }

    #[test]
    fn a_modem_is_found_by_number_and_by_name_and_only_questions_go_to_all_unasked() {
        let modems: Vec<Handle> =
            ["GSM1", "GSM2"].into_iter().map(|name| Handle::new(name.to_owned()).0).collect();
        let names = |name: &str, order| {
            let chosen = chosen(name, &order, &modems)?;
            Ok(chosen.into_iter().map(|modem| modem.name.clone()).collect::<Vec<_>>())
        };

        assert_eq!(names("1", Order::Hang), Ok(vec!["GSM2".to_owned()]));
        assert_eq!(names("GSM1", Order::Hang), Ok(vec!["GSM1".to_owned()]));
        assert_eq!(names("all", Order::Hang).map(|names| names.len()), Ok(2));
        assert_eq!(names("", Order::Status).map(|names| names.len()), Ok(2));
        assert_eq!(names("", Order::Hang), Err(OrderError::Modem { name: String::new() }));
        assert_eq!(names("2", Order::Hang), Err(OrderError::Modem { name: "2".to_owned() }));
    }
}
