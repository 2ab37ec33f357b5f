//! The alarm handler: six arguments, a level, an order.

use smsgrid::worker::handlers::{Alarm, Severity};
use tokio_util::sync::CancellationToken;

use crate::rig::Rig;

const CONFLICT: &str =
    "Conflict with .LOCK file in the spooler: /var/spool/sms/outgoing/test_file /var/spool/sms/checked";

#[test]
fn the_alarm_of_the_conflict_has_exactly_six_arguments_and_is_waited_for() {
    for mut rig in Rig::both() {
        let tells = r#"sleep 0.2; printf '%s\n' "$#" "$@" >$D/told"#;
        rig.settings.alarmhandler = Some(rig.script("on-alarm", tells));
        let (handlers, _hand) = rig.handlers_by_hand();

        rig.runtime.block_on(handlers.alarm_heard(&Alarm::of_main(Severity::Critical, CONFLICT)));

        let told = rig.read("told");
        let lines: Vec<&str> = told.lines().collect();
        let [count, alarm, date, time, severity, title, text] = lines[..] else { panic!("{told}") };
        assert_eq!([count, alarm, severity, title, text], ["6", "ALARM", "2", "smsd", CONFLICT]);
        let shape = |text: &str| text.replace(|c: char| c.is_ascii_digit(), "0");
        assert_eq!((shape(date), shape(time)), ("0000-00-00".to_owned(), "00:00:00".to_owned()));
        assert!(date.starts_with("2026-11-2"), "{date}");
    }
}

#[test]
fn alarms_beyond_the_level_are_not_told_and_others_come_in_order() {
    for mut rig in Rig::both() {
        rig.settings.alarmhandler = Some(rig.script("on-alarm", r#"echo "$4 $5 $6" >>$D/told"#));
        let handlers = rig.handlers();
        handlers.alarm(Alarm::of_main(Severity::Notice, "too small"));
        handlers.alarm(Alarm::of_modem(Severity::Warning, "GSM1", "one; two"));
        handlers.alarm(Alarm::of_main(Severity::Error, "$(three)"));
        // At a stop, what waits is still told.
        let stop = CancellationToken::new();
        stop.cancel();
        rig.runtime.block_on(handlers.tell_alarms(&stop));

        assert_eq!(rig.read("told"), "4 GSM1 one; two\n3 smsd $(three)\n");
    }
}

#[test]
fn what_waits_when_others_take_their_place_is_told_by_those_that_have_an_alarm_handler() {
    for mut rig in Rig::both() {
        rig.settings.alarmhandler = Some(rig.script("old", r#"echo "old $6" >>$D/told"#));
        let (old, stop) = (rig.handlers(), CancellationToken::new());
        stop.cancel();
        old.alarm(Alarm::of_main(Severity::Error, "one"));
        old.alarm(Alarm::of_main(Severity::Error, "two"));

        rig.settings.alarmhandler = Some(rig.script("new", r#"echo "new $6" >>$D/told"#));
        let new = old.successor(rig.settings.clone()).expect("others");
        rig.runtime.block_on(old.tell_alarms(&stop));
        assert_eq!(rig.read("told"), "");
        rig.runtime.block_on(new.tell_alarms(&stop));
        assert_eq!(rig.read("told"), "new one\nnew two\n");

        new.alarm(Alarm::of_main(Severity::Error, "three"));
        rig.settings.alarmhandler = None;
        let _none = new.successor(rig.settings.clone()).expect("others");
        rig.runtime.block_on(new.tell_alarms(&stop));
        assert_eq!(rig.read("told"), "new one\nnew two\nnew three\n");
    }
}
