//! Saved clusters: what is written, what is asked, and what is said when neither can be done.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;
use tonic::Code;

use super::fake::{Fake, Plan};
use super::smsctl::{Answer, command, start_with};
use super::world::{Deed, World};

/// A person with a folder for configurations of their own.
struct Person(TempDir);

impl Person {
    fn new() -> Person {
        Person(tempfile::tempdir().expect("a folder"))
    }

    fn file(&self) -> PathBuf {
        self.0.path().join("config/smsgrid/contexts.toml")
    }

    fn runs(&self, words: &[&str]) -> Answer {
        self.runs_with(&[], words)
    }

    fn runs_with(&self, variables: &[(&str, &str)], words: &[&str]) -> Answer {
        let mut command = command(&[], words);
        command.env("XDG_CONFIG_HOME", self.0.path().join("config")).envs(variables.iter().copied());
        start_with(command, None).wait()
    }

    /// The same, which has to be done.
    fn does(&self, words: &[&str]) -> Answer {
        let answer = self.runs(words);
        assert_eq!(answer.exit, 0, "{words:?} {answer:?}");
        answer
    }

    /// Each context, and whether it is in use; which one was before is left out.
    fn saved(&self) -> Vec<[Value; 3]> {
        let listed = self.does(&["context", "list", "-o", "ndjson"]).lines();
        listed.iter().map(|one| ["name", "servers", "current"].map(|member| one[member].clone())).collect()
    }

    /// `lab` and `prod`, at addresses where nobody listens; `prod` is in use.
    fn with_two() -> Person {
        let person = Person::new();
        person.does(&["context", "add", "lab", "--server", "127.0.0.2:9", "--use"]);
        person.does(&[
            "context",
            "add",
            "prod",
            "--server",
            "127.0.0.3:9",
            "--server",
            "127.0.0.4:9",
            "--use",
        ]);
        person
    }
}

#[test]
fn what_is_saved_is_listed_used_and_removed() {
    let person = Person::new();
    let first = person.does(&["context", "add", "lab", "--server", "127.0.0.2:9"]);
    assert!(first.talk.contains("Undo: smsctl context remove lab"), "{first:?}");
    assert!(first.talk.contains("Take it: smsctl context use lab"), "{first:?}");

    person.does(&["context", "use", "lab"]);
    let added = person.does(&["context", "add", "prod", "--server", "gw-a,gw-b:7172", "--use", "-o", "json"]);
    let listed = person.does(&["context", "list", "-o", "json"]).json();

    let prod = json!({ "name": "prod", "servers": ["http://gw-a:7170", "http://gw-b:7172"], "current": true, "previous": false });
    let lab = json!({ "name": "lab", "servers": ["http://127.0.0.2:9"], "current": false, "previous": true });
    assert_eq!(added.json(), json!({ "v": 1, "contexts": [prod] }));
    assert_eq!(listed, json!({ "v": 1, "contexts": [lab, prod] }));

    let back = person.does(&["context", "use", "-", "-o", "name"]);
    assert_eq!(
        (back.out.as_str(), back.talk.contains("Context lab is in use.   Undo: smsctl context use -")),
        ("lab\n", true)
    );
    let removed = person.does(&["context", "remove", "lab"]);
    let undo = "Context lab is removed, and none is in use.   Undo: smsctl context add lab --server http://127.0.0.2:9 --use\n";
    assert_eq!((removed.talk.as_str(), removed.out.as_str()), (undo, ""));
    let table = person.does(&["context", "list"]).out;
    assert!(table.contains("prod  before  gw-a:7170, gw-b:7172") && !table.contains("lab"), "{table}");
}

