//! What is told of each line, and what makes a file one that cannot be converted.

use super::*;

fn host() -> Host {
    Host { node: Name::new("gw-a").expect("a name"), data_dir: "/var/lib/smsgrid".to_owned() }
}

fn converted(text: &str) -> Conversion {
    convert(text.as_bytes(), &host()).expect("no fault")
}

fn faults(text: &str) -> Vec<String> {
    let faults = convert(text.as_bytes(), &host()).expect_err(text);
    assert!(faults.iter().all(|fault| !fault.fix.is_empty()));
    faults.iter().map(Fault::to_string).collect()
}

/// What became of a line, and the words about it.
fn line(text: &str, line: usize) -> (Outcome, String) {
    let conversion = converted(text);
    let report = conversion.settings.iter().find(|report| report.line == Some(line)).expect("a report");
    (report.outcome, report.text.clone())
}

const ONE: &str = "devices = X\n[X]\ndevice = /dev/x\n";

#[test]
fn every_line_with_a_setting_is_told_once() {
    let text = "devices = A, B\ndevices = A,B\n# c\nlogfile = /l\n[default]\ndevice = /dev/modemname\nmode = new\n\
                [A]\nmode = new\n[B]\nmode = new\n[A]\nfoo = bar\n[zzz]\nanything\n[communicate]\na0 = AT\n";

    let lines: Vec<Option<usize>> = converted(text).settings.iter().map(|report| report.line).collect();

    let expected = [1, 2, 4, 6, 7, 9, 11, 13, 15, 17].map(Some);
    assert_eq!(lines[..expected.len()], expected);
    assert_eq!(lines[expected.len()..], [None, None]);
    for (at, outcome, words) in [
        (1, Outcome::Unnecessary, "line 2 replaces it"),
        (2, Outcome::Converted, "[modems.NAME]"),
        (6, Outcome::Converted, "port of [modems] A, B"),
        (7, Outcome::Unnecessary, "later lines replace it"),
        (13, Outcome::Unnecessary, "the first section [A]"),
        (15, Outcome::Unnecessary, "no modem of `devices` has a section [zzz]"),
        (17, Outcome::Unsupported, "terminal"),
    ] {
        let (found, told) = line(text, at);
        assert!(found == outcome && told.contains(words), "line {at}: {found:?} {told}");
    }
}

#[test]
fn a_modem_that_does_not_send_is_left_out_with_all_its_settings() {
    for setting in ["outgoing = no", "sending_disabled = yes", "modem_disabled = 1"] {
        let text = format!("devices = A, B\n[A]\ndevice = /dev/a\n[B]\ndevice = /dev/b\n{setting}\n");
        let conversion = converted(&text);

        assert_eq!(conversion.modems, 1);
        assert!(!conversion.toml.contains("[modems.B]"), "{}", conversion.toml);
        assert_eq!(
            line(&text, 5),
            (Outcome::Unsupported, "modem B does not send and is left out".to_owned())
        );
        assert_eq!(line(&text, 6).0, Outcome::Unsupported);
    }
    assert_eq!(line("devices = A\n[A]\ndevice = /dev/a\noutgoing = yes\n", 4).0, Outcome::Unnecessary);
}

#[test]
fn settings_of_the_spool_stand_there_under_our_names() {
    for (setting, expected) in [
        ("sent_copy = /c/sent", Some("sent_copy = \"/c/sent\"")),
        ("failed_copy = /c/failed", Some("failed_copy = \"/c/failed\"")),
        ("failed_copy =", None),
        ("eventhandler_use_copy = yes", Some("eventhandler_use_copy = true")),
        ("keep_filename = no", Some("keep_filename = false")),
        ("keep_filename = yes", None),
        ("store_original_filename = no", Some("store_original_filename = false")),
        ("filename_preview = 20", Some("filename_preview = 20")),
        ("spool_directory_order = yes", Some("directory_order = true")),
        ("spool_directory_order = no", None),
    ] {
        let conversion = converted(&format!("{setting}\n{ONE}"));
        let spool: Vec<&str> = conversion
            .toml
            .lines()
            .skip_while(|line| *line != "[spool]")
            .take_while(|line| !line.is_empty())
            .collect();
        let name = setting.split(' ').next().expect("a name");

        let found = spool.iter().find(|line| line.ends_with(&format!("# line 1: {name}")));
        assert_eq!(found.is_some(), expected.is_some(), "{setting}");
        assert!(
            found.is_none_or(|line| line.starts_with(expected.unwrap_or_default())),
            "{setting}: {found:?}"
        );
        assert!(!conversion.toml.contains("# Not taken over"), "{setting}: {}", conversion.toml);
    }
}

