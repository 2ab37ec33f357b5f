//! A server that does what a test wants: serves, refuses, falls silent, or dies after it took a request.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::net::TcpListener;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use smsgrid_proto::v1;
use tokio::sync::Notify;
use tokio_stream::wrappers::TcpListenerStream;
use tokio_stream::{Stream, StreamExt};
use tonic::{Request, Response, Status};
use v1::cluster_service_server::{ClusterService, ClusterServiceServer};
use v1::message_service_server::{MessageService, MessageServiceServer};
use v1::modem_service_server::{ModemService, ModemServiceServer};

use super::world::{Deed, World, refusal};

/// A stream of a watch.
type Watching = Pin<Box<dyn Stream<Item = Result<v1::WatchItem, Status>> + Send>>;

/// What one watch is told, and how it ends.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tale {
    pub(crate) items: Vec<v1::WatchItem>,
    pub(crate) end: End,
}

/// How a watch ends once all is told.
#[derive(Clone, Debug, Default)]
pub(crate) enum End {
    /// It goes on in silence.
    #[default]
    Silence,
    /// The server dies.
    Death,
    /// The server ends it and names the revision to go on after.
    Ended(&'static str),
}

/// A running server. Dropping it ends it, and with it every connection.
pub(crate) struct Fake {
    address: String,
    end: Arc<Notify>,
    thread: Option<JoinHandle<()>>,
}

/// What a server is to do, method by method.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    pub(crate) deeds: BTreeMap<&'static str, VecDeque<Deed>>,
    /// One for each watch, in order; the last one goes on for ever.
    pub(crate) tales: VecDeque<Tale>,
}

impl Plan {
    /// One deed for a method, for ever.
    pub(crate) fn of(method: &'static str, deed: Deed) -> Plan {
        Plan::default().then(method, deed)
    }

    /// And one more.
    pub(crate) fn then(mut self, method: &'static str, deed: Deed) -> Plan {
        self.deeds.entry(method).or_default().push_back(deed);
        self
    }

    /// A watch is told this.
    pub(crate) fn tell(mut self, items: Vec<v1::WatchItem>, end: End) -> Plan {
        self.tales.push_back(Tale { items, end });
        self
    }
}

impl Fake {
    /// Starts a server that does everything it should.
    pub(crate) fn good(name: &str, world: &World) -> Fake {
        Fake::start(name, world, Plan::default())
    }

    /// Starts a server with a plan.
    pub(crate) fn start(name: &str, world: &World, plan: Plan) -> Fake {
        Fake::start_at("127.0.0.1:0", name, world, plan)
    }

    /// The same at an address of its own.
    pub(crate) fn start_at(address: &str, name: &str, world: &World, plan: Plan) -> Fake {
        let listener = TcpListener::bind(address).expect("a port");
        let address = listener.local_addr().expect("bound").to_string();
        listener.set_nonblocking(true).expect("a socket can");
        let end = Arc::new(Notify::new());
        let server = Server {
            name: name.to_owned(),
            world: world.clone(),
            plan: Arc::new(Mutex::new(plan)),
            end: end.clone(),
        };
        let ends = end.clone();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                let serving = tonic::transport::Server::builder()
                    .add_service(MessageServiceServer::new(server.clone()))
                    .add_service(ModemServiceServer::new(server.clone()))
                    .add_service(ClusterServiceServer::new(server))
                    .serve_with_incoming(TcpListenerStream::new(listener));
                tokio::select! {
                    ended = serving => ended.expect("it serves"),
                    () = ends.notified() => {}
                }
            });
            // With the runtime every connection is closed at once.
        });
        Fake { address, end, thread: Some(thread) }
    }

    /// Where it listens, as host and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

impl Drop for Fake {
    fn drop(&mut self) {
        self.end.notify_one();
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server panicked");
        }
    }
}

#[derive(Clone)]
struct Server {
    name: String,
    world: World,
    plan: Arc<Mutex<Plan>>,
    end: Arc<Notify>,
}

impl Server {
    /// Does what is planned for one request, and gives `serve`'s answer where one is to be given.
    async fn act<T>(
        &self,
        method: &'static str,
        what: String,
        serve: impl FnOnce(&World) -> Result<T, Status>,
    ) -> Result<Response<T>, Status> {
        self.world.note(&self.name, method, what);
        match self.deed(method) {
            Deed::Serve | Deed::RefuseNumber(..) => serve(&self.world).map(Response::new),
            Deed::Refuse(code, word) => Err(refusal(code, word)),
            Deed::Fail(code) => Err(Status::new(code, "no word for it")),
            Deed::DoAndDie => {
                let _ = serve(&self.world);
                self.die().await
            }
            Deed::Hang => std::future::pending().await,
        }
    }

    /// The whole server ends, connections and all.
    async fn die<T>(&self) -> T {
        self.end.notify_one();
        std::future::pending().await
    }

    fn deed(&self, method: &str) -> Deed {
        let mut plan = self.plan.lock().expect("no server panics");
        let Some(deeds) = plan.deeds.get_mut(method) else { return Deed::Serve };
        let deed = deeds.front().cloned().unwrap_or(Deed::Serve);
        if deeds.len() > 1 {
            deeds.pop_front();
        }
        deed
    }

