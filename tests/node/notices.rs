//! What a node says of a configuration that is right and may be a mistake.

use std::fs;
use std::path::Path;

use serde_json::Value;
use smsgrid_tests::gateway::Gateway;

use super::SMSNODE;
use super::pair::PATIENCE;

#[test]
fn each_notice_of_the_configuration_is_one_warning_at_the_start() {
    let dir = tempfile::tempdir().expect("a folder");
    let mut gateway = Gateway::prepare(Path::new(SMSNODE), dir.path(), &[]);
    let config = fs::read_to_string(gateway.config()).expect("written");
    let config = config.replace("[spool]", "peer = \"127.0.0.1:0\"\n\n[spool]");
    let cluster = "[cluster]\nname = \"solo\"\n\
                   members = [{ name = \"gw-a\", peer = \"127.0.0.1:9171\", api = \"127.0.0.1:9170\" }]\n";
    fs::write(gateway.config(), format!("{config}\n{cluster}")).expect("writable");

    gateway.start();
    gateway.process().wait_for_line("its start", PATIENCE, |line| line.contains("node.started"));
    gateway.stop();

    let output = gateway.process().output();
    let lines: Vec<Value> = output.iter().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let told: Vec<&Value> = lines.iter().filter(|line| line["event"] == "config.notice").collect();
    assert_eq!(told.len(), 2, "{output:#?}");
    for (line, key) in told.iter().zip(["127.0.0.1:9171 (peer)", "127.0.0.1:9170 (api)"]) {
        assert!(line["level"] == "warn" && line.to_string().contains(key), "{key}: {line}");
    }
    let at = |event: &str| lines.iter().position(|line| line["event"] == event);
    assert!(at("config.notice") < at("node.started"), "{output:#?}");
    assert_eq!(at("cluster.members_differ"), None, "{output:#?}");
}
