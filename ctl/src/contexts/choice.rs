//! Which servers a command asks, and who said so.
//!
//! `--server`, else `--context`, else `SMSCTL_SERVER`, else `SMSCTL_CONTEXT`, else the context in use, else this host.

use smsgrid_proto::{Exit, Reason};

use super::{ContextFile, Contexts, Missing};
use crate::failure::Failure;
use crate::nearest::nearest;
use crate::render::quoted;

/// The server that is asked when nobody names one.
const DEFAULT_SERVER: &str = "http://127.0.0.1:7170";

/// What was said about servers, on the command line and around it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said<'a> {
    /// `--server`, as often as it was written.
    pub(crate) servers: &'a [String],
    /// `--context`.
    pub(crate) context: Option<&'a str>,
    /// `SMSCTL_SERVER`.
    pub(crate) server_variable: Option<&'a str>,
    /// `SMSCTL_CONTEXT`.
    pub(crate) context_variable: Option<&'a str>,
}

/// The servers to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Chosen {
    /// Their addresses, as they were written.
    pub(crate) servers: Vec<String>,
    /// The context they come from, if they come from one.
    pub(crate) context: Option<String>,
}

/// Chooses. The file is read only where it counts, so that a broken one is in nobody's way who names servers.
pub(crate) fn choose(said: Said<'_>, file: Option<&ContextFile>) -> Result<Chosen, Failure> {
    let contexts = || file.map_or_else(|| Ok(Contexts::default()), ContextFile::load);
    if !said.servers.is_empty() {
        let servers = said.servers.iter().flat_map(|word| word.split(',')).map(str::to_owned);
        return Ok(Chosen { servers: servers.collect(), context: None });
    }
    if let Some(word) = said.context {
        return named(&contexts()?, word, "--context");
    }
    if let Some(servers) = said.server_variable {
        let servers = servers.split([',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned);
        return Ok(Chosen { servers: servers.collect(), context: None });
    }
    if let Some(word) = said.context_variable {
        return named(&contexts()?, word, "SMSCTL_CONTEXT");
    }
    let contexts = contexts()?;
    match &contexts.current {
        Some(current) => named(&contexts, current, "the context in use"),
        None => Ok(Chosen { servers: vec![DEFAULT_SERVER.to_owned()], context: None }),
    }
}

fn named(contexts: &Contexts, word: &str, who: &str) -> Result<Chosen, Failure> {
    let name = contexts.resolve(word).map_err(|missing| missing.failure(contexts, who))?;
    let servers = contexts.saved.get(name).cloned().unwrap_or_default();
    Ok(Chosen { servers, context: Some(name.to_owned()) })
}

impl Missing {
    /// What happened, for people; `who` named the context, when that is not plain.
    pub(crate) fn failure(&self, contexts: &Contexts, who: &str) -> Failure {
        let known: Vec<&str> = contexts.saved.keys().map(String::as_str).collect();
        let there = if known.is_empty() {
            "none is saved; save one: smsctl context add NAME --server HOST:PORT".to_owned()
        } else {
            format!("contexts: {}", known.join(", "))
        };
        let failure = match self {
            Missing::Unknown(name) => {
                let near = nearest(name, known.iter().copied());
                let near = near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
                Failure::of(Reason::NotFound, format!("there is no context {}", quoted(name)))
                    .fix(format!("{near}{there}"))
            }
            Missing::NoPrevious => {
                Failure::new(Exit::NotFound, "no other context was in use before").fix(there)
            }
        };
        failure.why(format!("{who} names it")).effect("No server was asked.")
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// A file in which `lab` is in use, and a folder that goes with the test.
    fn file(test: &str) -> ContextFile {
        let folder = std::env::temp_dir().join(format!("smsctl-choice-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        let file = ContextFile::below(&folder);
        let mut contexts = Contexts::default();
        for name in ["prod", "lab"] {
            contexts.add(name, vec![format!("http://{name}:7170")]).expect("room");
            contexts.take_into_use(name);
        }
        file.store(&contexts).expect("writable");
        file
    }

    fn chosen(said: Said<'_>, file: &ContextFile) -> String {
        let chosen = choose(said, Some(file)).unwrap_or_else(|failure| panic!("{failure}"));
        format!("{} of {}", chosen.servers.join(" "), chosen.context.unwrap_or_default())
    }

    #[test]
    fn what_is_nearer_to_the_command_counts_more() {
        let file = file("order");
        let option = ["a,b".to_owned(), "c".to_owned()];
        let all = Said {
            servers: &option,
            context: Some("prod"),
            server_variable: Some("d, e"),
            context_variable: Some("-"),
        };

        assert_eq!(chosen(all, &file), "a b c of ");
        let all = Said { servers: &[], ..all };
        assert_eq!(chosen(all, &file), "http://prod:7170 of prod");
        let all = Said { context: None, ..all };
        assert_eq!(chosen(all, &file), "d e of ");
        let all = Said { server_variable: None, ..all };
        assert_eq!(chosen(all, &file), "http://prod:7170 of prod", "the one before");
        assert_eq!(chosen(Said::default(), &file), "http://lab:7170 of lab");
        let nothing = choose(Said::default(), None).expect("this host");
        assert_eq!((nothing.servers, nothing.context), (vec![DEFAULT_SERVER.to_owned()], None));
        fs::remove_dir_all(file.path().parent().and_then(|path| path.parent()).expect("a folder"))
            .expect("removed");
    }

    #[test]
    fn a_broken_file_is_told_with_its_line_and_is_in_nobodys_way_who_names_servers() {
        let file = file("broken");
        fs::write(file.path(), "current = \"lab\"\ncurrent\n").expect("writable");
        let servers = ["a".to_owned()];

        let failure = choose(Said::default(), Some(&file)).expect_err("broken");

        assert_eq!(failure.exit, Exit::Usage);
        let place = format!("{} line 2: this is no TOML", file.path().display());
        assert!(failure.to_string().contains(&place), "{failure}");
        assert_eq!(chosen(Said { servers: &servers, ..Said::default() }, &file), "a of ");
        assert_eq!(chosen(Said { server_variable: Some("b"), ..Said::default() }, &file), "b of ");
        fs::remove_dir_all(file.path().parent().and_then(|path| path.parent()).expect("a folder"))
            .expect("removed");
    }
}