    fn watch(&self, from: &str) -> Watching {
        self.world.note(&self.name, "watch", from);
        let mut plan = self.plan.lock().expect("no server panics");
        let tale = plan.tales.front().cloned().unwrap_or_default();
        if plan.tales.len() > 1 {
            plan.tales.pop_front();
        }
        let server = self.clone();
        let end = tale.end;
        let last = async move {
            match end {
                End::Silence => std::future::pending().await,
                End::Death => server.die().await,
                End::Ended(revision) => Err(ended(revision)),
            }
        };
        Box::pin(tokio_stream::iter(tale.items.into_iter().map(Ok)).chain(futures_util::stream::once(last)))
    }

    async fn change(&self, method: &'static str, id: &str) -> Result<Option<v1::Message>, Status> {
        let response = self.act(method, id.to_owned(), |world| Ok(world.beginning(id).pop())).await?;
        Ok(response.into_inner())
    }
}

fn ended(revision: &str) -> Status {
    use tonic_types::{ErrorDetails, StatusExt};
    let metadata = HashMap::from([("revision".to_owned(), revision.to_owned())]);
    let details = ErrorDetails::with_error_info("WATCH_ENDED", "smsgrid", metadata);
    Status::with_error_details(tonic::Code::Unavailable, "the watch has ended", details)
}

fn fresh() -> Option<v1::Freshness> {
    Some(v1::Freshness {
        revision: "r05".to_owned(),
        level: v1::ReadLevel::Linear.into(),
        node: "gw-a".to_owned(),
        ..v1::Freshness::default()
    })
}

/// Freshness as asked for.
fn as_asked(read: Option<v1::Read>) -> Option<v1::Freshness> {
    let level = read.unwrap_or_default().level;
    fresh().map(|fresh| v1::Freshness { level, ..fresh })
}

/// What a read asks for, as a word of the notes.
fn level(read: Option<&v1::Read>) -> String {
    let stale = read.is_some_and(|read| read.level == v1::ReadLevel::Stale as i32);
    if stale { "stale".to_owned() } else { "linear".to_owned() }
}

#[tonic::async_trait]
impl MessageService for Server {
    type WatchStream = Watching;

    async fn submit(
        &self,
        request: Request<v1::SubmitRequest>,
    ) -> Result<Response<v1::SubmitResponse>, Status> {
        let request = request.into_inner();
        self.act("submit", request.key.clone(), |world| Ok(world.accept(&request))).await
    }

    async fn submit_batch(
        &self,
        request: Request<v1::SubmitBatchRequest>,
    ) -> Result<Response<v1::SubmitBatchResponse>, Status> {
        let request = request.into_inner();
        let refused =
            match self.plan.lock().expect("no server panics").deeds.get("batch").and_then(VecDeque::front) {
                Some(Deed::RefuseNumber(number, code, word)) => Some((*number, *code, *word)),
                _ => None,
            };
        let item = |world: &World, item: &v1::SubmitRequest| match refused {
            Some((number, code, word)) if item.to == number => {
                let problem = v1::Problem {
                    reason: word.to_owned(),
                    title: format!("no: {word}"),
                    code: code.into(),
                    ..v1::Problem::default()
                };
                v1::submit_result::Result::Problem(problem)
            }
            Some(_) | None => v1::submit_result::Result::Message(world.accept(item)),
        };
        let keys: Vec<&str> = request.messages.iter().map(|message| message.key.as_str()).collect();
        self.act("batch", keys.join(" "), |world| {
            let messages = request
                .messages
                .iter()
                .map(|message| v1::SubmitResult { result: Some(item(world, message)) })
                .collect();
            Ok(v1::SubmitBatchResponse { messages })
        })
        .await
    }

    async fn get(
        &self,
        request: Request<v1::GetMessageRequest>,
    ) -> Result<Response<v1::GetMessageResponse>, Status> {
        let request = request.into_inner();
        self.act("get", request.id.clone(), |world| match world.beginning(&request.id).as_slice() {
            [] => Err(refusal(tonic::Code::NotFound, "NOT_FOUND")),
            [one] => Ok(v1::GetMessageResponse { message: Some(one.clone()), freshness: fresh() }),
            _ => Err(refusal(tonic::Code::InvalidArgument, "AMBIGUOUS")),
        })
        .await
    }

    async fn list(
        &self,
        request: Request<v1::ListMessagesRequest>,
    ) -> Result<Response<v1::ListMessagesResponse>, Status> {
        let request = request.into_inner();
        let what = format!("{:?} {} {}", request.states, request.modem, request.dead_letters);
        self.act("list", what, |world| {
            let mut messages = world.beginning("");
            let more = messages.len() > request.page_size as usize;
            messages.truncate(request.page_size as usize);
            let next_page_token = if more { "more".to_owned() } else { String::new() };
            Ok(v1::ListMessagesResponse {
                messages,
                next_page_token,
                freshness: fresh(),
                ..Default::default()
            })
        })
        .await
    }

