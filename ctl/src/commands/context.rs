//! `smsctl context`: saved clusters. It needs no server.

use serde_json::json;
use smsgrid_proto::Exit;

use crate::args::ContextCommand;
use crate::contexts::{ContextFile, Contexts, Held, name_fault};
use crate::desk::{Desk, servers};
use crate::failure::Failure;
use crate::render::{Cell, Column, Sheet, quoted};

/// Carries out a command about saved clusters.
pub(crate) async fn run(command: &ContextCommand, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let file = desk.context_file().ok_or_else(no_place)?;
    match command {
        ContextCommand::List => list(&file.load()?, desk),
        ContextCommand::Add { name, take } => add(name, *take, &file, desk).await,
        ContextCommand::Use { name } => {
            let (_held, contexts) = to_change(&file, desk).await?;
            take_into_use(name, contexts, &file, desk)
        }
        ContextCommand::Remove { name } => {
            let (_held, contexts) = to_change(&file, desk).await?;
            remove(name, contexts, &file, desk)
        }
    }
}

/// The contexts as they are, and nobody else changes them before this command has; a dry run does not lock anything.
async fn to_change(file: &ContextFile, desk: &Desk<'_>) -> Result<(Option<Held>, Contexts), Failure> {
    // A file that cannot be read is told before anything is made beside it.
    let seen = file.load()?;
    if desk.global.dry_run {
        return Ok((None, seen));
    }
    let held = file.hold().await?;
    Ok((Some(held), file.load()?))
}

fn list(contexts: &Contexts, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    desk.list(&sheet(contexts, |_| true))?;
    say_what_counts_more(desk);
    Ok(Exit::Done)
}

/// Says which variable stands before the context in use, if one does.
fn say_what_counts_more(desk: &mut Desk<'_>) {
    let stronger = [
        ("SMSCTL_SERVER", desk.environment.server.is_some()),
        ("SMSCTL_CONTEXT", desk.environment.context.is_some()),
    ];
    if let Some((name, _)) = stronger.into_iter().find(|(_, is_set)| *is_set) {
        desk.say(&format!("{name} is set and counts more than the context in use."));
    }
}

async fn add(name: &str, take: bool, file: &ContextFile, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    if let Some(how) = name_fault(name) {
        return Err(Failure::wrong(format!("{} is no name of a context", quoted(name))).fix(how));
    }
    if desk.global.servers.is_empty() {
        return Err(Failure::wrong(format!("no server of {name} is named"))
            .fix(format!("smsctl context add {name} --server HOST:PORT")));
    }
    let words: Vec<String> =
        desk.global.servers.iter().flat_map(|word| word.split(',')).map(str::to_owned).collect();
    let urls: Vec<String> = servers(&words)?.iter().map(|server| server.url().to_owned()).collect();
    let seen = file.load()?.saved.remove(name);
    if let Some(seen) = seen.as_ref().filter(|seen| **seen != urls && !desk.global.dry_run) {
        let (old, new) = (named(seen), named(&urls));
        desk.confirm(&format!("Context {name} is saved with {old}. Replace that by {new}?"), None).await?;
    }
    // The answer may have taken long.
    let (_held, mut contexts) = to_change(file, desk).await?;
    if contexts.saved.get(name) != seen.as_ref() {
        return Err(Failure::new(Exit::RefusedForSafety, format!("context {name} was changed meanwhile"))
            .fix("see what it is now: smsctl context list")
            .effect("Nothing was changed."));
    }
    let before = contexts.clone();
    contexts.add(name, urls.clone()).map_err(|_| {
        Failure::new(Exit::Rejected, "there is no room for another context")
            .fix("remove one: smsctl context remove NAME")
    })?;
    if take {
        contexts.take_into_use(name);
    }
    let mut done = format!("Context {name} is saved: {}.{}", named(&urls), undo(name, &before, &contexts));
    if contexts.current.is_none() {
        done.push_str(&format!("\nNo context is in use. Take it: smsctl context use {name}"));
    }
    settle(&format!("save context {name}: {}", named(&urls)), &done, &contexts, file, desk)?;
    if take {
        say_what_counts_more(desk);
    }
    show(name, &contexts, desk)
}

/// The saved context that `word` stands for.
fn resolved(word: &str, contexts: &Contexts) -> Result<String, Failure> {
    let name = contexts.resolve(word).map(str::to_owned);
    name.map_err(|missing| missing.failure(contexts, "the command"))
}

