//! What can be asked, in the words of the views.

use smsgrid_proto::{State, v1};
use v1::cluster_service_client::ClusterServiceClient;
use v1::message_service_client::MessageServiceClient;
use v1::modem_service_client::ModemServiceClient;

use super::told;
use super::{Client, Failed, Kind};
use crate::args::{ReadLevel, Verdict};
use crate::view::{Freshness, Membership, Message, Modem, Moment, Node, Status};

/// Most messages asked for at once.
const PAGE_MAX: u32 = 1_000;

/// Which messages a list holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Query {
    pub(crate) states: Vec<State>,
    pub(crate) modem: String,
    pub(crate) to: String,
    pub(crate) after: Option<Moment>,
    pub(crate) before: Option<Moment>,
    pub(crate) dead_letters: bool,
}

/// Messages of a query.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) messages: Vec<Message>,
    /// There are more than were asked for.
    pub(crate) more: bool,
    /// A part of the history is lacking.
    pub(crate) lacking: Option<Lacking>,
}

/// A part of the history that the node asked could not get.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Lacking {
    /// The node that answered.
    pub(crate) node: String,
    /// Why, in its words; empty when it says nothing.
    pub(crate) why: String,
}

/// A change of a message that a person asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    Cancel,
    Retry,
    Discard,
    Hold,
    Release,
    Resolve {
        /// 0 for every uncertain part.
        part: u32,
        verdict: Verdict,
    },
}

impl Client {
    /// Everything known of a message, at least as of `min_revision`. An id may be given by its beginning.
    pub(crate) async fn message(&mut self, id: &str, min_revision: &str) -> Result<Message, Failed> {
        let read = self.reading(min_revision);
        let answer = self
            .ask(Kind::Read, async |channel| {
                let request = v1::GetMessageRequest { id: id.to_owned(), read: Some(read.clone()) };
                Ok(MessageServiceClient::new(channel).get(request).await?.into_inner())
            })
            .await?;
        Ok(told::message(answer.message.unwrap_or_default()))
    }

    /// The newest messages of a query, at most `limit`.
    pub(crate) async fn messages(&mut self, query: &Query, limit: usize) -> Result<Listed, Failed> {
        let mut messages = Vec::new();
        let mut lacking = None;
        let mut token = String::new();
        loop {
            let wanted = u32::try_from(limit - messages.len()).unwrap_or(u32::MAX).min(PAGE_MAX);
            let request = v1::ListMessagesRequest {
                states: query.states.iter().map(|state| told::number(*state)).collect(),
                modem: query.modem.clone(),
                to: query.to.clone(),
                after: query.after.map(told::timestamp),
                before: query.before.map(told::timestamp),
                dead_letters: query.dead_letters,
                page_size: wanted,
                page_token: token,
                read: Some(self.reading("")),
            };
            let answer = self
                .ask(Kind::Read, async |channel| {
                    Ok(MessageServiceClient::new(channel).list(request.clone()).await?.into_inner())
                })
                .await?;
            if answer.incomplete {
                let node = told::freshness(answer.freshness).node;
                lacking = Some(Lacking { node, why: answer.incomplete_why });
            }
            messages.extend(answer.messages.into_iter().map(told::message));
            token = answer.next_page_token;
            if token.is_empty() || messages.len() >= limit {
                messages.truncate(limit);
                return Ok(Listed { messages, more: !token.is_empty(), lacking });
            }
        }
    }

    /// Changes a message as a person asks for; gives it as it then is.
    pub(crate) async fn change(&mut self, id: &str, change: Change) -> Result<Message, Failed> {
        let answer = self
            .ask(Kind::Write, async |channel| {
                let mut client = MessageServiceClient::new(channel);
                let id = id.to_owned();
                Ok(match change {
                    Change::Cancel => {
                        client.cancel(v1::CancelMessageRequest { id }).await?.into_inner().message
                    }
                    Change::Retry => client.retry(v1::RetryMessageRequest { id }).await?.into_inner().message,
                    Change::Discard => {
                        client.discard(v1::DiscardMessageRequest { id }).await?.into_inner().message
                    }
                    Change::Hold => client.hold(v1::HoldMessageRequest { id }).await?.into_inner().message,
                    Change::Release => {
                        client.release(v1::ReleaseMessageRequest { id }).await?.into_inner().message
                    }
                    Change::Resolve { part, verdict } => {
                        let verdict = match verdict {
                            Verdict::Sent => v1::Verdict::Sent,
                            Verdict::NotSent => v1::Verdict::NotSent,
                        };
                        let request = v1::ResolveMessageRequest { id, part, verdict: verdict.into() };
                        client.resolve(request).await?.into_inner().message
                    }
                })
            })
            .await?;
        Ok(told::message(answer.unwrap_or_default()))
    }