#[test]
fn the_file_is_closed_to_others_and_nothing_else_is_left() {
    let person = Person::with_two();

    let mode = |path: &std::path::Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
    let folder = person.file().parent().expect("a folder").to_owned();
    assert_eq!((mode(&person.file()), mode(&folder)), (0o600, 0o700));
    let mut left: Vec<_> =
        fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("readable").file_name()).collect();
    left.sort();
    assert_eq!(left, ["contexts.lock", "contexts.toml"]);
    let text = fs::read_to_string(person.file()).expect("there");
    assert!(text.contains("current = \"prod\"\nprevious = \"lab\"\n"), "{text}");
}

#[test]
fn a_variable_that_counts_more_is_told_to_whoever_takes_a_context_into_use() {
    let person = Person::with_two();
    let variable = ("SMSCTL_SERVER", "127.0.0.5:9");
    for words in [
        &["context", "list"][..],
        &["context", "use", "lab"],
        &["context", "add", "test", "--server", "gw-x", "--use"],
    ] {
        let told = person.runs_with(&[variable], words).talk;
        assert!(told.contains("SMSCTL_SERVER is set and counts more than the context in use."), "{told}");
    }

    let told = person.runs_with(&[variable], &["context", "add", "other", "--server", "gw-x"]).talk;
    assert!(!told.contains("SMSCTL_SERVER"), "it takes none into use: {told}");
}

#[test]
fn what_is_told_to_undo_an_addition_undoes_it() {
    let none_in_use = Person::new();
    none_in_use.does(&["context", "add", "lab", "--server", "127.0.0.2:9"]);
    for person in [Person::with_two(), none_in_use] {
        for words in [
            &["context", "add", "test", "--server", "gw-x"][..],
            &["context", "add", "test", "--server", "gw-x", "--use"],
            &["context", "add", "lab", "--server", "gw-x", "--yes"],
            &["context", "add", "lab", "--server", "gw-x", "--use", "--yes"],
            &["context", "add", "lab", "--server", "127.0.0.2:9", "--use"],
        ] {
            let before = person.saved();

            let told = person.does(words).talk;
            let undo = told.lines().find_map(|line| line.split_once("Undo: ")).expect("one").1;
            for step in undo.split(" && ") {
                person.does(&step.split(' ').skip(1).collect::<Vec<_>>());
            }

            assert_eq!(person.saved(), before, "{words:?} {told}");
        }
    }
}

#[test]
fn of_many_commands_at_once_each_one_is_saved() {
    let person = Person::new();
    let names: Vec<String> = (0..16).map(|at| format!("test-{at}")).collect();

    std::thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| person.does(&["context", "add", name, "--server", "127.0.0.2:9"]));
        }
    });

    let saved = person.does(&["context", "list", "-o", "name"]).out;
    for name in &names {
        assert!(saved.lines().any(|line| line == name), "{name}: {saved}");
    }
}

#[test]
fn a_link_to_the_file_stays_one() {
    let person = Person::with_two();
    let kept = person.0.path().join("kept.toml");
    fs::rename(person.file(), &kept).expect("same file system");
    std::os::unix::fs::symlink(&kept, person.file()).expect("a link");

    person.does(&["context", "use", "lab"]);

    assert!(fs::symlink_metadata(person.file()).expect("there").is_symlink());
    assert!(fs::read_to_string(&kept).expect("there").contains("current = \"lab\""));

    fs::remove_file(&kept).expect("there");
    person.does(&["context", "add", "lab", "--server", "127.0.0.2:9"]);

    assert!(fs::symlink_metadata(person.file()).expect("there").is_symlink(), "it led to nothing");
    assert!(fs::read_to_string(&kept).expect("made").contains("lab"));
}

