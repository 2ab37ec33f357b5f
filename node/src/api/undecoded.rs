//! Requests that are no messages of the API: told as what they are, a fault of the request, with the field where it can be
//! known.

use http::{HeaderMap, Response};
use smsgrid_proto::Reason;
use tonic::body::Body;
use tonic::{Code, Status};

use super::refusal::Refusal;

/// An answer on its way out.
pub(super) type Answer = Response<Body>;

/// How the library begins what it says of octets that are no message.
const MALFORMED: &str = "failed to decode Protobuf message: ";
/// How it begins what it says of too many of them.
const OVERSIZED: &str = "Error, decoded message length too large: ";

/// The answer, unless it says that the request could not be read: then the same said by the API's own rules.
pub(super) fn told(answer: Answer) -> Answer {
    let is_fault = |headers: &HeaderMap| {
        let code = headers.get("grpc-status").map(|code| Code::from_bytes(code.as_bytes()));
        matches!(code, Some(Code::Internal | Code::OutOfRange))
    };
    if !is_fault(answer.headers()) {
        return answer;
    }
    let status = Status::from_header_map(answer.headers());
    match status.and_then(|status| refusal(status.message())) {
        Some(refusal) => Status::from(refusal).into_http(),
        None => answer,
    }
}

fn refusal(message: &str) -> Option<Refusal> {
    if let Some(size) = message.strip_prefix(OVERSIZED) {
        let title = format!("the request is too large: {size}");
        return Some(Refusal::new(Code::InvalidArgument, Reason::BadRequest, title));
    }
    let fault = message.strip_prefix(MALFORMED)?;
    let refusal = Refusal::new(
        Code::InvalidArgument,
        Reason::BadRequest,
        format!("the request cannot be read: {fault}"),
    );
    Some(match field(fault) {
        Some(field) => refusal.at(field),
        None => refusal,
    })
}

/// The field in what the library says: `SubmitRequest.text: invalid string value`; inner messages come after outer ones.
fn field(fault: &str) -> Option<String> {
    let (path, _) = fault.rsplit_once(": ")?;
    let steps: Vec<&str> =
        path.split(": ").filter_map(|step| step.split_once('.').map(|(_, field)| field)).collect();
    (!steps.is_empty()).then(|| steps.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_field_of_a_request_that_cannot_be_read_is_named() {
        let text = "failed to decode Protobuf message: SubmitRequest.text: invalid string value: data is not UTF-8 encoded";
        let item = refusal(text).expect("a refusal").into_item();
        assert_eq!((item.field.as_str(), item.code), ("text", 3));
    }
}
