//! The settings that stand before the first section, but for those of receiving.

use super::super::key::Becomes::{Changed, Only, Setting, Unnecessary};
use super::super::key::Kind::{Boolean, Level, Text, Whole, Within, Word};
use super::super::key::{Folder, Form, Key, OfFiles, OfPrograms, Target};
use crate::sms_file::TIME_FORMAT_DEFAULT;

use super::{LONG, SHORT, key, of_files, of_spool, why};

pub(super) const KEYS: &[Key] = &[
    key("devices", LONG, Setting(Target::Devices)),
    // Folders and files.
    key("spool", LONG, Setting(Target::Folder(Folder::Outgoing))),
    key("outgoing", LONG, Setting(Target::Folder(Folder::Outgoing))),
    key("checked", LONG, Setting(Target::Folder(Folder::Checked))),
    key("sent", LONG, Setting(Target::Folder(Folder::Sent))),
    key("failed", LONG, Setting(Target::Folder(Folder::Failed))),
    of_spool("sent_copy", "sent_copy", LONG, Form::Path, ""),
    of_spool("failed_copy", "failed_copy", LONG, Form::Path, ""),
    of_spool("keep_filename", "keep_filename", Boolean, Form::Flag, "yes"),
    of_spool("store_original_filename", "store_original_filename", Boolean, Form::Flag, "yes"),
    of_spool("filename_preview", "filename_preview", Within(0, 255), Form::Number, "0"),
    key("trust_outgoing", Boolean, Setting(Target::TrustOutgoing)),
    of_spool("spool_directory_order", "directory_order", Boolean, Form::Flag, "no"),
    key(
        "ignore_outgoing_priority",
        Boolean,
        Setting(Target::Files(OfFiles { key: "priority_header", form: Form::Denied, own: "no" })),
    ),
    key("notifier", Boolean, Unnecessary("the kernel always tells what comes into outgoing")),
    // What a message gets that does not say it itself.
    of_files("autosplit", Within(0, 3), Form::Number, "3"),
    key("validity", SHORT, Setting(Target::Validity)),
    of_files("outgoing_utf8", Boolean, Form::Flag, "yes"),
    of_files("alphabet", Word(&["ISO", "Latin", "Ansi", "UTF"]), Form::Alphabet, "ISO"),
    of_files("trim_text", Boolean, Form::Flag, "yes"),
    of_files("store_sent_pdu", Within(0, 3), Form::Number, "1"),
    of_files("international_prefixes", LONG, Form::Prefixes, ""),
    of_files("national_prefixes", LONG, Form::Prefixes, ""),
    of_files("datetime_format", LONG, Form::Time, TIME_FORMAT_DEFAULT),
    key(
        "datetime",
        LONG,
        Setting(Target::Files(OfFiles {
            key: "datetime_format",
            form: Form::Time,
            own: TIME_FORMAT_DEFAULT,
        })),
    ),
    of_files("language_file", LONG, Form::Path, ""),
    // Handlers.
    key("eventhandler", LONG, Setting(Target::Programs(OfPrograms::Command))),
    of_spool("eventhandler_use_copy", "eventhandler_use_copy", Boolean, Form::Flag, "no"),
    key("checkhandler", LONG, Setting(Target::Programs(OfPrograms::Command))),
    key("alarmhandler", LONG, Setting(Target::Programs(OfPrograms::Command))),
    key("alarmlevel", Level, Setting(Target::Programs(OfPrograms::Level))),
    key("regular_run", LONG, Setting(Target::Programs(OfPrograms::Command))),
    key("regular_run_interval", Within(1, i64::MAX), Setting(Target::Programs(OfPrograms::Interval))),
    key("executable_check", Boolean, Setting(Target::Programs(OfPrograms::Check))),
    key("shell", LONG, Setting(Target::Programs(OfPrograms::Shell))),
    key("shell_test", Boolean, Setting(Target::Programs(OfPrograms::Check))),
    key("ignore_exec_output", Boolean, Setting(Target::Programs(OfPrograms::Silent))),
    key("child", LONG, Setting(Target::Programs(OfPrograms::Lasting))),
    key("child_args", LONG, Setting(Target::Programs(OfPrograms::Arguments))),
    key("start", LONG, Setting(Target::Programs(OfPrograms::Lasting))),
    key("start_args", LONG, Setting(Target::Programs(OfPrograms::Arguments))),
    // Who may be sent to.
    key("blacklist", LONG, Setting(Target::NumberList)),
    key("whitelist", LONG, Setting(Target::NumberList)),
    // Failures and pace.
    key("blocktime", Whole, Setting(Target::BlockTime)),
    key("blockafter", Whole, Setting(Target::BlockAfter)),
    key(
        "errorsleeptime",
        Whole,
        Changed("a message refused for now waits 30 s, then longer, and may leave by another modem"),
    ),
    key("delaytime", Whole, Unnecessary(why::POLLING)),
    key("delaytime_mainprocess", Whole, Unnecessary(why::POLLING)),
    key("sleeptime_mainprocess", Whole, Unnecessary(why::POLLING)),
    key(
        "max_continuous_sending",
        Whole,
        Unnecessary("a modem has nothing else to do that sending could delay"),
    ),
    key("suspend", LONG, Setting(Target::Suspend)),
    key("admin_to", SHORT, Setting(Target::AdminTo)),
    key(
        "adminmessage_device",
        SHORT,
        Changed("a message to the administrator leaves by any modem that may send it"),
    ),
    // Log.
    key("logfile", LONG, Changed("the log goes to standard error, where the service manager keeps it")),
    key("loglevel", Level, Setting(Target::LogLevel)),
    key("log_unmodified", Boolean, Setting(Target::Dialogue("unmodified"))),
    key(
        "log_single_lines",
        Boolean,
        Changed("each line of an answer is a line of the log; `log_unmodified` shows line ends, escaped"),
    ),
    key("log_charconv", Boolean, Only("no", "it would show the texts of messages, which stand in no log")),
    key("log_read_from_modem", Boolean, Setting(Target::Dialogue("octets"))),
    key(
        "log_read_timing",
        Boolean,
        Only("no", "reading from a modem is not polled, so there is no such timing"),
    ),
    key("log_response_time", Boolean, Setting(Target::Dialogue("response_times"))),
    key("logtime_format", LONG, Changed("times in the log have one form")),
    key("logtime_us", Boolean, Changed("times in the log have one form")),
    key("logtime_ms", Boolean, Changed("times in the log have one form")),
    key(
        "smart_logging",
        Boolean,
        Only("no", "there is no second log of troubles; each is told with its reason"),
    ),
    key("enable_smsd_debug", Boolean, Only("no", "it belongs to the making of smsd")),
    // Statistics and status.
    key(
        "stats",
        LONG,
        Changed("no files: counters are served at /metrics of [listen] api, states by `smsctl status`"),
    ),
    key("stats_interval", Whole, Unnecessary(why::STATISTICS)),
    key("stats_no_zeroes", Boolean, Unnecessary(why::STATISTICS)),
    key("status_interval", Whole, Unnecessary(why::STATISTICS)),
    key("status_include_counters", Boolean, Unnecessary(why::STATISTICS)),
    key(
        "status_signal_quality",
        Boolean,
        Unnecessary("the signal is always asked for; `smsctl modem list` shows it"),
    ),
    key("status_include_uptime", Boolean, Unnecessary("`smsctl node list` shows it")),
    // The process.
    key("user", LONG, Changed("smsnode stays the user it is started as: User= of its unit")),
    key("group", LONG, Changed("smsnode stays in the groups it is started in: Group= of its unit")),
    key("infofile", LONG, Unnecessary("the service manager waits until smsnode has stopped")),
    key("pidfile", LONG, Unnecessary("the service manager knows the process")),
    key("check_pid_interval", Whole, Unnecessary("the data directory is locked against a second smsnode")),
    key("terminal", Boolean, Unnecessary("smsnode always stays in the foreground")),
    key(
        "umask",
        Text(31),
        Only("0", "files are made with modes of their own, lessened by UMask= of the unit"),
    ),
    key("os_cygwin", Boolean, Only("no", "smsnode runs on Linux")),
    key("use_linux_ps_trick", Boolean, Unnecessary("there is one process, and its name is smsnode")),
    key("mypath", LONG, Unnecessary("smsd ignores it too")),
];
