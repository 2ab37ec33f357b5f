//! Names that are made for files and their results, and what is added to those.

use smsgrid::worker::intake::Hint;

use crate::cluster::{ENDLESS, FAILING, REFUSED};
use crate::rig::Rig;

/// Files with a marker in their text, the folder of their result, and the beginning of its name.
const FILES: [(&str, &str, &str); 4] = [
    ("plain", "To: 4917\n\nmarker-plain", "sent/GSM1."),
    ("fails", "To: 666\n\nmarker-fails", "failed/GSM1."),
    ("refused", "To: 999\n\nmarker-refused", "failed/smsd."),
    ("broken", "no destination\n\nmarker-broken", "failed/smsd."),
];

#[test]
fn names_are_made_and_the_result_tells_the_file_s_own() {
    let mut rig = filled();
    rig.settle();

    check(&rig, "never stopped");
    let result = |marker: &str| {
        let (folder, name) = results(&rig, marker).pop().expect("a result");
        let text = rig.read(&format!("{folder}/{name}"));
        text.lines().take_while(|line| !line.is_empty()).map(str::to_owned).collect::<Vec<_>>()
    };
    // smsd tells it when the file leaves `outgoing`, or last where it never does.
    assert_eq!(result("marker-plain")[..3], ["To: 4917", "Original_filename: plain", "Modem: GSM1"]);
    assert_eq!(result("marker-fails")[1], "Original_filename: fails");
    let broken = result("marker-broken");
    assert!(broken[1].starts_with("Fail_reason: ") && broken[2].starts_with("Failed: "), "{broken:?}");
    assert_eq!(broken[3..], ["Original_filename: broken"]);
}

#[test]
fn a_stop_after_any_effect_makes_the_same_names_and_one_result() {
    let mut rig = filled();
    let whole = stopped_after(&mut rig, usize::MAX);
    for allowed in 0..=whole {
        let mut rig = filled();
        stopped_after(&mut rig, allowed);
        let before: Vec<_> =
            FILES.iter().flat_map(|(name, ..)| results(&rig, &format!("marker-{name}"))).collect();
        rig.settle();
        check(&rig, &format!("stopped after effect {allowed}"));
        let after: Vec<_> =
            FILES.iter().flat_map(|(name, ..)| results(&rig, &format!("marker-{name}"))).collect();
        let ended = before.iter().filter(|(folder, _)| folder != "outgoing" && folder != "checked");
        assert!(
            ended.clone().all(|result| after.contains(result)),
            "stopped after effect {allowed}: {before:?} {after:?}"
        );
    }
}

#[test]
fn a_file_that_was_taken_under_a_made_name_ends_although_names_are_kept_now() {
    let mut rig = Rig::new();
    rig.settings.keep_filename = false;
    rig.put("name", "To: 4917\n\nmarker-name");
    rig.cluster.set_unavailable(true);
    rig.settle();
    let place = rig.names("checked").into_iter().next().expect("it was taken");
    assert!(place.len() == 6 && place.bytes().all(|octet| octet.is_ascii_alphanumeric()), "{place}");

    rig.settings.keep_filename = true;
    rig.cluster.set_unavailable(false);
    rig.settle();
    assert_eq!((rig.names("sent"), rig.names("checked")), (vec!["name".to_owned()], Vec::new()));
    assert_eq!(rig.cluster.texts(), ["marker-name"]);
}

#[test]
fn two_files_of_one_name_are_not_in_each_other_s_way() {
    let mut rig = Rig::new();
    rig.settings.keep_filename = false;
    rig.settings.store_original_filename = false;
    rig.put("same", format!("To: {ENDLESS}\n\nfirst"));
    let mut running = rig.start();
    running.settle();
    running.rig().put("same", "To: 4917\n\nsecond");
    running.hint(Hint::MovedIn, "same");
    running.settle();
    drop(running);

    assert_eq!(rig.cluster.texts(), ["first", "second"]);
    assert_eq!(rig.cluster.alarms(), Vec::<String>::new());
    let sent = rig.names("sent");
    assert_eq!(sent.len(), 1);
    assert!(!rig.read(&format!("sent/{}", sent[0])).contains("Original_filename"));
}

#[test]
fn a_name_comes_again_while_its_first_file_waits_under_its_own_and_each_is_sent_once() {
    let mut rig = Rig::new();
    rig.put("same", format!("To: {ENDLESS}\n\nfirst"));
    rig.settle();
    assert_eq!(rig.names("checked"), ["same", "same.LOCK"]);

    rig.settings.keep_filename = false;
    rig.put("same", format!("To: {ENDLESS}\n\nsecond"));
    rig.settle();
    rig.settle();
    rig.settle();
    assert_eq!(rig.cluster.texts(), ["first", "second"]);
    assert_eq!(rig.names("outgoing"), Vec::<String>::new());
}

