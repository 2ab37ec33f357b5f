//! The command line of smsd: one letter an option, its value glued to it or in the next word.

use std::path::PathBuf;

/// The configuration where no option names one.
const CONFIG: &str = "/etc/smsd.conf";
/// Options without a value.
const SWITCHES: &str = "ahstV?";
/// Options with one.
const VALUED: &str = "cCDEgilnpu";

/// What a command line asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Request {
    /// A help page: asked for, or because an option is none.
    Help,
    /// The version.
    Version,
    /// A word that belongs to the script.
    Hint(String),
    /// A text as packed septets.
    Encode(String),
    /// Packed septets as a text.
    Decode(String),
    /// The daemon.
    Run(Options),
}

/// How the daemon is to run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Options {
    /// The configuration.
    pub(super) config: PathBuf,
    /// Instead of the one of the configuration.
    pub(super) pidfile: Option<String>,
    /// Instead of the one of the configuration.
    pub(super) infofile: Option<String>,
    /// Instead of the one of the configuration.
    pub(super) logfile: Option<String>,
    /// Instead of the one of the configuration.
    pub(super) user: Option<String>,
    /// Instead of the one of the configuration.
    pub(super) group: Option<String>,
    /// Whether settings with several values are asked for.
    pub(super) asks: bool,
    /// Whether the states of the modems are shown.
    pub(super) monitors: bool,
    /// Whether to stay in the foreground.
    pub(super) terminal: bool,
    /// The modem to talk to.
    pub(super) communicate: Option<String>,
}

impl Default for Options {
    fn default() -> Options {
        Options {
            config: PathBuf::from(CONFIG),
            pidfile: None,
            infofile: None,
            logfile: None,
            user: None,
            group: None,
            asks: false,
            monitors: false,
            terminal: false,
            communicate: None,
        }
    }
}

/// Reads the words after `smsnode smsd`.
pub(super) fn parse(words: &[String]) -> Request {
    if let Some(word) = words.iter().find(|word| is_for_the_script(word)) {
        return Request::Hint(word.clone());
    }
    let mut options = Options::default();
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        let Some(letters) = word.strip_prefix('-').filter(|letters| !letters.is_empty()) else {
            // As smsd: a word without an option, such as MAINPROCESS, says nothing.
            continue;
        };
        let mut letters = letters.chars();
        while let Some(letter) = letters.next() {
            if SWITCHES.contains(letter) {
                match letter {
                    'a' => options.asks = true,
                    's' => options.monitors = true,
                    't' => options.terminal = true,
                    'V' => return Request::Version,
                    _ => return Request::Help,
                }
                continue;
            }
            if !VALUED.contains(letter) {
                return Request::Help;
            }
            let glued: String = letters.by_ref().collect();
            let value = if glued.is_empty() { rest.next().cloned() } else { Some(glued) };
            let Some(value) = value else { return Request::Help };
            match letter {
                'D' => return Request::Decode(value),
                'E' => return Request::Encode(value),
                _ => options.set(letter, value),
            }
        }
    }
    Request::Run(options)
}

impl Options {
    fn set(&mut self, letter: char, value: String) {
        match letter {
            'c' => self.config = PathBuf::from(value),
            'C' => self.communicate = Some(value),
            'g' => self.group = Some(value),
            'i' => self.infofile = Some(value),
            'l' => self.logfile = Some(value),
            'p' => self.pidfile = Some(value),
            'u' => self.user = Some(value),
            // `-n` names the process in the list of processes, which is not written over.
            _ => {}
        }
    }
}

fn is_for_the_script(word: &str) -> bool {
    ["START", "STOP"].iter().any(|known| known.eq_ignore_ascii_case(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Request {
        parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    fn options(words: &[&str]) -> Options {
        let Request::Run(options) = parsed(words) else { panic!("{words:?} are no order to run") };
        options
    }

    #[test]
    fn without_words_the_usual_file_is_run() {
        assert_eq!(options(&[]), Options::default());
        assert_eq!(options(&["MAINPROCESS"]), Options::default());
    }

    #[test]
    fn a_value_is_glued_or_the_next_word() {
        for words in [
            &["-c/x", "-p", "/p", "-i/i", "-l", "/l", "-uu", "-g", "g", "-nMAINPROCESS"][..],
            &["-c", "/x", "-p/p", "-i", "/i", "-l/l", "-u", "u", "-gg", "-n", "MAINPROCESS"][..],
        ] {
            let options = options(words);
            assert_eq!(options.config, PathBuf::from("/x"));
            let values = [options.pidfile, options.infofile, options.logfile, options.user, options.group];
            let values: Vec<&str> = values.iter().filter_map(Option::as_deref).collect();
            assert_eq!(values, ["/p", "/i", "/l", "u", "g"]);
        }
    }

    #[test]
    fn switches_may_stand_together() {
        let options = options(&["-tas", "-CGSM1"]);

        assert!(options.terminal && options.asks && options.monitors);
        assert_eq!(options.communicate.as_deref(), Some("GSM1"));
    }

    #[test]
    fn what_is_no_option_asks_for_help() {
        for words in [&["-h"][..], &["-?"], &["-x"], &["-p"], &["-tU"]] {
            assert_eq!(parsed(words), Request::Help, "{words:?}");
        }
        assert_eq!(parsed(&["-V"]), Request::Version);
    }

    #[test]
    fn words_of_the_script_start_nothing() {
        assert_eq!(parsed(&["-t", "Stop"]), Request::Hint("Stop".to_owned()));
        assert_eq!(parsed(&["start"]), Request::Hint("start".to_owned()));
    }

    #[test]
    fn texts_are_encoded_and_decoded() {
        assert_eq!(parsed(&["-E", "*100#"]), Request::Encode("*100#".to_owned()));
        assert_eq!(parsed(&["-DAA180C3602"]), Request::Decode("AA180C3602".to_owned()));
    }
}
