//! Tests of what arrives: stored, announced, routed, kept by the network, read and deleted.

use std::time::Duration;

use super::*;

/// hellohello from +46708251358 through the card's own service centre, at the clock of the tests.
const ARRIVED: &str = "07910100550501F0040B916407281553F80000422092329595000AE8329BFD4697D9EC37";

#[test]
fn a_message_is_stored_announced_listed_read_and_deleted() {
    let mut bench = Bench::ready("fast");

    bench.modem.deliver("+46708251358", "hellohello", bench.now);

    assert_eq!(shown(&bench.drain()), "+CMTI: \"SM\",1");
    assert_eq!(bench.ask("AT+CPMS?"), "+CPMS: \"SM\",1,10,\"SM\",1,10,\"SM\",1,10|OK");
    assert_eq!(bench.ask("AT+CMGL=1"), "OK", "nothing was read yet");
    assert_eq!(bench.ask("AT+CMGL"), format!("+CMGL: 1,0,,28|{ARRIVED}|OK"));
    assert_eq!(bench.ask("AT+CMGL=0"), "OK", "a list marks as read");
    assert_eq!(bench.ask("AT+CMGR=1"), format!("+CMGR: 1,,28|{ARRIVED}|OK"));
    assert_eq!(bench.ask("AT+CMGD=?"), "+CMGD: (1),(0-4)|OK");
    assert_eq!(bench.ask("AT+CMGD=1"), "OK");
    assert_eq!(bench.ask("AT+CMGR=1"), "+CMS ERROR: 321");
    assert_eq!(bench.ask("AT+CMGL=4"), "OK");
}

#[test]
fn an_index_that_is_no_slot_is_refused() {
    let mut bench = Bench::ready("fast");

    for line in ["AT+CMGR=0", "AT+CMGR=11", "AT+CMGD=0", "AT+CMGD=11", "AT+CMGD=65535", "AT+CMGR=1,2"] {
        assert_eq!(bench.ask(line), "+CMS ERROR: 321", "{line}");
    }
    assert_eq!(bench.ask("AT+CMGD=10"), "OK", "an empty slot is deleted without a word");
    assert_eq!(bench.ask("AT+CMGL=5"), "+CMS ERROR: 302");
}

#[test]
fn deleting_all_spares_what_nobody_read_unless_told() {
    let mut bench = Bench::ready("fast");
    for text in ["one", "two", "three"] {
        bench.modem.deliver("1", text, bench.now);
    }
    bench.drain();
    bench.ask("AT+CMGR=2");

    assert_eq!(bench.ask("AT+CMGD=1,1;+CMGD=?"), "+CMGD: (1,3),(0-4)|OK");
    assert_eq!(bench.ask("AT+CMGD=1,4;+CMGD=?"), "+CMGD: (),(0-4)|OK");
}

#[test]
fn memories_are_chosen_one_by_one() {
    let mut bench = Bench::ready("fast");

    assert_eq!(bench.ask("AT+CPMS=\"SM\",\"SM\",\"ME\""), "+CPMS: 0,10,0,10,0,50|OK");
    bench.modem.deliver("1", "into the device", bench.now);

    assert_eq!(shown(&bench.drain()), "+CMTI: \"ME\",1");
    assert_eq!(bench.ask("AT+CMGR=1"), "+CMS ERROR: 321", "the SIM is still the one to read");
    assert!(bench.ask("AT+CPMS=\"ME\"").starts_with("+CPMS: 1,50"));
    assert!(bench.ask("AT+CMGR=1").starts_with("+CMGR: 0,,"));
    for wrong in ["AT+CPMS=\"XX\"", "AT+CPMS=SM", "AT+CPMS=\"SM\",\"SM\",\"SM\",\"SM\"", "AT+CPMS"] {
        assert_eq!(bench.ask(wrong), "+CMS ERROR: 302", "{wrong}");
    }
}

#[test]
fn what_a_full_card_cannot_take_comes_when_there_is_room() {
    let mut bench = Bench::ready("fast?sim_slots=2");
    for sender in ["1", "2", "3", "4"] {
        bench.modem.deliver(sender, "x", bench.now);
    }

    assert_eq!(shown(&bench.drain()), "+CMTI: \"SM\",1|+CMTI: \"SM\",2");
    assert_eq!(bench.modem.status().waiting, 2);
    assert_eq!(bench.ask("AT+CMGD=1"), "+CMTI: \"SM\",1|OK");
    assert_eq!(bench.modem.status().waiting, 1);
    assert_eq!(bench.ask("AT+CMGD=2"), "+CMTI: \"SM\",2|OK");
    assert_eq!(bench.ask("AT+CPMS?"), "+CPMS: \"SM\",2,2,\"SM\",2,2,\"SM\",2,2|OK");
    assert!(bench.ask("AT+CMGR=1").contains("040181F3"), "the oldest that waited comes first");
    assert!(bench.ask("AT+CMGR=2").contains("040181F4"));
}

