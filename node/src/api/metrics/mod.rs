//! What a node counts, one registry for each node: several nodes may share a process.
//!
//! Counters and histograms are counted where the thing happens; gauges are read from the applied state and from
//! consensus when somebody asks. What all nodes know alike is marked *cluster*: take the maximum over the nodes, not
//! the sum. Labels come from small closed sets.

mod calls;
mod ends;
mod gauges;
mod modems;

use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};
use smsgrid::model::Name;
use smsgrid_proto::Reason;

use calls::Calls;
pub(super) use calls::Method;
use ends::Ends;
use gauges::Gauges;
pub(super) use gauges::Readings;
pub use modems::ModemCounts;
pub(super) use modems::ModemReading;
use modems::Modems;

use crate::machine::View;

/// A gauge of a number with a fraction.
pub(super) type Fraction = Gauge<f64, AtomicU64>;

/// How long an acknowledgement takes, in seconds.
const SUBMIT_SECONDS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

/// What a node counts. Clones count into the same.
#[derive(Clone)]
pub struct Metrics(Arc<Counted>);

struct Counted {
    registry: Registry,
    calls: Calls,
    gauges: Gauges,
    modems: Modems,
    ends: Ends,
    spool: Family<Folder, Gauge>,
    /// Held while gauges are set and written: of two who ask at once neither sees what the other has set by half.
    turn: Mutex<()>,
    accepted: Counter,
    rejected: Family<Rejected, Counter>,
    repeated: Counter,
    submit_seconds: Histogram,
    watches: Gauge,
    resyncs: Counter,
    files_rejected: Counter,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Source {
    source: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Folder {
    folder: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Rejected {
    source: &'static str,
    reason: &'static str,
}

/// The way messages come in that is counted here.
const GRPC: Source = Source { source: "grpc" };

impl Metrics {
    /// Counters that stand at zero.
    #[allow(clippy::new_without_default, reason = "two sets of counters are two nodes, never a default")]
    pub fn new() -> Metrics {
        let mut registry = Registry::with_prefix("smsgrid");
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        registry.register("build", "The version of smsnode", build);
        let accepted = Family::<Source, Counter>::default();
        registry.register(
            "messages_accepted",
            "Messages this node has brought into the log",
            accepted.clone(),
        );
        let repeated = Family::<Source, Counter>::default();
        registry.register("duplicate_submits", "Submissions that repeated one of before", repeated.clone());
        let rejected = Family::<Rejected, Counter>::default();
        registry.register("messages_rejected", "Submissions refused, by reason", rejected.clone());
        let submits = Family::<Source, Histogram>::new_with_constructor(|| Histogram::new(SUBMIT_SECONDS));
        let help = "From a submission to its durable acknowledgement";
        registry.register_with_unit("submit", help, Unit::Seconds, submits.clone());
        let watches = Gauge::default();
        registry.register("stream_clients_current", "Watches this node serves", watches.clone());
        let resyncs = Counter::default();
        registry.register("stream_resyncs", "Watches told to read anew", resyncs.clone());
        let files_rejected = Counter::default();
        let help = "Files of the spool that were refused before they became messages";
        registry.register("spool_files_rejected", help, files_rejected.clone());
        let calls = Calls::register(&mut registry);
        let gauges = Gauges::register(&mut registry);
        let modems = Modems::register(&mut registry);
        let ends = Ends::register(&mut registry);
        let spool = Family::<Folder, Gauge>::default();
        let help = "Files the spool of this node has taken and not filed yet";
        registry.register("spool_files_current", help, spool.clone());
        Metrics(Arc::new(Counted {
            registry,
            calls,
            gauges,
            modems,
            ends,
            spool,
            turn: Mutex::new(()),
            accepted: accepted.get_or_create_owned(&GRPC),
            rejected,
            repeated: repeated.get_or_create_owned(&GRPC),
            submit_seconds: submits.get_or_create_owned(&GRPC),
            watches,
            resyncs,
            files_rejected,
        }))
    }

    /// The counters of one modem of this node.
    pub fn modem(&self, modem: &Name) -> ModemCounts {
        self.0.modems.of(modem)
    }

    /// The spool holds so many files in `checked`.
    pub fn holds(&self, files: usize) {
        let files = i64::try_from(files).unwrap_or(i64::MAX);
        self.0.spool.get_or_create(&Folder { folder: "checked" }).set(files);
    }

    /// A file of the spool was refused before it became a message.
    pub fn file_rejected(&self) {
        self.0.files_rejected.inc();
    }

    /// How many files were refused so since the start.
    pub fn files_rejected(&self) -> u64 {
        self.0.files_rejected.get()
    }

    /// Whether messages that end are counted yet.
    pub(super) fn counts_ends(&self) -> bool {
        self.0.ends.has_begun()
    }

    /// Messages that end after what `view` has applied by now are counted.
    pub(super) fn begin_ends(&self, view: &View) {
        self.0.ends.begin(view);
    }

    /// Counts messages that have ended.
    pub(super) fn follow_ends(&self, view: &View) {
        self.0.ends.follow(view);
    }

    /// A message was taken, or found taken.
    pub(super) fn accepted(&self, replayed: bool, took: Duration) {
        self.0.submit_seconds.observe(took.as_secs_f64());
        if replayed {
            self.0.repeated.inc()
        } else {
            self.0.accepted.inc()
        };
    }

    /// A message was refused.
    pub(super) fn rejected(&self, reason: Reason) {
        let labels = Rejected { source: GRPC.source, reason: reason.word() };
        self.0.rejected.get_or_create(&labels).inc();
    }

    /// A call has ended.
    pub(super) fn called(&self, method: Method, code: tonic::Code, took: Duration) {
        self.0.calls.ended(method, code, took);
    }

    /// A watch was told to read anew.
    pub(super) fn resynced(&self) {
        self.0.resyncs.inc();
    }

    /// Everything counted, as text, after what is read now.
    pub(super) fn text(&self, readings: &Readings, watches: usize) -> Result<String, fmt::Error> {
        let _turn = self.0.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.0.gauges.set(readings);
        self.0.modems.set(&readings.own_modems);
        self.0.watches.set(i64::try_from(watches).unwrap_or(i64::MAX));
        let mut out = String::new();
        text::encode(&mut out, &self.0.registry)?;
        Ok(out)
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}
