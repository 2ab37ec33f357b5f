//! The settings of a modem behind a telnet host, by smsd's names.

use smsgrid::at::telnet::Words;
use smsgrid_proto::Reason;
use toml::de::DeValue;

use super::section::Section;
use super::value::{Value, Wrong};
use crate::secret::Secret;

/// Longest text, in characters.
const CHARACTERS_MAX: usize = 255;

/// How to sign in at the host in front of a modem. Nothing of it matters to a modem at a serial port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telnet {
    /// `telnet_login`: the user. Default none: no user is waited for.
    pub login: Option<String>,
    /// `telnet_login_prompt`: what asks for the user. Default `login:`.
    pub login_prompt: String,
    /// `telnet_login_prompt_ignore`: a text that holds the prompt and does not ask. Default `Last login:`.
    pub login_prompt_ignore: String,
    /// `telnet_password`: the password. Default none. A file that holds it must be closed to others.
    pub password: Option<Password>,
    /// `telnet_password_prompt`: what asks for the password. Default `Password:`.
    pub password_prompt: String,
    /// `telnet_cmd`: a command that leads to the modem. Default none.
    pub command: Option<String>,
    /// `telnet_cmd_prompt`: what asks for the command. Required beside it.
    pub command_prompt: Option<String>,
    /// `telnet_crlf`: whether what is said ends with CR LF, not with LF. Default true.
    pub crlf: bool,
}

/// A password, which is never shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Password(Secret);

impl Telnet {
    /// The words for the host.
    pub fn words(&self) -> Words {
        Words {
            login: self.login.clone(),
            login_prompt: self.login_prompt.clone(),
            login_prompt_ignore: self.login_prompt_ignore.clone(),
            password: self.password.as_ref().map(|Password(secret)| secret.reveal().to_owned()),
            password_prompt: self.password_prompt.clone(),
            command: self.command.clone(),
            command_prompt: self.command_prompt.clone().unwrap_or_default(),
            crlf: self.crlf,
        }
    }
}

impl Value for Password {
    const KIND: &'static str = "a password";
    const HOW: &'static str = "write it between quotes, at most 255 printable ASCII characters";
    const SECRET: bool = true;

    fn read(value: &DeValue<'_>) -> Result<Password, Wrong> {
        let text = value.as_str().filter(|text| is_fit(text)).ok_or(Wrong::Kind)?;
        Ok(Password(Secret::new(text)))
    }

    fn show(&self) -> String {
        self.0.to_string().show()
    }
}

/// Reads the settings of one modem.
pub(super) fn read(section: &mut Section<'_, '_>) -> Telnet {
    let own = Words::default();
    let command = text(section, "telnet_cmd");
    let command_prompt = text(section, "telnet_cmd_prompt").map(|(prompt, _)| prompt);
    if let Some((_, at)) = &command
        && command_prompt.as_ref().is_none_or(String::is_empty)
    {
        let what = "`telnet_cmd` stands without a `telnet_cmd_prompt`: it would never be said";
        section.fault(*at, Reason::ConfigBadValue, what, None, Some("name the prompt it answers"));
    }
    let login = text(section, "telnet_login");
    let login_prompt = section.or("telnet_login_prompt", own.login_prompt);
    refuse_no_prompt(section, "telnet_login", login.as_ref().map(|(_, at)| *at), &login_prompt);
    let password = password(section);
    let password_prompt = section.or("telnet_password_prompt", own.password_prompt);
    refuse_no_prompt(section, "telnet_password", password.as_ref().map(|(_, at)| *at), &password_prompt);
    Telnet {
        login: login.map(|(login, _)| login),
        login_prompt,
        login_prompt_ignore: section.or("telnet_login_prompt_ignore", own.login_prompt_ignore),
        password: password.map(|(password, _)| password),
        password_prompt,
        command: command.map(|(command, _)| command),
        command_prompt,
        crlf: section.or("telnet_crlf", true),
    }
}

/// What answers an empty prompt is never said.
fn refuse_no_prompt(section: &mut Section<'_, '_>, key: &str, at: Option<usize>, prompt: &str) {
    if let Some(at) = at.filter(|_| prompt.is_empty()) {
        let what = format!("`{key}` stands beside an empty `{key}_prompt`: it would never be said");
        let fix = format!("name the prompt it answers, or leave `{key}_prompt` out");
        section.fault(at, Reason::ConfigBadValue, &what, None, Some(&fix));
    }
}

fn text(section: &mut Section<'_, '_>, key: &'static str) -> Option<(String, usize)> {
    let text = section.optional::<String>(key, "none")?;
    if !is_fit(&text.value) {
        let what = format!("`{key}` cannot be sent: {}", text.value.show());
        let fix = format!("write at most {CHARACTERS_MAX} printable ASCII characters");
        section.fault(text.at, Reason::ConfigBadValue, &what, None, Some(&fix));
    }
    Some((text.value, text.at))
}

fn password(section: &mut Section<'_, '_>) -> Option<(Password, usize)> {
    let password = section.optional::<Password>("telnet_password", "none")?;
    super::modem::refuse_open_file(section, password.at, "a password", "chmod 0640 this file");
    Some((password.value, password.at))
}

fn is_fit(text: &str) -> bool {
    text.len() <= CHARACTERS_MAX && text.chars().all(|c| matches!(c, ' '..='~'))
}
