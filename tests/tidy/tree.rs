//! The files of the repository, as git lists them, or as they lie there where there is no git.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

use crate::source::Source;

/// Folders that hold nothing of ours, for a tree without git.
const FOREIGN_FOLDERS: [&str; 5] = [".git", "target", "__pycache__", "node_modules", ".venv"];

/// A text file of the tree.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// Its path from the root, with forward slashes.
    pub(crate) path: String,
    /// Its content.
    pub(crate) text: String,
}

/// Every text file of the repository, in order of the paths.
pub(crate) struct Tree {
    root: PathBuf,
    files: Vec<File>,
    sources: Vec<Source>,
    test_modules: BTreeSet<String>,
}

impl Tree {
    /// The tree this test was built from, read once.
    pub(crate) fn read() -> &'static Tree {
        static TREE: LazyLock<Tree> = LazyLock::new(Tree::from_disk);
        &TREE
    }

    fn from_disk() -> Tree {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the root");
        let paths = listed_by_git(root).unwrap_or_else(|| lying_in(root));
        assert!(paths.iter().any(|path| path == "Cargo.toml"), "{} is no source tree", root.display());
        let files = paths.into_iter().filter_map(|path| {
            let bytes = fs::read(root.join(&path)).ok()?; // listed, and deleted since
            Some(File { path, text: String::from_utf8(bytes).ok()? }) // pictures hold no rules
        });
        Tree::of(root, files.collect())
    }

    /// The tree of these files, read in no folder.
    pub(crate) fn of_texts(texts: &[(&str, &str)]) -> Tree {
        let file = |(path, text): &(&str, &str)| File { path: (*path).to_owned(), text: (*text).to_owned() };
        Tree::of(Path::new("/the/root/of/this/tree"), texts.iter().map(file).collect())
    }

    fn of(root: &Path, files: Vec<File>) -> Tree {
        let sources: Vec<Source> =
            files.iter().filter(|file| file.path.ends_with(".rs")).map(Source::parse).collect();
        let test_modules = sources.iter().flat_map(Source::test_module_paths).collect();
        Tree { root: root.to_owned(), files, sources, test_modules }
    }

    /// The folder everything lies in.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Every text file.
    pub(crate) fn files(&self) -> impl Iterator<Item = &File> {
        self.files.iter()
    }

    /// Every Rust file.
    pub(crate) fn sources(&self) -> impl Iterator<Item = &Source> {
        self.sources.iter()
    }

    /// Whether the file exists only for tests: its parent declares it under `#[cfg(test)]`.
    pub(crate) fn is_test_module(&self, source: &Source) -> bool {
        self.test_modules.contains(&source.path)
    }

    /// The file at `path`, if there is one.
    pub(crate) fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let listing = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let listing = String::from_utf8(listing.stdout).expect("paths of this tree are UTF-8");
    let paths: BTreeSet<String> = listing.split_terminator('\0').map(str::to_owned).collect();
    Some(paths.into_iter().collect())
}

fn lying_in(root: &Path) -> Vec<String> {
    let mut paths = BTreeSet::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the tree can be listed") {
            let entry = entry.expect("an entry of the tree can be read");
            let name = entry.file_name().into_string().expect("paths of this tree are UTF-8");
            if entry.file_type().expect("an entry has a type").is_file() {
                let path = entry.path();
                let inside = path.strip_prefix(root).expect("it lies in the root");
                paths.insert(inside.to_str().expect("paths of this tree are UTF-8").to_owned());
            } else if entry.path().is_dir() && !FOREIGN_FOLDERS.contains(&name.as_str()) {
                folders.push(entry.path());
            }
        }
    }
    paths.into_iter().collect()
}

#[test]
fn the_tree_without_git_holds_the_same_sources() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the root");
    let rust = |path: &String| path.ends_with(".rs") && root.join(path).is_file();
    let lying: Vec<String> = lying_in(root).into_iter().filter(rust).collect();

    let listed: Vec<String> =
        listed_by_git(root).unwrap_or_else(|| lying.clone()).into_iter().filter(rust).collect();

    assert_eq!(listed, lying);
}

#[test]
fn a_module_declared_for_tests_is_a_test_module() {
    let tree = Tree::of_texts(&[
        ("src/at/mod.rs", "//! A.\n#[cfg(test)]\nmod tests;\n#[cfg(not(test))]\nmod port;\n"),
        ("src/at/tests.rs", "//! T.\n"),
        ("src/at/port.rs", "//! P.\n"),
        ("src/at/line.rs", "//! L.\n#[cfg(test)]\n#[path = \"line_tests.rs\"]\nmod tests;\n"),
        ("src/at/line_tests.rs", "//! L.\n"),
    ]);

    let tests: Vec<&str> = tree
        .sources()
        .filter(|source| tree.is_test_module(source))
        .map(|source| source.path.as_str())
        .collect();

    assert_eq!(tests, ["src/at/tests.rs", "src/at/line_tests.rs"]);
}
