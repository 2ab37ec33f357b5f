//! What a modem is asked in a regular run, and where its answers are written.
//!
//! A file with commands is taken away and removed once the modem has answered OK and before the first of them is asked:
//! whatever happens then, nothing in it is asked twice, and what is written to its name meanwhile is the next run's.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;
use smsgrid::at::{AnswerEnd, FinalResult, Question, QuestionError, explained};
use smsgrid::worker::modem::Answer;
use tracing::{debug, error, info, info_span, warn};

use super::alarms::moment;
use super::settings::{Asks, Regular};
use crate::clock::Clock;
use crate::modem::Questions;

/// Most octets of a file with commands.
const CMDFILE_OCTETS_MAX: u64 = 64 * 1024;
/// Most commands in it.
const COMMANDS_MAX: usize = 256;
/// Most characters of an answer that are kept.
const ANSWER_CHARACTERS_MAX: usize = 4096;
/// Most commands told of that were not asked.
const TOLD_MAX: usize = 5;
/// What the name of a file that was taken away ends with.
const TAKEN: &str = ".asking";
/// What finds out whether a modem can be asked.
const ATTENTION: &str = "AT";
/// Level of an answer in the statistics file, whatever it is in the log.
const LEVEL_OF_STATFILE: u8 = 5;

/// One modem to be asked in one run.
pub(super) struct Asking<'a> {
    modem: &'a str,
    asks: &'a Asks,
    statfile: Option<&'a PathBuf>,
    questions: &'a Questions,
    clock: &'a Clock,
}

impl<'a> Asking<'a> {
    /// For a run of a modem; none for one of the gateway.
    pub(super) fn of(regular: &'a Regular, questions: &'a Questions, clock: &'a Clock) -> Option<Asking<'a>> {
        let Regular { modem, asks, statfile, .. } = regular;
        Some(Asking { modem: modem.as_deref()?, asks, statfile: statfile.as_ref(), questions, clock })
    }

    /// Asks what stands in the file with commands, if there is one now.
    pub(super) async fn ask_file(&self) {
        let Some(path) = &self.asks.cmdfile else { return };
        match blocking(path, |path| Ok(path.try_exists()? || taken_name(path).try_exists()?)).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(why) => return self.unread(path, &why),
        }
        if !self.is_answered().await {
            return self.say(|| {
                let file = path.display();
                info!(event = "modem.commands", %file, "the modem cannot be asked now; its file of commands waits");
            });
        }
        match blocking(path, take_commands).await {
            Ok(Some(text)) => {
                let questions = self.read(path, &text);
                self.ask_all(&questions, Some(path)).await;
            }
            Ok(None) => {}
            Err(why) => self.unread(path, &why),
        }
    }

    /// Whether the modem answers as one does that can be asked: silence and errors are no such answer.
    async fn is_answered(&self) -> bool {
        let Ok(attention) = Question::read(ATTENTION) else { return false };
        match self.questions.ask(self.modem, attention).await {
            Answer::Given { end, .. } => end == AnswerEnd::Result(FinalResult::Ok),
            Answer::NotAsked | Answer::Lost => false,
        }
    }

    fn unread(&self, path: &Path, why: &io::Error) {
        self.say(|| {
            warn!(
                event = "modem.commands", file = %path.display(), %why,
                fix = "let it be a file of plain commands that the user of smsnode may read, rename and remove",
                "the file of commands cannot be taken; nothing in it was asked"
            );
        });
    }

    /// Asks the commands of the configuration.
    pub(super) async fn ask_commands(&self) {
        self.ask_all(&self.asks.commands, None).await;
    }

    /// The commands of a text; what is none is told and left out.
    fn read(&self, path: &Path, text: &str) -> Vec<Question> {
        let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let (mut questions, mut refused) = (Vec::new(), 0);
        for (number, line) in lines.enumerate() {
            match Question::read(line) {
                Ok(_) if number >= COMMANDS_MAX => {
                    let file = path.display();
                    self.say(|| warn!(%file, "the file has more than {COMMANDS_MAX} commands; the rest is not asked"));
                    break;
                }
                Ok(question) => questions.push(question),
                Err(why) => {
                    refused += 1;
                    if refused <= TOLD_MAX {
                        self.refused(path, number + 1, &why);
                    }
                }
            }
        }
        if refused > TOLD_MAX {
            let (file, others) = (path.display(), refused - TOLD_MAX);
            self.say(|| warn!(event = "modem.commands", %file, others, "other commands of the file are not asked either"));
        }
        questions
    }

    fn refused(&self, path: &Path, command: usize, why: &QuestionError) {
        let file = path.display();
        self.say(
            || warn!(event = "modem.commands", %file, command, %why, "a command of the file is not asked"),
        );
    }

