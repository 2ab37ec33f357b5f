//! Whole files, right and wrong, as people write them.

mod cluster;
mod files;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use smsgrid::model::{Language, Priority, UncertainPolicy};
use smsgrid::sms_file::{self, Autosplit, Charset, MessageIds, Ucs2Notice};
use smsgrid::worker::LeaseTerms;
use smsgrid::worker::intake::KeepPdus;

use super::*;

const SMALLEST: &str = "[node]\nname = \"gw-a\"\ndata_dir = \"/var/lib/smsgrid\"\n";

fn faults(text: &str) -> Vec<(Reason, String)> {
    let problems = Config::parse("smsgrid.toml", text).expect_err("the file is wrong");
    problems.into_iter().map(|problem| (problem.reason, problem.title)).collect()
}

/// The one fault of the smallest file with `more` after it; its first line is line 4.
fn fault(more: &str) -> Problem {
    let problems =
        Config::parse("smsgrid.toml", &format!("{SMALLEST}{more}")).expect_err("the file is wrong");
    assert_eq!(problems.len(), 1, "{problems:?}");
    problems[0].clone()
}

fn read(more: &str) -> Config {
    Config::parse("smsgrid.toml", &format!("{SMALLEST}{more}"))
        .unwrap_or_else(|problems| panic!("{problems:?}"))
}

#[test]
fn the_smallest_file_is_a_node_with_the_defaults() {
    let config = read("");

    assert_eq!(config.node.name.as_str(), "gw-a");
    assert_eq!(config.node.drain_timeout, Duration::from_secs(30));
    assert_eq!(
        (config.messages.priority, config.messages.uncertain),
        (Priority::Normal, UncertainPolicy::Resend)
    );
    assert_eq!((config.messages.validity, config.limits.max_parts), (None, 10));
    assert!(config.spool.is_none() && config.modems.is_empty());
}

#[test]
fn a_full_file_is_read_as_written() {
    let config = read(
        "drain_timeout = \"45s\"\n[spool]\ndir = \"/spool\"\nsent = \"/archive/sent\"\ntrust_outgoing = true\n\
         [modems.GSM1]\nport = \"/dev/ttyS0\"\nbaudrate = 9600\nrtscts = false\npin = \"1234\"\n\
         smsc = \"+491710760000\"\ninit = [\"AT+CSMP=17\", \"AT^CURC=0\"]\ntags = [\"de\", \"bulk\"]\n\
         send_timeout = \"2m\"\nprompt_delay = \"100ms\"\n\
         [modems.GSM2]\nport = \"tcp:10.0.0.7:5000\"\ninit = \"AT\"\n[modems.SIM1]\nport = \"sim:fast\"\n\
         [messages]\npriority = \"high\"\nuncertain = \"hold\"\nvalidity = \"3d\"\nreport = true\n\
         [limits]\nmax_parts = 3\n[log]\nlevel = \"debug\"\nformat = \"json\"\n",
    );

    let spool = config.spool.expect("a spool");
    assert_eq!(spool.outgoing.to_str(), Some("/spool/outgoing"));
    assert_eq!((spool.sent.to_str(), spool.trust_outgoing), (Some("/archive/sent"), true));
    let modem = |name: &str| &config.modems[&Name::new(name).expect("a name")];
    assert_eq!(modem("GSM1").port, Port::Serial("/dev/ttyS0".into()));
    assert_eq!((modem("GSM1").baudrate, modem("GSM1").rtscts), (9600, false));
    assert_eq!(modem("GSM1").pin.as_ref().map(|pin| pin.reveal()), Some("1234"));
    assert_eq!(modem("GSM1").smsc.as_ref().map(|number| number.reveal()), Some("491710760000"));
    assert_eq!(modem("GSM1").init, ["AT+CSMP=17", "AT^CURC=0"]);
    assert_eq!(modem("GSM1").tags.len(), 2);
    assert_eq!(modem("GSM1").send_timeout, Some(Duration::from_secs(120)));
    assert_eq!(modem("GSM1").prompt_delay, Some(Duration::from_millis(100)));
    assert_eq!((&modem("GSM2").port, modem("GSM2").init.len()), (&Port::Tcp("10.0.0.7:5000".into()), 1));
    assert!(matches!(&modem("SIM1").port, Port::Simulated { text, .. } if text == "fast"));
    assert_eq!(config.messages.validity, Some(Duration::from_secs(3 * 86_400)));
    assert_eq!(
        (config.limits.max_parts, config.log.level, config.log.format),
        (3, Level::Debug, LogFormat::Json)
    );
}

