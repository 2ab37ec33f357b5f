//! The pages in `deploy/` are made of the data beside the tests. `SMSGRID_REWRITE=1` writes them.

use std::fs;

use smsgrid_tests::differences::{Differences, root};

/// Holds a page against what it is made of, or writes it.
pub(crate) fn hold(path: &str, made: &str) {
    let file = root().join(path);
    if std::env::var_os("SMSGRID_REWRITE").is_some() {
        fs::write(&file, made).expect("the page can be written");
    }
    let page = fs::read_to_string(&file).unwrap_or_default();
    assert!(page == made, "{path} is not what its data says; SMSGRID_REWRITE=1 writes it anew");
}

#[test]
fn the_page_of_differences_holds_what_is_listed() {
    hold("deploy/DIFFERENCES.md", &Differences::read().page());
}
