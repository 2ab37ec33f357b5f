//! Founders, listeners and timings, alone and against each other.

use super::*;

const FOUNDER: &str = "[cluster]\nname = \"prod-sms\"\nmembers = [\n\
    { name = \"gw-b\", peer = \"127.0.0.1:7173\", api = \"127.0.0.1:7172\" },\n\
    { name = \"gw-a\", peer = \"127.0.0.1:7171\", api = \"127.0.0.1:7170\" },\n]\n";

/// The faults of the smallest file with `more` after it, without their reasons.
fn told(more: &str) -> Vec<String> {
    let titles = faults(&format!("{SMALLEST}{more}")).into_iter().map(|(_, title)| title);
    titles.map(|title| title.trim_start_matches("smsgrid.toml ").to_owned()).collect()
}

fn members(of: &[(&str, &str, &str)]) -> String {
    let tables = of.iter().map(|(name, peer, api)| {
        format!("[[cluster.members]]\nname = \"{name}\"\npeer = \"{peer}\"\napi = \"{api}\"\n")
    });
    format!("[cluster]\nname = \"prod-sms\"\n{}", tables.collect::<String>())
}

#[test]
fn a_founding_member_is_read_with_its_members_in_order_of_their_names() {
    let config = read(FOUNDER);

    let cluster = config.cluster.as_ref().expect("a cluster");
    let names: Vec<&str> = cluster.members.iter().map(|member| member.name.as_str()).collect();
    assert_eq!((cluster.name.as_str(), names.as_slice()), ("prod-sms", ["gw-a", "gw-b"].as_slice()));
    assert_eq!(cluster.members[1].peer.to_string(), "127.0.0.1:7173");
    assert_eq!(config.listen, Listen::default());
    assert!(config.notices().is_empty());
    let again =
        Config::parse("smsgrid.toml", config.effective()).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!((again.cluster, again.listen, again.raft), (config.cluster, config.listen, config.raft));
}

#[test]
fn a_node_without_a_cluster_is_alone_with_the_defaults() {
    let config = read("");

    assert!(config.cluster.is_none());
    assert_eq!(config.listen.api.to_string(), "127.0.0.1:7170");
    assert_eq!(config.raft, Raft::default());
    assert_eq!(config.raft.election_max, Duration::from_millis(1200));
}

#[test]
fn a_listener_off_the_loopback_wants_the_words() {
    let open = "[listen]\napi = \"[::]:7170\"\npeer = \"10.0.0.1:7171\"\n";
    let found = Config::parse("f", &format!("{SMALLEST}{open}")).expect_err("it is open");
    let words = |text: &str| Config::parse("f", &format!("insecure = {text}\n{SMALLEST}{open}"));

    assert_eq!(found.iter().map(|fault| fault.reason).collect::<Vec<_>>(), [Reason::InsecureBind; 2]);
    assert!(found[0].title.contains("refusing to listen on [::]:7170 (`api`)"), "{}", found[0]);
    assert!(words("\"i know\"").is_ok());
    let effective = words("\"i know\"").expect("it is right").effective().to_owned();
    assert!(effective.starts_with("insecure = \"i know\"\n\n[node]\n"), "{effective}");
    assert!(Config::parse("f", &effective).is_ok());
    for wrong in ["true", "\"yes\"", "\"I know\""] {
        let faults = words(wrong).expect_err(wrong);
        assert!(faults[0].title.ends_with("is not the words that lift the guard"), "{}", faults[0]);
    }
}

#[test]
fn listeners_that_take_each_others_port_are_a_conflict() {
    let insecure = |listen: &str| {
        Config::parse("f", &format!("insecure = \"i know\"\n{SMALLEST}[listen]\n{listen}")).is_ok()
    };

    assert!(told("[listen]\napi = \"127.0.0.1:7171\"\n")[0].ends_with("both take port 7171"));
    assert!(!insecure("api = \"[::]:7000\"\npeer = \"10.0.0.1:7000\"\n"));
    assert!(insecure("api = \"10.0.0.2:7000\"\npeer = \"10.0.0.1:7000\"\n"));
    assert!(insecure("api = \"127.0.0.1:0\"\npeer = \"127.0.0.1:0\"\n"));
}

