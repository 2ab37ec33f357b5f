//! A good run, and for each promise runs that break just that one.

use std::time::Duration;

use smsgrid::model::MessageState as S;

use super::*;
use crate::history::{Change, Level, Read, Revision, Submit, Watch};

const NODES: usize = 3;

fn ms(moment: u64) -> Moment {
    Duration::from_millis(moment)
}

fn at(index: u64) -> Revision {
    Revision(format!("{index:04}"))
}

fn submit(number: u64, invoked: u64, returned: u64, answer: Answer) -> Submit {
    Submit {
        key: format!("key-{number}"),
        to: format!("49{number}"),
        text: format!("text {number}"),
        node: 0,
        invoked: ms(invoked),
        returned: ms(returned),
        answer,
    }
}

fn accepted(number: u64, index: u64) -> Answer {
    Answer::Accepted { id: format!("id-{number}"), revision: at(index) }
}

fn unknown() -> Answer {
    Answer::Unknown { why: "connection broken".into() }
}

fn rejected() -> Answer {
    Answer::Rejected { reason: "NO_QUORUM".into() }
}

fn read(number: u64, invoked: u64, returned: u64, index: u64, state: S) -> Read {
    Read {
        id: format!("id-{number}"),
        node: 1,
        level: Level::Linear,
        invoked: ms(invoked),
        returned: ms(returned),
        revision: at(index),
        state: Some(state),
    }
}

fn settled(number: u64, state: S, went: &[S]) -> Settled {
    Settled {
        id: format!("id-{number}"),
        to: format!("49{number}"),
        text: format!("text {number}"),
        state,
        parts: 1,
        doubted: Vec::new(),
        went: went.to_vec(),
        marked_ms: Vec::new(),
    }
}

fn aired(number: u64) -> Aired {
    Aired { to: format!("49{number}"), part: 1, imsi: "26201".into(), at_ms: 1000 }
}

fn change(index: u64, number: u64, from: Option<S>, state: S) -> Change {
    Change { revision: at(index), id: format!("id-{number}"), from, state }
}

/// Message 1 plain; 2 acknowledged at the second try; 3 sent twice under a mark; 4 refused; 5 never answered and never
/// taken. Node 2 was killed once.
fn good() -> Evidence {
    let mut third = settled(3, S::Sent, &[S::Queued, S::Uncertain, S::Queued, S::Sent]);
    third.doubted = vec![1];
    third.marked_ms = vec![1000];
    let messages = vec![
        settled(1, S::Sent, &[S::Queued, S::Claimed, S::Sent]),
        settled(2, S::Sent, &[S::Queued, S::Sent]),
        third,
    ];
    Evidence {
        history: History {
            submits: vec![
                submit(1, 0, 5, accepted(1, 10)),
                submit(2, 1, 6, unknown()),
                submit(2, 7, 9, accepted(2, 11)),
                submit(3, 8, 12, accepted(3, 12)),
                submit(4, 9, 10, rejected()),
                submit(5, 10, 99, unknown()),
            ],
            reads: vec![
                read(1, 6, 7, 14, S::Claimed),
                read(1, 6, 30, 18, S::Sent),
                // It overlaps the one before, so either may come first.
                read(1, 8, 9, 14, S::Claimed),
                Read { level: Level::Stale(None), ..read(1, 40, 41, 10, S::Queued) },
                Read { level: Level::Stale(Some(at(10))), ..read(1, 42, 43, 14, S::Claimed) },
            ],
            watches: vec![Watch {
                name: "watcher".into(),
                after: at(11),
                changes: vec![
                    change(12, 3, None, S::Queued),
                    change(14, 1, Some(S::Queued), S::Claimed),
                    change(17, 3, Some(S::Queued), S::Uncertain),
                    change(18, 1, Some(S::Claimed), S::Sent),
                    change(19, 2, Some(S::Queued), S::Sent),
                    change(20, 3, Some(S::Uncertain), S::Queued),
                    change(24, 3, Some(S::Queued), S::Sent),
                ],
            }],
        },
        aired: vec![aired(1), aired(2), aired(3), aired(3)],
        finals: (0..NODES).map(|node| Final { node, messages: messages.clone() }).collect(),
        faults: vec![Fault { at: ms(15), what: "kill node 2".into(), modems: 1 }],
    }
}

/// Breaks the good run by `spoil` and expects that promise, and no other, to be named.
fn breaks(promise: Promise, spoil: impl Fn(&mut Evidence)) {
    let mut evidence = good();
    spoil(&mut evidence);

    let violations = check(&evidence);

    assert!(!violations.is_empty(), "nothing was noticed");
    assert!(violations.iter().all(|violation| violation.promise == promise), "{violations:#?}");
}