    /// The modems of the cluster, by name.
    pub(crate) async fn modems(&mut self) -> Result<(Vec<Modem>, Freshness), Failed> {
        let answer = self
            .look(async |channel, read| {
                let request = v1::ListModemsRequest { read: Some(read) };
                Ok(ModemServiceClient::new(channel).list(request).await?.into_inner())
            })
            .await?;
        let modems = answer.modems.into_iter().map(told::modem).collect();
        Ok((modems, told::freshness(answer.freshness)))
    }

    /// Gives a modem nothing new, or messages again. None when no modem of that name is registered now.
    pub(crate) async fn block(&mut self, name: &str, blocked: bool) -> Result<Option<Modem>, Failed> {
        let answer = self
            .ask(Kind::Write, async |channel| {
                let mut client = ModemServiceClient::new(channel);
                let name = name.to_owned();
                Ok(if blocked {
                    client.block(v1::BlockModemRequest { name }).await?.into_inner().modem
                } else {
                    client.unblock(v1::UnblockModemRequest { name }).await?.into_inner().modem
                })
            })
            .await?;
        Ok(answer.map(told::modem))
    }

    /// The cluster as a whole.
    pub(crate) async fn status(&mut self) -> Result<Status, Failed> {
        let answer = self
            .look(async |channel, read| {
                let request = v1::StatusRequest { read: Some(read) };
                Ok(ClusterServiceClient::new(channel).status(request).await?.into_inner())
            })
            .await?;
        Ok(told::status(answer))
    }

    /// The nodes, by name.
    pub(crate) async fn nodes(&mut self) -> Result<(Vec<Node>, Freshness), Failed> {
        let answer = self
            .look(async |channel, read| {
                let request = v1::ListNodesRequest { read: Some(read) };
                Ok(ClusterServiceClient::new(channel).list_nodes(request).await?.into_inner())
            })
            .await?;
        let nodes = answer.nodes.into_iter().map(told::node).collect();
        Ok((nodes, told::freshness(answer.freshness)))
    }

    /// The members of the replicated log.
    pub(crate) async fn members(&mut self) -> Result<(Membership, Freshness), Failed> {
        let answer = self
            .look(async |channel, read| {
                let request = v1::ListMembersRequest { read: Some(read) };
                Ok(ClusterServiceClient::new(channel).list_members(request).await?.into_inner())
            })
            .await?;
        let freshness = told::freshness(answer.freshness.clone());
        Ok((told::membership(answer), freshness))
    }

    /// Asks for a linear read at every server and, where nobody said how fresh it must be and no majority answers,
    /// for what one of them knows.
    async fn look<T>(
        &mut self,
        request: impl AsyncFn(tonic::transport::Channel, v1::Read) -> Result<T, tonic::Status>,
    ) -> Result<T, Failed> {
        let linear = self.reading("");
        let kind = if self.read().is_some() { Kind::Read } else { Kind::Look };
        let answer = self.ask(kind, async |channel| request(channel, linear.clone()).await).await;
        let stale = v1::Read { level: v1::ReadLevel::Stale.into(), ..v1::Read::default() };
        match answer {
            Err(Failed::Refused(refusal)) if kind == Kind::Look && refusal.is_elsewhere() => {
                self.ask(Kind::Look, async |channel| request(channel, stale.clone()).await).await
            }
            answer => answer,
        }
    }

    fn reading(&self, min_revision: &str) -> v1::Read {
        let level = match self.read() {
            Some(ReadLevel::Stale) => v1::ReadLevel::Stale,
            Some(ReadLevel::Linear) | None => v1::ReadLevel::Linear,
        };
        v1::Read { level: level.into(), min_revision: min_revision.to_owned() }
    }
}