fn take_into_use(
    word: &str,
    mut contexts: Contexts,
    file: &ContextFile,
    desk: &mut Desk<'_>,
) -> Result<Exit, Failure> {
    let name = resolved(word, &contexts)?;
    let before = contexts.current.clone();
    contexts.take_into_use(&name);
    let undo = match before.filter(|before| *before != name) {
        Some(_) => "   Undo: smsctl context use -",
        None => "",
    };
    settle(
        &format!("use context {name}"),
        &format!("Context {name} is in use.{undo}"),
        &contexts,
        file,
        desk,
    )?;
    say_what_counts_more(desk);
    show(&name, &contexts, desk)
}

fn remove(
    word: &str,
    mut contexts: Contexts,
    file: &ContextFile,
    desk: &mut Desk<'_>,
) -> Result<Exit, Failure> {
    let name = resolved(word, &contexts)?;
    let was_in_use = contexts.current.as_ref() == Some(&name);
    let undo = command(&name, contexts.saved.get(&name).map(Vec::as_slice).unwrap_or_default(), was_in_use);
    contexts.remove(&name);
    let none = if was_in_use { ", and none is in use" } else { "" };
    settle(
        &format!("remove context {name}"),
        &format!("Context {name} is removed{none}.   Undo: {undo}"),
        &contexts,
        file,
        desk,
    )?;
    Ok(Exit::Done)
}

/// Writes the file and says what was done; or says what would be.
fn settle(
    would: &str,
    done: &str,
    contexts: &Contexts,
    file: &ContextFile,
    desk: &mut Desk<'_>,
) -> Result<(), Failure> {
    if desk.global.dry_run {
        desk.say(&format!("Would {would}. Nothing was done."));
        return Ok(());
    }
    file.store(contexts)?;
    desk.say(done);
    Ok(())
}

/// The context that was changed, for whoever reads data.
fn show(name: &str, contexts: &Contexts, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    if !desk.global.dry_run {
        desk.list(&sheet(contexts, |one| one == name))?;
    }
    Ok(Exit::Done)
}

/// The contexts of which `shown` is true.
fn sheet(contexts: &Contexts, shown: impl Fn(&str) -> bool) -> Sheet {
    let mut sheet =
        Sheet::new("contexts", &[Column::new("name"), Column::new("use"), Column::new("servers")]);
    for (name, servers) in contexts.saved.iter().filter(|(name, _)| shown(name)) {
        let is = |role: &Option<String>| role.as_ref() == Some(name);
        let (current, previous) = (is(&contexts.current), is(&contexts.previous));
        let role = if current { Some("in use") } else { previous.then_some("before") };
        let cells = vec![Cell::new(name), Cell::maybe(role), Cell::new(named(servers))];
        let object = json!({ "name": name, "servers": servers, "current": current, "previous": previous });
        sheet.push(name, cells, object);
    }
    sheet
}

/// The command that saves it as it was.
fn command(name: &str, servers: &[String], take: bool) -> String {
    let servers: String = servers.iter().map(|server| format!(" --server {server}")).collect();
    format!("smsctl context add {name}{servers}{}", if take { " --use" } else { "" })
}

/// The commands that undo what was done to `name`, as they end a line; nothing when nothing was.
fn undo(name: &str, before: &Contexts, after: &Contexts) -> String {
    let remove = || format!("smsctl context remove {name}");
    let is_taken = before.current != after.current;
    let mut steps = Vec::new();
    match before.saved.get(name) {
        None => steps.push(remove()),
        // Only a removal takes a context out of use with no other one in its place.
        Some(old) if is_taken && before.current.is_none() => {
            steps.extend([remove(), command(name, old, false)]);
        }
        Some(old) if after.saved.get(name) != Some(old) => {
            steps.push(format!("{} --yes", command(name, old, false)));
        }
        Some(_) => {}
    }
    let back = before.current.as_ref().filter(|_| is_taken);
    steps.extend(back.map(|current| format!("smsctl context use {current}")));
    if steps.is_empty() { String::new() } else { format!("   Undo: {}", steps.join(" && ")) }
}

/// Addresses as people write them.
fn named(servers: &[String]) -> String {
    let short: Vec<&str> = servers.iter().map(|server| server.trim_start_matches("http://")).collect();
    short.join(", ")
}

fn no_place() -> Failure {
    Failure::wrong("it is not known where contexts are saved")
        .why("neither XDG_CONFIG_HOME nor HOME names a folder from the root")
        .fix("set one of them, or name the servers: --server HOST:PORT")
}