#[test]
fn every_fault_comes_at_once_in_order_of_the_lines() {
    let found = faults(
        "[node]\nname = \"gw a\"\n\n[modems.GSM1]\nblocktme = 3\nbaudrate = 12\n\n[modems.GSM2]\nport = 7\n[mesages]\n\
         [messages]\nvalidity = \"3 days ago\"\n",
    );

    let expected = [
        (Reason::ConfigMissingKey, "line 1: [node] lacks `data_dir`"),
        (Reason::ConfigBadValue, "line 2: `name = \"gw a\"` is not a name"),
        (Reason::ConfigMissingKey, "line 4: [modems.GSM1] lacks `port`"),
        (Reason::ConfigUnknownKey, "line 5: `blocktme` is not a setting of `[modems.GSM1]`"),
        (Reason::ConfigBadValue, "line 6: `baudrate = 12` is too small"),
        (Reason::ConfigBadValue, "line 9: `port = 7` is not a port"),
        (Reason::ConfigUnknownKey, "line 10: `mesages` is not a section of this file"),
        (Reason::ConfigBadValue, "line 12: `validity = \"3 days ago\"` is not a duration"),
    ];
    let expected = expected.map(|(reason, title)| (reason, format!("smsgrid.toml {title}")));
    assert_eq!(found, expected);
}

#[test]
fn an_unknown_setting_names_the_nearest_or_all() {
    assert_eq!(fault("[log]\nlevle = \"info\"").fix.as_deref(), Some("did you mean `level`?"));
    assert_eq!(
        fault("[log]\ncolour = \"red\"").fix.as_deref(),
        Some("there are level, format, response_times, unmodified, octets")
    );
    assert_eq!(fault("[Modems.GSM1]\nport = \"sim:fast\"").fix.as_deref(), Some("did you mean `modems`?"));
    assert!(fault("[log]\n\"a\\nb\" = 1").title.ends_with("`a\\nb` is not a setting of `[log]`"));
}

#[test]
fn two_modems_on_one_port_are_a_conflict_even_behind_a_link() {
    let folder = tempfile::tempdir().expect("a folder");
    let (device, link) = (folder.path().join("ttyUSB0"), folder.path().join("by-path"));
    fs::write(&device, "").expect("a file");
    std::os::unix::fs::symlink(&device, &link).expect("a link");

    let found = fault(&format!(
        "[modems.GSM2]\nport = {link:?}\n[modems.GSM1]\nport = {device:?}\n[modems.A]\nport = \"sim:fast\"\n\
         [modems.B]\nport = \"sim:fast\"\n"
    ));

    assert_eq!(found.reason, Reason::ConfigConflict);
    let place = format!("smsgrid.toml line 7: modems GSM2 and GSM1 both use port {device:?} (lines 5 and 7)");
    assert_eq!(found.title, place);
}

#[test]
fn values_that_cannot_be_are_refused_with_the_way_to_write_them() {
    let modem = |setting: &str| fault(&format!("[modems.GSM1]\nport = \"sim:fast\"\n{setting}"));

    assert!(modem("send_timeout = \"11m\"").title.ends_with("`send_timeout = \"11m\"` is too large"));
    assert_eq!(modem("send_timeout = \"11m\"").fix.as_deref(), Some("write \"1s\" to \"10m\""));
    assert!(modem("init = [\"AT\\r\\nATD1\"]").title.contains("`init` holds a command that cannot be sent"));
    assert!(modem("rtscts = \"yes\"").title.ends_with("is not true or false"));
    assert!(modem("smsc = \"0171x\"").why.is_some_and(|why| why.contains("character 5")));
    assert!(modem("baudrate = -1").why.is_some_and(|why| why.contains("between 0 and")));
    assert!(fault("[limits]\nmax_parts = 0").title.ends_with("is too small"));
    assert!(fault("[limits]\nmax_parts = 256").why.is_some_and(|why| why.contains("between 0 and 255")));
    for port in [
        "COM1",
        "tcp:host",
        "tcp::5",
        "tcp:h:0",
        "tcp:a:b:5",
        "sim:",
        "sim:fats",
        "sim:fast?latencey=1s",
        "sim:fast?latency=soon",
        "",
    ] {
        let found = fault(&format!("[modems.GSM1]\nport = \"{port}\""));
        assert_eq!(
            (found.reason, found.title.ends_with("is not a port")),
            (Reason::ConfigBadValue, true),
            "{port}"
        );
    }
    let near = fault("[modems.GSM1]\nport = \"sim:fats\"").why;
    assert!(near.as_deref().is_some_and(|why| why.contains("did you mean \"fast\"?")), "{near:?}");
    assert!(fault("[modems.\"a b\"]\nport = \"sim:fast\"").title.ends_with("`a b` cannot be a name"));
    assert!(fault("modems = 3").title.ends_with("line 4: `modems` is not a setting of `[node]`"));
    assert!(fault("[modems]\nGSM1 = 3").title.ends_with("`modems.GSM1` is a section, not a value"));
}

