//! What a command line is run in: standard streams, terminal, variables. Read once, at the door.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;

/// What the process was started with.
#[derive(Clone, Debug, Default)]
pub(crate) struct Environment {
    /// `SMSCTL_SERVER`.
    pub(crate) server: Option<String>,
    /// `SMSCTL_CONTEXT`.
    pub(crate) context: Option<String>,
    /// The folder of this user's configurations; none when the surroundings do not tell.
    pub(crate) configurations: Option<PathBuf>,
    /// `SMSCTL_DEMO`.
    pub(crate) demo: Option<OsString>,
    /// `NO_COLOR` is set and not empty, or the terminal shows none.
    pub(crate) no_color: bool,
    /// The locale writes UTF-8.
    pub(crate) utf8: bool,
    /// The name of this host.
    pub(crate) host: String,
    /// Standard output is a terminal.
    pub(crate) out_is_terminal: bool,
    /// Standard input and standard error are a terminal: somebody can answer a question.
    pub(crate) can_ask: bool,
}

impl Environment {
    /// That of this process.
    pub(crate) fn of_process() -> Environment {
        let variable = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(variable).unwrap_or_default();
        Environment {
            server: variable("SMSCTL_SERVER"),
            context: variable("SMSCTL_CONTEXT"),
            configurations: configurations(
                std::env::var_os("XDG_CONFIG_HOME").map(PathBuf::from),
                std::env::var_os("HOME").map(PathBuf::from),
            ),
            demo: std::env::var_os("SMSCTL_DEMO").filter(|value| !value.is_empty()),
            no_color: variable("NO_COLOR").is_some() || variable("TERM").as_deref() == Some("dumb"),
            utf8: writes_utf8(&locale),
            host: rustix::system::uname().nodename().to_string_lossy().into_owned(),
            out_is_terminal: io::stdout().is_terminal(),
            can_ask: io::stdin().is_terminal() && io::stderr().is_terminal(),
        }
    }
}

/// The folder of configurations: a path from the root, as the XDG base directory specification wants it.
fn configurations(named: Option<PathBuf>, home: Option<PathBuf>) -> Option<PathBuf> {
    let named = named.filter(|path| path.is_absolute());
    named.or_else(|| Some(home.filter(|path| path.is_absolute())?.join(".config")))
}

/// Whether a locale such as `de_DE.UTF-8` writes UTF-8.
fn writes_utf8(locale: &str) -> bool {
    let locale = locale.to_ascii_lowercase();
    locale.contains("utf-8") || locale.contains("utf8")
}

#[test]
fn a_locale_says_whether_it_writes_utf_8() {
    assert!(writes_utf8("de_DE.UTF-8") && writes_utf8("C.utf8"));
    assert!(!writes_utf8("C") && !writes_utf8("de_DE@euro") && !writes_utf8(""));
}

#[test]
fn configurations_lie_where_the_surroundings_say_or_below_home() {
    let folder = |named: &str, home: &str| {
        let path = |text: &str| (!text.is_empty()).then(|| PathBuf::from(text));
        configurations(path(named), path(home)).map(|path| path.display().to_string())
    };

    assert_eq!(folder("/xdg", "/home/x").as_deref(), Some("/xdg"));
    assert_eq!(folder("", "/home/x").as_deref(), Some("/home/x/.config"));
    assert_eq!(folder("relative", "/home/x").as_deref(), Some("/home/x/.config"));
    assert_eq!(folder("", ""), None);
    assert_eq!(folder("", "relative"), None);
}
