//! What the file says, or the first line of it that is wrong.

use std::borrow::Cow;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::{CONTEXTS_MAX, Contexts, SERVERS_MAX, name_fault};
use crate::client::Server;
use crate::nearest::nearest;

/// What is wrong in the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    /// The line, from 1.
    pub(super) line: usize,
    /// What is wrong there.
    pub(super) what: String,
    /// What to write.
    pub(super) fix: Option<String>,
}

/// A fault at an octet of the text.
struct At {
    octet: usize,
    what: String,
    fix: Option<String>,
}

type Value<'v> = Spanned<DeValue<'v>>;

/// Reads the text of the file.
pub(super) fn read(text: &str) -> Result<Contexts, Fault> {
    let told = |at: At| Fault { line: line(text, at.octet), what: at.what, fix: at.fix };
    let table = DeTable::parse(text).map_err(|error| {
        let octet = error.span().map_or(0, |span| span.start);
        told(At { octet, what: format!("this is no TOML: {}", error.message()), fix: None })
    })?;
    contexts(table.get_ref()).map_err(told)
}

fn contexts(table: &DeTable<'_>) -> Result<Contexts, At> {
    let mut contexts = Contexts::default();
    let mut in_use = Vec::new();
    for (key, value) in table {
        match key.get_ref().as_ref() {
            "current" => {
                contexts.current = Some(name(value)?);
                in_use.push(value.span());
            }
            "previous" => contexts.previous = Some(name(value)?),
            "contexts" => {
                for (name, value) in sections(value)? {
                    let servers = servers(value)?;
                    let saved = contexts.add(&key_name(name)?, servers);
                    saved.map_err(|_| {
                        at(name.span(), format!("there are more than {CONTEXTS_MAX} contexts"))
                    })?;
                }
            }
            other => return Err(unknown(key, other, &["current", "previous", "contexts"])),
        }
    }
    // A file written by hand may have removed the one that was in use before; that is no fault.
    contexts.previous = contexts.previous.filter(|name| contexts.saved.contains_key(name));
    match (&contexts.current, in_use.pop()) {
        (Some(current), Some(span)) if !contexts.saved.contains_key(current) => {
            let known: Vec<&str> = contexts.saved.keys().map(String::as_str).collect();
            let near = nearest(current, known).map(|near| format!("did you mean \"{near}\"?"));
            let fault = at(span, format!("`current` is \"{current}\", and no context has this name"));
            Err(At { fix: near.or_else(|| Some("remove the line, or name another".to_owned())), ..fault })
        }
        _ => Ok(contexts),
    }
}

fn sections<'t, 'v>(value: &'t Value<'v>) -> Result<&'t DeTable<'v>, At> {
    let fault = || At {
        fix: Some("write [contexts.NAME], and servers = [\"http://HOST:7170\"] below it".to_owned()),
        ..at(value.span(), "`contexts` is no table of contexts".to_owned())
    };
    value.get_ref().as_table().ok_or_else(fault)
}

/// The servers of one context.
fn servers(value: &Value<'_>) -> Result<Vec<String>, At> {
    let how = || Some("write servers = [\"http://HOST:7170\", …]".to_owned());
    let mut found = None;
    for (key, value) in sections(value)? {
        match key.get_ref().as_ref() {
            "servers" => found = Some(value),
            other => return Err(unknown(key, other, &["servers"])),
        }
    }
    let lacking = || At { fix: how(), ..at(value.span(), "this context has no `servers`".to_owned()) };
    let value = found.ok_or_else(lacking)?;
    let list = value.get_ref().as_array().map(|list| list.iter().collect::<Vec<_>>()).unwrap_or_default();
    if list.is_empty() || list.len() > SERVERS_MAX {
        let what = format!("`servers` is no list of 1 to {SERVERS_MAX} addresses");
        return Err(At { fix: how(), ..at(value.span(), what) });
    }
    list.into_iter().map(server).collect()
}

fn server(value: &Value<'_>) -> Result<String, At> {
    let text = value.get_ref().as_str().unwrap_or_default();
    match Server::parse(text) {
        Ok(server) => Ok(server.url().to_owned()),
        Err(why) => {
            Err(At { fix: Some(why), ..at(value.span(), "this is no address of a server".to_owned()) })
        }
    }
}