#[test]
fn members_that_contradict_each_other_are_all_told() {
    let a = ("gw-a", "127.0.0.1:7171", "127.0.0.1:7170");
    let found = told(&members(&[
        a,
        ("gw-a", "127.0.0.1:1", "127.0.0.1:2"),
        ("gw-c", "127.0.0.1:7170", "127.0.0.1:7170"),
    ]));

    assert_eq!(
        found,
        [
            "line 10: `members` of [cluster] names gw-a twice",
            "line 14: `peer` of gw-c and `api` of gw-a are both 127.0.0.1:7170",
            "line 14: `api` of gw-c and `api` of gw-a are both 127.0.0.1:7170",
        ]
    );
    let mixed = told(&members(&[a, ("gw-b", "gw-b.example:7171", "gw-b.example:7170")]));
    assert_eq!(mixed, ["line 6: 127.0.0.1:7171 reaches gw-a from its own host alone"]);
}

#[test]
fn a_node_is_among_its_members_or_told_who_is() {
    let found = fault(&members(&[
        ("gw-b", "127.0.0.1:7171", "127.0.0.1:7170"),
        ("gw-c", "127.0.0.1:1", "127.0.0.1:2"),
    ]));

    assert!(found.title.ends_with("this node, gw-a, is not among the `members` of [cluster]"), "{found}");
    assert_eq!(found.why.as_deref(), Some("there are gw-b, gw-c"));
}

#[test]
fn a_members_list_that_is_none_is_told_how_to_write_it() {
    let list = |members: &str| told(&format!("[cluster]\nname = \"prod-sms\"\nmembers = {members}\n"));

    assert_eq!(told("[cluster]\nname = \"prod-sms\"\n"), ["line 4: [cluster] lacks `members`"]);
    assert_eq!(list("[]"), ["line 6: `members` of [cluster] has 0 members"]);
    assert_eq!(list("3"), ["line 6: `members = 3` is not a list"]);
    assert_eq!(list("[3]"), ["line 6: `cluster.members` is a list of tables, and holds something else"]);
    assert_eq!(
        list("[{ name = \"gw-a\", peer = \"gw-a\", apo = \"x\" }]"),
        [
            "line 6: [cluster.members] lacks `api`",
            "line 6: `peer = \"gw-a\"` is not the address of a host",
            "line 6: `apo` is not a setting of `[cluster.members]`",
        ]
    );
    let many: Vec<String> =
        (0..10).map(|n| format!("{{ name = \"gw-{n}\", peer = \"h{n}:1\", api = \"h{n}:2\" }}")).collect();
    let found = list(&format!("[{}]", many.join(", ")));
    assert!(found.contains(&"line 6: `members` of [cluster] has 10 members".to_owned()), "{found:?}");
}

#[test]
fn the_own_member_is_compared_with_what_is_listened_on() {
    let crossed = told(&members(&[("gw-a", "127.0.0.1:7170", "127.0.0.1:7171")]));
    let forwarded = read(&members(&[("gw-a", "127.0.0.1:9171", "127.0.0.1:7170")]));

    assert_eq!(
        crossed,
        [
            "line 4: `peer` of gw-a in `members` of [cluster] is where `api` of [listen] listens",
            "line 4: `api` of gw-a in `members` of [cluster] is where `peer` of [listen] listens",
        ]
    );
    assert_eq!(forwarded.notices().len(), 1);
    assert!(forwarded.notices()[0].contains("127.0.0.1:9171 (peer) and listens on 127.0.0.1:7171"));
}