    /// One after the other, up to the first that cannot be asked. Those of a file are gone with it.
    async fn ask_all(&self, questions: &[Question], file: Option<&Path>) {
        for (number, question) in questions.iter().enumerate() {
            let command = question.shown();
            match self.questions.ask(self.modem, question.clone()).await {
                Answer::Given { lines, end } => self.given(&command, &lines, end).await,
                Answer::Lost => self.say(|| {
                    warn!(
                        event = "modem.commands",
                        command, "the port was lost; nobody knows what the modem did"
                    );
                }),
                Answer::NotAsked => return self.left(questions.get(number..).unwrap_or_default(), file),
            }
        }
    }

    fn left(&self, questions: &[Question], file: Option<&Path>) {
        let left = questions.len();
        let commands: Vec<String> = questions.iter().take(TOLD_MAX).map(Question::shown).collect();
        let commands = commands.join(", ");
        self.say(|| match file {
            Some(file) => warn!(
                event = "modem.commands", file = %file.display(), left, commands,
                fix = "write them to the file again",
                "the modem could not be asked; these commands of its file, and any after them, were not asked and are not tried again"
            ),
            None => warn!(
                event = "modem.commands",
                left, commands, "the modem could not be asked; the next run tries again"
            ),
        });
    }

    async fn given(&self, command: &str, lines: &[String], end: AnswerEnd) {
        let answer = told(lines, end);
        if end == AnswerEnd::Silence {
            self.say(|| warn!(event = "modem.commands", command, "the answer did not come, or not whole"));
        }
        // smsd writes nothing of a modem that says nothing.
        if answer.is_empty() {
            return;
        }
        let text = format!("CMD: {command}: {answer}");
        let moment = moment(self.clock.utc());
        let line = |level: u8| format!("{moment},{level}, {}: {text}\n", self.modem);
        match &self.asks.logfile {
            Some(logfile) => self.append(logfile, line(self.asks.loglevel), OFlags::empty()).await,
            None => self.say(|| log(self.asks.loglevel, &text)),
        }
        if let Some(statfile) = self.statfile {
            // Whoever may write to its folder must not choose where this goes.
            self.append(statfile, line(LEVEL_OF_STATFILE), OFlags::NOFOLLOW).await;
        }
    }

    async fn append(&self, path: &Path, line: String, flags: OFlags) {
        let written = blocking(path, move |path| append(path, line.as_bytes(), flags)).await;
        if let Err(why) = written {
            self.say(|| {
                warn!(
                    event = "modem.commands", file = %path.display(), %why,
                    fix = "let the user of smsnode write it",
                    "the answer of the modem cannot be written there"
                );
            });
        }
    }

    /// In the log of the modem.
    fn say(&self, say: impl FnOnce()) {
        // Without the task around it: an answer stands there as smsd writes it, and nothing behind it.
        info_span!(parent: None, "modem", modem = self.modem).in_scope(say);
    }
}

/// A line of the log at one of smsd's levels. Its 5 and 6 are one level here: by its event a line is of 5 in smsd's log.
fn log(level: u8, text: &str) {
    match level {
        0..=3 => error!(event = "modem.command", "{text}"),
        4 => warn!(event = "modem.command", "{text}"),
        5 => info!(event = "modem.command", "{text}"),
        6 => info!(event = "modem.commands", "{text}"),
        7.. => debug!(event = "modem.command", "{text}"),
    }
}

/// An answer in one line, its blanks squeezed.
fn told(lines: &[String], end: AnswerEnd) -> String {
    let last = match end {
        AnswerEnd::Result(FinalResult::Ok) => "OK".to_owned(),
        AnswerEnd::Result(FinalResult::Error(None)) => "ERROR".to_owned(),
        AnswerEnd::Result(FinalResult::Error(Some(cause))) => explained(cause),
        AnswerEnd::Expected | AnswerEnd::Silence => String::new(),
    };
    let words = lines.iter().flat_map(|line| line.split_whitespace()).chain(last.split_whitespace());
    let line = words.collect::<Vec<_>>().join(" ");
    line.chars().filter(|c| !c.is_control()).take(ANSWER_CHARACTERS_MAX).collect()
}

/// Takes the file away and reads it; none when there is none. What is written to its name from then on is another file.
/// One taken away and not read, by a node that died, was not asked: it comes first.
fn take_commands(path: &Path) -> io::Result<Option<String>> {
    let taken = taken_name(path);
    if !taken.try_exists()? {
        if read_commands(path)?.is_none() {
            return Ok(None);
        }
        fs::rename(path, &taken)?;
    }
    let text = read_commands(&taken)?;
    fs::remove_file(&taken)?;
    Ok(text)
}

/// The name of a file whose commands are about to be asked.
fn taken_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(TAKEN);
    PathBuf::from(name)
}

