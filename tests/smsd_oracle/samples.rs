//! What Debian's package ships as examples works unchanged: every configuration is taken, every message file fares as
//! with smsd.

use std::fs;
use std::path::Path;

use smsgrid::sms_file::Translation;
use smsgrid::smsd_conf::{Host, convert};
use smsgrid_node::config::Config;

use super::PLAIN;
use super::case::{Case, Group};
use super::compare;

/// Where the package has its examples.
const EXAMPLES: &str = "/usr/share/doc/smstools/examples";

#[test]
fn every_configuration_of_the_package_is_taken() {
    let files = examples(|name| name.starts_with("smsd.conf"));
    assert!(files.len() >= 4, "the package has fewer configurations than known: {}", files.len());
    for Case { name, octets } in files {
        let host = Host::new("gw-a", "/var/lib/smsgrid").expect("a name");
        let conversion = convert(&octets, &host).unwrap_or_else(|faults| panic!("{name}: {faults:#?}"));

        let config = Config::parse(&name, &conversion.toml)
            .unwrap_or_else(|faults| panic!("{name}: {faults:#?}\n{}", conversion.toml));

        assert_eq!(config.modems.len(), conversion.modems, "{name}");
        assert!(conversion.modems > 0, "{name} has modems");
    }
}

#[test]
fn every_message_file_of_the_package_fares_alike() {
    let cases = examples(|name| name.ends_with(".sms"));
    assert!(cases.len() >= 6, "the package has fewer message files than known: {}", cases.len());
    let group = Group { name: "samples".to_owned(), cases, ..Group::read(PLAIN) };

    compare::alike(&[group]);
}

#[test]
fn every_language_file_of_the_package_is_taken() {
    let files = examples(|name| name.starts_with("language-"));
    assert!(files.len() >= 2, "the package has fewer language files than known: {}", files.len());
    for Case { name, octets } in files {
        let translation = Translation::read(&octets).unwrap_or_else(|faults| panic!("{name}: {faults:#?}"));
        assert!(translation != Translation::default(), "{name}");
    }
}

fn examples(wanted: impl Fn(&str) -> bool) -> Vec<Case> {
    let folder = Path::new(EXAMPLES);
    let entries = fs::read_dir(folder).expect("the package smstools is installed, as .ci/run does");
    let names =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("a plain name"));
    let mut names: Vec<String> = names.filter(|name| wanted(name)).collect();
    names.sort();
    let octets = |name: &str| fs::read(folder.join(name)).expect("an example can be read");
    names.into_iter().map(|name| Case { octets: octets(&name), name }).collect()
}
