//! The API over real sockets: what it takes, what it refuses and with which words, how a watch goes on, what every URL
//! answers.

mod acts;
mod calls;
mod elsewhere;
mod elsewhere_later;
mod http;
mod metrics;
mod reads;
mod refusals;
mod served;
mod submit;
mod watch;

use std::time::Duration;

use smsgrid_proto::v1;
use tonic::Status;
use tonic_types::StatusExt;

/// Longest wait for anything that is bound to happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request for a message.
fn hello(key: &str) -> v1::SubmitRequest {
    v1::SubmitRequest {
        to: "+4915112345678".to_owned(),
        text: "hello".to_owned(),
        key: key.to_owned(),
        ..v1::SubmitRequest::default()
    }
}

/// The word of a refusal.
fn reason(status: &Status) -> String {
    status.get_details_error_info().map(|info| info.reason).unwrap_or_default()
}

/// What a refusal says besides.
fn fact(status: &Status, name: &str) -> String {
    let info = status.get_details_error_info();
    info.and_then(|info| info.metadata.get(name).cloned()).unwrap_or_default()
}

/// The field a refusal names.
fn field(status: &Status) -> String {
    let faults = status.get_details_bad_request().map(|request| request.field_violations).unwrap_or_default();
    faults.into_iter().next().map(|fault| fault.field).unwrap_or_default()
}
