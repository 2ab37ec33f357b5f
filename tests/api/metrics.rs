//! What a node counts of its modems and of messages that end, as whoever scrapes it reads it.

use std::time::Duration;

use smsgrid::model::{
    Alphabet, Cause, Disposition, Name, NodeId, PartOutcome, Refusal, StartNumber, Timestamp,
};
use smsgrid::queue::{Body, Reply, SessionReply};
use smsgrid_node::api::{ModemCondition, ModemNews, Modems, Network};
use smsgrid_proto::v1;

use super::hello;
use super::http::get;
use super::served::{MODEM, Served, named};

/// How long a node may take to catch up.
const PATIENCE: Duration = Duration::from_secs(60);

/// Modems that say always the same.
struct Told(Vec<(Name, ModemNews)>);

impl Modems for Told {
    fn news(&self) -> Vec<(Name, ModemNews)> {
        self.0.clone()
    }
}

/// A modem at home in its network.
fn ready() -> ModemNews {
    ModemNews {
        condition: ModemCondition::Ready,
        since: Timestamp::from_unix_millis(1_700_000_000_500),
        signal: Some(-73),
        bit_errors: Some(0),
        operator: Some("D1".to_owned()),
        network: Some(Network::Home),
        why: None,
        reason: None,
    }
}

