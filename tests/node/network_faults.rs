//! A network that refuses a message, refuses for a while, or is not there: each message gets its own answer.

use std::time::Duration;

use smsgrid_tests::wait;

use super::pair::{PATIENCE, Pair};

#[test]
fn a_message_the_network_refuses_for_good_fails_in_smsds_words_and_the_next_ones_leave() {
    let mut pair = Pair::new("fast", "");
    pair.gateway.start();
    pair.wait_until_up(1);
    let refusals = [
        (1, "CMS ERROR: 1 (Unassigned (unallocated) number)"),
        (28, "CMS ERROR: 28 (Unindentified subscriber)"),
        (30, "CMS ERROR: 30 (Unknown subscriber)"),
    ];

    for (code, words) in refusals {
        let name = format!("refused{code}");
        pair.order(&format!("refuse 0 1 {code}"));
        pair.drop_file_for_gsm1(&name, &name);

        let failed = pair.wait_for_file("failed", &name, PATIENCE);
        let reason = failed.lines().find_map(|line| line.strip_prefix("Fail_reason: "));
        assert!(reason.is_some_and(|reason| reason.ends_with(words)), "{failed}");
        assert!(failed.contains("Modem: GSM1\n") && failed.ends_with(&name), "{failed}");
        assert_eq!(pair.copies(&name), 0);
    }
    let lines = pair.events("message.refused", "GSM1");
    assert_eq!(lines.len(), refusals.len(), "one attempt each");
    assert!(lines.iter().all(|line| line["msg"] == "part refused; it was not sent"), "{lines:?}");
    // Numbers that do not exist say nothing about the modem.
    pair.sends_by_gsm1("afterwards");
    assert!(pair.events("modem.blocked", "GSM1").is_empty());
    pair.stop();
}

#[test]
fn a_modem_the_network_refuses_three_times_is_blocked_and_told_once() {
    let mut pair = Pair::new("fast", "");
    pair.gateway.start();
    pair.wait_until_up(1);
    pair.order("refuse 0 3 38");

    for number in 0..3 {
        pair.drop_file_for_gsm1(&format!("waits{number}"), &format!("waits{number}"));
    }

    let words =
        ["GSM1", "too often", "no messages for 60 s", "+CMS ERROR: 38 (Network out of order)", "credit"];
    pair.wait_for_trouble("NETWORK_REFUSED", &words);
    pair.sends_by_gsm2("meanwhile");
    assert_eq!(pair.events("message.refused", "GSM1").len(), 3);
    assert_eq!(pair.troubles("NETWORK_REFUSED").len(), 1);
    assert_eq!(pair.gateway.names("failed"), Vec::<String>::new(), "they are tried again later");
    pair.stop();
}

#[test]
fn messages_wait_while_there_is_no_network_and_leave_when_it_is_back() {
    let mut pair = Pair::new("fast", "");
    pair.gateway.start();
    pair.wait_until_up(1);
    pair.sends_by_gsm1("before");

    pair.order("registration 0 searching");
    let names = ["one", "other"];
    for name in names {
        pair.drop_file_for_gsm1(name, name);
    }
    pair.wait_for_trouble(
        "NO_NETWORK",
        &["GSM1", "not registered with a network", "no messages", "by itself"],
    );
    pair.sends_by_gsm2("meanwhile");
    // Asked for again every five seconds.
    wait::poll(Duration::from_millis(5500), || (pair.troubles("NO_NETWORK").len() > 1).then_some(()));
    assert_eq!(pair.gateway.names("checked"), names);
    let refused = pair.events("message.refused", "GSM1");
    assert_eq!(refused.len(), 1, "one attempt found out, no other was spent: {refused:?}");

    // The message of that attempt rests; the other leaves at once.
    pair.order("registration 0 home");
    let sent = wait::until("a message that waited", PATIENCE, || {
        names.into_iter().find(|name| pair.gateway.names("sent").contains(&(*name).to_owned()))
    });
    assert!(pair.gateway.content("sent", sent).contains("Modem: GSM1\n"));
    assert_eq!((pair.copies(sent), pair.troubles("NO_NETWORK").len()), (1, 1));
    pair.stop();
}

#[test]
fn a_modem_without_a_network_from_the_start_is_used_when_the_network_comes() {
    let mut pair = Pair::new("fast", "registration_timeout = \"1s\"\n");
    pair.order("registration 0 denied");
    pair.gateway.start();

    pair.wait_for_trouble("NO_NETWORK", &["GSM1", "not registered with a network", "SIM is active"]);
    pair.sends_by_gsm2("meanwhile");

    pair.order("registration 0 roaming");
    pair.wait_until_up(1);
    pair.sends_by_gsm1("afterwards");
    assert_eq!(pair.troubles("NO_NETWORK").len(), 1);
    pair.stop();
}
