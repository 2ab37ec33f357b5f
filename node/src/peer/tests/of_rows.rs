//! Rows that are asked of another node.

use super::*;
use crate::store::Query;

#[tokio::test]
async fn a_starting_node_has_no_rows_yet() {
    let server = Server::start(|_| {}).await;
    let client = Client::new(Belonging::of(server.cluster, A), None);
    let member = member(server.address);
    let wanted = RowWanted { id: MessageId::from_bytes([5; 16]), applied: 1 };

    says(client.get_row(B, &member, wanted, SOON).await, "does not serve its history yet");
    says(client.list_rows(B, &member, RowsWanted::default(), SOON).await, "does not serve its history yet");
}

#[tokio::test]
async fn a_row_and_a_page_of_a_list_are_asked_for_as_they_are_wanted() {
    let pair = Pair::start().await;
    let row = RowWanted { id: MessageId::from_bytes([5; 16]), applied: 7 };
    let query = Query { to: Some("358401234567".to_owned()), ..Query::default() };
    let page = RowsWanted { query, cursor: None, limit: 3, applied: 9 };

    let found = pair.client.get_row(B, &pair.member, row, SOON).await;
    let listed = pair.client.list_rows(B, &pair.member, page.clone(), SOON).await;

    let octets = Bytes::from(format!("{row:?}"));
    assert_eq!(found, Ok(RowFound { row: Some(octets), applied: 7 }));
    let octets = Bytes::from(format!("{page:?}"));
    assert_eq!(listed, Ok(RowsFound { rows: vec![octets], next: None, applied: 9 }));
}

#[test]
fn a_call_that_an_older_node_does_not_know_was_not_done_and_is_told_as_such() {
    let unknown = client::failure(&tonic::Status::unimplemented(""));

    let why = "it does not know this call, and may be of an older version".to_owned();
    assert_eq!(unknown, TransportError::Refused(why));
}
