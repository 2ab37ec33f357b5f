//! What a command reads and writes with: data, talk, the form asked for, and somebody who may be asked.

use std::cell::RefCell;
use std::io::{self, BufRead, Write};
use std::rc::Rc;

use serde_json::{Value, json};

use crate::args::{Format, Global, When};
use crate::client::{Client, Failed, Server, Unreached};
use crate::contexts::{ContextFile, SERVERS_MAX, Said, choose};
use crate::environment::Environment;
use crate::failure::Failure;
use crate::nearest::nearest;
use crate::render::{Sheet, Style, csv, quoted, table, tame};
use smsgrid_proto::Reason;

/// The desk of one command.
pub(crate) struct Desk<'a> {
    pub(crate) out: &'a mut dyn Write,
    pub(crate) talk: &'a mut dyn Write,
    pub(crate) global: Global,
    pub(crate) environment: Environment,
    /// How data looks on a terminal.
    pub(crate) style: Style,
    parting: Parting,
}

/// What is said when Ctrl-C ends the command.
pub(crate) type Parting = Rc<RefCell<String>>;

impl<'a> Desk<'a> {
    /// The desk for these options.
    pub(crate) fn new(
        out: &'a mut dyn Write,
        talk: &'a mut dyn Write,
        global: Global,
        environment: Environment,
        parting: Parting,
    ) -> Desk<'a> {
        let color = match global.color {
            When::Always => true,
            When::Never => false,
            When::Auto => environment.out_is_terminal && !environment.no_color,
        };
        let style = Style {
            color,
            unicode: environment.utf8 && environment.out_is_terminal,
            now: chrono::Local::now().fixed_offset(),
        };
        Desk { out, talk, global, environment, style, parting }
    }

    /// A client of the servers that options, the environment or the context in use name.
    pub(crate) fn client(&self) -> Result<Client, Failure> {
        let said = Said {
            servers: &self.global.servers,
            context: self.global.context.as_deref(),
            server_variable: self.environment.server.as_deref(),
            context_variable: self.environment.context.as_deref(),
        };
        let chosen = choose(said, self.context_file().as_ref())?;
        let servers = servers(&chosen.servers)?;
        Ok(Client::new(servers, chosen.context, self.global.timeout, self.global.read))
    }

    /// Where contexts are saved; none when the surroundings do not tell.
    pub(crate) fn context_file(&self) -> Option<ContextFile> {
        self.environment.configurations.as_deref().map(ContextFile::below)
    }

    /// Prints a list; in JSON it is a member of one object.
    pub(crate) fn list(&mut self, sheet: &Sheet) -> Result<(), Failure> {
        let columns = self.columns(sheet)?;
        match self.global.output {
            Format::Table | Format::Wide => writeln!(self.out, "{}", table(sheet, &columns, self.style))?,
            Format::Csv => write!(self.out, "{}", csv(sheet, &columns))?,
            Format::Name => {
                for row in &sheet.rows {
                    writeln!(self.out, "{}", tame(&row.name))?;
                }
            }
            Format::Ndjson => {
                for row in &sheet.rows {
                    writeln!(self.out, "{}", versioned(row.object.clone()))?;
                }
            }
            Format::Json => {
                let objects: Vec<&Value> = sheet.rows.iter().map(|row| &row.object).collect();
                writeln!(self.out, "{:#}", versioned(json!({ sheet.member: objects })))?;
            }
        }
        Ok(())
    }

    /// Prints things asked for by name: for a person each on its page; one alone is one object in JSON.
    pub(crate) fn pages(&mut self, pages: &[String], sheet: &Sheet) -> Result<(), Failure> {
        match (self.global.output, sheet.rows.as_slice()) {
            (Format::Table | Format::Wide, _) if self.global.columns.is_empty() => {
                writeln!(self.out, "{}", pages.join("\n\n"))?;
                Ok(())
            }
            (Format::Json, [one]) => {
                self.columns(sheet)?;
                writeln!(self.out, "{:#}", versioned(one.object.clone()))?;
                Ok(())
            }
            (
                Format::Table | Format::Wide | Format::Json | Format::Ndjson | Format::Csv | Format::Name,
                _,
            ) => self.list(sheet),
        }
    }

    /// Prints one thing as text for a person, and as its object for a program.
    pub(crate) fn one(&mut self, name: &str, text: &str, object: Value) -> Result<(), Failure> {
        self.no_columns()?;
        match self.global.output {
            Format::Table | Format::Wide | Format::Csv => writeln!(self.out, "{text}")?,
            Format::Name => writeln!(self.out, "{}", tame(name))?,
            Format::Json => writeln!(self.out, "{:#}", versioned(object))?,
            Format::Ndjson => writeln!(self.out, "{}", versioned(object))?,
        }
        Ok(())
    }

    /// Prints a line of data as it comes: text for a person, an object a line for a program.
    pub(crate) fn line(&mut self, text: &str, object: Value) -> Result<(), Failure> {
        match self.global.output {
            Format::Ndjson | Format::Json => writeln!(self.out, "{}", versioned(object))?,
            Format::Table | Format::Wide | Format::Csv | Format::Name => writeln!(self.out, "{text}")?,
        }
        self.out.flush()?;
        Ok(())
    }

    /// Says something beside the data.
    pub(crate) fn say(&mut self, text: &str) {
        // With standard error gone there is nobody left to tell.
        let _ = writeln!(self.talk, "{text}");
    }

    /// Tells a failure that does not end the command.
    pub(crate) fn tell(&mut self, failure: &Failure) {
        failure.tell(self.talk);
    }

    /// What is said should Ctrl-C end the command from now on.
    pub(crate) fn part_with(&self, words: impl Into<String>) {
        *self.parting.borrow_mut() = words.into();
    }

    /// Lets a person agree to something that cannot be taken back: yes, or the very word when there is one.
    pub(crate) async fn confirm(
        &mut self,
        question: &str,
        word: Option<&'static str>,
    ) -> Result<(), Failure> {
        if self.global.yes {
            return Ok(());
        }
        if self.global.no_input || !self.environment.can_ask {
            return Err(
                Failure::wrong(format!("{question} Nobody can be asked.")).fix("write --yes to agree")
            );
        }
        let hint = word.map_or("[y/N] ".to_owned(), |word| format!("Type {word} to agree: "));
        let _ = write!(self.talk, "{question} {hint}").and_then(|()| self.talk.flush());
        let answer = tokio::task::spawn_blocking(|| {
            let mut answer = String::new();
            io::stdin().lock().read_line(&mut answer).map(|_| answer)
        });
        let answer = answer.await.ok().and_then(Result::ok).unwrap_or_default();
        let agreed = match word {
            Some(word) => answer.trim() == word,
            None => matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes"),
        };
        let refused = || Failure::new(smsgrid_proto::Exit::RefusedForSafety, "nothing was done");
        agreed.then_some(()).ok_or_else(refused)
    }

    fn columns(&self, sheet: &Sheet) -> Result<Vec<usize>, Failure> {
        let names = &self.global.columns;
        if names.is_empty() {
            let wide = matches!(self.global.output, Format::Wide | Format::Csv);
            return Ok(sheet.usual(wide));
        }
        if matches!(self.global.output, Format::Json | Format::Ndjson | Format::Name) {
            self.no_columns()?;
        }
        sheet.chosen(names).map_err(|wrong| {
            let known: Vec<&str> = sheet.columns.iter().map(|column| column.name).collect();
            let hint = nearest(wrong, known.iter().copied());
            let hint = hint.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
            Failure::wrong(format!("there is no column {}", quoted(wrong)))
                .fix(format!("{hint}columns: {}", known.join(", ")))
        })
    }

    fn no_columns(&self) -> Result<(), Failure> {
        if self.global.columns.is_empty() {
            return Ok(());
        }
        Err(Failure::wrong("--columns chooses columns of a list in the forms table, wide and csv"))
    }
}

