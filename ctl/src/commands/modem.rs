//! `smsctl modem`: the modems of all nodes.

use smsgrid_proto::{Exit, Reason};

use super::cluster::say_if_stale;
use crate::args::ModemCommand;
use crate::client::Client;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::nearest::{Meant, meant};
use crate::render::{modem_card, modem_sheet, quoted, tame};
use crate::view::Modem;

/// Carries out a command about modems.
pub(crate) async fn run(command: &ModemCommand, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let mut client = desk.client()?;
    let (modems, freshness) = client.modems().await?;
    match command {
        ModemCommand::List => desk.list(&modem_sheet(&modems, desk.style))?,
        ModemCommand::Show { names } => show(names, &modems, desk)?,
        ModemCommand::Block { names } => return block(names, true, &modems, &mut client, desk).await,
        ModemCommand::Unblock { names } => return block(names, false, &modems, &mut client, desk).await,
    }
    say_if_stale(&freshness, desk);
    Ok(Exit::Done)
}

fn show(names: &[String], modems: &[Modem], desk: &mut Desk<'_>) -> Result<(), Failure> {
    let known: Vec<&str> = modems.iter().map(|modem| modem.name.as_str()).collect();
    let mut chosen = Vec::new();
    for name in names {
        let name = one_of("modem", name, &known)?;
        chosen.extend(modems.iter().find(|modem| modem.name == name).cloned());
    }
    let pages: Vec<String> = chosen.iter().map(|modem| modem_card(modem, desk.style)).collect();
    desk.pages(&pages, &modem_sheet(&chosen, desk.style))
}

async fn block(
    names: &[String],
    blocked: bool,
    modems: &[Modem],
    client: &mut Client,
    desk: &mut Desk<'_>,
) -> Result<Exit, Failure> {
    let known: Vec<&str> = modems.iter().map(|modem| modem.name.as_str()).collect();
    let names: Vec<&str> =
        names.iter().map(|name| one_of("modem", name, &known)).collect::<Result<_, _>>()?;
    let (verb, undo) = if blocked { ("block", "unblock") } else { ("unblock", "block") };
    let mut changed = Vec::new();
    for name in names {
        if desk.global.dry_run {
            desk.say(&format!("Would {verb} {}. Nothing was done.", tame(name)));
            continue;
        }
        desk.part_with(format!("Stopped. Whether it was done, this tells: smsctl modem show {name}"));
        let before = modems.iter().find(|modem| modem.name == name).cloned().unwrap_or_default();
        let after = client.block(name, blocked).await?;
        let (word, name) = (if blocked { "is blocked" } else { "takes messages again" }, tame(name));
        desk.say(&format!("{name} {word}.   Undo: smsctl modem {undo} {name}"));
        changed.push(after.unwrap_or(Modem { blocked, ..before }));
    }
    if !desk.global.dry_run {
        desk.list(&modem_sheet(&changed, desk.style))?;
    }
    Ok(Exit::Done)
}

/// The name that a word stands for, among those there are.
pub(super) fn one_of<'a>(what: &str, word: &str, known: &[&'a str]) -> Result<&'a str, Failure> {
    match meant(word, known) {
        Meant::One(name) => Ok(name),
        Meant::Several(names) => {
            Err(Failure::of(Reason::Ambiguous, format!("{} stands for more than one {what}", quoted(word)))
                .fix(format!("write one of: {}", names.join(", "))))
        }
        Meant::None(near) => {
            let hint = near.map(|near| format!("did you mean {near}? ")).unwrap_or_default();
            let there = if known.is_empty() { "there are none".to_owned() } else { known.join(", ") };
            Err(Failure::of(Reason::NotFound, format!("there is no {what} {}", quoted(word)))
                .fix(format!("{hint}{what}s: {there}")))
        }
    }
}

#[test]
fn a_name_is_found_by_its_beginning_and_a_wrong_one_is_answered_with_the_nearest() {
    let known = ["GSM1", "GSM2", "SIM1"];

    assert_eq!(one_of("modem", "si", &known), Ok("SIM1"));
    let several = one_of("modem", "GSM", &known).expect_err("two");
    let none = one_of("modem", "GMS1", &known).expect_err("none");

    assert!(several.exit == Exit::Usage && several.to_string().contains("GSM1, GSM2"), "{several}");
    assert!(none.exit == Exit::NotFound && none.to_string().contains("did you mean GSM1?"), "{none}");
}