#[test]
fn indications_off_store_in_silence() {
    let mut bench = Bench::ready("fast");
    bench.ask("AT+CNMI=0");

    bench.modem.deliver("1", "psst", bench.now);

    assert_eq!(bench.drain(), "");
    assert_eq!(bench.modem.status().stored, 1);
    assert_eq!(bench.ask("AT+CNMI=2,4"), "+CMS ERROR: 302");
    assert_eq!(bench.ask("AT+CNMI=,1;+CNMI?"), "+CNMI: 0,1,0,1,0|OK", "what is left out stays");
}

#[test]
fn a_routed_message_is_not_stored() {
    let mut bench = Bench::ready("fast");
    bench.ask("AT+CNMI=2,2");

    bench.modem.deliver("+46708251358", "hellohello", bench.now);

    assert_eq!(shown(&bench.drain()), format!("+CMT: ,28|{ARRIVED}"));
    assert_eq!(bench.modem.status().stored, 0);
    assert_eq!(bench.ask("AT+CNMA"), "+CMS ERROR: 340", "phase 2 wants no acknowledgement");
}

#[test]
fn a_routed_message_of_phase_2_plus_waits_for_its_acknowledgement() {
    let mut bench = Bench::ready("fast");
    bench.ask("AT+CSMS=1;+CNMI=2,2");
    bench.modem.deliver("1", "one", bench.now);
    bench.modem.deliver("1", "two", bench.now);

    assert_eq!(bench.drain().matches("+CMT").count(), 1, "one at a time");
    assert!(bench.ask("AT+CNMA").starts_with("+CMT: "), "the next comes with the acknowledgement");
    assert_eq!(bench.ask("AT+CNMA=0"), "OK");
    assert_eq!(bench.ask("AT+CNMA"), "+CMS ERROR: 340");
}

#[test]
fn a_message_never_acknowledged_is_delivered_again_and_routing_ends() {
    let mut bench = Bench::ready("fast");
    bench.ask("AT+CSMS=1;+CNMI=2,2");
    bench.modem.deliver("1", "one", bench.now);
    bench.drain();

    assert_eq!(bench.wait(Duration::from_secs(16)), "");
    assert_eq!(bench.ask("AT+CNMI?"), "+CNMI: 2,0,0,0,0|OK");
    assert_eq!(bench.modem.status().stored, 1);
}

#[test]
fn reports_are_routed_stored_or_dropped_as_chosen() {
    let report = |indications: &str| {
        let mut bench = Bench::ready("fast?report=1s");
        bench.ask(&format!("AT+CNMI={indications}"));
        bench.send(HELLO_WITH_REPORT, HELLO_OCTETS);
        let words = bench.wait(Duration::from_secs(1));
        (words, bench.modem.status().stored, bench.modem.status().waiting)
    };

    assert!(report("2,1,0,1,0").0.starts_with("+CDS: 25|"));
    assert_eq!(report("2,1,0,2,0"), ("+CDSI: \"SM\",1".to_owned(), 1, 0));
    assert_eq!(report("2,1,0,0,0"), (String::new(), 0, 0));
    assert_eq!(report("0,1,0,1,0"), (String::new(), 0, 1));
}

#[test]
fn a_long_text_arrives_in_parts_that_belong_together() {
    let mut bench = Bench::ready("fast");

    bench.modem.deliver("Bank", &"x".repeat(400), bench.now);

    assert_eq!(bench.drain().matches("+CMTI").count(), 3);
    let list = bench.ask("AT+CMGL=4");
    for part in 1..=3 {
        assert!(list.contains(&format!("05000301030{part}")), "part {part} of {list}");
    }
}

#[test]
fn what_arrives_while_nobody_is_registered_arrives_later() {
    let mut bench = Bench::ready("fast");
    bench.modem.set_registration(Registration::Off, bench.now);
    bench.modem.deliver("1", "later", bench.now);
    assert_eq!(bench.drain(), "");

    bench.modem.set_registration(Registration::Home, bench.now);

    assert_eq!(shown(&bench.drain()), "+CMTI: \"SM\",1");
}

#[test]
fn an_announcement_may_come_between_command_prompt_and_answer() {
    let mut bench = Bench::ready("steady");
    bench.write(b"AT+CMGS=23\r");
    bench.modem.deliver("1", "x", bench.now);
    assert_eq!(shown(&bench.drain()), "+CMTI: \"SM\",1");
    assert_eq!(bench.wait(Duration::from_millis(10)), ">");
    bench.modem.deliver("1", "x", bench.now);
    assert_eq!(shown(&bench.drain()), "+CMTI: \"SM\",2");
    bench.write(format!("{HELLO}\x1a").as_bytes());
    bench.modem.deliver("1", "x", bench.now);

    assert_eq!(bench.wait(Duration::from_secs(1)), "+CMTI: \"SM\",3|+CMGS: 0|OK");
    assert!(bench.violations.is_empty());
}