/// The servers that these words name.
pub(crate) fn servers(words: &[String]) -> Result<Vec<Server>, Failure> {
    if words.is_empty() || words.len() > SERVERS_MAX {
        return Err(Failure::wrong(format!("name at least one server and at most {SERVERS_MAX}")));
    }
    let parse = |word: &String| {
        Server::parse(word)
            .map_err(|fault| Failure::wrong(format!("{} is no address of a server", quoted(word))).why(fault))
    };
    words.iter().map(parse).collect()
}

/// Every object says the version of its form.
pub(crate) fn versioned(mut object: Value) -> Value {
    if let Value::Object(members) = &mut object {
        members.insert("v".to_owned(), json!(1));
    }
    object
}

impl From<Failed> for Failure {
    fn from(failed: Failed) -> Failure {
        match failed {
            Failed::Refused(refusal) => (*refusal).into(),
            Failed::Unreachable(Unreached { servers, context }) => {
                let each: Vec<String> =
                    servers.iter().map(|(server, why)| format!("{server}: {why}")).collect();
                let failure =
                    Failure::of(Reason::Unreachable, format!("no node answered: {}", each.join(", ")));
                let Some(context) = context else { return failure };
                let which = format!("Context {} is used; `smsctl context list`.", quoted(&context));
                failure.fix(format!("{} {which}", Reason::Unreachable.fix()))
            }
            Failed::Unknown(why) => Failure::of(
                Reason::OutcomeUnknown,
                "the connection broke after the request was handed over; it may have been done",
            )
            .why(why),
        }
    }
}
