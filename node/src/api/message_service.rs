//! `smsgrid.v1.MessageService`.

use std::sync::Arc;

use smsgrid_proto::v1;
use smsgrid_proto::v1::message_service_server::MessageService;
use tonic::{Request, Response, Status};

use super::Api;
use super::events::{MessageInterest, Teller};
use super::find::Purpose;
use super::limits::{FILTER_MAX, WATCHED_MAX};
use super::metrics::Method;
use super::operate::Act;
use super::refusal::Refusal;
use super::watch::Watching;
use super::words;

/// Outgoing messages.
pub(super) struct Messages(pub(super) Arc<Api>);

impl Messages {
    /// Does something with a message; `answer` makes the answer of the method of it.
    async fn act<T>(
        &self,
        method: Method,
        act: Act,
        id: &str,
        answer: impl FnOnce(Option<v1::Message>) -> T,
    ) -> Result<Response<T>, Status> {
        self.0.answer(method, async { Ok(answer(Some(self.0.act(act, id).await?))) }).await
    }
}

#[tonic::async_trait]
impl MessageService for Messages {
    async fn submit(
        &self,
        request: Request<v1::SubmitRequest>,
    ) -> Result<Response<v1::SubmitResponse>, Status> {
        self.0.answer(Method::Submit, self.0.submit(request.into_inner())).await
    }

    async fn submit_batch(
        &self,
        request: Request<v1::SubmitBatchRequest>,
    ) -> Result<Response<v1::SubmitBatchResponse>, Status> {
        self.0.answer(Method::SubmitBatch, self.0.submit_batch(request.into_inner())).await
    }

    async fn get(
        &self,
        request: Request<v1::GetMessageRequest>,
    ) -> Result<Response<v1::GetMessageResponse>, Status> {
        self.0.answer(Method::GetMessage, self.0.get(request.get_ref())).await
    }

    async fn list(
        &self,
        request: Request<v1::ListMessagesRequest>,
    ) -> Result<Response<v1::ListMessagesResponse>, Status> {
        self.0.answer(Method::ListMessages, self.0.list(request.get_ref())).await
    }

    type WatchStream = Watching;

    async fn watch(&self, request: Request<v1::WatchMessagesRequest>) -> Result<Response<Watching>, Status> {
        let request = request.get_ref();
        self.0
            .answer(Method::WatchMessages, async {
                let interest = interest(&self.0, request).await?;
                self.0.watch(&request.from_revision, interest)
            })
            .await
    }

    async fn cancel(
        &self,
        request: Request<v1::CancelMessageRequest>,
    ) -> Result<Response<v1::CancelMessageResponse>, Status> {
        let answer = |message| v1::CancelMessageResponse { message };
        self.act(Method::Cancel, Act::Cancel, &request.get_ref().id, answer).await
    }

    async fn retry(
        &self,
        request: Request<v1::RetryMessageRequest>,
    ) -> Result<Response<v1::RetryMessageResponse>, Status> {
        let answer = |message| v1::RetryMessageResponse { message };
        self.act(Method::Retry, Act::Retry, &request.get_ref().id, answer).await
    }

    async fn discard(
        &self,
        request: Request<v1::DiscardMessageRequest>,
    ) -> Result<Response<v1::DiscardMessageResponse>, Status> {
        let answer = |message| v1::DiscardMessageResponse { message };
        self.act(Method::Discard, Act::Discard, &request.get_ref().id, answer).await
    }

    async fn hold(
        &self,
        request: Request<v1::HoldMessageRequest>,
    ) -> Result<Response<v1::HoldMessageResponse>, Status> {
        let answer = |message| v1::HoldMessageResponse { message };
        self.act(Method::Hold, Act::Hold, &request.get_ref().id, answer).await
    }

    async fn release(
        &self,
        request: Request<v1::ReleaseMessageRequest>,
    ) -> Result<Response<v1::ReleaseMessageResponse>, Status> {
        let answer = |message| v1::ReleaseMessageResponse { message };
        self.act(Method::Release, Act::Release, &request.get_ref().id, answer).await
    }

    async fn resolve(
        &self,
        request: Request<v1::ResolveMessageRequest>,
    ) -> Result<Response<v1::ResolveMessageResponse>, Status> {
        let work = async {
            let message = Some(self.0.resolve(request.get_ref()).await?);
            Ok(v1::ResolveMessageResponse { message })
        };
        self.0.answer(Method::Resolve, work).await
    }
}

async fn interest(api: &Api, request: &v1::WatchMessagesRequest) -> Result<MessageInterest, Refusal> {
    if request.ids.len() > WATCHED_MAX {
        return Err(Refusal::field("ids", format!("holds more than {WATCHED_MAX} messages")));
    }
    if request.states.len() > FILTER_MAX {
        return Err(Refusal::field("states", format!("holds more than {FILTER_MAX} states")));
    }
    let mut ids = std::collections::BTreeSet::new();
    let until = api.history.until();
    for (index, id) in request.ids.iter().enumerate() {
        let found = api.find(id, Purpose::Show, until).await;
        let found = found.map_err(|refusal| refusal.at(format!("ids[{index}]")))?;
        ids.insert(found);
    }
    let states = words::states(&request.states)?.into_iter().collect();
    Ok(MessageInterest { teller: Teller::new(api), ids, states })
}
