//! `smsctl config convert`: from an smsd.conf to a configuration of ours. It asks no server, and is the one place that
//! names the core: the conversion is the node's own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use smsgrid::smsd_conf::{self, Conversion, FILE_OCTETS_MAX, Fault, Host, Outcome, SettingReport};
use smsgrid_proto::{Exit, Reason};

use crate::args::ConfigCommand;
use crate::desk::Desk;
use crate::failure::Failure;
use crate::render::{count, quoted, setting_sheet, tame};
use crate::view::Setting;

/// The mode of the new file, which may hold the PINs of SIMs.
const MODE: u32 = 0o600;

/// Carries out `smsctl config`.
pub(crate) fn run(command: &ConfigCommand, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    match command {
        ConfigCommand::Convert { file, out, node, data_dir } => {
            let host = host(node.as_deref(), data_dir, desk)?;
            convert(file, out.as_deref(), &host, desk)
        }
    }
}

fn host(node: Option<&str>, data_dir: &str, desk: &Desk<'_>) -> Result<Host, Failure> {
    if data_dir.is_empty() {
        return Err(Failure::wrong("--data-dir is empty").fix("name a folder, such as /var/lib/smsgrid"));
    }
    let name = node.unwrap_or(&desk.environment.host);
    Host::new(name, data_dir).map_err(|error| {
        Failure::wrong(format!("{} cannot be the name of a node", quoted(name)))
            .why(error.to_string())
            .fix("write --node NAME: letters, digits, '.', '_' and '-'")
    })
}

fn convert(file: &Path, out: Option<&Path>, host: &Host, desk: &mut Desk<'_>) -> Result<Exit, Failure> {
    let octets = read(file).map_err(|error| {
        Failure::of(Reason::ConfigUnreadable, format!("cannot read {}", file.display()))
            .why(error.to_string())
            .fix("name an smsd.conf that you may read")
            .effect("Nothing was written.")
    })?;
    let conversion = smsd_conf::convert(&octets, host).map_err(|faults| refused(file, &faults, desk))?;
    if let Some(out) = out {
        write(out, &conversion.toml, desk.global.dry_run)?;
    }
    let settings: Vec<Setting> = conversion.settings.iter().map(view).collect();
    desk.list(&setting_sheet(&settings))?;
    desk.say(&summary(&conversion));
    desk.say(&next(file, out, desk.global.dry_run));
    let is_same =
        |setting: &SettingReport| matches!(setting.outcome, Outcome::Converted | Outcome::Unnecessary);
    Ok(if conversion.settings.iter().all(is_same) { Exit::Done } else { Exit::Warnings })
}

/// The octets of the file, one more than may be converted at most.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut octets = Vec::new();
    let most = u64::try_from(FILE_OCTETS_MAX).unwrap_or(u64::MAX).saturating_add(1);
    File::open(file)?.take(most).read_to_end(&mut octets)?;
    Ok(octets)
}

/// Tells every fault.
fn refused(file: &Path, faults: &[Fault], desk: &mut Desk<'_>) -> Failure {
    for fault in faults {
        desk.say(&format!("{}\n  fix: {}", tame(&fault.to_string()), tame(&fault.fix)));
    }
    let what = format!("{} cannot be converted: {}", file.display(), count(faults.len(), "fault"));
    Failure::of(Reason::ConfigBadValue, what).fix("correct each as told above").effect("Nothing was written.")
}

/// Writes the new file, never over another.
fn write(out: &Path, toml: &str, dry_run: bool) -> Result<(), Failure> {
    let exists = || {
        Failure::new(Exit::RefusedForSafety, format!("{} is there already", out.display()))
            .fix("name another file, or move it away")
            .effect("Nothing was written.")
    };
    if dry_run {
        return if out.symlink_metadata().is_ok() { Err(exists()) } else { Ok(()) };
    }
    let failed = |error: io::Error| {
        if error.kind() == io::ErrorKind::AlreadyExists {
            return exists();
        }
        Failure::new(Exit::Unexpected, format!("cannot write {}", out.display()))
            .why(error.to_string())
            .fix("name a file in a folder that you may write to")
            .effect("Nothing was written.")
    };
    let mut file = OpenOptions::new().write(true).create_new(true).mode(MODE).open(out).map_err(failed)?;
    file.write_all(toml.as_bytes()).and_then(|()| file.sync_all()).map_err(|error| {
        // Half a file would look like a whole one.
        let _ = fs::remove_file(out);
        failed(error)
    })
}

fn view(setting: &SettingReport) -> Setting {
    Setting {
        line: setting.line,
        section: setting.section.clone(),
        key: setting.key.clone(),
        value: setting.value.clone(),
        outcome: setting.outcome.word(),
        text: setting.text.clone(),
    }
}

fn summary(conversion: &Conversion) -> String {
    let each: Vec<String> = Outcome::ALL
        .iter()
        .map(|outcome| format!("{} {}", conversion.count(*outcome), outcome.word()))
        .collect();
    let settings = conversion.settings.iter().filter(|setting| setting.line.is_some()).count();
    format!(
        "Read {}, {}: {}.",
        count(conversion.modems, "sending modem"),
        count(settings, "setting"),
        each.join(", ")
    )
}

fn next(file: &Path, out: Option<&Path>, dry_run: bool) -> String {
    match out {
        Some(out) if dry_run => {
            format!("{} would be written; nothing was.", tame(&out.display().to_string()))
        }
        Some(out) => {
            let out = tame(&out.display().to_string());
            format!(
                "Wrote {out}, for you alone to read: give it to the user smsnode runs as.\nNext: smsnode check-config {out}"
            )
        }
        None => {
            let file = tame(&file.display().to_string());
            format!("Nothing was written. To write it: smsctl config convert {file} --out smsgrid.toml")
        }
    }
}