/// The lines of the scrape that begin with `name`.
async fn lines(served: &Served, name: &str) -> Vec<String> {
    let body = get(served, "/metrics").await.body;
    body.lines().filter(|line| line.starts_with(name)).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn modems_of_this_node_are_shown_as_they_are_and_what_is_unknown_has_no_series() {
    let gone = ModemNews {
        condition: ModemCondition::Unplugged,
        signal: None,
        operator: None,
        network: None,
        ..ready()
    };
    let roaming = ModemNews { network: Some(Network::Roaming), signal: None, ..ready() };
    let lost =
        ModemNews { condition: ModemCondition::NoNetwork, network: Some(Network::None), ..roaming.clone() };
    let told = [(MODEM, ready()), ("GSM2", gone), ("GSM3", roaming), ("GSM4", lost)];
    let served = Served::showing(Told(told.map(|(name, news)| (named(name), news)).to_vec())).await;
    let registration = served.modem(served.session(1).await).await;
    served.ready(registration, 1).await;

    let states = lines(&served, "smsgrid_modem_state{").await;
    let is = |states: &[String], modem: &str, state: &str| {
        let set: Vec<&String> = states.iter().filter(|line| line.ends_with(" 1")).collect();
        let labels = format!("smsgrid_modem_state{{modem=\"{modem}\",state=\"{state}\"}} 1");
        set.len() == 4 && set.contains(&&labels)
    };
    assert_eq!(states.len(), 4 * 9, "{states:#?}");
    // Set up as they say, GSM3 is not in the log.
    for (modem, state) in
        [(MODEM, "idle"), ("GSM2", "unplugged"), ("GSM3", "starting"), ("GSM4", "no_network")]
    {
        assert!(is(&states, modem, state), "{modem} {state}: {states:#?}");
    }
    assert_eq!(
        lines(&served, "smsgrid_modem_signal_dbm").await,
        ["smsgrid_modem_signal_dbm{modem=\"GSM1\"} -73"]
    );
    let mut registered = lines(&served, "smsgrid_modem_registered").await;
    registered.sort();
    let line = |modem: &str, kind: &str, is: u8| {
        format!("smsgrid_modem_registered{{modem=\"{modem}\",kind=\"{kind}\"}} {is}")
    };
    let expected = [
        line(MODEM, "home", 1),
        line(MODEM, "roaming", 0),
        line("GSM3", "home", 0),
        line("GSM3", "roaming", 1),
        line("GSM4", "home", 0),
        line("GSM4", "roaming", 0),
    ];
    assert_eq!(registered, expected);
    let changed = lines(&served, "smsgrid_modem_state_changed_timestamp_seconds{modem=\"GSM2\"}").await;
    assert_eq!(changed, ["smsgrid_modem_state_changed_timestamp_seconds{modem=\"GSM2\"} 1700000000.5"]);

    served.messages().submit(hello("k1")).await.expect("accepted");
    let states = lines(&served, "smsgrid_modem_state{").await;
    assert!(is(&states, MODEM, "sending"), "{states:#?}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_modem_of_another_node_is_for_that_one_to_show() {
    let served = Served::showing(Told(vec![(named("GSM2"), ready())])).await;
    let other = served.propose(Body::RegisterSession { node: NodeId(2), start: StartNumber(1) }).await;
    let Reply::Session(SessionReply::Registered(session)) = other else { panic!("no session: {other:?}") };
    served.modem(session).await;

    let metrics = get(&served, "/metrics").await.body;

    assert!(metrics.contains("smsgrid_modems_registered_current 1\n"), "{metrics}");
    assert!(metrics.contains("modem=\"GSM2\"") && !metrics.contains("modem=\"GSM1\""), "{metrics}");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_are_counted_by_result_and_every_series_stands_at_zero_first() {
    let served = Served::alone().await;
    let counts = served.metrics.modem(&named(MODEM));
    let series = [
        "smsgrid_send_attempts_total{modem=\"GSM1\",result=\"ok\"}",
        "smsgrid_send_attempts_total{modem=\"GSM1\",result=\"retry\"}",
        "smsgrid_send_attempts_total{modem=\"GSM1\",result=\"permanent\"}",
        "smsgrid_send_attempts_total{modem=\"GSM1\",result=\"uncertain\"}",
        "smsgrid_message_parts_sent_total{modem=\"GSM1\",encoding=\"gsm7\"}",
        "smsgrid_message_parts_sent_total{modem=\"GSM1\",encoding=\"data8\"}",
        "smsgrid_message_parts_sent_total{modem=\"GSM1\",encoding=\"ucs2\"}",
        "smsgrid_message_send_seconds_count{modem=\"GSM1\"}",
        "smsgrid_message_send_seconds_bucket{le=\"1.0\",modem=\"GSM1\"}",
    ];
    let values = async || {
        let body = get(&served, "/metrics").await.body;
        let value = |name: &str| {
            let line = body.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
            line.unwrap_or_else(|| panic!("no {name} in {body}")).to_owned()
        };
        series.map(value).join(" ")
    };
    assert_eq!(values().await, "0 0 0 0 0 0 0 0 0");

    counts.sent(Duration::from_millis(700));
    counts.part(Alphabet::Gsm7 { locking: None, single: None });
    counts.sent(Duration::from_secs(4));
    counts.part(Alphabet::Ucs2);
    counts.part(Alphabet::Data8);
    for disposition in [Disposition::Temporary, Disposition::ModemFault, Disposition::Permanent] {
        counts.refused(disposition);
    }
    counts.uncertain();

    assert_eq!(values().await, "2 2 1 1 1 1 1 2 1");
    served.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_ends_is_counted_once_under_its_outcome() {
    let served = Served::alone().await;
    let ends = async || {
        let lines = lines(&served, "smsgrid_messages_finished_total{").await;
        let ended = |outcome: &str| {
            let name = format!("smsgrid_messages_finished_total{{outcome=\"{outcome}\"}} ");
            lines.iter().find_map(|line| line.strip_prefix(&name)?.parse::<u64>().ok())
        };
        ["sent", "delivered", "failed", "expired", "canceled"].map(ended)
    };
    // The series are there once the node counts.
    let counting = async {
        while ends().await != [Some(0); 5] {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, counting).await.expect("a node that has caught up");
    let registration = served.modem(served.session(1).await).await;
    let refusal = Refusal { cause: Cause::Cms(21), disposition: Disposition::Permanent };
    let sent = PartOutcome::Sent { message_reference: 7, service_centre_time: None };
    for (seq, outcome) in (1..).zip([sent, PartOutcome::Refused(refusal), sent]) {
        served.ready(registration, seq).await;
        let id = served.messages().submit(hello("")).await.expect("accepted").into_inner().id;
        let epoch = served.claim(&id);
        served.start(epoch).await;
        served.outcome(epoch, outcome).await;
    }
    let id = served.messages().submit(hello("")).await.expect("accepted").into_inner().id;
    served.messages().cancel(v1::CancelMessageRequest { id }).await.expect("canceled");

    let counted = [Some(2), Some(0), Some(1), Some(0), Some(1)];
    assert_eq!(ends().await, counted);
    assert_eq!(ends().await, counted, "asking counts nothing");
    served.stop().await;
}
