//! Both sides against each other, and what they do otherwise against the list.

use std::collections::BTreeMap;
use std::fmt::Write;

use smsgrid_tests::differences::Differences;
use smsgrid_tests::oracle::Side;

use super::case::Group;
use super::diff::differing;
use super::station::Station;

/// How each file of a group fared, by name.
type Fates = BTreeMap<String, Vec<String>>;

/// Both sides take every file of each group; what differs must be listed, and what is listed must differ.
pub(crate) fn alike(groups: &[Group]) {
    let report: String = groups.iter().map(unlisted).collect();
    assert!(report.is_empty(), "differences.txt and what happened are not the same:\n{report}");
}

/// What differs in a group and is not listed, and what is listed and does not differ.
fn unlisted(group: &Group) -> String {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path();
    let [smsd, smsnode] = std::thread::scope(|scope| {
        let started = Side::ALL.map(|side| scope.spawn(move || fates(side, path, group)));
        started.map(|side| side.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
    });
    let listed = Differences::read();
    let mut report = String::new();
    for case in &group.cases {
        let name = format!("{}/{}", group.name, case.name);
        let found = differing(&smsd[&case.name], &smsnode[&case.name]);
        tell_apart(&name, &found, &listed.lines_of(&name), &mut report);
    }
    report
}

/// Every file the list names is there.
pub(crate) fn listed_cases_exist() {
    let groups = Group::all();
    let names = groups
        .iter()
        .flat_map(|group| group.cases.iter().map(move |case| format!("{}/{}", group.name, case.name)));
    let names: Vec<String> = names.collect();
    for case in Differences::read().cases() {
        assert!(names.contains(&case.to_owned()), "differences.txt lists {case}, which is no file of data/");
    }
}

fn fates(side: Side, dir: &std::path::Path, group: &Group) -> Fates {
    let mut station = Station::start(side, dir, group);
    let fate = |case: &super::case::Case| (case.name.clone(), station.outcome_of(case).lines());
    let fates = group.cases.iter().map(fate).collect();
    station.stop();
    fates
}

fn tell_apart(name: &str, found: &[String], listed: &[String], report: &mut String) {
    let (mut found, mut listed) = (found.to_vec(), listed.to_vec());
    let in_both: Vec<String> = found.iter().filter(|line| listed.contains(line)).cloned().collect();
    for line in in_both {
        // A line that both hold twice is taken from both twice.
        if let Some(at) = listed.iter().position(|other| *other == line) {
            listed.remove(at);
            found.remove(found.iter().position(|other| *other == line).expect("it was found"));
        }
    }
    if found.is_empty() && listed.is_empty() {
        return;
    }
    let lines = |title: &str, lines: &[String]| match lines {
        [] => String::new(),
        lines => format!("  {title}:\n{}\n", lines.join("\n")),
    };
    let _ = writeln!(report, "{name}\n{}{}", lines("not listed", &found), lines("listed, and gone", &listed));
}