#[test]
fn spool_folders_have_each_their_own_place() {
    assert!(
        fault("[spool]\ndir = \"/s\"\nsent = \"/s/failed\"")
            .title
            .ends_with("line 4: two folders of `[spool]` are /s/failed")
    );
    let alone = Config::parse("f", &format!("{SMALLEST}[spool]\noutgoing = \"/o\"\n"))
        .expect_err("three are missing");
    assert_eq!(alone.len(), 3);
}

#[test]
fn what_is_no_toml_is_told_with_every_line() {
    let found = faults("[node\nname = \"gw-a\"\ndata_dir = = 3\n");

    assert!(found.len() >= 2, "{found:?}");
    assert!(found.iter().all(|(reason, _)| *reason == Reason::ConfigUnreadable));
    assert!(
        found[0].1.starts_with("smsgrid.toml line 1: ") && found[1].1.starts_with("smsgrid.toml line 3: "),
        "{found:?}"
    );
}

#[test]
fn the_effective_file_hides_the_pin_and_reads_back_to_the_same() {
    let config = read("[spool]\ndir = \"/s\"\n[modems.GSM1]\nport = \"sim:fast\"\npin = \"9731\"\n");

    assert!(!config.effective().contains("9731") && !format!("{config:?}").contains("9731"));
    assert!(config.effective().contains("pin = \"********\"  # hidden\n"), "{}", config.effective());
    assert!(config.effective().contains("# send_timeout: the driver's, at least 90s\n"));
    let again = config.effective().replace("********", "9731");
    let again = Config::parse("smsgrid.toml", &again).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!(
        (again.node, again.spool, again.messages, again.limits, again.log),
        (config.node, config.spool, config.messages, config.limits, config.log)
    );
}

#[test]
fn programs_are_paths_or_lists_and_lines_only_with_a_shell() {
    use smsgrid::worker::handlers::{Command, Otherwise};
    let direct = |words: &[&str]| Some(Command::Direct(words.iter().map(ToString::to_string).collect()));
    let strict = "eventhandler = \"/bin/on sms\"\ncheckhandler = [\"/bin/check\", \"-v\"]\n";
    let programs = "[modems.GSM1]\nport = \"sim:fast\"\nregular_run = \"/bin/run modemname\"\n";
    let config = read(&format!("[handlers]\n{strict}{programs}"));
    let handlers = &config.handlers;
    assert_eq!(handlers.eventhandler, direct(&["/bin/on sms"]));
    assert_eq!(handlers.checkhandler, direct(&["/bin/check", "-v"]));
    assert_eq!((handlers.check_otherwise, handlers.attempts), (Otherwise::Reject, 20));
    assert_eq!(handlers.time_limit, Duration::from_secs(60));
    assert_eq!(read(&format!("[handlers]\n{strict}")).handlers.alarmlevel, 4);

    let as_smsd = read(&format!("[handlers]\nshell = \"/bin/sh\"\n{strict}{programs}"));
    let line = |text: &str| Some(Command::Line(text.to_owned()));
    assert_eq!(as_smsd.handlers.eventhandler, line("/bin/on sms"));
    assert_eq!((as_smsd.handlers.check_otherwise, as_smsd.handlers.attempts), (Otherwise::Accept, 1));
    assert_eq!(
        as_smsd.modems[&Name::new("GSM1").expect("a name")].programs.regular_run,
        line("/bin/run modemname")
    );
    let again = Config::parse("smsgrid.toml", as_smsd.effective()).expect("it reads back");
    let programs = |config: &Config| config.modems[&Name::new("GSM1").expect("a name")].programs.clone();
    assert_eq!((programs(&again), again.handlers), (programs(&as_smsd), as_smsd.handlers));
}