#[test]
fn time_outs_are_the_product_of_unit_and_multiple() {
    for (settings, expected) in [
        ("read_timeout = 5", vec![]),
        (
            "read_timeout = 10",
            vec!["command_timeout = \"20s\"", "prompt_timeout = \"20s\"", "send_timeout = \"120s\""],
        ),
        ("read_timeout = 1", vec!["command_timeout = \"2s\"", "prompt_timeout = \"2s\""]),
        ("read_timeout_pdu = 60", vec!["send_timeout = \"300s\""]),
        (
            "read_timeout = 10\nread_timeout_cmgs = 3\nread_timeout_pdu = 1",
            vec!["command_timeout = \"20s\"", "prompt_timeout = \"30s\""],
        ),
        (
            "read_timeout = 1000",
            vec!["command_timeout = \"120s\"", "prompt_timeout = \"120s\"", "send_timeout = \"600s\""],
        ),
    ] {
        let toml = converted(&format!("{ONE}{settings}\n")).toml;
        let found: Vec<&str> = toml
            .lines()
            .filter(|line| line.contains("_timeout"))
            .filter_map(|line| line.split("  #").next())
            .collect();
        assert_eq!(found, expected, "{settings}");
    }
}

#[test]
fn a_queue_is_a_route_and_its_provider_the_prefixes() {
    let text = "devices = A, B\n[queues]\nQ = /q\nR = /r\n[provider]\nQ = 49, +44\nQ = 33\n[A]\ndevice = /dev/a\n\
                queues = Q\n[B]\ndevice = /dev/b\nqueues = R, Q\n";

    let toml = converted(text).toml;

    assert_eq!(line(text, 3).0, Outcome::Changed);
    let (outcome, told) = line(text, 6);
    assert!(outcome == Outcome::Changed && told.contains("begins with +44"), "{told}");
    assert_eq!(line(text, 7), (Outcome::Converted, "prefixes of [[spool.routes]]".to_owned()));
    let routes = "[[spool.routes]]\ntag = \"Q\"  # line 3: queue\nprefixes = [\"49\", \"33\"]  # line 6, 7: provider\n\n\
                  [[spool.routes]]\ntag = \"R\"  # line 4: queue\n";
    assert!(toml.contains(routes) && toml.contains("tags = [\"R\", \"Q\"]"), "{toml}");
    assert!(!toml.contains("queue_header"), "{toml}");
}

#[test]
fn without_queues_the_queue_of_a_file_does_not_count() {
    let toml = converted(ONE).toml;
    assert!(toml.contains("queue_header = false"), "{toml}");
}

#[test]
fn a_secret_is_in_the_new_file_and_nowhere_else() {
    let conversion = converted(&format!("{ONE}pin = 4711\n"));

    assert!(conversion.toml.contains("pin = \"4711\""));
    assert!(conversion.settings.iter().all(|report| !format!("{report:?}").contains("4711")));
    assert!(
        faults(&format!("{ONE}pin = {}\n", "4711".repeat(9))).iter().all(|fault| !fault.contains("4711"))
    );
}

#[test]
fn a_file_smsd_would_not_start_with_is_refused_with_every_fault() {
    let text = "stats_no_zeroes = maybe\ndevices = A, B, C\n[A]\ndevice = @host\n[B]\ndevice = /dev/b\nbogus\n\
                [C]\ndevice = /dev/b\nqueues = Q\n[queues]\nR = /r\nR = /r\nfoo\n[provider]\nP = 1\n";

    let found = faults(text);

    for (at, words) in [
        (1, "nothing smsd takes"),
        (4, "modem A has no `device` that can be used: it has no port"),
        (7, "`bogus` is no setting"),
        (9, "modems B and C both use /dev/b"),
        (10, "serves a queue `Q` that is not there"),
        (13, "queue R stands twice"),
        (14, "`foo` is no setting"),
        (16, "no queue `P`"),
    ] {
        let is_told =
            found.iter().any(|fault| fault.starts_with(&format!("line {at}: ")) && fault.contains(words));
        assert!(is_told, "line {at} {words}: {found:?}");
    }
}

#[test]
fn what_a_file_means_is_converted_when_the_modems_that_send_agree() {
    let text = |second: &str| {
        format!(
            "devices = A, B, C\n[A]\ndevice = /dev/a\nmessageids = 3\n[B]\ndevice = /dev/b\n{second}\n\
             [C]\ndevice = /dev/c\noutgoing = no\nmessageids = 1\n"
        )
    };
    for (second, outcome, is_written) in [
        ("messageids = 3", Outcome::Converted, true),
        ("messageids = 1", Outcome::Unsupported, false),
        ("mode = new", Outcome::Unsupported, false),
    ] {
        let toml = converted(&text(second)).toml;
        assert_eq!(line(&text(second), 4).0, outcome, "{second}");
        assert_eq!(toml.contains("[files]\nmessage_ids = 3  # line 4"), is_written, "{toml}");
    }
}

