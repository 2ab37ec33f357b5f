//! `smsctl config convert`: the report, the new file, and everything for which nothing is written.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};
use std::path::PathBuf;

use smsgrid_node::config::Config;
use tempfile::TempDir;

use super::smsctl::{Answer, smsctl};

/// All of it means the same here.
const SAME: &str =
    "devices = GSM1\nsent = /s/sent\nfailed = /s/failed\n[GSM1]\ndevice = /dev/ttyS0\npin = 4711\n";

/// A folder with an smsd.conf.
struct Place {
    folder: TempDir,
}

impl Place {
    fn with(text: impl AsRef<[u8]>) -> Place {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("smsd.conf"), text).expect("a file");
        Place { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn convert(&self, words: &[&str]) -> Answer {
        let (file, out) = (self.path("smsd.conf"), self.path("new.toml"));
        let (file, out) = (file.to_string_lossy(), out.to_string_lossy());
        let words = words.iter().map(|word| if *word == "NEW" { &*out } else { word });
        let words: Vec<&str> = ["config", "convert", &file].into_iter().chain(words).collect();
        smsctl(&[], &words)
    }

    fn new_file(&self) -> Option<String> {
        fs::read_to_string(self.path("new.toml")).ok()
    }
}

#[test]
fn the_report_is_a_table_and_asks_no_server() {
    let place = Place::with(SAME);

    let answer = place.convert(&["--node", "gw-a"]);

    assert_eq!(answer.exit, 0, "{answer:?}");
    let lines: Vec<&str> = answer.out.lines().collect();
    assert!(lines[0].starts_with("LINE  SECTION  SETTING  OUTCOME    BECOMES"), "{answer:?}");
    assert!(lines[4].contains("5  GSM1     device   converted  port of [modems] GSM1"), "{answer:?}");
    assert_eq!(lines.len(), 1 + 5);
    assert!(
        answer.talk.contains("Read 1 sending modem, 5 settings: 5 converted")
            && answer.talk.contains("Nothing was written")
    );
    assert!(!answer.out.contains("4711") && !answer.talk.contains("4711"));
}

#[test]
fn the_report_is_one_json_object_with_the_members_scripts_rely_on() {
    let place = Place::with(format!("incoming_copy = /c\n{SAME}"));

    let answer = place.convert(&["-o", "json"]);

    assert_eq!(answer.exit, 12, "{answer:?}");
    let object = answer.json();
    assert_eq!(object["v"], 1);
    let first = &object["settings"][0];
    assert_eq!((&first["line"], &first["setting"]), (&1.into(), &"incoming_copy".into()));
    assert_eq!((&first["value"], &first["outcome"]), (&"/c".into(), &"unsupported".into()));
    assert!(first["section"].is_null() && first["becomes"].as_str().is_some_and(|text| !text.is_empty()));
    assert_eq!(object["settings"][5]["value"], "(hidden)");
}

#[test]
fn the_new_file_is_written_for_its_owner_alone_and_the_node_reads_it() {
    let place = Place::with(SAME);

    let answer = place.convert(&["--out", "NEW", "--node", "gw-a", "--data-dir", "/d"]);

    assert_eq!(answer.exit, 0, "{answer:?}");
    let new = place.path("new.toml");
    assert_eq!(fs::metadata(&new).expect("the file").mode() & 0o777, 0o600);
    let config = Config::load(&new).expect("the node takes it");
    assert_eq!((config.node.name.as_str(), config.node.data_dir.to_str()), ("gw-a", Some("/d")));
    assert_eq!(config.modems.len(), 1);
    assert!(answer.talk.contains("smsnode check-config"));
}

#[test]
fn a_file_that_is_there_is_never_overwritten() {
    let place = Place::with(SAME);
    fs::write(place.path("new.toml"), "precious").expect("a file");

    for words in [&["--out", "NEW"][..], &["--out", "NEW", "--dry-run"]] {
        let answer = place.convert(words);

        assert_eq!((answer.exit, answer.out.as_str()), (11, ""), "{answer:?}");
        assert!(answer.talk.contains("is there already") && answer.talk.contains("Nothing was written."));
    }
    assert_eq!(place.new_file().as_deref(), Some("precious"));
}

#[test]
fn a_link_to_nowhere_is_not_followed() {
    let place = Place::with(SAME);
    symlink(place.path("elsewhere"), place.path("new.toml")).expect("a link");

    assert_eq!(place.convert(&["--out", "NEW"]).exit, 11);
    assert!(!place.path("elsewhere").exists());
}

#[test]
fn a_file_with_faults_is_refused_with_all_of_them_and_nothing_is_written() {
    let place = Place::with("devices = GSM1\nbogus = 1\u{1b}[2J\n[GSM1]\nbaudrat = 9600\nrtscts = perhaps\n");

    let answer = place.convert(&["--out", "NEW"]);

    assert_eq!((answer.exit, answer.out.as_str(), place.new_file()), (2, "", None), "{answer:?}");
    for words in [
        "line 2: smsd knows no setting `bogus`",
        "did you mean `baudrate`?",
        "line 5: `rtscts = perhaps`",
        "modem GSM1 has no `device`",
        "4 faults [CONFIG_BAD_VALUE]",
        "Nothing was written.",
        "exit 2",
    ] {
        assert!(answer.talk.contains(words), "{words}: {}", answer.talk);
    }
    assert!(!answer.talk.contains('\u{1b}'));
}

#[test]
fn a_dry_run_writes_nothing_and_says_so() {
    let place = Place::with(SAME);

    let answer = place.convert(&["--out", "NEW", "--dry-run"]);

    assert_eq!((answer.exit, place.new_file()), (0, None), "{answer:?}");
    assert!(answer.talk.contains("would be written; nothing was"));
}

#[test]
fn what_cannot_be_read_or_named_or_written_is_told_and_ends_as_it_should() {
    let place = Place::with(SAME);
    fs::remove_file(place.path("smsd.conf")).expect("it was there");
    let missing = place.convert(&[]);
    assert_eq!(missing.exit, 2);
    assert!(missing.talk.contains("cannot read") && missing.talk.contains("CONFIG_UNREADABLE"));

    let place = Place::with(SAME);
    let unnamed = place.convert(&["--node", "no name"]);
    assert_eq!(unnamed.exit, 2);
    assert!(unnamed.talk.contains("cannot be the name of a node") && unnamed.talk.contains("--node NAME"));

    let nowhere = place.convert(&["--out", "/nowhere/at/all/new.toml"]);
    assert_eq!((nowhere.exit, nowhere.out.as_str()), (1, ""), "{nowhere:?}");
    assert!(nowhere.talk.contains("cannot write"));

    let huge = Place::with(vec![b'#'; (1 << 20) + 1]);
    assert!(huge.convert(&[]).talk.contains("at most 1048576"));
}