#[test]
fn what_is_nearer_to_the_command_counts_more_and_the_context_is_named_when_nobody_answers() {
    let person = Person::with_two();
    let (server, context) = (("SMSCTL_SERVER", "127.0.0.5:9"), ("SMSCTL_CONTEXT", "lab"));
    let asked = |variables: &[(&str, &str)], words: &[&str]| {
        let answer = person.runs_with(variables, &[words, &["node", "list"]].concat());
        assert_eq!(answer.exit, 5, "{answer:?}");
        answer.talk
    };

    let in_use = asked(&[], &[]);
    assert!(in_use.contains("127.0.0.3:9: ") && in_use.contains("127.0.0.4:9: "), "{in_use}");
    assert!(in_use.contains("Context 'prod' is used; `smsctl context list`."), "{in_use}");
    let by_variable = asked(&[context], &[]);
    assert!(by_variable.contains("127.0.0.2:9: ") && by_variable.contains("Context 'lab'"), "{by_variable}");
    let by_servers = asked(&[server, context], &[]);
    assert!(by_servers.contains("127.0.0.5:9: ") && !by_servers.contains("Context"), "{by_servers}");
    let by_option = asked(&[server, ("SMSCTL_CONTEXT", "lab")], &["--context", "prod"]);
    assert!(by_option.contains("127.0.0.3:9: ") && by_option.contains("Context 'prod'"), "{by_option}");
    let before = asked(&[server], &["--context", "-"]);
    assert!(before.contains("127.0.0.2:9: ") && before.contains("Context 'lab'"), "{before}");
    let by_server = asked(&[server, context], &["--context", "prod", "--server", "127.0.0.6:9"]);
    assert!(by_server.contains("127.0.0.6:9: ") && !by_server.contains("127.0.0.3"), "{by_server}");
    assert!(!by_server.contains("Context"), "{by_server}");
}

#[test]
fn the_command_that_repeats_names_the_servers_wherever_they_came_from() {
    let world = World::default();
    let [first, second] =
        ["gw-a", "gw-b"].map(|name| Fake::start(name, &world, Plan::of("submit", Deed::DoAndDie)));
    let person = Person::with_two();
    let words = ["--timeout", "1s", "send", "+4915112345678", "-m", "hello"];

    let by_variable = person.runs_with(&[("SMSCTL_SERVER", first.address())], &words);
    let servers = ["--server", second.address(), "--server", "127.0.0.2:9"];
    person.does(&[&["context", "add", "test", "--use"], &servers[..]].concat());
    let in_use = person.runs(&words);

    for (answer, servers) in
        [(by_variable, ["--server", first.address()].join(" ")), (in_use, servers.join(" "))]
    {
        assert_eq!(answer.exit, 10, "{answer:?}");
        let again = format!("smsctl {servers} send +4915112345678");
        assert!(answer.talk.contains(&again), "{again}: {answer:?}");
    }
}

#[test]
fn a_broken_file_is_named_with_its_line_and_is_in_nobodys_way_who_names_servers() {
    let world = World::default();
    let server = Fake::good("gw-a", &world);
    let person = Person::with_two();
    let broken = "current = \"prod\"\n\n[contexts.prod]\nserver = [\"gw-a\"]\n";
    fs::write(person.file(), broken).expect("writable");

    let refused = person.runs(&["node", "list"]);
    let named = person.runs(&["node", "list", "--server", server.address()]);
    let changed = person.runs(&["context", "use", "prod"]);

    let place = format!("{} line 4: `server` is not a setting here", person.file().display());
    for answer in [&refused, &changed] {
        assert_eq!(answer.exit, 2, "{answer:?}");
        assert!(
            answer.talk.contains(&place) && answer.talk.contains("did you mean `servers`?"),
            "{answer:?}"
        );
    }
    assert_eq!(named.exit, 0, "{named:?}");
    assert_eq!(fs::read_to_string(person.file()).expect("there"), broken, "nothing is written over it");
}

