//! The sign-in at a telnet host: prompts are waited for and answered, each once. A host that lets nobody in asks again:
//! after a last answer that is the user or the password, this is watched for until the modem answers.

use std::collections::VecDeque;
use std::fmt;

/// Most octets read until the last prompt.
const OCTETS_MAX: usize = 64 * 1024;
/// Octets kept in which a prompt may still be incomplete.
const KEPT_MAX: usize = 4096;
/// Octets in which a question is watched for after the last answer.
const WATCHED_MAX: usize = 4096;

/// What the host is told, and what it asks with.
#[derive(Clone, PartialEq, Eq)]
pub struct Words {
    /// The user.
    pub login: Option<String>,
    /// What asks for it.
    pub login_prompt: String,
    /// A text that holds the prompt and does not ask.
    pub login_prompt_ignore: String,
    /// The password.
    pub password: Option<String>,
    /// What asks for it.
    pub password_prompt: String,
    /// A command that leads to the modem.
    pub command: Option<String>,
    /// What asks for it.
    pub command_prompt: String,
    /// Whether an answer ends with CR LF, not with LF.
    pub crlf: bool,
}

impl Default for Words {
    /// Nothing is said; the prompts are those of smsd.
    fn default() -> Words {
        Words {
            login: None,
            login_prompt: "login:".to_owned(),
            login_prompt_ignore: "Last login:".to_owned(),
            password: None,
            password_prompt: "Password:".to_owned(),
            command: None,
            command_prompt: String::new(),
            crlf: true,
        }
    }
}

/// Why a sign-in failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignInFault {
    /// The host asked for something again.
    #[error("the host did not accept the user or the password")]
    Refused,
    /// It says much, and does not ask.
    #[error("the host did not ask for {0} in 64 KiB")]
    NoPrompt(Asked),
}

/// What a host asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// The user.
    Login,
    /// The password.
    Password,
    /// The command.
    Command,
}

impl fmt::Display for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Asked::Login => "a user",
            Asked::Password => "a password",
            Asked::Command => "a command",
        })
    }
}

/// A sign-in under way.
#[derive(Debug)]
pub struct SignIn {
    words: Words,
    left: VecDeque<Asked>,
    kept: Vec<u8>,
    octets: usize,
    is_watching: bool,
}

impl SignIn {
    /// Nothing is answered yet.
    pub fn new(words: Words) -> SignIn {
        let said = [
            (Asked::Login, words.login.is_some()),
            (Asked::Password, words.password.is_some()),
            (Asked::Command, words.command.is_some()),
        ];
        let left = said.into_iter().filter(|(_, is_said)| *is_said).map(|(asked, _)| asked).collect();
        SignIn { words, left, kept: Vec::new(), octets: 0, is_watching: false }
    }

    /// What is still waited for; none when everything is answered.
    pub fn awaits(&self) -> Option<Asked> {
        self.left.front().copied()
    }

    /// Takes data of the host, and returns what it is to be told. What comes behind the last prompt stays in `data`.
    pub fn push(&mut self, data: &mut Vec<u8>) -> Result<Vec<u8>, SignInFault> {
        self.octets += data.len();
        self.kept.append(data);
        let mut answers = Vec::new();
        while let Some((asked, end)) = self.prompt()? {
            self.kept.drain(..end);
            // A host that does not ask for a user asks for a password at once.
            while self.left.pop_front().is_some_and(|left| left != asked) {}
            answers.extend(self.answer(asked));
        }
        match self.awaits() {
            None => {
                data.append(&mut self.kept);
                // A command was asked for by a host that let us in.
                self.is_watching = self.words.command.is_none();
                self.watch(data)?;
            }
            Some(asked) if self.octets > OCTETS_MAX => return Err(SignInFault::NoPrompt(asked)),
            Some(_) => {
                let surplus = self.kept.len().saturating_sub(KEPT_MAX);
                self.kept.drain(..surplus);
            }
        }
        Ok(answers)
    }