/// The text of a regular file; none when there is no file.
fn read_commands(path: &Path) -> io::Result<Option<String>> {
    let file = match open(OpenOptions::new().read(true), path, OFlags::empty()) {
        Ok(file) => file,
        Err(failure) if failure.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(failure) => return Err(failure),
    };
    let mut octets = Vec::new();
    file.take(CMDFILE_OCTETS_MAX + 1).read_to_end(&mut octets)?;
    if octets.len() as u64 > CMDFILE_OCTETS_MAX {
        return Err(io::Error::other(format!("it has more than {CMDFILE_OCTETS_MAX} octets")));
    }
    Ok(Some(String::from_utf8_lossy(&octets).into_owned()))
}

fn append(path: &Path, line: &[u8], flags: OFlags) -> io::Result<()> {
    open(OpenOptions::new().append(true).create(true), path, flags)?.write_all(line)
}

/// Opens a regular file; a FIFO nobody reads or writes holds nobody up.
fn open(options: &mut OpenOptions, path: &Path, flags: OFlags) -> io::Result<File> {
    let flags = i32::try_from((OFlags::NONBLOCK | flags).bits()).map_err(io::Error::other)?;
    let file = options.custom_flags(flags).open(path)?;
    match file.metadata()?.is_file() {
        true => Ok(file),
        false => Err(io::Error::other("it is no regular file")),
    }
}

/// On a thread that may wait for a disk.
async fn blocking<T: Send + 'static>(
    path: &Path,
    work: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let path = path.to_owned();
    tokio::task::spawn_blocking(move || work(&path)).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use smsgrid::model::Cause;

    use super::*;

    #[test]
    fn an_answer_is_one_line_as_smsd_writes_it() {
        let lines = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let ok = AnswerEnd::Result(FinalResult::Ok);
        let refused = AnswerEnd::Result(FinalResult::Error(Some(Cause::Cme(10))));

        assert_eq!(
            told(&lines(&["+MULTI:  one   two", "+MULTI: three"]), ok),
            "+MULTI: one two +MULTI: three OK"
        );
        assert_eq!(told(&[], refused), "+CME ERROR: 10 (SIM not inserted)");
        assert_eq!(told(&[], AnswerEnd::Result(FinalResult::Error(None))), "ERROR");
        assert_eq!(told(&lines(&["OK", "FINE"]), AnswerEnd::Expected), "OK FINE");
        assert_eq!(told(&[], AnswerEnd::Silence), "");
        assert_eq!(told(&lines(&["\u{1b}[2Jx"]), AnswerEnd::Silence), "[2Jx");
        assert_eq!(told(&lines(&["x".repeat(9000).as_str()]), ok).len(), ANSWER_CHARACTERS_MAX);
    }

    #[test]
    fn only_a_regular_file_of_a_bounded_size_is_read() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("commands");
        assert_eq!(read_commands(&path).expect("no fault"), None);
        fs::write(&path, "AT\n").expect("room");
        assert_eq!(read_commands(&path).expect("no fault").as_deref(), Some("AT\n"));
        fs::write(&path, vec![b'A'; 70_000]).expect("room");
        assert!(read_commands(&path).expect_err("too large").to_string().contains("65536"));
        assert!(read_commands(root.path()).is_err(), "a folder");
        let fifo = root.path().join("fifo");
        rustix::fs::mknodat(rustix::fs::CWD, &fifo, rustix::fs::FileType::Fifo, 0o600.into(), 0)
            .expect("a FIFO");
        assert!(read_commands(&fifo).expect_err("a FIFO").to_string().contains("regular"));
        assert!(append(&fifo, b"x", OFlags::empty()).is_err());
    }

    #[test]
    fn a_file_is_taken_away_before_it_is_read_and_one_left_by_a_node_that_died_comes_first() {
        let root = tempfile::tempdir().expect("a folder");
        let path = root.path().join("commands");
        assert_eq!(take_commands(&path).expect("no fault"), None);
        fs::write(&path, "AT+NEW\n").expect("room");
        fs::write(taken_name(&path), "AT+OLD\n").expect("room");

        assert_eq!(take_commands(&path).expect("no fault").as_deref(), Some("AT+OLD\n"));
        assert_eq!(take_commands(&path).expect("no fault").as_deref(), Some("AT+NEW\n"));
        assert_eq!(fs::read_dir(root.path()).expect("a folder").count(), 0);
    }

    #[test]
    fn a_link_in_the_place_of_a_statistics_file_is_not_followed() {
        let root = tempfile::tempdir().expect("a folder");
        let (link, victim) = (root.path().join("stat"), root.path().join("victim"));
        std::os::unix::fs::symlink(&victim, &link).expect("a link");

        assert!(append(&link, b"x", OFlags::NOFOLLOW).is_err());
        assert!(!victim.exists());
    }
}
