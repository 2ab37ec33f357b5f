//! Questions to a running cluster, each with a deadline.

use std::net::SocketAddr;
use std::time::Duration;

use smsgrid_proto::v1;
use smsgrid_proto::v1::cluster_service_client::ClusterServiceClient;
use smsgrid_proto::v1::message_service_client::MessageServiceClient;
use tokio::runtime::{Builder, Runtime};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};

/// How long a connection may take to come about.
const CONNECT: Duration = Duration::from_millis(500);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_secs(3);
/// Messages of one page of a list.
const PAGE: u32 = 1_000;

/// A read of whatever the node has applied.
pub fn stale() -> Option<v1::Read> {
    Some(v1::Read { level: v1::ReadLevel::Stale.into(), min_revision: String::new() })
}

/// A stale read that holds everything up to `revision`.
pub fn since(revision: &str) -> Option<v1::Read> {
    Some(v1::Read { level: v1::ReadLevel::Stale.into(), min_revision: revision.to_owned() })
}

/// A read of everything acknowledged before it.
pub fn linear() -> Option<v1::Read> {
    Some(v1::Read { level: v1::ReadLevel::Linear.into(), min_revision: String::new() })
}

/// A channel to `address` that connects when it is used, again after each loss.
pub fn channel(address: SocketAddr) -> Channel {
    let endpoint = Endpoint::from_shared(format!("http://{address}")).expect("an address is a URI");
    endpoint.connect_timeout(CONNECT).tcp_nodelay(true).connect_lazy()
}

/// One who asks.
#[derive(Debug)]
pub struct Asker {
    runtime: Runtime,
    channels: Vec<Channel>,
}

impl Asker {
    /// Asks the nodes at `addresses`.
    pub fn of(addresses: &[SocketAddr]) -> Asker {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let channels = {
            let _inside = runtime.enter();
            addresses.iter().map(|address| channel(*address)).collect()
        };
        Asker { runtime, channels }
    }

    /// What `node` says of the cluster.
    pub fn status(&self, node: usize, read: Option<v1::Read>) -> Result<v1::StatusResponse, Status> {
        let mut client = ClusterServiceClient::new(self.channels[node].clone());
        self.within(async move { client.status(Request::new(v1::StatusRequest { read })).await })
    }

    /// Message `id` as `node` knows it; nothing when it knows none.
    pub fn message(
        &self,
        node: usize,
        id: &str,
        read: Option<v1::Read>,
    ) -> Result<Option<v1::Message>, Status> {
        let mut client = MessageServiceClient::new(self.channels[node].clone());
        let request = v1::GetMessageRequest { id: id.to_owned(), read };
        match self.within(async move { client.get(Request::new(request)).await }) {
            Ok(response) => Ok(response.message),
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(status),
        }
    }

    /// The ids of all messages `node` knows, and the revision of the first page.
    pub fn ids(&self, node: usize, read: Option<v1::Read>) -> Result<(Vec<String>, String), Status> {
        let (mut ids, mut revision, mut token) = (Vec::new(), String::new(), String::new());
        loop {
            let request = v1::ListMessagesRequest {
                page_size: PAGE,
                page_token: token,
                read: read.clone(),
                ..Default::default()
            };
            let page = self.list(node, request)?;
            if revision.is_empty() {
                revision = page.freshness.map(|freshness| freshness.revision).unwrap_or_default();
            }
            ids.extend(page.messages.into_iter().map(|message| message.id));
            token = page.next_page_token;
            if token.is_empty() {
                return Ok((ids, revision));
            }
        }
    }

    /// The ids of the first page of messages in `state`.
    pub fn ids_in(
        &self,
        node: usize,
        state: v1::MessageState,
        read: Option<v1::Read>,
    ) -> Result<Vec<String>, Status> {
        let request = v1::ListMessagesRequest {
            states: vec![state.into()],
            page_size: PAGE,
            read,
            ..Default::default()
        };
        let page = self.list(node, request)?;
        Ok(page.messages.into_iter().map(|message| message.id).collect())
    }

    /// A page of a list, as `node` gives it.
    pub fn list(
        &self,
        node: usize,
        request: v1::ListMessagesRequest,
    ) -> Result<v1::ListMessagesResponse, Status> {
        let mut client = MessageServiceClient::new(self.channels[node].clone());
        self.within(async move { client.list(Request::new(request)).await })
    }

    /// Says at `node` what became of an uncertain part.
    pub fn resolve(&self, node: usize, id: &str, part: u32, verdict: v1::Verdict) -> Result<(), Status> {
        let mut client = MessageServiceClient::new(self.channels[node].clone());
        let request = v1::ResolveMessageRequest { id: id.to_owned(), part, verdict: verdict.into() };
        self.within(async move { client.resolve(Request::new(request)).await }).map(|_| ())
    }

    /// Submits one message at `node`.
    pub fn submit(&self, node: usize, request: v1::SubmitRequest) -> Result<v1::SubmitResponse, Status> {
        let mut client = MessageServiceClient::new(self.channels[node].clone());
        self.within(async move { client.submit(Request::new(request)).await })
    }

    fn within<T>(&self, call: impl Future<Output = Result<tonic::Response<T>, Status>>) -> Result<T, Status> {
        let answer = self.runtime.block_on(async { tokio::time::timeout(ANSWER, call).await });
        match answer {
            Ok(response) => response.map(tonic::Response::into_inner),
            Err(_) => Err(Status::deadline_exceeded("no answer in time")),
        }
    }
}