#[test]
fn a_file_found_in_checked_and_one_of_its_name_in_outgoing_are_each_sent_once() {
    let mut rig = Rig::new();
    rig.settings.keep_filename = false;
    std::fs::write(rig.path("checked/same"), format!("To: {ENDLESS}\n\nfirst")).expect("write");
    rig.put("same", format!("To: {ENDLESS}\n\nsecond"));
    rig.settle();
    rig.settle();
    rig.settle();
    let mut texts = rig.cluster.texts();
    texts.sort();
    assert_eq!(texts, ["first", "second"]);
}

#[test]
fn a_file_that_tells_its_original_name_already_tells_no_other() {
    let mut rig = Rig::new();
    rig.settings.keep_filename = false;
    let file = "To: 4917\nOriginal_filename: invoice\n\nmarker-moved";
    std::fs::write(rig.path("checked/AbCdEf"), file).expect("write");
    rig.settle();

    let sent = rig.names("sent");
    let result = rig.read(&format!("sent/{}", sent[0]));
    let told: Vec<_> = result.lines().filter(|line| line.starts_with("Original_filename")).collect();
    assert_eq!(told, ["Original_filename: invoice"]);
}

#[test]
fn an_alarm_names_the_file_where_it_stands() {
    let mut rig = Rig::new();
    rig.settings.keep_filename = false;
    rig.put("gone", format!("To: {ENDLESS}\n\ntext"));
    rig.settle();
    let place = rig.names("checked").into_iter().next().expect("it was taken");
    std::fs::remove_file(rig.path(&format!("checked/{place}"))).expect("remove");
    rig.put("large", vec![b'x'; smsgrid::sms_file::FILE_OCTETS_MAX + 1]);
    rig.settle();

    let alarms = rig.cluster.alarms();
    assert!(alarms.iter().any(|alarm| alarm.starts_with(&format!("`checked/{place}`"))), "{alarms:?}");
    let result = rig.names("failed").into_iter().next().expect("a result");
    assert!(alarms.iter().any(|alarm| alarm.contains(&format!("`failed/{result}`"))), "{alarms:?}");
}

#[test]
fn the_beginning_of_the_text_stands_behind_the_name_where_it_became_a_message() {
    let mut rig = Rig::new();
    rig.settings.filename_preview = 8;
    rig.put("a", "To: 4917\n\nGr\u{fc}\u{df}e, alle");
    rig.put("b", format!("To: {FAILING}\nAlphabet: binary\nUDH: no\n\nxyz"));
    rig.put("c", format!("To: {REFUSED}\n\nnever"));
    rig.put("d", "To: 4917\n\nhi");
    rig.settle();

    assert_eq!(rig.names("sent"), ["a-Gru_e__a", "d-hi"]);
    assert_eq!(rig.names("failed"), ["b-binary", "c"]);
    rig.put("d", "To: 4917\n\nhi");
    rig.settle();
    let again = rig.names("sent");
    assert!(again.len() == 3 && again[2].starts_with("d-hi."), "nothing is overwritten: {again:?}");
}

fn filled() -> Rig {
    let mut rig = Rig::new();
    rig.settings.keep_filename = false;
    for (name, content, _) in FILES {
        rig.put(name, content);
    }
    rig
}

/// Stops among these files; how many effects there were.
fn stopped_after(rig: &mut Rig, allowed: usize) -> usize {
    rig.stopped_after(FILES.map(|(name, ..)| name), allowed)
}

/// Where files with this marker stand.
fn results(rig: &Rig, marker: &str) -> Vec<(String, String)> {
    let all = ["outgoing", "checked", "sent", "failed"].into_iter();
    let all = all.flat_map(|folder| rig.names(folder).into_iter().map(move |name| (folder.to_owned(), name)));
    all.filter(|(folder, name)| rig.read(&format!("{folder}/{name}")).contains(marker)).collect()
}

fn check(rig: &Rig, when: &str) {
    for (name, content, expected) in FILES {
        let found = results(rig, &format!("marker-{name}"));
        let [(folder, result)] = found.as_slice() else { panic!("{when}: {name} stands in {found:?}") };
        let at = format!("{folder}/{result}");
        assert!(at.starts_with(expected) && at.len() == expected.len() + 6, "{when}: {name} is {at}");
        let messages = rig.cluster.texts().iter().filter(|text| content.ends_with(text.as_str())).count();
        assert_eq!(messages, usize::from(name == "plain" || name == "fails"), "{when}: {name}");
    }
    assert!(rig.hidden("sent").is_empty() && rig.hidden("failed").is_empty(), "{when}");
}
