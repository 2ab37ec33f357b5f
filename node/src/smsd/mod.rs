//! `smsnode smsd`: the command line, the process and the files of SMS Server Tools 3 around a node.
//!
//! ```text
//! words ─▶ smsd.conf, chosen ─▶ Config ─┬─ background: the program again, the file on its standard input ─┐
//!                                       └─ foreground ◀──────────────────────────────────────────────────┘
//!    user and groups ─▶ log ─▶ look at everything: any problem ends here ─▶ pidfile ─▶ node ─▶ "started"
//!    TERM, INT, USR1 ─▶ drain, told in the infofile ─▶ pidfile and infofile removed
//! ```
//!
//! `smsnode run` with an smsd.conf takes the same way in the foreground.

mod ask;
mod check;
mod daemon;
mod folders;
mod infofile;
mod life;
mod options;
mod pidfile;
mod signals;
mod states;
mod statistics;
mod status;
mod tongue;
mod uptime;
mod user;
mod watch;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

use smsgrid::pdu;
use smsgrid_proto::{Exit, Problem};

use crate::config::Config;
use crate::config::smsd::{self, Process, Surroundings};
use life::Manner;
use options::{Options, Request};

const HELP: &str = "\
smsnode smsd: a node of Smsgrid with the command line of smsd.

Usage:
         smsnode smsd [options]

Options:
         -a  ask for the settings that have several values
         -cx set config file to x
         -Dx decode GSM 7bit Packed string x
         -Ex encode string x to GSM 7bit Packed format
         -ix set infofile to x
         -px set pidfile to x
         -lx set logfile to x
         -nx accepted, without effect
         -ux set username to x
         -gx set groupname to x
         -h, -? show this help
         -s  show the states of the modems, in the foreground
         -t  run in the foreground
         -V  print version

All other options are set by the file /etc/smsd.conf.

Output is written to stdout, errors are written to stderr.
";

/// Carries out `smsnode smsd` with these words.
pub(crate) fn carry_out(words: &[OsString], out: &mut dyn Write, talk: &mut dyn Write) -> io::Result<Exit> {
    let (words, background) = daemon::words(words);
    let texts: Vec<String> = words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    match options::parse(&texts) {
        Request::Help => write!(out, "{HELP}")?,
        Request::Version => writeln!(
            out,
            "smsnode {}: it runs an smsd.conf of SMS Server Tools 3.1.21",
            env!("CARGO_PKG_VERSION")
        )?,
        Request::Hint(word) => writeln!(
            out,
            "Invalid option for smsnode smsd: {word}. Use the sms3 script (or equivalent) for start and stop operations."
        )?,
        Request::Encode(text) => match pdu::pack_ussd(&text) {
            Ok(packed) => writeln!(out, "{packed}")?,
            Err(error) => {
                writeln!(talk, "Cannot encode it: {error}")?;
                return Ok(Exit::Unexpected);
            }
        },
        Request::Decode(packed) => match pdu::unpack_ussd(&packed) {
            Ok(text) => writeln!(out, "{text}")?,
            Err(error) => {
                writeln!(talk, "Cannot decode it: {error}")?;
                return Ok(Exit::Unexpected);
            }
        },
        Request::Run(options) => {
            crate::cores::none();
            return start(&options, (words, background), out, talk);
        }
    }
    Ok(Exit::Done)
}

fn start(
    options: &Options,
    (words, background): (&[OsString], bool),
    out: &mut dyn Write,
    talk: &mut dyn Write,
) -> io::Result<Exit> {
    if let Some(modem) = &options.communicate {
        let modem = modem.escape_debug();
        writeln!(
            talk,
            "smsnode has no terminal to a modem: stop smsnode and use picocom or another program at the port of {modem}. \
             Nothing was started."
        )?;
        return Ok(Exit::Unexpected);
    }
    let read = if background { Ok(daemon::inherited()?) } else { smsd::read_file(&options.config) };
    let mut octets = match read {
        Ok(octets) => octets,
        Err(problems) => return refuse(&problems, talk),
    };
    if options.asks && !background {
        let Some(chosen) = ask::ask(&octets, &mut io::stdin().lock(), out)? else { return Ok(Exit::Done) };
        octets = chosen;
    }
    let mut config = match smsd::read(&options.config, &octets, &Surroundings::here()) {
        Ok(config) => config,
        Err(problems) => return refuse(&problems, talk),
    };
    let Some(process) = &mut config.process else { return Ok(Exit::Unexpected) };
    overrule(process, options);
    if !background && !stays(process, options) {
        return daemon::start(&octets, words);
    }
    life::live(config, Manner { background, own_log: false, options: options.clone() }, talk)
}

/// Runs the node of an smsd.conf for `smsnode run`: in the foreground, its log on standard error where the file names
/// none.
pub(crate) fn run(config: Config, path: &Path, talk: &mut dyn Write) -> io::Result<Exit> {
    let own_log = config.process.as_ref().is_some_and(|process| process.log.file.is_empty());
    let options = Options { config: path.to_owned(), ..Options::default() };
    life::live(config, Manner { background: false, own_log, options }, talk)
}

/// The configuration as it is now, for a process with these options.
fn load(options: &Options) -> Result<Config, Vec<Problem>> {
    let mut config = smsd::read(&options.config, &smsd::read_file(&options.config)?, &Surroundings::here())?;
    if let Some(process) = &mut config.process {
        overrule(process, options);
    }
    Ok(config)
}

/// The command line goes before the file.
fn overrule(process: &mut Process, options: &Options) {
    let set = |place: &mut String, option: &Option<String>| {
        if let Some(value) = option {
            place.clone_from(value);
        }
    };
    set(&mut process.pidfile, &options.pidfile);
    set(&mut process.infofile, &options.infofile);
    set(&mut process.log.file, &options.logfile);
    process.user = options.user.clone().or(process.user.take());
    process.group = options.group.clone().or(process.group.take());
}

/// Whether the process stays in the foreground.
fn stays(process: &Process, options: &Options) -> bool {
    options.terminal || options.monitors || process.terminal || matches!(process.log.file.as_str(), "1" | "2")
}

/// Tells every problem, with smsd's exit.
fn refuse(problems: &[Problem], talk: &mut dyn Write) -> io::Result<Exit> {
    crate::cli::tell(problems, talk)?;
    Ok(Exit::Unexpected)
}