/// Applies `spoil` to message `number` on every node.
fn everywhere(evidence: &mut Evidence, number: usize, spoil: impl Fn(&mut Settled)) {
    for last in &mut evidence.finals {
        spoil(&mut last.messages[number - 1]);
    }
}

#[test]
fn a_good_run_breaks_nothing() {
    assert_eq!(check(&good()), []);
    assert_eq!(check(&Evidence::default()), []);
}

#[test]
fn a_message_taken_without_an_answer_breaks_nothing() {
    let mut evidence = good();
    for last in &mut evidence.finals {
        last.messages.push(settled(5, S::Sent, &[S::Queued]));
    }
    evidence.aired.push(aired(5));

    // The watcher was told of everything between its first and last word, so it must have been told of this too.
    evidence.history.watches[0].changes.insert(1, change(13, 5, None, S::Queued));
    assert_eq!(check(&evidence), []);
}

#[test]
fn an_acknowledged_message_that_is_gone_is_lost() {
    breaks(Promise::NothingLost, |evidence| {
        for last in &mut evidence.finals {
            last.messages.remove(1);
        }
        evidence.aired.remove(1);
    });
    breaks(Promise::NothingLost, |evidence| {
        everywhere(evidence, 1, |settled| settled.text = "another text".into());
    });
    breaks(Promise::NothingLost, |evidence| {
        evidence.finals.clear();
        evidence.aired.clear();
    });
}

#[test]
fn a_refused_message_that_appears_is_noticed() {
    breaks(Promise::RefusedStaysRefused, |evidence| {
        for last in &mut evidence.finals {
            last.messages.push(settled(4, S::Failed, &[]));
        }
    });
    breaks(Promise::RefusedStaysRefused, |evidence| evidence.aired.push(aired(4)));
}

#[test]
fn a_silent_duplicate_is_noticed() {
    breaks(Promise::NoSilentDuplicate, |evidence| evidence.aired.push(aired(1)));
    // One doubt pays for one more copy, not for two.
    breaks(Promise::NoSilentDuplicate, |evidence| evidence.aired.push(aired(3)));
    // Nor does a mark that is set when the copy is already on the air.
    breaks(Promise::NoSilentDuplicate, |evidence| {
        everywhere(evidence, 3, |settled| settled.marked_ms = vec![1001]);
    });
    // A doubt about another part pays for nothing.
    breaks(Promise::NoSilentDuplicate, |evidence| {
        everywhere(evidence, 3, |settled| {
            settled.doubted = vec![2];
            settled.parts = 1;
        });
    });
}

#[test]
fn a_word_that_contradicts_the_network_is_noticed() {
    // Sent, and never on the air.
    breaks(Promise::NoSilentDuplicate, |evidence| {
        evidence.aired.remove(0);
    });
    breaks(Promise::NoSilentDuplicate, |evidence| everywhere(evidence, 1, |settled| settled.parts = 2));
    // Withdrawn, and on the air. Nobody read or watched it.
    for state in [S::Canceled, S::Expired, S::Failed] {
        breaks(Promise::NoSilentDuplicate, |evidence| {
            everywhere(evidence, 2, |settled| settled.state = state);
        });
    }
    breaks(Promise::NoSilentDuplicate, |evidence| evidence.aired.push(aired(77)));
}

#[test]
fn a_doubt_without_a_fault_is_noticed() {
    breaks(Promise::DoubtsBounded, |evidence| evidence.faults.clear());
    breaks(Promise::DoubtsBounded, |evidence| everywhere(evidence, 1, |settled| settled.doubted.push(1)));
}

#[test]
fn a_read_that_goes_back_is_noticed() {
    breaks(Promise::ReadsNeverGoBack, |evidence| {
        evidence.history.reads.push(read(1, 31, 32, 14, S::Claimed));
    });
    breaks(Promise::ReadsNeverGoBack, |evidence| {
        evidence.history.reads.push(Read { state: None, ..read(1, 31, 32, 18, S::Sent) });
    });
    // Acknowledged, and then not known, though never read before.
    breaks(Promise::ReadsNeverGoBack, |evidence| {
        evidence.history.reads.push(Read { state: None, ..read(3, 31, 32, 40, S::Sent) });
    });
    breaks(Promise::ReadsNeverGoBack, |evidence| {
        evidence.history.reads.push(read(3, 31, 32, 11, S::Queued));
    });
}

#[test]
fn a_read_older_than_a_read_of_another_message_is_noticed() {
    breaks(Promise::ReadsNeverGoBack, |evidence| {
        evidence.history.reads.push(read(2, 31, 32, 15, S::Queued));
    });
}

