//! Data directories that were there before, and whose they are.

use super::*;
use crate::config::Config;

const OPENS: &str = "opens";

fn founders(own: &str, cluster: &str, api: u16) -> Founders {
    let text = format!(
        "[node]\nname = \"{own}\"\ndata_dir = \"/d\"\n[cluster]\nname = \"{cluster}\"\nmembers = [\
         {{ name = \"gw-a\", peer = \"h1:1\", api = \"h1:{api}\" }}, {{ name = \"gw-b\", peer = \"h2:1\", api = \"h2:2\" }}]\n"
    );
    Founders::of(&Config::parse("f", &text).unwrap_or_else(|problems| panic!("{problems:?}")))
}

fn gw_b() -> Founders {
    founders("gw-b", "prod-sms", 2)
}

fn alone(name: &str) -> Founders {
    let name = Name::new(name).expect("a name");
    Founders::alone(&name, String::new(), String::new())
}

/// A directory that gw-b has brought to `phase`, and what opening it for `founders` gives.
fn opened_again(phase: Phase, founders: &Founders) -> Result<Identity, IdentityError> {
    let dir = tempfile::tempdir().expect("a directory");
    DataDir::open(dir.path(), &gw_b()).expect(OPENS).move_to(phase).expect("written");
    DataDir::open(dir.path(), founders).map(|again| again.identity().clone())
}

#[test]
fn every_start_has_a_greater_number_than_the_last() {
    let dir = tempfile::tempdir().expect("a directory");

    let first = DataDir::open(dir.path(), &gw_b()).expect(OPENS).identity().clone();
    let mut second = DataDir::open(dir.path(), &gw_b()).expect("opens again");

    assert_eq!((second.identity().phase, second.identity().node), (Phase::Empty, NodeId(2)));
    assert_eq!(second.identity().start, first.start.next());
    let third = second.next_start().expect("written");
    assert_eq!(third, first.start.next().next());
    drop(second);
    let reopened = DataDir::open(dir.path(), &gw_b()).expect("opens a third time");
    assert_eq!(reopened.identity().start, third.next());
}

#[test]
fn a_phase_is_there_at_the_next_start() {
    for phase in [Phase::Empty, Phase::Joined(ClusterId::draw()), Phase::Formed(ClusterId::draw())] {
        assert_eq!(opened_again(phase, &gw_b()).expect(OPENS).phase, phase);
    }
}

#[test]
fn a_directory_without_a_cluster_follows_the_configuration() {
    let other = founders("gw-b", "test-sms", 3);

    let identity = opened_again(Phase::Empty, &other).expect(OPENS);

    assert_eq!((identity.cluster_name.as_str(), identity.founders), ("test-sms", other.digest()));
}

#[test]
fn the_list_of_founders_counts_until_the_cluster_has_formed() {
    let (cluster, changed) = (ClusterId::draw(), founders("gw-b", "prod-sms", 3));

    for phase in [Phase::Drawn(cluster), Phase::Joined(cluster), Phase::Agreed(cluster)] {
        let refused = opened_again(phase, &changed).expect_err("the list changed");
        assert!(matches!(refused, IdentityError::OtherFounders { .. }), "{refused}");
    }
    let identity = opened_again(Phase::Formed(cluster), &changed).expect(OPENS);
    assert_eq!(identity.founders, gw_b().digest());
}

#[test]
fn a_directory_of_another_node_or_cluster_is_refused() {
    let formed = || Phase::Formed(ClusterId::draw());
    let node = opened_again(formed(), &founders("gw-a", "prod-sms", 2)).expect_err("another node");
    let cluster = opened_again(formed(), &founders("gw-b", "test-sms", 2)).expect_err("another cluster");
    let alone = opened_again(formed(), &alone("gw-b")).expect_err("no cluster any more");

    assert!(matches!(node, IdentityError::Foreign { .. }), "{node}");
    assert!(matches!(cluster, IdentityError::ForeignCluster { .. }), "{cluster}");
    assert!(matches!(alone, IdentityError::ForeignCluster { .. }), "{alone}");
}

#[test]
fn a_directory_in_use_is_refused() {
    let dir = tempfile::tempdir().expect("a directory");
    let _held = DataDir::open(dir.path(), &gw_b()).expect(OPENS);

    let error = DataDir::open(dir.path(), &gw_b()).expect_err("refused");

    assert!(matches!(error, IdentityError::InUse { .. }), "{error}");
}

#[test]
fn a_log_without_the_identity_of_a_cluster_is_refused_instead_of_starting_afresh() {
    let dir = tempfile::tempdir().expect("a directory");
    fs::create_dir(dir.path().join("log")).expect("created");

    for _ in 0..2 {
        let error = DataDir::open(dir.path(), &gw_b()).expect_err("refused");
        assert!(matches!(error, IdentityError::Lost { .. }), "{error}");
        assert!(!dir.path().join(FILE).exists());
    }
}

#[test]
fn a_damaged_identity_is_refused_instead_of_replaced() {
    let dir = tempfile::tempdir().expect("a directory");
    drop(DataDir::open(dir.path(), &gw_b()).expect(OPENS));
    let whole = fs::read(dir.path().join(FILE)).expect("read");

    for damaged in [b"{".to_vec(), Vec::new(), whole[..whole.len() - 1].to_vec()] {
        fs::write(dir.path().join(FILE), &damaged).expect("written");
        let error = DataDir::open(dir.path(), &gw_b()).expect_err("refused");
        assert!(matches!(error, IdentityError::Damaged { .. }), "{error}");
    }
}

#[test]
fn a_directory_of_another_format_is_refused_with_both_formats() {
    let dir = tempfile::tempdir().expect("a directory");
    let first =
        "{\"format\":1,\"cluster\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"name\":\"gw-b\",\"node\":1,\"start\":4}";
    fs::write(dir.path().join(FILE), first).expect("written");

    let error = DataDir::open(dir.path(), &gw_b()).expect_err("refused");

    assert!(error.to_string().ends_with("has format 1, this program reads format 2"), "{error}");
    assert_eq!(fs::read_to_string(dir.path().join(FILE)).expect("read"), first);
}