#[test]
fn three_when_there_is_no_such_context() {
    let person = Person::with_two();
    for words in [
        &["--context", "prdo", "node", "list"][..],
        &["context", "use", "prdo"],
        &["context", "remove", "prdo"],
    ] {
        let answer = person.runs(words);

        assert_eq!(answer.exit, 3, "{words:?} {answer:?}");
        assert!(answer.talk.contains("did you mean prod? contexts: lab, prod"), "{words:?} {answer:?}");
    }
    let variable = person.runs_with(&[("SMSCTL_CONTEXT", "test")], &["node", "list"]);
    assert!(variable.exit == 3 && variable.talk.contains("SMSCTL_CONTEXT names it"), "{variable:?}");
    let none = Person::new().runs(&["context", "use", "-"]);
    assert!(none.exit == 3 && none.talk.contains("no other context was in use before"), "{none:?}");
}

#[test]
fn two_when_a_context_cannot_be_saved_so() {
    let person = Person::with_two();
    let before = fs::read_to_string(person.file()).expect("there");
    for (words, told) in [
        (&["context", "add", "test"][..], "no server of test is named"),
        (&["context", "add", "a b", "--server", "gw-a"], "'a b' is no name of a context"),
        (&["context", "add", "test", "--server", "https://gw-a"], "only http:// can be asked"),
        (
            &["context", "add", "prod", "--server", "gw-x"],
            "127.0.0.3:9, 127.0.0.4:9. Replace that by gw-x:7170?",
        ),
    ] {
        let answer = person.runs(words);

        assert!(answer.exit == 2 && answer.talk.contains(told), "{words:?} {answer:?}");
    }
    assert_eq!(fs::read_to_string(person.file()).expect("there"), before);

    let agreed = person.does(&["context", "add", "prod", "--server", "gw-x", "--yes"]);
    let undo = "Undo: smsctl context add prod --server http://127.0.0.3:9 --server http://127.0.0.4:9 --yes";
    assert!(agreed.talk.contains(undo), "{agreed:?}");
    let homeless = start_with(command(&[], &["context", "list"]), None).wait();
    assert!(homeless.exit == 2 && homeless.talk.contains("XDG_CONFIG_HOME"), "{homeless:?}");
}

#[test]
fn what_would_be_done_is_said_and_not_done() {
    let person = Person::with_two();
    let before = fs::read_to_string(person.file()).expect("there");

    for words in [
        &["context", "add", "prod", "--server", "gw-x", "--dry-run"][..],
        &["context", "use", "lab", "--dry-run"],
        &["context", "remove", "prod", "--dry-run"],
    ] {
        let answer = person.does(words);
        assert!(answer.talk.starts_with("Would ") && answer.out.is_empty(), "{answer:?}");
    }

    assert_eq!(fs::read_to_string(person.file()).expect("there"), before);
}

#[test]
fn one_when_the_file_cannot_be_written_and_nothing_is_changed() {
    let person = Person::new();
    fs::write(person.0.path().join("config"), "a file where a folder should be").expect("writable");

    let answer = person.runs(&["context", "add", "prod", "--server", "gw-a"]);

    // What stands in the way is met when the file is read.
    assert_eq!(answer.exit, 2, "{answer:?}");
    fs::remove_file(person.0.path().join("config")).expect("there");
    let folder = person.file().parent().expect("a folder").to_owned();
    fs::create_dir_all(folder.parent().expect("a folder")).expect("writable");
    std::os::unix::fs::symlink(person.0.path().join("nowhere/deeper"), &folder).expect("a link to nothing");
    let answer = person.runs(&["context", "add", "prod", "--server", "gw-a"]);
    assert_eq!(answer.exit, 1, "{answer:?}");
    assert!(answer.talk.contains("Nothing was changed."), "{answer:?}");
}

#[test]
fn a_context_that_is_asked_may_refuse_as_any_server() {
    let world = World::default();
    let server =
        Fake::start("gw-a", &world, Plan::of("submit", Deed::Refuse(Code::InvalidArgument, "BAD_NUMBER")));
    let person = Person::new();
    person.does(&["context", "add", "prod", "--server", server.address()]);

    let answer = person.runs(&["--context", "prod", "send", "0151", "-m", "x"]);

    assert!(answer.exit == 7 && !answer.talk.contains("Context"), "{answer:?}");
}