#[test]
fn an_ended_message_that_is_queued_again_is_noticed() {
    breaks(Promise::ReadsNeverGoBack, |evidence| {
        evidence.history.reads.push(read(1, 31, 32, 25, S::Queued));
    });
}

#[test]
fn two_states_at_one_revision_are_noticed() {
    breaks(Promise::ReadsNeverGoBack, |evidence| {
        let read = Read { level: Level::Stale(None), ..read(1, 50, 51, 14, S::Queued) };
        evidence.history.reads.push(read);
    });
}

#[test]
fn a_stale_read_older_than_asked_is_noticed() {
    breaks(Promise::ReadsNeverGoBack, |evidence| {
        let read = Read { level: Level::Stale(Some(at(14))), ..read(1, 50, 51, 10, S::Queued) };
        evidence.history.reads.push(read);
    });
}

#[test]
fn a_message_that_does_not_end_is_noticed() {
    for state in [S::Scheduled, S::Queued, S::Claimed, S::Sending, S::Uncertain] {
        breaks(Promise::EveryMessageEnds, |evidence| {
            everywhere(evidence, 2, |settled| settled.state = state)
        });
    }
}

#[test]
fn a_key_with_two_messages_is_noticed() {
    breaks(Promise::OneIdPerKey, |evidence| {
        for last in &mut evidence.finals {
            let mut second = settled(2, S::Failed, &[]);
            second.id = "id-2b".into();
            last.messages.push(second);
        }
        // The network took it once, so the second one failed in truth; only the key is broken.
        everywhere(evidence, 4, |settled| settled.doubted = Vec::new());
        evidence.faults[0].modems += 1;
        everywhere(evidence, 4, |settled| settled.doubted.push(1));
    });
}

#[test]
fn a_key_answered_with_two_ids_is_noticed() {
    breaks(Promise::OneIdPerKey, |evidence| {
        let mut again = submit(3, 20, 21, accepted(1, 10));
        (again.to, again.text) = ("491".into(), "text 1".into());
        evidence.history.submits.push(again);
    });
}

#[test]
fn a_watch_with_a_gap_a_repeat_or_a_step_back_is_noticed() {
    breaks(Promise::WatchWhole, |evidence| {
        evidence.history.watches[0].changes.remove(2);
    });
    breaks(Promise::WatchWhole, |evidence| {
        let again = evidence.history.watches[0].changes[4].clone();
        evidence.history.watches[0].changes.push(again);
    });
    breaks(Promise::WatchWhole, |evidence| evidence.history.watches[0].changes.swap(2, 3));
    breaks(Promise::WatchWhole, |evidence| {
        evidence.history.watches[0].changes.insert(0, change(11, 2, None, S::Queued));
    });
}

#[test]
fn a_watch_that_tells_what_never_happened_is_noticed() {
    breaks(Promise::WatchWhole, |evidence| {
        evidence.history.watches[0].changes.push(change(25, 3, Some(S::Sent), S::Failed));
    });
}

#[test]
fn a_watch_that_is_silent_about_an_accepted_message_is_noticed() {
    breaks(Promise::WatchWhole, |evidence| {
        let watch = &mut evidence.history.watches[0];
        watch.changes.retain(|change| change.id != "id-3");
    });
}

#[test]
fn two_watches_that_differ_are_noticed() {
    let second = |evidence: &Evidence| Watch { name: "second".into(), ..evidence.history.watches[0].clone() };
    let mut same = good();
    let mut shorter = second(&same);
    (shorter.after, shorter.changes) = (at(14), shorter.changes[2..4].to_vec());
    same.history.watches.push(shorter);
    assert_eq!(check(&same), []);

    breaks(Promise::WatchWhole, |evidence| {
        let mut second = second(evidence);
        second.changes.remove(4);
        second.changes[3].revision = Revision("0018.5".into());
        evidence.history.watches.push(second);
    });
}

#[test]
fn a_replica_that_differs_is_noticed() {
    breaks(Promise::ReplicasAgree, |evidence| evidence.finals[2].messages[0].state = S::Delivered);
    breaks(Promise::ReplicasAgree, |evidence| {
        evidence.finals[1].messages.push(settled(5, S::Failed, &[]));
    });
}

#[test]
fn a_run_that_breaks_everything_is_told_in_few_words() {
    let mut evidence = good();
    evidence.aired = (0..1000).map(|_| aired(1)).chain((100..200).map(aired)).collect();

    let violations = check(&evidence);

    assert!(violations.len() < 40, "{}", violations.len());
    assert!(violations.iter().any(|violation| violation.what.starts_with("and ")));
}