#[test]
fn election_times_leave_room_for_heartbeats() {
    let raft = |settings: &str| told(&format!("[raft]\n{settings}"));

    assert_eq!(
        raft("heartbeat = \"300ms\"\n"),
        ["line 4: `election_min` of [raft] is less than three times `heartbeat`"]
    );
    assert_eq!(
        raft("election_min = \"1100ms\"\n"),
        ["line 4: `election_max` of [raft] is less than `election_min` and a `heartbeat`"]
    );
    assert_eq!(raft("heartbeat = \"1ms\"\n"), ["line 5: `heartbeat = \"1ms\"` is too small"]);
    let slow = read("[raft]\nheartbeat = \"500ms\"\nelection_min = \"2s\"\nelection_max = \"4s\"\n").raft;
    assert_eq!((slow.heartbeat, slow.election_max), (Duration::from_millis(500), Duration::from_secs(4)));
}

#[test]
fn a_lease_is_read_shown_and_has_defaults() {
    let config = read("[lease]\nlength = \"5s\"\nrenewal = \"1s\"\nguard = \"1s\"\n");
    let seconds = Duration::from_secs;

    assert_eq!(config.lease, Lease { length: seconds(5), renewal: seconds(1), guard: seconds(1) });
    assert!(config.effective().contains("[lease]\nlength = \"5s\"\nrenewal = \"1s\"\nguard = \"1s\"\n"));
    let again = Config::parse("smsgrid.toml", config.effective()).expect("it is right");
    assert_eq!(again.lease, config.lease);
    let alone = read("");
    assert_eq!((alone.lease.clone(), alone.lease.terms()), (Lease::default(), LeaseTerms::default()));
    assert!(alone.effective().contains("[lease]\nlength = \"2500ms\"  # default\n"), "{}", alone.effective());
}

#[test]
fn a_lease_leaves_room_for_its_guard_and_three_renewals() {
    let lease = |settings: &str| told(&format!("[lease]\n{settings}"));
    let conflict = "line 4: `guard` and three times `renewal` of [lease] do not fit into 98 % of `length`";

    assert_eq!(lease("length = \"2295ms\"\n"), [conflict]);
    assert_eq!(read("[lease]\nlength = \"2296ms\"\n").lease.length, Duration::from_millis(2296));
    assert_eq!(lease("renewal = \"567ms\"\n"), [conflict]);
    assert_eq!(lease("guard = \"951ms\"\n"), [conflict]);
    let short = fault("[lease]\nlength = \"1s\"\n");
    assert_eq!(short.reason, Reason::ConfigConflict);
    assert_eq!(
        (short.why.as_deref(), short.fix.as_deref()),
        (
            Some(
                "together they are 2.25s, and 98 % of 1s are 980ms: with one renewal lost nothing could be sent"
            ),
            Some("write `length = \"2296ms\"` or more, or lower guard or renewal; the same on all nodes")
        )
    );
}

#[test]
fn a_lease_has_bounds() {
    let lease = |settings: &str| told(&format!("[lease]\n{settings}"));
    let settings = |length: &str, renewal: &str, guard: &str| {
        format!("length = \"{length}\"\nrenewal = \"{renewal}\"\nguard = \"{guard}\"\n")
    };
    let terms = |length: &str, renewal: &str, guard: &str| lease(&settings(length, renewal, guard));

    read(&format!("[lease]\n{}", settings("500ms", "50ms", "50ms")));
    read(&format!("[lease]\n{}", settings("20s", "3s", "10s")));
    assert_eq!(terms("499ms", "50ms", "50ms"), ["line 5: `length = \"499ms\"` is too small"]);
    assert_eq!(terms("20001ms", "3s", "10s"), ["line 5: `length = \"20001ms\"` is too large"]);
    assert_eq!(terms("2s", "49ms", "50ms"), ["line 6: `renewal = \"49ms\"` is too small"]);
    assert_eq!(terms("20s", "5001ms", "1s"), ["line 6: `renewal = \"5001ms\"` is too large"]);
    assert_eq!(terms("2s", "50ms", "49ms"), ["line 7: `guard = \"49ms\"` is too small"]);
    assert_eq!(terms("20s", "50ms", "10001ms"), ["line 7: `guard = \"10001ms\"` is too large"]);
    assert_eq!(lease("lenght = \"2s\"\n"), ["line 5: `lenght` is not a setting of `[lease]`"]);
    assert!(
        !terms("100000000d", "200000000d", "200000000d").is_empty(),
        "and no number is too large for the check"
    );
}