    /// Looks at data behind the last answer; the first `OK` of a modem, or much talk, ends that.
    pub fn watch(&mut self, data: &[u8]) -> Result<(), SignInFault> {
        if !self.is_watching {
            return Ok(());
        }
        self.kept.extend_from_slice(data);
        let asked = [self.login_at(), self.at(&self.words.password_prompt)].into_iter().flatten().min();
        let ok = ok_at(&self.kept);
        if asked.is_some_and(|(at, _)| ok.is_none_or(|ok| at < ok)) {
            return Err(SignInFault::Refused);
        }
        if ok.is_some() || self.kept.len() > WATCHED_MAX {
            self.is_watching = false;
            self.kept = Vec::new();
        }
        Ok(())
    }

    /// The first prompt that asks for what is left, and where it ends; one that was answered before is a refusal.
    fn prompt(&self) -> Result<Option<(Asked, usize)>, SignInFault> {
        if self.left.is_empty() {
            return Ok(None);
        }
        let prompts = [
            (Asked::Login, self.words.login.is_some(), self.login_at()),
            (Asked::Password, self.words.password.is_some(), self.at(&self.words.password_prompt)),
            (Asked::Command, self.words.command.is_some(), self.at(&self.words.command_prompt)),
        ];
        let found = prompts.into_iter().filter(|(_, is_said, _)| *is_said);
        let first = found.filter_map(|(asked, _, at)| Some((asked, at?))).min_by_key(|(_, at)| at.1);
        match first {
            Some((asked, (_, end))) if self.left.contains(&asked) => Ok(Some((asked, end))),
            // What a command asks with may look like anything.
            Some((Asked::Login | Asked::Password, _)) => Err(SignInFault::Refused),
            Some((Asked::Command, _)) | None => Ok(None),
        }
    }

    fn at(&self, prompt: &str) -> Option<(usize, usize)> {
        find(&self.kept, prompt.as_bytes(), 0)
    }

    fn login_at(&self) -> Option<(usize, usize)> {
        let ignored = self.words.login_prompt_ignore.as_bytes();
        let mut from = 0;
        loop {
            let (at, end) = find(&self.kept, self.words.login_prompt.as_bytes(), from)?;
            let spans =
                find(&self.kept, ignored, from).is_some_and(|(start, stop)| start <= at && end <= stop);
            if !spans {
                return Some((at, end));
            }
            from = end;
        }
    }

    fn answer(&self, asked: Asked) -> Vec<u8> {
        let text = match asked {
            Asked::Login => &self.words.login,
            Asked::Password => &self.words.password,
            Asked::Command => &self.words.command,
        };
        let end = if self.words.crlf { "\r\n" } else { "\n" };
        format!("{}{end}", text.as_deref().unwrap_or_default()).into_bytes()
    }
}

/// Where `text` stands in `octets` from `from` on: its beginning and its end.
fn find(octets: &[u8], text: &[u8], from: usize) -> Option<(usize, usize)> {
    if text.is_empty() {
        return None;
    }
    let rest = octets.get(from..)?;
    let at = rest.windows(text.len()).position(|window| window == text)? + from;
    Some((at, at + text.len()))
}

