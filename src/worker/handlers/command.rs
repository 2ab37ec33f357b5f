//! From a program in the configuration to what is executed.

use std::fmt;

/// A program of the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// A path and arguments, executed as they are.
    Direct(Vec<String>),
    /// A line for the shell.
    Line(String),
}

impl Command {
    /// The words to execute. A line goes through `shell`, with the arguments quoted behind it.
    pub fn argv(&self, shell: &str, arguments: &[Vec<u8>]) -> Vec<Vec<u8>> {
        match self {
            Command::Direct(words) => {
                let words = words.iter().map(|word| word.clone().into_bytes());
                words.chain(arguments.iter().cloned()).collect()
            }
            Command::Line(line) => {
                let mut whole = line.clone().into_bytes();
                for argument in arguments {
                    whole.push(b' ');
                    whole.extend(quoted(argument));
                }
                vec![shell.as_bytes().to_vec(), b"-c".to_vec(), whole]
            }
        }
    }

    /// The file that is executed: for a line the first word, which is what smsd looks at too.
    pub fn program(&self) -> &str {
        match self {
            Command::Direct(words) => words.first().map_or("", String::as_str),
            Command::Line(line) => line.split_ascii_whitespace().next().unwrap_or(""),
        }
    }

    /// The same with the modem's name where it says `modemname`.
    pub fn for_modem(&self, modem: &str) -> Command {
        match self {
            Command::Direct(words) => {
                Command::Direct(words.iter().map(|word| word.replace("modemname", modem)).collect())
            }
            Command::Line(line) => Command::Line(line.replace("modemname", modem)),
        }
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Command::Direct(words) => f.write_str(&words.join(" ")),
            Command::Line(line) => f.write_str(line),
        }
    }
}

/// An argument as every POSIX shell takes it: between single quotes nothing has a meaning but the quote itself.
fn quoted(argument: &[u8]) -> Vec<u8> {
    let mut quoted = vec![b'\''];
    for octet in argument {
        match octet {
            b'\'' => quoted.extend_from_slice(b"'\\''"),
            octet => quoted.push(*octet),
        }
    }
    quoted.push(b'\'');
    quoted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_direct_command_gets_its_arguments_as_they_are() {
        let command = Command::Direct(vec!["/bin/on-sms".to_owned(), "--to=log".to_owned()]);

        let argv = command.argv("/bin/sh", &[b"SENT".to_vec(), b"$(reboot)".to_vec()]);

        assert_eq!(argv.join(&b'|'), b"/bin/on-sms|--to=log|SENT|$(reboot)");
    }

    #[test]
    fn a_line_goes_through_the_shell_with_quoted_arguments() {
        let command = Command::Line("/bin/on-sms 2>/dev/null".to_owned());

        let argv = command.argv("/bin/dash", &[b"SENT".to_vec(), b"it's $(x) `y`; z".to_vec(), Vec::new()]);

        let line = r"/bin/on-sms 2>/dev/null 'SENT' 'it'\''s $(x) `y`; z' ''";
        assert_eq!(argv.join(&b'|'), [b"/bin/dash|-c|".as_slice(), line.as_bytes()].concat());
        assert_eq!(command.program(), "/bin/on-sms");
    }

    #[test]
    fn the_name_of_the_modem_is_put_in() {
        let line = Command::Line("/bin/run --for modemname".to_owned());
        assert_eq!(line.for_modem("GSM1").to_string(), "/bin/run --for GSM1");
        let direct = Command::Direct(vec!["/bin/run".to_owned(), "modemname.log".to_owned()]);
        assert_eq!(direct.for_modem("GSM1").to_string(), "/bin/run GSM1.log");
    }

    /// What a shell makes of one word between single quotes and escaped quotes.
    fn unquoted(word: &[u8]) -> Option<Vec<u8>> {
        let (mut plain, mut rest) = (Vec::new(), word);
        while !rest.is_empty() {
            if let Some(inside) = rest.strip_prefix(b"'") {
                let end = inside.iter().position(|octet| *octet == b'\'')?;
                plain.extend_from_slice(&inside[..end]);
                rest = &inside[end + 1..];
            } else {
                rest = rest.strip_prefix(b"\\'")?;
                plain.push(b'\'');
            }
        }
        Some(plain)
    }

    proptest! {
        #[test]
        fn any_octets_come_out_of_the_quotes_as_they_went_in(octets in prop::collection::vec(1u8.., 0..200)) {
            prop_assert_eq!(unquoted(&quoted(&octets)), Some(octets));
        }
    }
}