#[test]
fn a_program_that_could_not_be_found_or_is_none_is_a_fault() {
    for (setting, words) in [
        ("eventhandler = \"on-sms\"", "`eventhandler` is no whole path: on-sms"),
        ("checkhandler = []", "`checkhandler = []` is not a program"),
        ("alarmhandler = 7", "`alarmhandler = 7` is not a program"),
        ("child = \"\"", "is not a program"),
        ("shell = \"sh\"", "`shell` is no whole path: sh"),
        ("alarmlevel = 8", "`alarmlevel = 8` is too large"),
        ("time_limit = \"2d\"", "is too large"),
    ] {
        let title = fault(&format!("[handlers]\n{setting}\n")).title;
        assert!(title.contains(words), "{title}");
    }
}

/// A folder with a `pin_file` of this content and mode, and the faults of a file that names it.
fn with_pin_file(content: &str, mode: u32) -> Result<Config, Vec<Problem>> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gsm1.pin");
    fs::write(&path, content).expect("a file");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
    Config::parse("f", &format!("{SMALLEST}[modems.GSM1]\nport = \"sim:fast\"\npin_file = {path:?}\n"))
}

#[test]
fn a_pin_file_is_read_when_it_is_closed_to_others() {
    let config = with_pin_file("4711\n", 0o640).unwrap_or_else(|problems| panic!("{problems:?}"));
    let modem = config.modems.values().next().expect("a modem");

    assert_eq!(modem.pin.as_ref().map(|pin| pin.reveal()), Some("4711"));
}

#[test]
fn a_pin_file_open_to_others_or_without_a_pin_is_refused_and_never_quoted() {
    for (content, mode) in [("4711\n", 0o644), ("4711", 0o660), ("47 11", 0o600), ("", 0o600)] {
        let problems = with_pin_file(content, mode).expect_err("it is refused");

        let told: String = problems.iter().map(Problem::to_string).collect();
        assert_eq!(problems.len(), 1, "{told}");
        assert!(!told.contains("4711") && !told.contains("47 11"), "{told}");
    }
    let missing = fault("[modems.GSM1]\nport = \"sim:fast\"\npin_file = \"/nowhere/pin\"");
    assert!(missing.why.is_some_and(|why| why.contains("No such file")));
}

#[test]
fn a_wrong_pin_is_refused_without_being_quoted() {
    let found = fault("[modems.GSM1]\nport = \"sim:fast\"\npin = \"123\"");

    assert!(found.title.ends_with("`pin` is not a PIN") && !found.to_string().contains("123"), "{found}");
    assert_eq!(
        fault("[modems.GSM1]\nport = \"sim:fast\"\npin = \"1234\"\npin_file = \"/dev/null\"").reason,
        Reason::ConfigConflict
    );
}

#[test]
fn a_file_that_holds_a_pin_must_be_closed_to_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("smsgrid.toml");
    fs::write(&path, format!("{SMALLEST}[modems.GSM1]\nport = \"sim:fast\"\npin = \"4711\"\n"))
        .expect("a file");
    let load = |mode| {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("its mode");
        Config::load(&path)
    };

    let open = load(0o644).expect_err("everybody can read the PIN");
    assert!(open[0].title.ends_with("line 6: `[modems.GSM1]` holds a PIN that others can read"), "{open:?}");
    assert!(load(0o600).is_ok());
}