    async fn watch(&self, request: Request<v1::WatchMessagesRequest>) -> Result<Response<Watching>, Status> {
        Ok(Response::new(Server::watch(self, &request.into_inner().from_revision)))
    }

    async fn cancel(
        &self,
        request: Request<v1::CancelMessageRequest>,
    ) -> Result<Response<v1::CancelMessageResponse>, Status> {
        let message = self.change("cancel", &request.into_inner().id).await?;
        Ok(Response::new(v1::CancelMessageResponse { message }))
    }

    async fn retry(
        &self,
        request: Request<v1::RetryMessageRequest>,
    ) -> Result<Response<v1::RetryMessageResponse>, Status> {
        let message = self.change("retry", &request.into_inner().id).await?;
        Ok(Response::new(v1::RetryMessageResponse { message }))
    }

    async fn discard(
        &self,
        request: Request<v1::DiscardMessageRequest>,
    ) -> Result<Response<v1::DiscardMessageResponse>, Status> {
        let message = self.change("discard", &request.into_inner().id).await?;
        Ok(Response::new(v1::DiscardMessageResponse { message }))
    }

    async fn hold(
        &self,
        request: Request<v1::HoldMessageRequest>,
    ) -> Result<Response<v1::HoldMessageResponse>, Status> {
        let message = self.change("hold", &request.into_inner().id).await?;
        Ok(Response::new(v1::HoldMessageResponse { message }))
    }

    async fn release(
        &self,
        request: Request<v1::ReleaseMessageRequest>,
    ) -> Result<Response<v1::ReleaseMessageResponse>, Status> {
        let message = self.change("release", &request.into_inner().id).await?;
        Ok(Response::new(v1::ReleaseMessageResponse { message }))
    }

    async fn resolve(
        &self,
        request: Request<v1::ResolveMessageRequest>,
    ) -> Result<Response<v1::ResolveMessageResponse>, Status> {
        let request = request.into_inner();
        let what = format!("{} {} {}", request.id, request.part, request.verdict);
        let response = self.act("resolve", what, |world| Ok(world.beginning(&request.id).pop())).await?;
        Ok(Response::new(v1::ResolveMessageResponse { message: response.into_inner() }))
    }
}

#[tonic::async_trait]
impl ModemService for Server {
    type WatchStream = Watching;

    async fn list(
        &self,
        request: Request<v1::ListModemsRequest>,
    ) -> Result<Response<v1::ListModemsResponse>, Status> {
        let read = request.into_inner().read;
        self.act("modems", level(read.as_ref()), |world| {
            Ok(v1::ListModemsResponse { modems: world.facts().modems.clone(), freshness: as_asked(read) })
        })
        .await
    }

    async fn watch(&self, request: Request<v1::WatchModemsRequest>) -> Result<Response<Watching>, Status> {
        Ok(Response::new(Server::watch(self, &request.into_inner().from_revision)))
    }

    async fn block(
        &self,
        request: Request<v1::BlockModemRequest>,
    ) -> Result<Response<v1::BlockModemResponse>, Status> {
        let name = request.into_inner().name;
        self.act("block", name, |_| Ok(v1::BlockModemResponse::default())).await
    }

    async fn unblock(
        &self,
        request: Request<v1::UnblockModemRequest>,
    ) -> Result<Response<v1::UnblockModemResponse>, Status> {
        let name = request.into_inner().name;
        self.act("unblock", name, |_| Ok(v1::UnblockModemResponse::default())).await
    }
}

#[tonic::async_trait]
impl ClusterService for Server {
    type WatchStream = Watching;

    async fn status(
        &self,
        request: Request<v1::StatusRequest>,
    ) -> Result<Response<v1::StatusResponse>, Status> {
        let read = request.into_inner().read;
        self.act("status", level(read.as_ref()), |world| {
            Ok(v1::StatusResponse { freshness: as_asked(read), ..world.facts().status.clone() })
        })
        .await
    }

    async fn watch(&self, request: Request<v1::WatchClusterRequest>) -> Result<Response<Watching>, Status> {
        Ok(Response::new(Server::watch(self, &request.into_inner().from_revision)))
    }

    async fn list_nodes(
        &self,
        request: Request<v1::ListNodesRequest>,
    ) -> Result<Response<v1::ListNodesResponse>, Status> {
        let read = request.into_inner().read;
        self.act("nodes", level(read.as_ref()), |world| {
            Ok(v1::ListNodesResponse { nodes: world.facts().nodes.clone(), freshness: as_asked(read) })
        })
        .await
    }

    async fn get_node(
        &self,
        request: Request<v1::GetNodeRequest>,
    ) -> Result<Response<v1::GetNodeResponse>, Status> {
        let name = request.into_inner().name;
        self.act("node", name, |_| Ok(v1::GetNodeResponse::default())).await
    }

    async fn list_members(
        &self,
        request: Request<v1::ListMembersRequest>,
    ) -> Result<Response<v1::ListMembersResponse>, Status> {
        let read = request.into_inner().read;
        self.act("members", level(read.as_ref()), |_| {
            Ok(v1::ListMembersResponse { freshness: as_asked(read), ..v1::ListMembersResponse::default() })
        })
        .await
    }
}