/// Where the first line stands that is `OK` and has ended.
fn ok_at(octets: &[u8]) -> Option<usize> {
    let is_end = |octet: Option<&u8>| matches!(octet, Some(b'\r' | b'\n'));
    let is_line = |at: &usize| {
        let begins = at.checked_sub(1).is_none_or(|before| is_end(octets.get(before)));
        begins && is_end(octets.get(at + 2))
    };
    octets.windows(2).enumerate().filter(|(_, pair)| pair == b"OK").map(|(at, _)| at).find(is_line)
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Words(login at {:?}, command at {:?})", self.login_prompt, self.command_prompt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        Words {
            login: Some("sms".to_owned()),
            password: Some("s3cret".to_owned()),
            command: Some("module 2".to_owned()),
            command_prompt: "#".to_owned(),
            ..Words::default()
        }
    }

    fn told(sign_in: &mut SignIn, text: &str) -> Result<String, SignInFault> {
        let mut data = text.as_bytes().to_vec();
        sign_in.push(&mut data).map(|answer| String::from_utf8(answer).expect("words"))
    }

    #[test]
    fn each_prompt_is_answered_once_however_it_is_cut() {
        let mut sign_in = SignIn::new(words());
        for (text, answer) in [
            ("Welcome. Last login: yesterday\r\nlog", ""),
            ("in: ", "sms\r\n"),
            ("sms\r\nPassword:", "s3cret\r\n"),
            ("\r\nLast login: today\r\n", ""),
        ] {
            assert_eq!(told(&mut sign_in, text).as_deref(), Ok(answer), "{text}");
        }
        let mut data = b"box# module 2\r\n".to_vec();
        assert_eq!(sign_in.push(&mut data).expect("asked"), b"module 2\r\n");
        assert_eq!((sign_in.awaits(), data.as_slice()), (None, &b" module 2\r\n"[..]));
    }

    #[test]
    fn a_host_may_leave_a_question_out_and_ends_lines_as_it_is_told() {
        let mut sign_in = SignIn::new(Words { crlf: false, command: None, ..words() });
        assert_eq!(told(&mut sign_in, "Password:").as_deref(), Ok("s3cret\n"));
        assert_eq!(sign_in.awaits(), None);
        let silent = Words { login: None, password: None, command: None, ..words() };
        assert_eq!(SignIn::new(silent).awaits(), None);
    }

    #[test]
    fn a_question_that_comes_again_is_a_refusal_and_talk_without_one_has_an_end() {
        let mut sign_in = SignIn::new(words());
        assert!(told(&mut sign_in, "login: Password:").is_ok());
        assert_eq!(told(&mut sign_in, "Login incorrect\r\nlogin:"), Err(SignInFault::Refused));

        let mut sign_in = SignIn::new(words());
        let end = (0..100).find_map(|_| told(&mut sign_in, &"x".repeat(1000)).err());
        assert_eq!(end, Some(SignInFault::NoPrompt(Asked::Login)));
        assert!(sign_in.kept.len() <= OCTETS_MAX);
    }

    #[test]
    fn a_question_after_the_last_answer_is_a_refusal_until_the_modem_answers() {
        let signed_in = || {
            let mut sign_in = SignIn::new(Words { command: None, ..words() });
            assert_eq!(told(&mut sign_in, "login: Password:").as_deref(), Ok("sms\r\ns3cret\r\n"));
            assert_eq!(sign_in.awaits(), None);
            sign_in
        };
        let mut wrong = signed_in();
        assert_eq!(wrong.watch(b"\r\nLogin incorrect\r\nbox log"), Ok(()));
        assert_eq!(wrong.watch(b"in: "), Err(SignInFault::Refused));
        assert_eq!(signed_in().watch(b"Password:"), Err(SignInFault::Refused));

        let mut right = signed_in();
        assert_eq!(right.watch(b"\r\nLast login: today. NOT OK\r\nAT\r\r\nO"), Ok(()));
        assert_eq!(right.watch(b"K\r\n"), Ok(()));
        assert_eq!(right.watch(b"+COPS: \"login:\"\r\n"), Ok(()));

        let mut talks = signed_in();
        assert!((0..5).all(|_| talks.watch(&[b'x'; 1000]).is_ok()));
        assert_eq!((talks.watch(b"login:"), talks.kept.len()), (Ok(()), 0));
    }

    #[test]
    fn a_refusal_that_comes_with_the_last_question_is_seen() {
        let mut sign_in = SignIn::new(Words { command: None, ..words() });
        assert_eq!(told(&mut sign_in, "login: Password: login:"), Err(SignInFault::Refused));
    }

    #[test]
    fn no_secret_is_printed() {
        assert!(!format!("{:?}", SignIn::new(words())).contains("s3cret"));
    }
}