#[test]
fn queues_and_providers_smsd_does_not_start_with_are_faults() {
    let queues = "[queues]\nQ = /q\n[providers]\nQ = ";
    let many = (0..65).map(|number| number.to_string()).collect::<Vec<_>>().join(",");
    for (text, words) in [
        (format!("{ONE}{queues}1"), "modem X sends and serves no queue"),
        (format!("{ONE}queues = Q\n{queues}1234567890123456"), "more than 15 octets"),
        (format!("{ONE}queues = Q\n{queues}{many}"), "more prefixes than the 64"),
    ] {
        assert!(faults(&text)[0].contains(words), "{text}: {:?}", faults(&text));
    }
}

#[test]
fn calls_are_made_as_each_modem_says() {
    let text = format!("voicecall_hangup_ath = yes\n{ONE}voicecall_cpas = yes\nvoicecall_vts_list = yes\n");
    let conversion = converted(&text);
    assert!(conversion.toml.contains("\nvoicecall_cpas = true"), "{}", conversion.toml);
    assert!(conversion.toml.contains("\nvoicecall_vts_list = true"), "{}", conversion.toml);
    assert_eq!(line(&text, 1).0, Outcome::Converted);
    assert!(conversion.toml.contains("\nvoicecall_hangup_ath = true  # line 1"), "{}", conversion.toml);
    let own = converted(&format!("{text}voicecall_hangup_ath = no\n")).toml;
    assert!(!own.contains("voicecall_hangup_ath = true"), "its own word goes first: {own}");

    let both = faults(&format!("{ONE}voicecall_cpas = yes\nvoicecall_clcc = yes\n"));
    assert!(both[0].contains("both `voicecall_cpas` and `voicecall_clcc`"), "{both:?}");
}

#[test]
fn what_is_missing_altogether_is_a_fault() {
    assert!(faults("[X]\ndevice = /dev/x\n")[0].contains("no `devices`"));
    assert!(faults("devices = X\n").iter().any(|fault| fault.contains("modem X has no section")));
    assert!(faults("devices = X\n[X]\nmode = new\n")[0].contains("no `device`"));
    assert!(faults(&format!("validity = 3 foo\n{ONE}"))[0].contains("validity"));
    assert!(faults(&format!("sent = /s\nfailed = /s/\n{ONE}"))[0].contains("one folder"));
    let latin = convert(b"outgoing = /B\xFCro\ndevices = X\n[X]\ndevice = /dev/x\n", &host());
    assert!(latin.is_err_and(|faults| faults[0].what.contains("not UTF-8")));
}

#[test]
fn faults_are_bounded() {
    let many = "junk\n".repeat(10 * crate::smsd_conf::FAULTS_MAX);
    assert_eq!(faults(&format!("{many}{ONE}")).len(), crate::smsd_conf::FAULTS_MAX);
}

#[test]
fn a_control_character_cannot_end_a_comment_or_a_text_of_the_new_file() {
    let text = "outgoing = /a\rb\ndevices = X\n[X]\ndevice = /dev/x\"\\\ndescription = y\n[communicate]\na\r[evil] = 1\n";

    let toml = converted(text).toml;

    assert!(!toml.contains('\r'), "{toml}");
    assert!(
        toml.contains("outgoing = \"/a\\u000Db\"") && toml.contains("port = \"/dev/x\\\"\\\\\""),
        "{toml}"
    );
}

#[test]
fn each_line_of_the_new_file_knows_the_line_it_comes_from() {
    let conversion = converted("validity = 1 day\ndevices = X\n[X]\nbaudrate = 9600\ndevice = /dev/x\n");
    let line = |start: &str| {
        let at = conversion.toml.lines().position(|line| line.starts_with(start)).expect(start);
        conversion.lines.get(at).copied().flatten()
    };

    assert_eq!((line("validity"), line("baudrate"), line("port")), (Some(1), Some(4), Some(5)));
    assert_eq!((line("name"), line("[modems.X]")), (None, None));
}

#[test]
fn what_is_said_of_the_process_counts_only_where_the_file_itself_is_run() {
    let text = "devices = X\nuser = smsd\npidfile = /p\n[X]\ndevice = /dev/x\n";
    let outcomes = |conversion: Conversion| {
        let lines = conversion.settings.into_iter().filter(|report| matches!(report.line, Some(2 | 3)));
        lines.map(|report| report.outcome).collect::<Vec<_>>()
    };

    assert_eq!(outcomes(converted(text)), [Outcome::Changed, Outcome::Unnecessary]);
    let run = convert_to_run(text.as_bytes(), &host()).expect("no fault");
    assert!(run.toml.contains("drain_timeout = \"10m\""), "{}", run.toml);
    assert_eq!(outcomes(run), [Outcome::Converted, Outcome::Converted]);
}
