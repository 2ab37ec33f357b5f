//! Each `NAME.conf` of `data/` becomes `NAME.toml`, and `NAME.report` says what became of its lines.

use std::fs;
use std::path::{Path, PathBuf};

use smsgrid::model::Name;
use smsgrid::smsd_conf::{Conversion, Host, Outcome, convert};
use smsgrid_node::config::{Config, Port};

/// The files, with the modems each has when it is converted.
const FILES: [(&str, usize); 17] = [
    ("plain", 1),
    ("many", 7),
    ("queues", 4),
    ("handlers", 1),
    ("network", 3),
    ("exotic", 2),
    ("windows", 1),
    ("stick", 1),
    ("eight", 8),
    ("carriers", 4),
    ("sims", 3),
    ("abroad", 1),
    ("halves", 1),
    ("old", 1),
    ("huge", 40),
    ("spaced", 2),
    ("choices", 5),
];

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("smsd_conf/data")
}

fn octets(name: &str) -> Vec<u8> {
    fs::read(data().join(format!("{name}.conf"))).expect("a file of data")
}

fn converted(name: &str) -> Conversion {
    let host = Host { node: Name::new("gw-a").expect("a name"), data_dir: "/var/lib/smsgrid".to_owned() };
    convert(&octets(name), &host).unwrap_or_else(|faults| panic!("{name}: {faults:#?}"))
}

fn told(conversion: &Conversion) -> String {
    let line = |setting: &smsgrid::smsd_conf::SettingReport| {
        let line = setting.line.map_or_else(|| "-".to_owned(), |line| line.to_string());
        let (outcome, text) = (setting.outcome.word(), &setting.text);
        format!("{line} [{}] {} = {}\n    {outcome}: {text}\n", setting.section, setting.key, setting.value)
    };
    conversion.settings.iter().map(line).collect()
}

#[test]
fn each_file_becomes_what_stands_beside_it() {
    let expected = |name: &str, kind: &str| {
        fs::read_to_string(data().join(format!("{name}.{kind}"))).unwrap_or_default()
    };
    for (name, _) in FILES {
        let conversion = converted(name);
        assert_eq!(conversion.toml, expected(name, "toml"), "{name}.toml");
        assert_eq!(told(&conversion), expected(name, "report"), "{name}.report");
    }
}

#[test]
fn the_node_takes_every_file_that_comes_out() {
    for (name, modems) in FILES {
        let conversion = converted(name);

        let config = Config::parse(name, &conversion.toml)
            .unwrap_or_else(|faults| panic!("{name}: {faults:#?}\n{}", conversion.toml));

        assert_eq!((config.modems.len(), conversion.modems), (modems, modems), "{name}");
        assert!(config.notices().is_empty(), "{name}: {:?}", config.notices());
    }
}

#[test]
fn no_line_with_a_setting_is_dropped_and_every_loss_has_its_reason() {
    for (name, _) in FILES {
        let text = octets(name);
        let lines = (1..).zip(text.split(|octet| *octet == b'\n'));
        let said = lines.filter(|(_, line)| !matches!(line.trim_ascii().first(), None | Some(b'#' | b'[')));
        let said: Vec<usize> = said.map(|(line, _)| line).collect();
        let conversion = converted(name);

        let told: Vec<usize> = conversion.settings.iter().filter_map(|setting| setting.line).collect();

        assert_eq!(told, said, "{name}");
        for setting in &conversion.settings {
            assert!(!setting.text.is_empty(), "{name}: {setting:?}");
            let comment = format!("# line {}: ", setting.line.unwrap_or_default());
            let is_in_the_file = conversion.toml.contains(&comment);
            assert!(setting.outcome != Outcome::Unsupported || is_in_the_file, "{name}: {setting:?}");
        }
    }
}

#[test]
fn what_counts_for_a_modem_is_what_the_node_reads() {
    let many = Config::parse("many", &converted("many").toml).expect("a configuration");
    let modem = |name: &str| &many.modems[&Name::new(name).expect("a name")];

    assert_eq!(modem("GSM1").port, Port::Serial("/dev/serial/GSM1-modemname".into()));
    assert_eq!(modem("GSM3").port, Port::Serial("/dev/ttyUSB6".into()));
    assert_eq!(modem("GSM1").init, ["ATE0", "AT+CSQ"]);
    assert_eq!(modem("GSM3").init, ["AT^CURC=0", "AT+CSQ"]);
    assert_eq!((modem("GSM2").baudrate, modem("GSM2").rtscts), (115_200, false));
    assert_eq!((modem("ISDN9").baudrate, modem("ISDN9").check_network), (19_200, false));
    assert_eq!((modem("backup").baudrate, modem("backup").rtscts), (19_200, true));
    assert!(many.messages.report);
    let spool = many.spool.as_ref().expect("folders");
    assert_eq!(spool.outgoing, Path::new("/srv/sms/out"));
    assert_eq!((spool.failed.as_path(), spool.trust_outgoing), (Path::new("/srv/sms/failed"), true));

    let network = Config::parse("network", &converted("network").toml).expect("a configuration");
    let ports: Vec<Port> = network.modems.values().map(|modem| modem.port.clone()).collect();
    let expected = ["10.1.1.1:5000", "modems.example:5002", "[fd00::6]:5000"];
    assert_eq!(ports, expected.map(|address| Port::Tcp(address.to_owned())));
}