fn name(value: &Value<'_>) -> Result<String, At> {
    checked(value.get_ref().as_str().unwrap_or_default(), value.span())
}

fn key_name(key: &Spanned<DeString<'_>>) -> Result<String, At> {
    let text: &Cow<'_, str> = key.get_ref();
    checked(text, key.span())
}

fn checked(name: &str, span: Range<usize>) -> Result<String, At> {
    match name_fault(name) {
        None => Ok(name.to_owned()),
        Some(how) => Err(At { fix: Some(how), ..at(span, "this is no name of a context".to_owned()) }),
    }
}

fn unknown(key: &Spanned<DeString<'_>>, name: &str, known: &[&str]) -> At {
    let near = nearest(name, known.iter().copied());
    let fix = near
        .map_or_else(|| format!("there are {}", known.join(", ")), |near| format!("did you mean `{near}`?"));
    At { fix: Some(fix), ..at(key.span(), format!("`{name}` is not a setting here")) }
}

fn at(span: Range<usize>, what: String) -> At {
    At { octet: span.start, what, fix: None }
}

/// The line of an octet, from 1.
fn line(text: &str, octet: usize) -> usize {
    1 + text.bytes().take(octet).filter(|octet| *octet == b'\n').count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &str) -> (usize, String) {
        let fault = read(text).expect_err("a fault");
        (fault.line, format!("{}; {}", fault.what, fault.fix.unwrap_or_default()))
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        let mut contexts = Contexts::default();
        for name in ["prod", "lab.2"] {
            let servers = ["a", "b"].map(|host| format!("http://{host}.{name}:7170"));
            contexts.add(name, servers.to_vec()).expect("room");
            contexts.take_into_use(name);
        }

        assert_eq!(read(&contexts.written()), Ok(contexts));
        assert_eq!(read(&Contexts::default().written()), Ok(Contexts::default()));
        assert_eq!(read(""), Ok(Contexts::default()));
    }

    #[test]
    fn an_address_written_by_hand_gets_its_port() {
        let read = read("[contexts.prod]\nservers = [\"gw-a\"]\n").expect("right");

        assert_eq!(read.saved["prod"], ["http://gw-a:7170"]);
    }

    #[test]
    fn a_fault_is_told_with_its_line_and_what_to_write() {
        let good = "[contexts.prod]\nservers = [\"gw-a\"]\n";
        for (text, line, words) in [
            ("current = \"prod\n".to_owned(), 1, "this is no TOML"),
            (format!("\ncurent = \"prod\"\n{good}"), 2, "did you mean `current`?"),
            (format!("current = \"prd\"\n{good}"), 1, "did you mean \"prod\"?"),
            (format!("current = 7\n{good}"), 1, "no name of a context"),
            (format!("{good}[contexts.lab]\nserver = [\"x\"]\n"), 4, "did you mean `servers`?"),
            (format!("{good}\n[contexts.lab]\n"), 4, "has no `servers`"),
            (format!("{good}[contexts.lab]\nservers = []\n"), 4, "no list of 1 to 64"),
            (format!("{good}[contexts.lab]\nservers = \"gw-b\"\n"), 4, "no list of 1 to 64"),
            (format!("{good}[contexts.lab]\nservers = [\n\"gw-b\",\n\"ftp://x\"]\n"), 6, "only http://"),
            (format!("{good}[contexts.\"a b\"]\nservers = [\"x\"]\n"), 3, "no name of a context"),
            ("contexts = 3\n".to_owned(), 1, "no table of contexts"),
            ("[contexts]\nprod = 3\n".to_owned(), 2, "no table of contexts"),
        ] {
            let (found, told) = fault(&text);
            assert!(found == line && told.contains(words), "{text}: line {found}: {told}");
        }
    }

    #[test]
    fn one_that_was_in_use_before_and_is_gone_is_no_fault() {
        let read = read("previous = \"lab\"\n[contexts.prod]\nservers = [\"gw-a\"]\n").expect("right");

        assert_eq!(read.previous, None);
    }
}
