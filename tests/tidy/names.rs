//! Names of files and modules: the idea they hold, never a drawer for the rest.

use std::collections::BTreeSet;

use crate::fault::Fault;
use crate::source::Source;
use crate::tree::Tree;

/// Names that say nothing about what is inside.
const DRAWERS: [&str; 10] =
    ["util", "utils", "helper", "helpers", "manager", "managers", "common", "misc", "stuff", "shared"];

/// No file or folder is named for nothing, and a module with children is `mod.rs`.
pub(crate) fn files(tree: &Tree) -> Vec<Fault> {
    let paths: BTreeSet<&str> = tree.sources().map(|source| source.path.as_str()).collect();
    let drawers = paths.iter().filter_map(|path| {
        let drawer = path.trim_end_matches(".rs").split('/').find(|step| is_drawer(step))?;
        Some(Fault::new(path, 0, format!("`{drawer}` names no idea")))
    });
    let self_named = paths.iter().filter_map(|path| {
        let folder = format!("{}/", path.strip_suffix(".rs")?);
        let children = paths.iter().any(|other| other.starts_with(&folder));
        children.then(|| Fault::new(path, 0, format!("move it to {folder}mod.rs")))
    });
    drawers.chain(self_named).collect()
}

/// No module is named for nothing.
pub(crate) fn modules(source: &Source) -> Vec<Fault> {
    let named = |at: &usize| source.text_at(*at) == "mod" && is_drawer(source.text_at(at + 1));
    let fault = |at: usize| {
        let what = format!("`{}` names no idea", source.text_at(at + 1));
        Fault::new(&source.path, source.tokens[at].line, what)
    };
    (0..source.tokens.len()).filter(named).map(fault).collect()
}

fn is_drawer(name: &str) -> bool {
    name.split('_').any(|word| DRAWERS.contains(&word))
}

#[test]
fn a_drawer_is_caught_as_file_folder_and_module() {
    let tree = Tree::of_texts(&[
        ("node/src/util.rs", "//! A."),
        ("node/src/modem_manager/mod.rs", "//! A."),
        ("node/src/lib.rs", "mod helpers { }\nmod modem;"),
    ]);

    assert_eq!(files(&tree).len(), 2);
    assert_eq!(tree.sources().flat_map(modules).count(), 1);
}

#[test]
fn a_module_beside_its_own_folder_is_caught() {
    let tree =
        Tree::of_texts(&[("src/at.rs", "//! A."), ("src/at/line.rs", "//! L."), ("src/atom.rs", "//! B.")]);

    assert_eq!(files(&tree), [Fault::new("src/at.rs", 0, "move it to src/at/mod.rs")]);
}
