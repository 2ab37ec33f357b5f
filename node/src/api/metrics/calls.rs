//! Calls over gRPC, by method and code.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use tonic::Code;

/// How long a call takes, in seconds.
const CALL_SECONDS: [f64; 8] = [0.001, 0.005, 0.02, 0.1, 0.5, 1.0, 2.5, 10.0];

macro_rules! methods {
    ($($name:ident $path:literal)*) => {
        /// A method of the API.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(in crate::api) enum Method {
            $($name,)*
        }

        impl Method {
            /// Every method.
            pub(in crate::api) const ALL: &[Method] = &[$(Method::$name,)*];

            /// `Service/Method`.
            pub(in crate::api) const fn path(self) -> &'static str {
                match self { $(Method::$name => $path,)* }
            }
        }
    };
}

methods! {
    Submit "MessageService/Submit"
    SubmitBatch "MessageService/SubmitBatch"
    GetMessage "MessageService/Get"
    ListMessages "MessageService/List"
    WatchMessages "MessageService/Watch"
    Cancel "MessageService/Cancel"
    Retry "MessageService/Retry"
    Discard "MessageService/Discard"
    Hold "MessageService/Hold"
    Release "MessageService/Release"
    Resolve "MessageService/Resolve"
    ListModems "ModemService/List"
    WatchModems "ModemService/Watch"
    Block "ModemService/Block"
    Unblock "ModemService/Unblock"
    Status "ClusterService/Status"
    WatchCluster "ClusterService/Watch"
    ListNodes "ClusterService/ListNodes"
    GetNode "ClusterService/GetNode"
    ListMembers "ClusterService/ListMembers"
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    method: &'static str,
    code: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Called {
    method: &'static str,
}

/// The counters of all methods. What goes well is found without a look-up.
pub(super) struct Calls {
    well: Vec<(Counter, Histogram)>,
    ended: Family<Ended, Counter>,
}

impl Calls {
    pub(super) fn register(registry: &mut Registry) -> Calls {
        let ended = Family::<Ended, Counter>::default();
        registry.register("grpc_requests", "Calls that have ended, by method and code", ended.clone());
        let seconds = Family::<Called, Histogram>::new_with_constructor(|| Histogram::new(CALL_SECONDS));
        let help = "From a call to its answer; for a watch, to its beginning";
        registry.register_with_unit("grpc_request", help, Unit::Seconds, seconds.clone());
        let well = Method::ALL.iter().map(|method| {
            let ok = ended.get_or_create_owned(&Ended { method: method.path(), code: word(Code::Ok) });
            (ok, seconds.get_or_create_owned(&Called { method: method.path() }))
        });
        Calls { well: well.collect(), ended }
    }

    pub(super) fn ended(&self, method: Method, code: Code, took: Duration) {
        let Some((ok, seconds)) = self.well.get(method as usize) else { return };
        seconds.observe(took.as_secs_f64());
        if code == Code::Ok {
            ok.inc();
        } else {
            self.ended.get_or_create(&Ended { method: method.path(), code: word(code) }).inc();
        }
    }
}

/// The code as gRPC writes it.
const fn word(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

#[test]
fn every_method_is_counted_under_a_path_that_is_served() {
    use smsgrid_proto::METHODS;

    for method in Method::ALL {
        let path = format!("/smsgrid.v1.{}", method.path());
        assert!(METHODS.iter().any(|(served, _)| *served == path), "{path}");
    }
    assert_eq!(Method::ALL.len(), METHODS.len());
}
