//! Fixed messages and their pictures.

use super::super::sheet::{csv, table};
use super::super::style::fixed::{at, plain};
use super::*;
use crate::view::{Part, Waiting};

fn uncertain() -> Message {
    Message {
        id: "01HX7K4R1T0000000000000000".into(),
        to: "+49151000078".into(),
        text: "invoice\u{1b}[2J".into(),
        state: Some(State::Uncertain),
        parts: vec![Part {
            number: 1,
            state: "uncertain",
            modem: "GSM8".into(),
            node: "gw-c".into(),
            ..Part::default()
        }],
        attempts: vec![Attempt {
            attempt: 1,
            part: 1,
            node: "gw-c".into(),
            modem: "GSM8".into(),
            outcome: "uncertain",
            cause: "the node was lost".into(),
            epoch: 5,
            started: at("07:12:04"),
            ended: None,
            call_result: String::new(),
        }],
        steps: vec![
            Step {
                time: at("07:12:03"),
                state: Some(State::Claimed),
                node: "gw-c".into(),
                modem: "GSM8".into(),
                why: String::new(),
            },
            Step {
                time: at("07:12:05"),
                state: Some(State::Uncertain),
                why: "the node was lost".into(),
                ..Step::default()
            },
        ],
        client: "billing".into(),
        priority: "normal",
        uncertain: "hold",
        alphabet: "gsm7",
        changed: at("07:12:05"),
        ..Message::default()
    }
}

#[test]
fn a_call_shows_its_tones_and_how_it_ended() {
    let call = Call { tones: "12#".into(), rounds: 3, wait_seconds: Some(30) };
    let part = Part { call_result: "NO ANSWER".into(), ..Part::default() };
    let message = Message { call: Some(call), parts: vec![part], ..uncertain() };

    let card = message_card(&message, plain());

    let line = "  call      tones 12#, up to 3 times, waits 30 s for an answer, ended: NO ANSWER";
    assert!(card.lines().any(|shown| shown == line), "{card}");
    assert!(!card.contains("  text  "), "a call has no text: {card}");
    assert_eq!(message.json()["parts"][0]["call_result"], "NO ANSWER");
    assert_eq!(message.json()["call"]["tones"], "12#");
}

#[test]
fn an_uncertain_message_asks_for_its_decision() {
    let card = uncertain_card(&uncertain(), plain());

    assert_eq!(
        card,
        "01HX7K4R1T0000000000000000  ? uncertain  to +49151000078  1 part  from billing\n\
         \x20 09:12:03  claimed      gw-c / GSM8\n\
         \x20 09:12:05  uncertain    the node was lost\n\
         Attempts\n\
         \x20 09:12:04  attempt 1, part 1: uncertain  gw-c / GSM8  the node was lost\n\
         Decide    smsctl uncertain resolve 01HX7K4R1T0000000000000000 --as sent       keep it, do not send again\n\
         \x20         smsctl uncertain resolve 01HX7K4R1T0000000000000000 --as not-sent   send it again (risk: the person gets it twice)\n\
         Policy    uncertain = \"hold\": it waits for a person"
    );
}

#[test]
fn a_page_of_a_message_ends_with_what_to_type_next_and_cannot_steer_the_terminal() {
    let card = message_card(&uncertain(), plain());

    assert!(card.contains("\n  text      invoice\\u{1b}[2J\n"), "{card}");
    assert!(card.contains("\n  options   normal, gsm7\n"), "{card}");
    assert!(card.ends_with("\nNext  smsctl uncertain show 01HX7K4R1T0000000000000000"), "{card}");
}

#[test]
fn a_waiting_message_says_what_it_waits_for() {
    let message = Message {
        state: Some(State::Queued),
        waiting_for: Some(Waiting { what: "retry", until: at("07:40:00"), text: "the next retry".into() }),
        ..uncertain()
    };

    let card = message_card(&message, plain());

    assert!(card.contains("\n  waits     the next retry, until 09:40:00\n"), "{card}");
}

#[test]
fn a_list_cuts_long_texts_and_csv_has_them_whole() {
    let text = "x".repeat(41);
    let messages = [Message { text: text.clone(), ..uncertain() }];
    let sheet = message_sheet(&messages, plain());

    let shown = table(&sheet, &sheet.usual(false), plain());

    assert!(shown.contains(&format!("{}...", "x".repeat(37))) && !shown.contains(&"x".repeat(38)), "{shown}");
    assert!(
        shown.starts_with("ID                          STATE        TO            MODEM  CHANGED   TEXT\n"),
        "{shown}"
    );
    assert!(csv(&sheet, &sheet.usual(true)).contains(&text));
}

#[test]
fn a_repeated_submission_says_that_it_was_accepted_before() {
    let accepted = Accepted {
        id: "01A".into(),
        to: "+49".into(),
        state: Some(State::Queued),
        parts: 2,
        replayed: true,
        revision: "r".into(),
        key: "k".into(),
    };
    let sheet = accepted_sheet(&[accepted], plain());

    assert_eq!(
        table(&sheet, &sheet.usual(false), plain()),
        "ID   TO   STATE                                      PARTS\n01A  +49  q queued (accepted before under this key)      2"
    );
}
