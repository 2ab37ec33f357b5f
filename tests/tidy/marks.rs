//! Marks that must not reach a reader: unfinished work, silenced tests, places of one machine.

use crate::fault::Fault;
use crate::source::Source;
use crate::tree::{File, Tree};

/// Words of unfinished work; written apart, so that this file does not hold them.
const UNFINISHED: [&str; 4] =
    [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X"), concat!("HA", "CK")];
/// Macros of unfinished work.
const UNFINISHED_MACROS: [&str; 2] = [concat!("to", "do"), concat!("unimpl", "emented")];
/// Texts of unfinished work.
const UNFINISHED_TEXTS: [&str; 2] = [concat!("not yet ", "implemented"), concat!("not ", "implemented yet")];

/// Folders of one machine.
const MACHINE_PATHS: [&str; 2] = [concat!("/wo", "rk/"), concat!("/ro", "ot/")];
/// Hosts that serve packages; the ordinary clients know them.
const REGISTRY_HOSTS: [&str; 8] = [
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("pypi", ".org"),
    concat!("pythonhosted", ".org"),
    concat!("registry.npmjs", ".org"),
    concat!("registry.yarnpkg", ".com"),
    concat!("deb.debian", ".org"),
    concat!("proxy.golang", ".org"),
];
/// Settings that point a client at another registry.
const REGISTRY_SETTINGS: [&str; 3] =
    [concat!("index", "-url"), concat!("extra-index", "-url"), concat!("\"resol", "ved\": \"http")];

/// No file says that it is unfinished.
pub(crate) fn unfinished(file: &File) -> Vec<Fault> {
    let marks = |line: &str| {
        let word = UNFINISHED.into_iter().find(|mark| holds_word(line, mark));
        word.or_else(|| UNFINISHED_TEXTS.into_iter().find(|text| line.to_lowercase().contains(text)))
    };
    on_lines(file, |line| {
        marks(line).map(|mark| format!("`{mark}`: finish it, or say what is missing in the docs"))
    })
}

/// No code is left to be written, and no test is ignored.
pub(crate) fn code(source: &Source) -> Vec<Fault> {
    let mark = |at: usize| {
        let what = if UNFINISHED_MACROS.contains(&source.text_at(at)) && source.text_at(at + 1) == "!" {
            "code is left to be written"
        } else if source.text_at(at) == "ignore" && in_attribute(source, at) {
            "a test runs or is removed; what needs a lab is a target with that feature"
        } else {
            return None;
        };
        Some(Fault::new(&source.path, source.tokens[at].line, what))
    };
    (0..source.tokens.len()).filter_map(mark).collect()
}

/// No file names a folder of the machine it was written on, or a host that serves packages.
pub(crate) fn places(file: &File, tree: &Tree) -> Vec<Fault> {
    let root = format!("{}/", tree.root().display());
    let place = |line: &str| {
        let mut paths = MACHINE_PATHS.into_iter().chain([root.as_str()]);
        let mut texts = REGISTRY_HOSTS.into_iter().chain(REGISTRY_SETTINGS);
        let path = paths.find(|path| holds_path(line, path));
        let place = path.or_else(|| texts.find(|text| line.contains(text)))?;
        Some(format!("`{place}` belongs to one machine"))
    };
    on_lines(file, place)
}

fn on_lines(file: &File, fault: impl Fn(&str) -> Option<String>) -> Vec<Fault> {
    let numbered = file.text.lines().enumerate();
    numbered.filter_map(|(at, line)| Some(Fault::new(&file.path, at + 1, fault(line)?))).collect()
}

fn holds_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(is_part) && !line[at + word.len()..].starts_with(is_part))
}

/// Whether `line` holds the absolute path `path`, not the same words further down another.
fn holds_path(line: &str, path: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '}');
    line.match_indices(path).any(|(at, _)| !line[..at].ends_with(is_part))
}

fn in_attribute(source: &Source, at: usize) -> bool {
    let opens = |open: &usize| source.reads(*open, &["#", "["]) && source.closing(open + 1) > at;
    (0..at)
        .rev()
        .take_while(|before| !matches!(source.text_at(*before), ";" | "{" | "}"))
        .any(|open| opens(&open))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File { path: "node/src/lib.rs".to_owned(), text: text.to_owned() }
    }

    #[test]
    fn a_mark_of_unfinished_work_is_caught_as_a_word() {
        let [first, _, third, _] = UNFINISHED;

        assert_eq!(unfinished(&file(&format!("// {first}: later"))).len(), 1);
        assert_eq!(unfinished(&file(&format!("a = '{third}'"))).len(), 1);
        assert_eq!(unfinished(&file(&format!("mktemp {third}{third}; {first}S"))), []);
        assert_eq!(unfinished(&file(&format!("// Not yet {}.", concat!("impl", "emented")))).len(), 1);
    }

    #[test]
    fn code_left_to_be_written_and_ignored_tests_are_caught() {
        let faults = |text: &str| code(&Source::parse(&file(text))).len();

        assert_eq!(faults(&format!("fn a() {{ {}!() }}", UNFINISHED_MACROS[0])), 1);
        assert_eq!(faults("#[test]\n#[ignore = \"slow\"]\nfn a() {}"), 1);
        assert_eq!(faults("#[cfg_attr(unix, ignore)]\nfn a() {}"), 1);
        assert_eq!(faults("#[test]\nfn a() { let ignore = 1; b[ignore]; }"), 0);
    }

    #[test]
    fn a_place_of_one_machine_is_caught() {
        let tree = Tree::of_texts(&[]);
        let faults = |text: &str| places(&file(text), &tree).len();

        assert_eq!(faults(&format!("cd {}main", MACHINE_PATHS[0])), 1);
        assert_eq!(faults(&format!("/the{}of", MACHINE_PATHS[1])), 0);
        assert_eq!(faults("cp /the/root/of/this/tree/a b"), 1);
        assert_eq!(faults(&format!("pip install --{} x", REGISTRY_SETTINGS[0])), 1);
        assert_eq!(faults(&format!("https://{}/six", REGISTRY_HOSTS[2])), 1);
        assert_eq!(faults("data_dir = \"/var/lib/smsgrid\""), 0);
    }
}
