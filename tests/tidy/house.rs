//! The house: what stands at the top, what each package says of itself and what it may build on.

use crate::fault::Fault;
use crate::tree::{File, Tree};

/// What the top level may hold beside dotfiles.
const TOP_LEVEL: [&str; 12] = [
    "Cargo.toml",
    "Cargo.lock",
    "CHANGELOG.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "proto",
    "src",
    "node",
    "ctl",
    "tests",
    "deploy",
];
/// Rooms that say what they are in one of [`NOTES`].
const ROOMS: [&str; 6] = ["proto", "src", "node", "ctl", "tests", "deploy"];
/// Names of such a note.
const NOTES: [&str; 2] = ["DESIGN.md", "README.md"];

/// Packages and what of ours, or of others, they must not build on.
const NOT_BELOW: [(&str, &[&str]); 3] = [
    ("ctl/Cargo.toml", &["smsgrid-node", "smsgrid-tests"]),
    ("node/Cargo.toml", &["smsgrid-ctl", "smsgrid-tests"]),
    ("proto/Cargo.toml", &["smsgrid", "smsgrid-node", "smsgrid-ctl", "smsgrid-tests"]),
];
/// All that the core builds on: libraries that compute and do not act.
const BELOW_THE_CORE: [&str; 7] =
    ["cbor4ii", "crc32fast", "regex", "serde", "sha2", "thiserror", "unicode-normalization"];

/// The top level holds what was ordered and nothing else.
pub(crate) fn top_level(tree: &Tree) -> Vec<Fault> {
    let top = |file: &File| file.path.split('/').next().unwrap_or_default().to_owned();
    let foreign = |name: &String| !name.starts_with('.') && !TOP_LEVEL.contains(&name.as_str());
    let mut names: Vec<String> = tree.files().map(top).filter(foreign).collect();
    names.dedup();
    names.iter().map(|name| Fault::new(name, 0, "the top level is ordered; give it a room")).collect()
}

/// Every room, and the whole, has a page that says what it is.
pub(crate) fn notes(tree: &Tree) -> Vec<Fault> {
    let stands = |room: &str| tree.files().any(|file| file.path.starts_with(&format!("{room}/")));
    let silent = |room: &str| NOTES.iter().all(|note| tree.file(&format!("{room}/{note}")).is_none());
    let rooms = ROOMS.into_iter().filter(|room| stands(room) && silent(room));
    let rooms = rooms.map(|room| Fault::new(room, 0, "say what it is in DESIGN.md or README.md"));
    let whole = tree.file("README.md").is_none().then(|| Fault::new("README.md", 0, "is missing"));
    rooms.chain(whole).collect()
}

/// A package builds on what lies below it, and inherits the lints of the workspace whole.
pub(crate) fn manifests(tree: &Tree) -> Vec<Fault> {
    let manifests = tree.files().filter(|file| file.path.rsplit('/').next() == Some("Cargo.toml"));
    manifests.flat_map(|manifest| downward(manifest).into_iter().chain(lints(manifest))).collect()
}

fn downward(manifest: &File) -> Vec<Fault> {
    let refused = |name: &str| match manifest.path.as_str() {
        "Cargo.toml" => !BELOW_THE_CORE.contains(&name),
        path => NOT_BELOW.into_iter().any(|(package, above)| package == path && above.contains(&name)),
    };
    let fault = |(line, name): (usize, &str)| {
        refused(name).then(|| Fault::new(&manifest.path, line, format!("`{name}` is not below this package")))
    };
    dependencies(&manifest.text).into_iter().filter_map(fault).collect()
}

fn lints(manifest: &File) -> Option<Fault> {
    let inherits = manifest.text.contains("[lints]\nworkspace = true");
    (!inherits).then(|| Fault::new(&manifest.path, 0, "inherit the lints of the workspace"))
}

/// The dependencies of a package, with their lines; those for its tests are not meant.
fn dependencies(manifest: &str) -> Vec<(usize, &str)> {
    let mut section = "";
    let mut found = Vec::new();
    for (at, line) in manifest.lines().enumerate() {
        let words: Vec<&str> = line.split(['.', '=', ' ']).collect();
        match line.strip_prefix('[') {
            Some(header) => section = header.trim_end_matches(']'),
            None if is_dependency_section(section) && line.starts_with(|c: char| c.is_alphabetic()) => {
                found.push((at + 1, words[0]));
            }
            None => {}
        }
    }
    found
}

fn is_dependency_section(section: &str) -> bool {
    section == "dependencies"
        || section == "build-dependencies"
        || section.ends_with(".dependencies") && section.starts_with("target.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINTS: &str = "[lints]\nworkspace = true\n";

    fn faults_of(path: &str, dependencies: &str) -> usize {
        manifests(&Tree::of_texts(&[(path, &format!("{dependencies}\n{LINTS}"))])).len()
    }

    #[test]
    fn a_package_that_builds_upward_is_caught() {
        assert_eq!(
            faults_of("ctl/Cargo.toml", "[dependencies]\nclap = \"4\"\nsmsgrid-node.workspace = true"),
            1
        );
        assert_eq!(faults_of("ctl/Cargo.toml", "[dependencies]\nsmsgrid-proto.workspace = true"), 0);
        assert_eq!(faults_of("Cargo.toml", "[dependencies]\ntokio = \"1\""), 1);
        assert_eq!(faults_of("Cargo.toml", "[target.'cfg(unix)'.dependencies]\nlibc = \"1\""), 1);
        assert_eq!(
            faults_of("Cargo.toml", "[workspace.dependencies]\ntokio = \"1\"\n[dependencies]\nserde = \"1\""),
            0
        );
    }

    #[test]
    fn a_package_with_lints_of_its_own_is_caught() {
        let tree = Tree::of_texts(&[("node/Cargo.toml", "[lints.rust]\nunsafe_code = \"allow\"\n")]);

        assert_eq!(manifests(&tree).len(), 1);
    }

    #[test]
    fn a_room_without_a_note_is_caught() {
        let tree = Tree::of_texts(&[
            ("README.md", ""),
            ("node/src/lib.rs", ""),
            ("src/lib.rs", ""),
            ("src/DESIGN.md", ""),
        ]);

        assert_eq!(notes(&tree), [Fault::new("node", 0, "say what it is in DESIGN.md or README.md")]);
    }

    #[test]
    fn a_stranger_at_the_top_is_caught_once() {
        let tree =
            Tree::of_texts(&[("docs/a.md", ""), ("docs/b.md", ""), (".ci/run", ""), ("node/x.rs", "")]);

        assert_eq!(top_level(&tree).len(), 1);
    }
}