#[test]
fn a_modem_behind_a_telnet_host_has_its_words_and_the_password_is_shown_to_nobody() {
    let config = read(
        "[modems.GSM1]\nport = \"tcp:box:23\"\ntelnet_login = \"sms\"\ntelnet_password = \"s3cret\"\n\
         telnet_cmd = \"module 2\"\ntelnet_cmd_prompt = \"#\"\ntelnet_crlf = false\n",
    );

    let telnet = &config.modems[&Name::new("GSM1").expect("a name")].telnet;
    let words = telnet.words();
    assert_eq!((words.login.as_deref(), words.password.as_deref()), (Some("sms"), Some("s3cret")));
    assert_eq!((words.command.as_deref(), words.command_prompt.as_str()), (Some("module 2"), "#"));
    assert_eq!((words.login_prompt.as_str(), words.password_prompt.as_str()), ("login:", "Password:"));
    assert!(!words.crlf && !format!("{config:?}").contains("s3cret"));
    for (line, words) in [
        ("telnet_cmd = \"a\"", "without a `telnet_cmd_prompt`"),
        ("telnet_login = \"a\\r\"", "`telnet_login` cannot be sent"),
        ("telnet_password = \"s3cret\\n\"", "telnet_password"),
        ("telnet_login = \"a\"\ntelnet_login_prompt = \"\"", "empty `telnet_login_prompt`"),
        ("telnet_password = \"s3cret\"\ntelnet_password_prompt = \"\"", "empty `telnet_password_prompt`"),
    ] {
        let problem = fault(&format!("[modems.GSM1]\nport = \"tcp:box:23\"\n{line}\n"));
        assert!(problem.title.contains(words), "{line}: {}", problem.title);
        assert!(!format!("{problem:?}").contains("s3cret"), "{problem:?}");
    }
}

#[test]
fn a_modem_has_its_limits_pauses_and_words() {
    let config = read(
        "[modems.GSM1]\nport = \"sim:fast\"\nmessage_limit = 100\nmessage_count_clear = \"1d\"\nsent_pause = \"3s\"\n\
         command_pause = \"100ms\"\ncharacter_pause = \"5ms\"\nwakeup = \"ATZ\"\nblock_after = 2\nblock_time = \"10m\"\n\
         keep_open = false\nstart = \"AT+CFUN=1\"\nstart_pause = \"1s\"\nstop = \"at+cfun=0\"\nnumber = \"49170\"\ndescription = \"rack 3\"\n[modems.GSM2]\nport = \"sim:fast\"\n",
    );

    let modem = |name: &str| &config.modems[&Name::new(name).expect("a name")];
    let (set, free) = (modem("GSM1"), modem("GSM2"));
    assert_eq!((set.message_limit, free.message_limit), (Some(100), None));
    assert_eq!(set.message_count_clear, Some(Duration::from_secs(86_400)));
    assert_eq!((set.sent_pause, free.sent_pause), (Duration::from_secs(3), Duration::ZERO));
    assert_eq!(
        (set.command_pause, set.character_pause),
        (Duration::from_millis(100), Some(Duration::from_millis(5)))
    );
    assert_eq!((set.block_after, set.block_time), (2, Duration::from_secs(600)));
    assert_eq!((free.block_after, free.block_time), (3, Duration::from_secs(60)));
    assert!(!set.keep_open && free.keep_open);
    assert_eq!((set.start_pause, free.start_pause), (Duration::from_secs(1), Duration::from_secs(3)));
    assert_eq!((set.start.as_deref(), set.stop.as_deref()), (Some("AT+CFUN=1"), Some("at+cfun=0")));
    let words = [&set.wakeup, &set.number, &set.description].map(|text| text.as_deref());
    assert_eq!(words, [Some("ATZ"), Some("49170"), Some("rack 3")]);
    assert_eq!(config.node.suspend, None);
    for (line, words) in [
        ("message_limit = 0", "is too small"),
        ("wakeup = \"AT\\n\"", "`wakeup` cannot be sent"),
        ("start = \"CFUN=1\"", "`start` cannot be sent"),
        ("stop = \"AT\\r\"", "`stop` cannot be sent"),
        ("regular_run_cmd = \"AT+CMGS=27\"", "`regular_run_cmd` holds what no modem can be asked"),
        ("regular_run_cmd = [\"AT\", \"[(]AT\"]", "`regular_run_cmd` holds what no modem can be asked"),
        ("regular_run_loglevel = 8", "is too large"),
        ("number = \"12345678901234567890123456789012\"", "more than 31 characters"),
        ("sent_pause = \"1h\"", "is too large"),
    ] {
        let problem = fault(&format!("[modems.GSM1]\nport = \"sim:fast\"\n{line}\n"));
        assert!(problem.title.contains(words), "{line}: {}", problem.title);
    }
}
